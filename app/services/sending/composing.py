"""A claimed mail to its bytes: who it is from, what it may say, where its links lead."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Row

from app.core.labels import label_in
from app.core.senders import From
from app.core.sequences import Sequence
from app.core.steps import Ask, Send
from app.core.tokens import message_id, verp_local_part
from app.mail.headers import Mailbox, needs_smtputf8, wire_address
from app.mail.links import urls_for
from app.mail.message import Envelope, Listing, build_message, checked_message
from app.mail.provider_lines import provider_at, provider_lines
from app.mail.wire import WholeLines
from app.services.library import Catalogue
from app.services.sending.facts import Batch, Person
from app.services.sending.why import why_line
from app.services.sending_on import reply_address, send_on
from app.services.world import World
from config import Settings

BOUNCES = "b"
MARK = "◆ ◆"


@dataclass(frozen=True, slots=True)
class Composed:
    """One mail ready for the wire."""

    row: Row[Any]
    mail_from: str
    recipient: str
    sender: str
    relay: str
    data: bytes
    version_id: UUID
    variant_id: UUID
    locale: str

    @property
    def smtputf8(self) -> bool:
        return needs_smtputf8(self.recipient)


class NoTemplate(Exception):
    """The template is not in force (any more)."""


def compose(world: World, catalogue: Catalogue, batch: Batch, row: Row[Any], now: datetime) -> Composed:
    """Render one mail. Raises NoTemplate, or what the renderer raises when this mail must not be sent."""
    template = catalogue.templates.get(row.template)
    if template is None:
        raise NoTemplate(row.template)
    person = batch.people[row.contact_id]
    recipient = batch.recipients.get(row.recipient_user_id) if row.recipient_user_id else None
    settings = world.settings
    wanted = (recipient.locale if recipient else person.row.locale) or catalogue.setting.programme.locale
    locale, variant_id, program = template.for_locale(wanted)
    writer = batch.from_of(row)
    domain = writer.address.rpartition("@")[2]
    token = world.keyring.seal_envelope(row.id)
    urls = urls_for(
        settings.public_url,
        world.keyring.seal_track(row.id, row.contact_id, variant_id),
        world.keyring.seal_manage(row.id, row.contact_id, row.topic or ""),
        campaign=row.sequence or "",
        content=row.step or "",
        referral=world.keyring.seal_referral(row.contact_id)
        if "referral" in program.compiled.specials
        else "",
    )
    address = recipient.email if recipient else person.address
    assert address is not None
    envelope = Envelope(
        delivery=row.id,
        sender=Mailbox(writer.name or settings.sender_name, writer.address),
        recipient=Mailbox(recipient.name if recipient else _name(person), address),
        at=now,
        message_id=message_id(token, domain),
        reply_to="" if recipient else _reply_to(settings, writer, token) or person.row.owner_email or "",
        listing=_listing(row, domain, urls.unsubscribe),
    )
    context = mail_context(world, catalogue, batch, row, person, wanted, now)
    track = row.message_class == "marketing" and (person.row.tracking or settings.tracking) != "none"
    write = build_message if program.proven else checked_message
    data = write(program, context, envelope, urls, track=track)
    if recipient and row.context:
        data = send_on(world, row.context, person.address, data)
    composed = Composed(
        row=row,
        mail_from=f"{verp_local_part(BOUNCES, token)}@{writer.bounce_domain or settings.bounce_domain or domain}",
        recipient=wire_address(address),
        sender=writer.sender,
        relay=writer.relay,
        data=_signed(world, writer, data, domain, token, now),
        version_id=template.version_id,
        variant_id=variant_id,
        locale=locale,
    )
    program.proven = True
    return composed


def _signed(world: World, writer: From, data: bytes, domain: str, token: str, now: datetime) -> bytes:
    """With the lines of the provider we relay through, and our signatures: whole lines in front of whole lines."""
    host = writer.relay.rpartition("@")[2].rpartition(":")[0] or world.settings.smtp_host
    signed = world.dkim.sign(data, domain, now)
    lines = provider_lines(provider_at(host), token)
    if not lines:
        return signed
    return WholeLines(lines + signed) if isinstance(data, WholeLines) else lines + signed


def _reply_to(settings: Settings, writer: From, token: str) -> str:
    """Below the From's own domain where its sender has one for replies."""
    address = reply_address(settings, token)
    return (
        f"{address.partition('@')[0]}@{writer.reply_domain}" if address and writer.reply_domain else address
    )


def _name(person: Person) -> str:
    return " ".join(part for part in (person.row.first_name, person.row.last_name) if part)


def _listing(row: Row[Any], domain: str, unsubscribe: str) -> Listing | None:
    if row.message_class != "marketing":
        return None
    topic = row.topic or "mail"
    return Listing(
        topic, domain, unsubscribe, feedback=(row.sequence or topic, topic, row.content_kind, domain)
    )


def mail_context(
    world: World,
    catalogue: Catalogue,
    batch: Batch,
    row: Row[Any],
    person: Person,
    locale: str,
    now: datetime,
) -> dict[str, dict[str, Any]]:
    """Plain dictionaries, words and numbers: methods of objects could be called inside the sandbox."""
    who, settings = person.row, world.settings
    sequence = world.library.pinned(row.sequence_version_id).sequence if row.sequence_version_id else None
    known = catalogue.setting.templates.get(row.template)  # a mail that is being written is not there yet
    ask = known.ask if known is not None else None
    criterion = catalogue.rules.lifecycle.criteria.get(ask) if ask else None
    return {
        "contact": {
            **who.fields,
            "first_name": who.first_name,
            "last_name": who.last_name,
            "name": _name(person),
            "email": person.address,
            "job_title": who.job_title,
            "city": who.city,
            "country": who.country,
            "persona": who.persona,
            "locale": locale,
        },
        "company": {**(who.company_fields or {}), "name": who.company_name, "domain": who.company_domain},
        "sender": {
            "name": who.owner_name or settings.sender_name,
            # The fall-back sender may be a house, which has no first name.
            "first_name": (who.owner_name or "").partition(" ")[0] or settings.sender_name,
            "email": batch.from_of(row).address,
            "title": who.owner_title,
            "signature": who.owner_signature,
        },
        "brand": brand(world),
        "mail": {
            "why": why_line(catalogue.setting.programme, row.topic, locale),
            "remaining": _remaining(sequence, row.step),
            "topic": _topic(catalogue, row.topic, locale),
            "sequence": sequence.title if sequence else None,
        },
        "task": batch.tasks.get(row.id, {}),
        "ask": {"question": label_in(criterion.question, locale) if criterion else None},
    }


def brand(world: World) -> dict[str, Any]:
    settings = world.settings
    return {
        "name": settings.brand_name,
        "legal_name": settings.brand_legal_name,
        "postal_address": settings.brand_postal_address,
        "home": settings.brand_home,
        "mark": MARK,
        "library": f"{settings.public_url}/library",
    }


def _topic(catalogue: Catalogue, topic: str | None, locale: str) -> str | None:
    known = catalogue.setting.programme.topics.get(topic or "")
    return label_in(known.label, locale) if known else topic


def _remaining(sequence: Sequence | None, step: str | None) -> int:
    """How many mails may still come in this sequence, at most."""
    if sequence is None:
        return 0
    keys = list(sequence.steps)
    after = keys[keys.index(step) + 1 :] if step in keys else keys
    return sum(1 for key in after if isinstance(sequence.steps[key], Send | Ask))
