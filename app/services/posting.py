"""One mail of our own, written by the live renderer and handed over by itself: to colleagues, and to try a sender.

It goes through no gate and counts nowhere.
"""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from app.mail.headers import HeaderError, Mailbox, wire_address
from app.mail.message import Envelope, checked_message
from app.mail.program import PREVIEW_URLS
from app.mail.replies import Outcome
from app.mail.route import SmtpRoute
from app.mail.sandbox import RenderError
from app.mail.smtp import SmtpConnection
from app.services.ids import new_id
from app.services.reading import Unreadable
from app.services.senders.book import route_of
from app.services.sending.composing import brand
from app.services.world import World
from app.store import senders as rows


def sender_and_route(world: World, house: SmtpRoute) -> tuple[Mailbox, SmtpRoute]:
    """Who writes where no contact has an owner, and the relay of that sender. Raises CannotOpen."""
    settings = world.settings
    with world.database.read() as connection:
        row = rows.by_address(connection, world.workspace_id, settings.sender_address)
    if row is not None and row.host and not settings.uses_catcher:
        house = route_of(row, settings)
    return Mailbox(settings.sender_name, settings.sender_address), house


def write(
    world: World,
    sender: Mailbox,
    recipient: Mailbox,
    template: str,
    task: dict[str, object],
    plain: tuple[str, str],
    locale: str,
    now: datetime,
) -> bytes:
    """The template in force, in this language; `plain` (subject, text) where an installation has none (yet)."""
    domain, mail_id = sender.address.rpartition("@")[2], new_id(now)
    envelope = Envelope(
        delivery=mail_id, sender=sender, recipient=recipient, at=now, message_id=f"<own-{mail_id.hex}@{domain}>"
    )  # fmt: skip
    try:
        catalogue = world.library.catalogue(now)
        found = catalogue.templates[template]
        _, _, program = found.for_locale(locale or catalogue.setting.programme.locale)
        who = {"email": sender.address, "name": sender.name, "first_name": sender.name}
        context = {"brand": brand(world), "sender": who, "task": task}
        return checked_message(program, context, envelope, PREVIEW_URLS, track=False)
    except (KeyError, Unreadable, RenderError, HeaderError):
        return _plain(envelope, plain)


def hand_over(
    world: World, route: SmtpRoute, sender: str, recipient: str, mail: bytes, now: datetime
) -> Outcome:
    """Sign and send over a connection of its own. Raises CannotOpen."""
    ready = signed(world, mail, sender, now)
    connection = SmtpConnection(route)
    try:
        return connection.open() or connection.send(sender, wire_address(recipient), ready)
    finally:
        connection.close()


def signed(world: World, mail: bytes, sender: str, now: datetime) -> bytes:
    """As every other mail leaves. Raises CannotOpen."""
    world.dkim.refresh()
    return world.dkim.sign(mail, sender.rpartition("@")[2], now)


def _plain(envelope: Envelope, plain: tuple[str, str]) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = envelope.sender.address
    mail["To"] = envelope.recipient.address
    mail["Subject"], text = plain
    mail["Date"] = format_datetime(envelope.at)
    mail["Message-ID"] = envelope.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    return mail.as_bytes()
