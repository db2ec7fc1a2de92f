"""Events in: one that is told twice is one, a bad one says why, and the rest of a file goes on."""

import json
from datetime import datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.services import events
from app.services.events import EventFault, import_lines, lines_of, record
from app.services.reacting import react_due
from app.services.sentences import is_known
from app.services.world import World
from app.store import tables
from app.store.database import Database
from tests.support import line
from tests.support.line import NOW


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return line.lay(database, tmp_path)


@pytest.fixture
def people(world: World) -> list[UUID]:
    return line.people(world, 2)


def rows(world: World) -> list[Any]:
    with world.database.read() as connection:
        return list(connection.execute(select(tables.events).order_by(tables.events.c.occurred_at)))


def tell(world: World, who: UUID, kind: str = "visited", **given: Any) -> bool:
    chosen: dict[str, Any] = {"occurred_at": NOW, "source": "site", "key": "visit-1", "now": NOW, **given}
    return record(world, who, kind, **chosen)


def test_an_event_is_written_down_once(world: World, people: list[UUID]) -> None:
    given: dict[str, Any] = {
        "subject": "pricing",
        "topics": [" Pricing ", "demo", "pricing"],
        "payload": {"page": "/p"},
    }
    assert tell(world, people[0], **given) is True
    assert tell(world, people[0], **given) is False
    assert tell(world, people[0], **given, now=NOW + timedelta(days=1)) is False
    [row] = rows(world)
    assert (row.contact_id, row.kind, row.subject, row.topics) == (
        people[0],
        "visited",
        "pricing",
        ",pricing,demo,",
    )
    assert (row.verdict, row.source, row.payload, row.processed_at) == ("human", "site", {"page": "/p"}, None)
    assert tell(world, people[0], **given, key="visit-2")
    assert tell(world, people[0], **given, source="app")
    assert tell(world, people[0], **given, occurred_at=NOW - timedelta(seconds=1))
    assert len(rows(world)) == 4


def test_what_is_told_has_its_line_on_the_timeline_and_cannot_speak_for_the_judge(
    world: World, people: list[UUID]
) -> None:
    payload = {"subject": "Help", "verdict": "human", "message": "hello"}
    tell(world, people[0], "form_submitted", subject="contact", payload=payload, verdict="machine")
    assert react_due(world, NOW) == 1
    query = select(tables.timeline).where(tables.timeline.c.kind == "event")
    with world.database.read() as connection:
        params = connection.execute(query).one().params
    assert (params["subject"], params["verdict"], params["message"]) == ("contact", "machine", "hello")


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "kind": ("event.kind", {"kind": "danced"}),
    "custom without a name": ("event.kind", {"kind": "custom:"}),
    "custom with a space": ("event.kind", {"kind": "custom:a b"}),
    "future": ("event.future", {"occurred_at": NOW + timedelta(seconds=61)}),
    "past": ("event.too_old", {"occurred_at": NOW - timedelta(days=40 * 365)}),
    "zone": ("event.no_zone", {"occurred_at": NOW.replace(tzinfo=None)}),
    "verdict": ("event.verdict", {"verdict": "maybe"}),
    "topic": ("event.topics", {"topics": ["a,b"]}),
    "topics": ("event.topics", {"topics": [f"t{n}" for n in range(21)]}),
    "subject": ("event.text", {"subject": "a" * 201}),
    "control": ("event.text", {"subject": "a\x00b"}),
    "line break": ("event.text", {"key": "a\nb"}),
    "surrogate": ("event.text", {"subject": "\ud800"}),
    "payload": ("event.data", {"payload": {"a": "b" * 20_000}}),
    "no json": ("event.data", {"payload": {"a": object()}}),
    "not a number": ("event.data", {"payload": {"a": float("nan")}}),
    "nul": ("event.data", {"payload": {"a": "\x00"}}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_says_why_and_writes_nothing(world: World, people: list[UUID], case: str) -> None:
    code, given = REFUSED[case]
    with pytest.raises(EventFault) as caught:
        tell(world, people[0], **given)
    assert caught.value.reason.code == code
    assert is_known(code)
    assert rows(world) == []


def test_a_minute_ahead_is_a_clock_that_differs(world: World, people: list[UUID]) -> None:
    assert tell(world, people[0], occurred_at=NOW + timedelta(seconds=60))


def test_nobody_is_told_about_who_is_not_there(world: World) -> None:
    with pytest.raises(EventFault) as caught:
        tell(world, UUID(int=5))
    assert caught.value.reason.code == "contact.unknown"


def test_one_key_for_two_people_is_seen(world: World, people: list[UUID]) -> None:
    tell(world, people[0])
    for who, kind in ((people[1], "visited"), (people[0], "downloaded")):
        with pytest.raises(EventFault) as caught:
            tell(world, who, kind)
        assert caught.value.reason.code == "event.key_taken"


@pytest.mark.parametrize(
    ("text", "at"),
    [("2026-11-24T11:00:00+01:00", NOW), ("2026-11-24T10:00:00Z", NOW), (" 2026-11-24 10:00Z ", NOW)],
)
def test_times_are_read_with_their_zone(text: str, at: datetime) -> None:
    assert events.read_time(text) == at


@pytest.mark.parametrize(
    ("text", "code"),
    [("yesterday", "event.no_time"), ("2026-11-24T10:00:00", "event.no_zone"), ("2026-11-24", "event.no_zone"),
     ("0001-01-01T00:00:00+14:00", "event.no_time"), ("2026-13-01T00:00:00Z", "event.no_time")],
)  # fmt: skip
def test_other_times_are_refused(text: str, code: str) -> None:
    with pytest.raises(EventFault) as caught:
        events.read_time(text)
    assert caught.value.reason.code == code


def written(*told: Any) -> bytes:
    lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in told]
    return b"\n".join(lines) + b"\n"


