"""The list of suppressions in people's hands: found, added with a reason, lifted with a reason, told in a file."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TextIO
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.reasons import Reason
from app.services.addresses import AddressFault, read_address
from app.services.ids import new_id
from app.services.importing.results import safe
from app.services.reading import Unreadable
from app.services.sentences import say
from app.services.suppressing import ERASED, SCOPES, ValueHash, company_key, parts_of, suppress
from app.services.viewing.people import full_name
from app.services.world import World
from app.store import accounts
from app.store import suppressed as store
from app.store.views import Found

PAGE = 50
LONGEST_WHY = 500
BY_HAND = "person"
COMPLAINED = ("suppressed.complaint",)
TITLES = ("scope", "value", "topic", "reason", "source", "at", "explanation")


class SuppressionFault(Exception):
    """What was asked cannot be done; nothing was written."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is narrowed to. `search` is a whole address, or a domain with everything below it."""

    search: str = ""
    scope: str = ""
    code: str = ""
    source: str = ""
    since: datetime | None = None
    until: datetime | None = None
    lifted: bool = False
    older_than: UUID | None = None


@dataclass(frozen=True, slots=True)
class Suppression:
    """One suppression. `value` is what a person can read of it; None: only its hash is left."""

    id: UUID
    scope: str
    value: str | None
    topic: str
    contact_id: UUID | None
    name: str
    reason: Reason
    source: str
    at: datetime
    lifted_at: datetime | None
    lifted_why: str | None

    @property
    def warns(self) -> bool:
        """Lifting it goes against what the person said."""
        return self.reason.code in COMPLAINED

    @property
    def stays(self) -> bool:
        return self.source == ERASED


@dataclass(frozen=True, slots=True)
class Target:
    """What a suppression is about: the hashed `value`, how it reads, and the contact who has it."""

    value: str
    shown: str
    contact_id: UUID | None = None


def find(world: World, asked: Asked, limit: int = PAGE) -> tuple[tuple[Suppression, ...], UUID | None]:
    """A page of them, the newest first, and where the next one begins."""
    with world.database.read() as connection:
        rows = store.page(connection, _wanted(connection, world, asked), limit + 1)
    older = rows[limit - 1].id if len(rows) > limit else None
    return tuple(_shown(row) for row in rows[:limit]), older


def read(world: World, suppression_id: UUID) -> Suppression | None:
    with world.database.read() as connection:
        rows = store.page(connection, store.Wanted(world.workspace_id, only=suppression_id), 1)
    return _shown(rows[0]) if rows else None


def counted(world: World, asked: Asked) -> int:
    with world.database.read() as connection:
        return store.count(connection, _wanted(connection, world, asked))


def choices(world: World) -> tuple[list[str], list[str]]:
    """The reason codes and the sources that occur."""
    with world.database.read() as connection:
        return store.choices(connection, world.workspace_id)


def read_target(connection: Connection, world: World, scope: str, text: str) -> Target:
    """What `text` names, and whose address it is. Raises SuppressionFault."""
    named = named_target(connection, world, scope, text)
    whose = store.contacts_at(connection, world.workspace_id, [named.value])
    return replace(named, contact_id=whose.get(named.value))


def named_target(connection: Connection, world: World, scope: str, text: str) -> Target:
    """The address, domain or company that `text` names. Raises SuppressionFault."""
    if scope not in SCOPES:
        raise SuppressionFault("suppression.scope", scope=scope[:40], known=list(SCOPES))
    text = text.strip()
    if scope == "company":
        company = store.company_of(connection, world.workspace_id, text)
        if company is None:
            raise SuppressionFault("suppression.no_company", company=text[:80])
        return Target(company_key(company.id), company.name or company.domain)
    try:
        if scope == "domain":
            domain = read_address(f"x@{text.removeprefix('@')}").domain
            return Target(domain, domain)
        address = read_address(text)
    except AddressFault as fault:
        raise SuppressionFault(fault.reason.code, **fault.reason.params) from None
    return Target(address.key, address.shown)


def add(
    world: World,
    scope: str,
    text: str,
    why: str,
    by: UUID | None,
    now: datetime,
    *,
    topic: str = "",
    via: str = "",
) -> bool:
    """Suppress by hand. False: it stood already. `via` is the program that asks. Raises SuppressionFault."""
    why = _said(why)
    _check_topic(world, scope, topic, now)
    with world.database.write() as connection:
        target = read_target(connection, world, scope, text)
        return _stop_by_hand(connection, world, scope, target, why, by, now, topic=topic, via=via)


def stop_company(
    connection: Connection, world: World, company_id: UUID, shown: str, why: str, by: UUID | None, now: datetime
) -> bool:  # fmt: skip
    """Suppress one company, whatever others are called. False: it stood already. Raises SuppressionFault."""
    target = Target(company_key(company_id), shown)
    return _stop_by_hand(connection, world, "company", target, _said(why), by, now)


def _said(why: str) -> str:
    why = " ".join(why.split())[:LONGEST_WHY]
    if not why:
        raise SuppressionFault("suppression.why_missing")
    return why


