"""Events in: what happened to a contact elsewhere, told by a colleague, a file or another system.

An event's id is made of its time, its source and its key, so one that is told twice is one event; what
is known already is skipped and never an error. Reacting to it is the work of `app.services.reacting`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import Connection

from app.core.conditions import KINDS
from app.core.ids import content_id
from app.core.reasons import Reason
from app.services.addresses import AddressFault, read_address
from app.services.world import World
from app.store import contacts, ledger
from app.store import events as store

AHEAD = timedelta(minutes=1)  # clocks differ
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
VERDICTS = ("human", "machine", "unknown")
LONGEST = {"subject": 200, "source": 64, "key": 300, "topic": 64}
MOST_TOPICS = 20
LARGEST_PAYLOAD = 16 * 1024
LONGEST_LINE = 64 * 1024
BATCH = 500
MEMBERS = ("contact", "kind", "subject", "topics", "at", "key", "data", "verdict")
_CUSTOM = re.compile(r"custom:[^\s,%\x00-\x1f]{1,64}")


class EventFault(Exception):
    """An event was refused; nothing of it was written."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it is told. `contact` is an address or an id; without a key its content is its key."""

    contact: str
    kind: str
    occurred_at: datetime
    subject: str = ""
    topics: Sequence[str] = ()
    key: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    verdict: str = "human"


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of a file that was left out, and why."""

    line: int
    reason: Reason


@dataclass(slots=True)
class Summary:
    """What became of a file's lines. `known`: told before."""

    new: int = 0
    known: int = 0
    problems: list[Problem] = field(default_factory=list)


def record(
    world: World,
    contact_id: UUID,
    kind: str,
    *,
    subject: str = "",
    topics: Sequence[str] = (),
    occurred_at: datetime,
    source: str,
    key: str,
    payload: Mapping[str, Any] | None = None,
    verdict: str = "human",
    now: datetime,
) -> bool:
    """Write one event down. True: it is new; False: it was known. Raises EventFault."""
    told = Told(str(contact_id), kind, occurred_at, subject, topics, key, payload or {}, verdict)
    with world.database.write() as connection:
        row = _row(world, contact_id, told, source, now)
        who = store.existing(connection, world.workspace_id, [contact_id]).get(contact_id)
        if who is None:
            raise EventFault("contact.unknown", contact=str(contact_id))
        row["contact_id"] = who
        known = store.known(connection, [row["id"]]).get(row["id"])
        if known is not None:
            _check_same(row, known)
            return False
        return ledger.add_events(connection, [row]) == 1


def record_many(world: World, told: Sequence[Told], source: str, now: datetime) -> Summary:
    """Write down many events at once; problems name the place of theirs, from 0. One that is refused stops no other."""
    summary = Summary()
    with world.database.write() as connection:
        _write(connection, world, list(enumerate(told)), source, summary, now)
    return summary