def good(number: int, **given: Any) -> dict[str, Any]:
    return {
        "contact": line.address(number % 2), "kind": "visited", "subject": "pricing", "topics": ["pricing"],
        "at": (NOW - timedelta(minutes=number)).isoformat(), "key": f"visit-{number}", **given,
    }  # fmt: skip


def load(world: World, data: bytes) -> events.Summary:
    return import_lines(world, lines_of(BytesIO(data)), "file", NOW)


def test_a_file_is_taken_line_by_line_and_bad_lines_are_told(world: World, people: list[UUID]) -> None:
    bad: dict[str, Any] = {
        "event.not_json": b"{", "event.kind": good(1, kind="danced"), "contact.unknown": good(1, contact="who@x.it"),
        "event.no_time": good(1, at="soon"), "event.member": good(1, topc="x"), "event.missing": {"kind": "visited"},
        "event.no_text": good(1, subject=5), "event.topics": good(1, topics="pricing"), "event.data": good(1, data=[1]),
        "event.future": good(1, at="2031-01-01T00:00:00Z"), "event.line_too_long": good(1, subject="a" * 300_000),
        "event.key_taken": good(1, at=good(0)["at"], key="visit-0"), "event.verdict": good(1, verdict="no"),
    }  # fmt: skip
    listed = [good(0), b"", *bad.values(), b"[1]", b"\xff\xfe", good(2, contact=str(people[0])), good(3)]
    summary = load(world, b"\xef\xbb\xbf" + written(*listed))
    assert (summary.new, summary.known) == (3, 0)
    assert [each.line for each in summary.problems] == list(range(3, 3 + len(bad) + 2))
    assert [each.reason.code for each in summary.problems] == [*bad, "event.not_json", "event.not_json"]
    assert all(is_known(each.reason.code) for each in summary.problems)
    assert {row.contact_id for row in rows(world)} == set(people)


def test_a_file_that_was_cut_short_goes_on_where_it_ended(
    world: World, people: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "BATCH", 7)
    data = written(*(good(number) for number in range(40)), good(3), good(39))
    half = load(world, data[: len(data) // 2].rpartition(b"\n")[0])
    whole = load(world, data)
    assert (half.known, half.problems, whole.problems) == (0, [], [])
    assert 0 < half.new < 40
    assert (half.new + whole.new, whole.known) == (40, half.new + 2)
    again = load(world, data)
    assert (again.new, again.known, len(rows(world))) == (0, 42, 40)


def test_without_a_key_the_content_is_the_key(world: World, people: list[UUID]) -> None:
    told = good(0, key="")
    summary = load(
        world, written(told, told, {**told, "data": {"plan": "pro"}}, {**told, "contact": line.address(1)})
    )
    assert (summary.new, summary.known) == (3, 1)


def test_an_offset_counts_for_the_same_instant(world: World, people: list[UUID]) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    summary = load(world, written(good(0, at=NOW.isoformat()), good(0, at=elsewhere.isoformat())))
    assert (summary.new, summary.known) == (1, 1)
