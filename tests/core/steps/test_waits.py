"""Waits: for a while, until a weekday, around a date, for an event; and the clocks that change meanwhile."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.core.engine import advance, notice
from app.core.facts import Facts
from tests.core.sample import MONDAY, SETTING, after, facts, faults, happened, inside, run, sequence

END = {"out": {"exit": "done"}}


def due_of(wait: object, known: Facts | None = None, at: datetime = MONDAY) -> datetime | None:
    return run(sequence({"pause": {"wait": wait}}, END), known, at).enrollment.due_at


@pytest.mark.parametrize(
    ("wait", "due"),
    [
        ("90 minutes", after(minutes=90)),
        ("2 days", after(days=2)),
        ("5 working days", after(days=7)),
        ({"until": "tuesday"}, datetime(2026, 11, 24, 8, tzinfo=UTC)),
        ({"until": "mon", "at": "11:00"}, datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ({"until": "mon", "at": "9:00"}, datetime(2026, 11, 30, 8, tzinfo=UTC)),
    ],
)
def test_a_wait_ends_when_it_says(wait: object, due: datetime) -> None:
    assert due_of(wait) == due


def test_working_days_know_holidays() -> None:
    christmas_eve = datetime(2026, 12, 24, 9, tzinfo=UTC)
    assert due_of("1 working day", at=christmas_eve) == datetime(2026, 12, 28, 9, tzinfo=UTC)
    assert due_of("1 working day", facts(fields={"country": "SE"}), christmas_eve) == datetime(
        2026, 12, 25, 9, tzinfo=UTC
    )


@pytest.mark.parametrize("day", [date(2027, 3, 1), "2027-03-01"])
def test_a_wait_around_a_date(day: object) -> None:
    wait = {"date": "renewal", "before": "30 days", "at": "09:00"}
    assert due_of(wait, facts(fields={"renewal": day})) == datetime(2027, 1, 30, 8, tzinfo=UTC)
    later = {"date": "renewal", "after": "1 week"}
    assert due_of(later, facts(fields={"renewal": day})) == datetime(2027, 3, 8, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "wait.no_date"),
        ("soon", "wait.no_date"),
        (7.0, "wait.no_date"),
        (date(2026, 1, 1), "wait.date_passed"),
    ],
)
def test_a_date_that_is_missing_or_over_is_not_waited_for(value: object, code: str) -> None:
    step = run(sequence({"pause": {"wait": {"date": "renewal"}}}, END), facts(fields={"renewal": value}))
    assert step.enrollment.state == "ended"
    assert step.effects[0].reason.code == code


def test_wall_clock_waits_keep_the_local_time_across_a_change_of_the_clocks() -> None:
    before = datetime(2026, 10, 23, 7, tzinfo=UTC)  # 09:00 in Copenhagen, two days before winter time
    assert due_of("3 days", at=before) == datetime(2026, 10, 26, 8, tzinfo=UTC)
    assert due_of("72 hours", at=before) == datetime(2026, 10, 26, 7, tzinfo=UTC)
    step = run(
        sequence({"pause": {"wait": {"until": "sunday", "at": "02:30"}}}),
        at=datetime(2026, 3, 27, tzinfo=UTC),
    )
    assert step.enrollment.due_at == datetime(2026, 3, 29, 1, tzinfo=UTC)  # 02:30 does not exist that night
    assert (step.enrollment.local_due, step.enrollment.zone) == ("2026-03-29T03:00", "Europe/Copenhagen")


def test_a_wait_that_is_over_leads_on_from_its_own_end() -> None:
    of = sequence({"one": {"wait": "1 day"}}, {"two": {"wait": "1 day"}}, END)
    step = run(of, now=after(days=1, hours=7))
    assert (step.enrollment.step, step.enrollment.due_at) == ("two", after(days=2))


READ = {"read": {"wait_for": {"clicked": "guide"}, "up to": "5 days", "then": "hot", "else": "cold"}}
GUIDE = {"guide": {"send": "discovery/guide"}}
COLD, HOT = {"cold": {"exit": "cold"}}, {"hot": {"exit": "hot"}}
WALK = (READ, COLD, HOT, GUIDE)
CLICK = ("clicked", "discovery/guide")


def outcome(step: object) -> object:
    return step.enrollment.reason.params.get("why")  # type: ignore[attr-defined]


def test_an_event_ends_the_wait_and_its_repetition_changes_nothing() -> None:
    of = sequence(*WALK)
    waiting = run(of).enrollment
    assert (waiting.state, waiting.due_at) == ("waiting", after(days=5))
    click = happened(*CLICK, at=after(hours=1))
    told = notice(waiting, of, click, facts(), SETTING, after(hours=1))
    assert notice(told.enrollment, of, click, facts(), SETTING, after(hours=1)).enrollment == told.enrollment
    assert outcome(advance(told.enrollment, of, facts(), SETTING, after(hours=1))) == "hot"


def test_time_runs_out() -> None:
    of = sequence(*WALK)
    waiting = run(of).enrollment
    almost = after(days=5) - timedelta(microseconds=1)
    assert advance(waiting, of, facts(), SETTING, almost).enrollment == waiting
    assert outcome(advance(waiting, of, facts(), SETTING, after(days=5))) == "cold"


@pytest.mark.parametrize(
    "other",
    [
        happened("clicked", "discovery/hello", after(hours=1)),
        happened("opened", "discovery/guide", after(hours=1)),
        happened(*CLICK, at=after(hours=1), verdict="machine"),
        happened(*CLICK, at=after(hours=1), verdict="unknown"),
        happened(*CLICK, at=after(days=-1)),
    ],
)
def test_other_events_end_nothing(other: object) -> None:
    of = sequence(*WALK)
    waiting = run(of).enrollment
    assert notice(waiting, of, other, facts(), SETTING, after(hours=2)).enrollment == waiting  # type: ignore[arg-type]


def test_a_click_before_the_wait_began_counts() -> None:
    of = sequence({"pause": {"wait": "1 day"}}, *WALK)
    known = facts(happenings=[happened(*CLICK, at=after(hours=3))])
    assert outcome(run(of, known, now=after(days=1))) == "hot"
    old = facts(happenings=[happened(*CLICK, at=after(days=-3))])
    assert run(of, old, now=after(days=1)).enrollment.state == "waiting"


def test_an_event_without_a_subject_counts_from_the_arrival() -> None:
    of = sequence(
        {"pause": {"wait": "1 day"}},
        {"any": {"wait_for": "clicked", "up to": "1 day", "then": "hot", "else": "cold"}},
        COLD,
        HOT,
    )
    known = facts(happenings=[happened(*CLICK, at=after(hours=3))])
    assert run(of, known, now=after(days=1)).enrollment.state == "waiting"


def test_a_second_visit_waits_anew() -> None:
    of = sequence(*WALK)
    known = facts(happenings=[happened(*CLICK, at=after(hours=1))])
    again = inside(run(of).enrollment, state="due", inside=False, due_at=after(days=2), waiting_for=None)
    waiting = advance(again, of, known, SETTING, after(days=2)).enrollment
    assert (waiting.state, waiting.visits) == ("waiting", {"read": 2})
    late = notice(waiting, of, happened(*CLICK, at=after(hours=1)), known, SETTING, after(days=2))
    assert late.enrollment == waiting
    fresh = notice(waiting, of, happened(*CLICK, at=after(days=2, hours=1)), known, SETTING, after(days=3))
    assert fresh.enrollment.state == "due"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"wait": "2 fortnights"}, "is not a span of time"),
        ({"wait": 3}, "is not a span of time"),
        ({"wait": ["1 day"]}, "is not a span of time"),
        ({"wait": {"until": "someday"}}, "is not a day of the week"),
        ({"wait": {"until": "mon", "at": 540}}, "put it in quotes"),
        ({"wait": {"until": "mon", "date": "renewal"}}, "A wait has one end"),
        ({"wait": {"date": "renewal", "before": "1 day", "after": "1 day"}}, "before or after"),
        ({"wait": {"until": "mon", "before": "1 day"}}, "go with a date"),
        ({"wait": {"at": "09:00"}}, "“date” is missing"),
        ({"wait_for": {"clicked": "guide"}}, "“up to” is missing"),
        ({"wait_for": "clocked", "up to": "1 day"}, "no known event"),
        ({"wait_for": {"clicked": "gide"}, "up to": "1 day"}, "is no step with a mail here"),
        ({"wait_for": [], "up to": "1 day"}, "no event"),
    ],
)
def test_faults_are_told(body: dict[str, object], told: str) -> None:
    assert any(told in fault for fault in faults({"step": body})), faults({"step": body})
