"""A list of addresses that get no mail any more, out of a file: "unsubscribes first", before any contact comes in."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.reasons import Reason
from app.services.importing.faults import ImportFault
from app.services.importing.reading import Record, Table, read_table
from app.services.importing.results import safe
from app.services.sentences import say
from app.services.suppressing import SCOPES, ValueHash, suppress
from app.services.suppressions import SuppressionFault, Target, audit, named_target
from app.services.suppressions import topics as topics_of
from app.services.world import World
from app.store import suppressed as store

CHUNK = 200
LONGEST_WHY = 200
SOURCE = "import"
# Titles as the tools write them in their exports of who left (Mailchimp, HubSpot, Mautic, Brevo, SendGrid), in lower case.
ADDRESS = ("email", "email address", "e-mail", "e-mail address", "address", "email_address", "contact email", "recipient", "value", "domain")  # fmt: skip
SCOPE = ("scope", "type", "channel")
REASON = ("reason", "comments", "comment", "unsub_reason", "unsubscribe reason", "unsubscribed reason", "bounce reason", "details", "status", "why")  # fmt: skip
TOPIC = ("topic",)
# What the tools say of somebody, as a scope: gone for good, or wants no marketing.
DEAD = ("bounce", "hard", "cleaned", "invalid", "dead", "no such")
COMPLAINT = ("spam", "abuse", "complain")


@dataclass(slots=True)
class Imported:
    """`new` were written, `standing` stood already; `rejected` by reason code, with the first of each; `rows` in all."""

    rows: int = 0
    new: int = 0
    standing: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Reason] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Columns:
    address: int
    scope: int | None
    reason: int | None
    topic: int | None


@dataclass(frozen=True, slots=True)
class _Usual:
    """What holds for rows that say nothing themselves."""

    scope: str
    topic: str
    why: str


@dataclass(frozen=True, slots=True)
class _Row:
    record: Record
    scope: str
    topic: str
    reason: Reason
    target: Target | None
    fault: Reason | None


def read(file: Path, encoding: str | None = None) -> Table:
    """Look the file over; any encoding and delimiter. Raises ImportFault."""
    table = read_table(file, encoding)
    _columns(table)
    return table


def run(
    world: World, table: Table, scope: str, by: UUID | None, now: datetime, *, topic: str = "", why: str = "",
    dry_run: bool = False, results: Path | None = None,
) -> Imported:  # fmt: skip
    """Take in every row, in transactions of CHUNK rows; a row given twice is there once, so running again is safe.

    `scope`, `topic` and `why` hold where the row names none. `results` gets each rejected row with its reason.
    """
    columns = _columns(table)
    known = frozenset(topics_of(world, now))
    usual = _Usual(scope, topic, " ".join(why.split())[:LONGEST_WHY])
    found = Imported()
    out = results.open("w", encoding="utf-8-sig", newline="") if results else None
    try:
        writer = csv.writer(out, delimiter=table.delimiter) if out else None
        if writer:
            writer.writerow(["row", "reason", "explanation", *map(safe, table.header)])
        records = (
            record for record in table.rows() if record.fault or any(cell.strip() for cell in record.cells)
        )
        seen: set[tuple[str, str, str]] = set()
        while chunk := list(islice(records, CHUNK)):
            for row in _chunk(world, chunk, columns, usual, known, now, dry_run, found, seen):
                fault = row.fault or Reason("address.missing")
                found.rejected[fault.code] += 1
                found.examples.setdefault(fault.code, fault)
                if writer:
                    told = safe(say(fault.code, fault.params))
                    writer.writerow([row.record.number, fault.code, told, *map(safe, row.record.cells)])
    finally:
        if out:
            out.close()
    if found.new and not dry_run:
        detail = {"rows": found.rows, "new": found.new}
        with world.database.write() as connection:
            audit(connection, world, "suppression.imported", str(by or ""), detail, by, now)
    return found


def _chunk(
    world: World, chunk: list[Record], columns: _Columns, usual: _Usual, topics: frozenset[str], now: datetime,
    dry_run: bool, found: Imported, seen: set[tuple[str, str, str]],
) -> Iterator[_Row]:  # fmt: skip
    """Work in some rows; those that are rejected come back."""
    opened = world.database.read() if dry_run else world.database.write()
    with opened as connection:
        rows = []
        for record in chunk:
            row = _understood(record, columns, usual, topics)
            if row.fault is None:
                try:
                    named = named_target(connection, world, row.scope, record.cells[columns.address])
                    row = replace(row, target=named)
                except SuppressionFault as fault:
                    row = replace(row, fault=fault.reason)
            rows.append(row)
        rows = _whose(connection, world, rows)
        found.rows += len(rows)
        if dry_run:
            new = _would_be_new(
                world, store.live(connection, world.workspace_id, _hashes(world, rows)), rows, seen
            )
        else:
            new = sum(_write(connection, world, row, now) for row in rows)
    good = sum(row.fault is None for row in rows)
    found.new += new
    found.standing += good - new
    yield from (row for row in rows if row.fault is not None)


def _whose(connection: Connection, world: World, rows: list[_Row]) -> list[_Row]:
    """The rows with the contacts whose addresses they name."""
    values = [row.target.value for row in rows if row.target]
    whose = store.contacts_at(connection, world.workspace_id, values)
    return [
        replace(row, target=replace(row.target, contact_id=whose.get(row.target.value)))
        if row.target
        else row
        for row in rows
    ]


def _write(connection: Connection, world: World, row: _Row, now: datetime) -> bool:
    if row.target is None:
        return False
    return suppress(
        connection, world, scope=row.scope, value=row.target.value, reason=row.reason, source=SOURCE, now=now,
        contact_id=row.target.contact_id, topic=row.topic, shown=row.target.shown,
    )  # fmt: skip


def _hashes(world: World, rows: list[_Row]) -> list[str]:
    hashed = ValueHash(world.settings)
    return [hashed(row.target.value) for row in rows if row.target]


def _would_be_new(
    world: World, standing: list[Row[Any]], rows: list[_Row], seen: set[tuple[str, str, str]]
) -> int:
    hashed = ValueHash(world.settings)
    seen |= {(one.scope, one.value_hash, one.topic) for one in standing}
    before = len(seen)
    keys = {(row.scope, hashed(row.target.value), row.topic) for row in rows if row.target}
    new = keys - seen
    seen |= new
    return len(seen) - before


def _columns(table: Table) -> _Columns:
    titles = [title.lower().strip() for title in table.header]

    def place(known: tuple[str, ...]) -> int | None:
        return next((titles.index(name) for name in known if name in titles), None)

    address = place(ADDRESS)
    if address is None:
        raise ImportFault("suppression.no_column", known=list(ADDRESS[:3]))
    return _Columns(address, place(SCOPE), place(REASON), place(TOPIC))


def _understood(record: Record, columns: _Columns, usual: _Usual, topics: frozenset[str]) -> _Row:
    """What the row says, before its address is looked at."""

    def cell(place: int | None) -> str:
        return record.cells[place].strip() if place is not None and place < len(record.cells) else ""

    why, topic = " ".join(cell(columns.reason).split())[:LONGEST_WHY], cell(columns.topic)
    word = cell(columns.scope).lower()
    chosen = word if word in SCOPES else ("topic" if topic else usual.scope)
    says = f"{word} {why}".lower()
    reason = Reason("suppressed.imported", {"why": why or word or usual.why or "–"})
    if any(one in says for one in COMPLAINT):
        chosen, reason = (chosen if word in SCOPES else "marketing"), Reason("suppressed.complaint")
    elif word not in SCOPES and any(one in says for one in DEAD):
        chosen = "address"
    topic = (topic or usual.topic) if chosen == "topic" else (topic if word in SCOPES else "")
    fault = record.fault
    if fault is None and not cell(columns.address):
        fault = Reason("address.missing")
    if fault is None and (chosen == "topic") != bool(topic):
        fault = Reason("suppression.topic", {"topic": topic[:80], "known": sorted(topics)})
    if fault is None and topic and topic not in topics:
        fault = Reason("suppression.topic", {"topic": topic[:80], "known": sorted(topics)})
    return _Row(record, chosen, topic, reason, None, fault)