def _stop_by_hand(
    connection: Connection, world: World, scope: str, target: Target, why: str, by: UUID | None, now: datetime, *,
    topic: str = "", via: str = "",
) -> bool:  # fmt: skip
    reason = Reason("suppressed.by_hand", {"why": why})
    new = suppress(
        connection, world, scope=scope, value=target.value, reason=reason, source=BY_HAND, now=now,
        contact_id=target.contact_id, topic=topic, shown=target.shown,
    )  # fmt: skip
    if new:
        detail = {"scope": scope, "topic": topic, "why": why, **_via(via)}
        audit(
            connection, world, "suppression.added", ValueHash(world.settings)(target.value), detail, by, now
        )
    return new


def lift(
    world: World,
    suppression_id: UUID,
    why: str,
    by: UUID | None,
    now: datetime,
    *,
    sure: bool = False,
    via: str = "",
) -> bool:
    """End a suppression. False: it was lifted before. `via` is the program that asks. Raises SuppressionFault.

    Who complained is lifted only by somebody who is `sure`; who was erased is not lifted at all: they come
    back by their own act.
    """
    why = _said(why)
    with world.database.write() as connection:
        row = store.read(connection, world.workspace_id, suppression_id)
        if row is None:
            raise SuppressionFault("suppression.unknown", suppression=str(suppression_id))
        if row.source == ERASED:
            raise SuppressionFault("suppression.erased_stays")
        if row.reason_code in COMPLAINED and not sure:
            raise SuppressionFault("suppression.complained")
        if not store.lift(connection, suppression_id, by, why, now):
            return False
        detail = {"scope": row.scope, "topic": row.topic, "reason": row.reason_code, "why": why, **_via(via)}
        audit(connection, world, "suppression.lifted", row.value_hash, detail, by, now)
    return True


def _via(program: str) -> dict[str, str]:
    return {"by": program} if program else {}


def check(world: World, text: str) -> tuple[Reason, ...]:
    """What of the suppressions would stop a mail to this address. Raises SuppressionFault."""
    with world.database.read() as connection:
        target = read_target(connection, world, "address", text)
        company_id = store.company_id_of(connection, target.contact_id) if target.contact_id else None
        hashed = ValueHash(world.settings)
        rows = store.live(
            connection, world.workspace_id, [hashed(p) for p in parts_of(target.value, company_id)]
        )
    return tuple(_stop(row) for row in rows)


def export(world: World, asked: Asked, out: TextIO) -> int:
    """Write what is asked for as CSV, page by page, safe to open in a spreadsheet; how many."""
    writer = csv.writer(out)
    writer.writerow(TITLES)
    written = 0
    for one in _all(world, asked):
        told = say(one.reason.code, one.reason.params)
        cells = (one.scope, one.value or "", one.topic, one.reason.code, one.source, one.at.isoformat(), told)
        writer.writerow([safe(cell) for cell in cells])
        written += 1
    return written


def _all(world: World, asked: Asked) -> Iterator[Suppression]:
    while True:
        found, older = find(world, asked, 1000)
        yield from found
        if older is None:
            return
        asked = replace(asked, older_than=older)


def audit(
    connection: Connection, world: World, action: str, subject: str, detail: dict[str, Any], by: UUID | None,
    now: datetime,
) -> None:  # fmt: skip
    """One act in the audit trail; the subject is the hash, so no address stays there."""
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": "suppression", "subject": subject, "detail": detail,
        },
    )  # fmt: skip


def topics(world: World, now: datetime) -> tuple[str, ...]:
    """What a suppression of one topic can be about; none before a programme is in force."""
    try:
        return tuple(sorted(world.library.catalogue(now).setting.programme.topics))
    except Unreadable:
        return ()


def _check_topic(world: World, scope: str, topic: str, now: datetime) -> None:
    if scope != "topic" and topic:
        raise SuppressionFault("suppression.topic_too_much", scope=scope[:40])
    if scope == "topic" and topic not in (known := topics(world, now)):
        raise SuppressionFault("suppression.topic", topic=topic[:80], known=list(known))


def _wanted(connection: Connection, world: World, asked: Asked) -> store.Wanted:
    hashed = ValueHash(world.settings)
    text = asked.search.strip().lower()
    values: list[str] = []
    whose: tuple[UUID, ...] = ()
    domain = ""
    if text.removeprefix("@").count("@"):
        try:
            key = read_address(text).key
        except AddressFault:
            key = text
        found = store.contacts_at(connection, world.workspace_id, [key])
        values, whose = [key, text], tuple(found.values())
    elif text:
        domain = text.removeprefix("@")
        values = [domain]
        company = store.company_of(connection, world.workspace_id, asked.search.strip())
        values += [company_key(company.id)] if company else []
    return store.Wanted(
        world.workspace_id, tuple(hashed(value) for value in values), whose, domain, asked.scope, asked.code,
        asked.source, asked.since, asked.until, asked.lifted, asked.older_than,
    )  # fmt: skip


def _shown(row: Found) -> Suppression:
    return Suppression(
        row.id, row.scope, row.value or row.address, row.topic, row.contact_id,
        full_name(row.first_name, row.last_name) if row.contact_id else "", Reason(row.reason_code, row.reason_params),
        row.source, row.at, row.lifted_at, row.lifted_why,
    )  # fmt: skip


def _stop(row: Row[Any]) -> Reason:
    params = {"scope": row.scope, "topic": row.topic, "source": row.source, "at": row.at.isoformat()}
    why = say(row.reason_code, row.reason_params or {})
    return Reason(f"suppressed.{row.scope}", {**params, "why": why, "id": str(row.id)})