def import_lines(world: World, lines: Iterable[bytes], source: str, now: datetime) -> Summary:
    """Write down the events of a file, one JSON object a line. A bad line is told and the rest goes on.

    Doing it again, in part or in full, finds what is known and adds the rest.
    """
    summary = Summary()
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    while batch := list(islice(numbered, BATCH)):
        read = list(_readable(batch, summary))
        with world.database.write() as connection:
            _write(connection, world, read, source, summary, now)
    summary.problems.sort(key=lambda problem: problem.line)
    return summary


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long only the beginning, so that memory stays small."""
    while piece := file.readline(LONGEST_LINE + 1):
        rest = piece
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE + 1)
        yield piece


def read_line(line: bytes) -> Told:
    """The event of one line. Raises EventFault."""
    if len(line) > LONGEST_LINE:
        raise EventFault("event.line_too_long", most=LONGEST_LINE)
    try:
        found = json.loads(line.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise EventFault("event.not_json", error=str(error)[:200]) from None
    if not isinstance(found, dict):
        raise EventFault("event.not_json", error="no object")
    for name in found:
        if name not in MEMBERS:
            raise EventFault("event.member", name=str(name)[:80], known=list(MEMBERS))
    for name in ("contact", "kind", "at"):
        if not found.get(name):
            raise EventFault("event.missing", name=name)
    texts = {name: found.get(name) or "" for name in ("contact", "kind", "at", "subject", "key", "verdict")}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise EventFault("event.no_text", name=name)
    topics, data = found.get("topics") or [], found.get("data") or {}
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise EventFault("event.topics", most=MOST_TOPICS)
    if not isinstance(data, dict):
        raise EventFault("event.data", most=LARGEST_PAYLOAD)
    return Told(
        texts["contact"], texts["kind"], read_time(texts["at"]), texts["subject"], topics, texts["key"], data,
        texts["verdict"] or "human",
    )  # fmt: skip


def read_time(text: str) -> datetime:
    """An instant as ISO 8601 with its offset. Raises EventFault."""
    try:
        at = datetime.fromisoformat(text.strip())
        if at.tzinfo is None:
            raise EventFault("event.no_zone", value=text[:60])
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise EventFault("event.no_time", value=text[:60]) from None


def content_key(contact_id: UUID, told: Told) -> str:
    """The key of an event that was given none: who, what, about what, and a digest of its data."""
    text = json.dumps([told.kind, told.subject, sorted(told.topics), told.payload], sort_keys=True)
    return f"{contact_id}:{sha256(text.encode()).hexdigest()[:32]}"


def _readable(batch: Sequence[tuple[int, bytes]], summary: Summary) -> Iterator[tuple[int, Told]]:
    for number, line in batch:
        try:
            yield number, read_line(line)
        except EventFault as fault:
            summary.problems.append(Problem(number, fault.reason))


def _write(
    connection: Connection,
    world: World,
    read: Sequence[tuple[int, Told]],
    source: str,
    summary: Summary,
    now: datetime,
) -> None:
    """One batch: whose they are and what is known is asked once for all of them."""
    whose = _contacts(connection, world, [told.contact for _, told in read])
    rows: list[tuple[int, dict[str, Any]]] = []
    for number, told in read:
        try:
            contact_id = whose.get(told.contact)
            if contact_id is None:
                raise EventFault("contact.unknown", contact=told.contact[:120])
            rows.append((number, _row(world, contact_id, told, source, now)))
        except EventFault as fault:
            summary.problems.append(Problem(number, fault.reason))
    known = store.known(connection, [row["id"] for _, row in rows])
    fresh = []
    for number, row in rows:
        try:
            if row["id"] in known:
                _check_same(row, known[row["id"]])
                summary.known += 1
            else:
                known[row["id"]] = (row["contact_id"], row["kind"])
                fresh.append(row)
        except EventFault as fault:
            summary.problems.append(Problem(number, fault.reason))
    added = ledger.add_events(connection, fresh)
    summary.new += added
    summary.known += len(fresh) - added


def _contacts(connection: Connection, world: World, texts: Sequence[str]) -> dict[str, UUID]:
    """The contacts named by address or id, by the text that names them."""
    by_id: dict[str, UUID] = {}
    by_key: dict[str, str] = {}
    for text in dict.fromkeys(texts):
        try:
            by_id[text] = UUID(text)
        except ValueError:
            try:
                by_key[text] = read_address(text).key
            except AddressFault:
                continue
    there = store.existing(connection, world.workspace_id, list(by_id.values()))
    found = {text: there[contact_id] for text, contact_id in by_id.items() if contact_id in there}
    holders = contacts.contacts_of(connection, world.workspace_id, list(by_key.values()))
    found.update({text: holders[key] for text, key in by_key.items() if key in holders})
    return found


def _check_same(row: Mapping[str, Any], known: tuple[UUID, str]) -> None:
    """One key at one instant is one event: of another contact or kind it is a mistake that must be seen."""
    if known != (row["contact_id"], row["kind"]):
        raise EventFault("event.key_taken", kind=known[1])


def _row(world: World, contact_id: UUID, told: Told, source: str, now: datetime) -> dict[str, Any]:
    _check(told, source, now)
    key = told.key or content_key(contact_id, told)
    topics = list(dict.fromkeys(topic.strip().casefold() for topic in told.topics if topic.strip()))
    return {
        "id": content_id(told.occurred_at, source, key), "workspace_id": world.workspace_id,
        "contact_id": contact_id, "kind": told.kind, "subject": told.subject,
        "topics": f",{','.join(topics)}," if topics else "", "verdict": told.verdict, "source": source,
        "occurred_at": told.occurred_at, "received_at": now, "failures": 0, "payload": dict(told.payload),
    }  # fmt: skip


def _check(told: Told, source: str, now: datetime) -> None:
    if told.kind not in KINDS and not _CUSTOM.fullmatch(told.kind):
        raise EventFault("event.kind", kind=told.kind[:80], known=list(KINDS))
    if told.verdict not in VERDICTS:
        raise EventFault("event.verdict", verdict=told.verdict[:80], known=list(VERDICTS))
    if told.occurred_at.tzinfo is None:
        raise EventFault("event.no_zone", value=told.occurred_at.isoformat())
    if told.occurred_at > now + AHEAD:
        raise EventFault("event.future", at=told.occurred_at.isoformat(), now=now.isoformat())
    if told.occurred_at < EARLIEST:
        raise EventFault("event.too_old", at=told.occurred_at.isoformat())
    if len(told.topics) > MOST_TOPICS or any("," in topic or "%" in topic for topic in told.topics):
        raise EventFault("event.topics", most=MOST_TOPICS)
    texts = [("subject", told.subject), ("source", source), ("key", told.key)]
    for name, text in (*texts, *(("topic", topic) for topic in told.topics)):
        if len(text) > LONGEST[name] or not _is_clean(text):
            raise EventFault("event.text", name=name, most=LONGEST[name])
    _check_payload(told.payload)


def _check_payload(payload: Mapping[str, Any]) -> None:
    try:
        text = json.dumps(payload, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError):
        size = LARGEST_PAYLOAD + 1
    # PostgreSQL's JSON takes no NUL.
    if size > LARGEST_PAYLOAD or "\\u0000" in text:
        raise EventFault("event.data", most=LARGEST_PAYLOAD)


def _is_clean(text: str) -> bool:
    return text == "" or (text.isprintable() and text.strip() != "")


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")
