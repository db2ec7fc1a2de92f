"""Which of our mails a message is about, and how sure that is.

From the surest: a sealed token in the address it was sent to; a sealed Message-ID it answers; one in the
mail it quotes; the sender and the subject; the sender alone, which proves nothing.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from app.core.tokens import ManageToken, token_of_local_part
from app.inbound.returned import Reading
from app.services.addresses import AddressFault, read_address
from app.services.bouncing import Mail, mail_of
from app.services.signals import showing
from app.services.world import World
from app.store import contacts
from app.store import inbound as store

Confidence = Literal["sealed", "thread", "original", "subject", "address", "person"]
PROVEN = frozenset({"sealed", "thread", "original", "person"})
VERP = "b-"
# Longer ago nobody answers under the same subject without a token.
RECENT = timedelta(days=60)
MOST_MAILS = 10
MOST_TOKENS = 40
_SEALED = re.compile(r"(?<![a-z2-7])[a-z2-7]{46}(?![a-z2-7])", re.IGNORECASE)
_MANAGE = re.compile(r"/[upwa]/([A-Za-z0-9_-]{40,256})")
_PREFIXES = re.compile(
    r"^(?:\s*(?:re|aw|sv|antw|r|rif|res|enc|fwd?|wg|tr|doorst|от|ответ|отв|на)(?:\[\d+\])?\s*:)+", re.I
)


@dataclass(frozen=True, slots=True)
class Match:
    """`mail` is the one of ours, or its contact alone. `by_verp`: it came to the bounce address of that mail."""

    mail: Mail
    confidence: Confidence
    by_verp: bool = False

    @property
    def is_proven(self) -> bool:
        return self.confidence in PROVEN


def is_theirs(reading: Reading, match: Match | None) -> bool:
    """Whether it is proven to be about our mail and comes from the address that went to: whoever it was forwarded to
    speaks for themselves.
    """
    if match is None or not match.is_proven or match.mail.contact_id is None:
        return False
    return reading.sender.casefold() == (match.mail.address or "").casefold()


def find(world: World, reading: Reading, recipient: str, at: datetime) -> Match | None:
    """The mail a message is about. None: nothing leads to anybody of ours."""
    with world.database.read() as connection:
        found = _by_token(connection, world, reading, recipient)
        if found is not None:
            return found
        spoken_of = [one.address for one in reading.found if one.what in ("bounce", "complaint", "delay")]
        who = _contact(connection, world, spoken_of or [reading.sender])
    if who is None:
        return None
    contact_id, address = who
    if not spoken_of and (mail := _by_subject(world, contact_id, reading.subject, at)) is not None:
        return Match(mail, "subject")
    return Match(Mail(None, contact_id, address), "address")


def _by_token(connection: Connection, world: World, reading: Reading, recipient: str) -> Match | None:
    for address in (recipient, *reading.addressed_to[:MOST_TOKENS]):
        local = address.rpartition("@")[0].lower()
        if mail := _sealed(connection, world, token_of_local_part(local)):
            return Match(mail, "sealed", local.startswith(VERP))
    for reference in reading.thread[:MOST_TOKENS]:
        if mail := _sealed(connection, world, reference.strip("<> \t").partition("@")[0]):
            return Match(mail, "thread")
    for delivery_id in _in_original(world, reading.original.values()):
        if mail := mail_of(connection, world, delivery_id):
            return Match(mail, "original")
    return None


def _sealed(connection: Connection, world: World, token: str) -> Mail | None:
    opened = world.keyring.open_envelope(token)
    return mail_of(connection, world, opened.delivery) if opened is not None else None


def _in_original(world: World, lines: Iterable[str]) -> Iterator[UUID]:
    """Every mail that a token in these header lines names."""
    tried = 0
    for line in lines:
        # A redirecting server may have folded the line.
        line = "".join(line.split())
        for token in (*_SEALED.findall(line), *_MANAGE.findall(line)):
            tried += 1
            if tried > MOST_TOKENS:
                return
            opened = world.keyring.open_envelope(token) or world.keyring.open_manage(token)
            if opened is not None:
                yield opened.delivery


def _contact(connection: Connection, world: World, addresses: Iterable[str]) -> tuple[UUID, str] | None:
    for text in addresses:
        try:
            address = read_address(text).key
        except AddressFault:
            continue
        who = contacts.contacts_of(connection, world.workspace_id, [address]).get(address)
        if who is not None:
            return who, address
    return None


def _by_subject(world: World, contact_id: UUID, subject: str, at: datetime) -> Mail | None:
    """The mail of late whose subject is answered."""
    wanted = bare_subject(subject)
    if not wanted or wanted == subject.casefold().strip():
        return None
    with world.database.read() as connection:
        sent = store.sent_to(connection, contact_id, at - RECENT, MOST_MAILS)
    for row in sent:
        seen = showing.why(world, ManageToken(row.id, contact_id, row.topic or ""), "en", at)
        mail = seen.mail if seen is not None else None
        if mail is not None and mail.subject and bare_subject(mail.subject) == wanted:
            with world.database.read() as connection:
                return mail_of(connection, world, row.id)
    return None


def bare_subject(subject: str) -> str:
    """Without "Re:" and its kin in seven languages, spaces and case."""
    return " ".join(_PREFIXES.sub("", subject).casefold().split())
