"""A sender is tried out: its relay opened and signed in to, and, when asked for, one mail handed over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.core.reasons import Reason
from app.mail.headers import Mailbox
from app.mail.opening import Opened
from app.mail.replies import Outcome
from app.mail.route import SmtpRoute
from app.mail.smtp import SmtpConnection
from app.services.addresses import AddressFault, read_address
from app.services.posting import signed, write
from app.services.senders.book import keep_demo_here, route_of
from app.services.senders.checking import SenderFault
from app.services.senders.keeping import known
from app.services.world import World
from app.store import senders as rows

TEMPLATE = "service/test"
# A person waits for the answer.
PATIENCE = 20.0
Connect = Callable[[SmtpRoute], SmtpConnection]


@dataclass(frozen=True, slots=True)
class Tested:
    """What a relay said. `reason` is what is wrong, None where all went well."""

    relay: str
    tls: str = ""
    signed_in: str = ""
    greeting: str = ""
    offers: tuple[str, ...] = ()
    reason: Reason | None = None
    sent_to: str | None = None
    said: str = ""

    @property
    def ok(self) -> bool:
        return self.reason is None


def try_out(
    world: World, address: str, house: SmtpRoute, now: datetime, to: str | None = None, locale: str = ""
) -> Tested:
    """Open the relay of a sender (or of the house, by its address), sign in, and send to `to`, if given.

    The mail is written by the live renderer, in `locale` (empty: the programme's). It goes through no gate, has
    no link and counts nowhere. Raises SenderFault, CannotOpen.
    """
    recipient = _recipient(to) if to else None
    route, sender, name = _route(world, address, house)
    mail = _mail(world, Mailbox(name, sender), recipient, locale, now) if recipient else b""
    connection = SmtpConnection(_patient(route))
    try:
        failed = connection.open()
        if failed is not None:
            return Tested(_place(route), reason=reason_of(failed, sender))
        assert connection.opened is not None
        found = _agreed(route, connection.opened)
        if recipient is None:
            return found
        outcome = connection.send(sender, recipient, signed(world, mail, sender, now))
    finally:
        connection.close()
    reason = None if outcome.kind == "accepted" else reason_of(outcome, sender)
    return Tested(
        found.relay, found.tls, found.signed_in, found.greeting, found.offers, reason, recipient, outcome.text
    )


def reason_of(outcome: Outcome, sender: str) -> Reason:
    """What an outcome that is no acceptance says, with the remedy."""
    params = {
        "sender": sender,
        "code": outcome.code,
        "text": outcome.text[:200],
        "enhanced": outcome.enhanced,
    }
    if outcome.kind == "sender_problem":
        return Reason(f"sender.{outcome.fault or 'paused'}", params)
    return Reason(f"mail.{outcome.kind}", {**params, "until": None})


def _route(world: World, address: str, house: SmtpRoute) -> tuple[SmtpRoute, str, str]:
    settings = world.settings
    with world.database.read() as connection:
        keep_demo_here(connection, world.workspace_id, settings, house)
        if address == settings.sender_address and not rows.by_address(
            connection, world.workspace_id, address
        ):
            return house, address, settings.sender_name
        row = known(connection, world, address)
    # While the catcher takes everything, a test mail goes there too.
    route = route_of(row, settings) if row.host and not settings.uses_catcher else house
    return route, row.address, row.name


def _patient(route: SmtpRoute) -> SmtpRoute:
    changes = {name: getattr(route, name) for name in SmtpRoute.__slots__}
    return SmtpRoute(
        **{**changes, "timeout": PATIENCE, "connect_timeout": PATIENCE / 2, "dot_timeout": PATIENCE}
    )


def _agreed(route: SmtpRoute, opened: Opened) -> Tested:
    offers = tuple(f"{word.upper()} {rest}".strip() for word, rest in opened.features.items())
    return Tested(_place(route), opened.tls, opened.signed_in, opened.greeting, offers)


def _place(route: SmtpRoute) -> str:
    return f"{route.host}:{route.port}"


def _recipient(to: str) -> str:
    try:
        return read_address(to).shown
    except AddressFault:
        raise SenderFault("senders.no_recipient", "to", value=to[:80]) from None


def _mail(world: World, sender: Mailbox, recipient: str, locale: str, now: datetime) -> bytes:
    plain = (
        f"A test mail from {sender.address}",
        "This mail was sent to see whether the relay takes mail from this sender.\n"
        "It holds no link and counts nowhere. Nothing needs to be done.\n",
    )
    named = Mailbox(sender.name or world.settings.sender_name, sender.address)
    return write(world, named, Mailbox("", recipient), TEMPLATE, {}, plain, locale, now)
