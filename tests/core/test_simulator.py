"""The rehearsal by itself: one contact's course, order within an instant, entries a day, responses."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.core.conditions import HasTag
from app.core.engine import enter
from app.core.facts import Facts, Happening
from app.core.lifecycle import EntryRule, Lifecycle, Stage, Transition
from app.core.programme import read_programme
from app.core.reactions import Rules
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.scoring import ScoringModel
from app.core.sequences import Sequence, read_sequence
from app.core.setting import Setting, TemplateInfo
from app.core.simulator import Asked, Inside, Line, Offer, Person, Play, Response, Silence, Told, simulate
from app.core.timing import Calendar

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
KINDS = frozenset({"discovery"})
LIFECYCLE = Lifecycle(
    "main",
    {
        "lead": Stage("lead", {"en": "Lead"}, "main", KINDS, True, 0),
        "prospect": Stage("prospect", {"en": "Prospect"}, "main", KINDS, True, 1),
    },
    (Transition("lead", "prospect"),),
    (EntryRule("prospect", ("lead",), (), HasTag("ready")),),
)


def sequence(key: str, *steps: dict[str, Any], **more: Any) -> Sequence:
    read = read_sequence(
        Node({"sequence": key, "for": "lead", "topic": "news", "steps": list(steps), **more})
    )
    assert read is not None
    return read


def play(*offers: Sequence | Offer, caps: Any = (), respond: Any = None, **programme: Any) -> Play:
    known = [one if isinstance(one, Offer) else Offer(one) for one in offers]
    read = read_programme(Node({"caps": list(caps), **programme}), Calendar())
    templates = {name: TemplateInfo(name, "discovery") for name in ("a", "b", "c", "short")}
    setting = Setting(LIFECYCLE, read, templates)
    rules = Rules(LIFECYCLE, ScoringModel(1), read)
    by_key = {one.sequence.key: one for one in known}
    return Play(setting, rules, by_key, respond) if respond else Play(setting, rules, by_key)


def person(*inside: Sequence, n: int = 1, **known: Any) -> Person:
    facts = Facts(UUID(int=n), "lead", START, consents={"news": "given"})
    stays = [
        Inside(enter(one, UUID(int=100 * n + k), facts.contact_id, 1, START, Reason("enroll.person")), one)
        for k, one in enumerate(inside)
    ]
    return Person(facts, "a@example.com", inside=stays, **known)


def told(lines: Iterable[Line], *actions: str) -> list[tuple[str | None, timedelta]]:
    return [(line.template or line.step, line.at - START) for line in lines if line.action in actions]


def mails(lines: Iterable[Line]) -> list[tuple[str | None, timedelta]]:
    return told(lines, "mail_accepted")


def test_mails_leave_when_they_are_due_and_waits_count_from_there() -> None:
    one = sequence("one", {"x": {"send": "a"}}, {"w": {"wait": "2 days"}}, {"y": {"send": "b"}})
    lines = list(simulate([person(one)], play(one), START, START + 9 * DAY))
    assert mails(lines) == [("a", timedelta()), ("b", 2 * DAY)]
    assert lines[-1].action == "outside"
    assert [line.reason.code for line in lines if line.action == "ended"] == ["ended.finished"]


def test_nothing_happens_after_the_end_and_who_is_inside_is_told() -> None:
    one = sequence("one", {"x": {"send": "a"}}, {"w": {"wait": "2 days"}}, {"y": {"send": "b"}})
    lines = list(simulate([person(one)], play(one), START, START + DAY))
    assert mails(lines) == [("a", timedelta())]
    assert told(lines, "inside") == [("w", DAY)]


def test_of_two_mails_at_one_instant_the_weightier_goes_and_the_other_waits_for_the_cap() -> None:
    low = sequence("low", {"x": {"send": "a"}}, priority=10)
    high = sequence("high", {"x": {"send": "b"}}, priority=90)
    lines = list(simulate([person(low, high)], play(low, high, caps=["1 a day"]), START, START + 9 * DAY))
    assert mails(lines) == [("b", timedelta()), ("a", DAY)]
    deferred = [line for line in lines if line.action == "mail_deferred"]
    assert [(line.sequence, line.reason.code) for line in deferred] == [("low", "gate.cap")]


@pytest.mark.parametrize(("way", "sent"), [("drop", ["b"]), ({"replace": "short"}, ["b", "short"])])
def test_a_sequence_says_what_becomes_of_the_loser(way: Any, sent: list[str]) -> None:
    low = sequence("low", {"x": {"send": "a"}}, priority=10, **{"when capped": way})
    high = sequence("high", {"x": {"send": "b"}}, priority=90)
    lines = list(simulate([person(low, high)], play(low, high, caps=["1 a day"]), START, START + 9 * DAY))
    assert [template for template, _ in mails(lines)] == sent


def test_a_stage_reached_lets_out_of_the_old_sequence_and_into_the_new_one() -> None:
    old = sequence("old", {"t": {"set": {"tag": "ready"}}}, {"w": {"wait": "5 days"}}, {"x": {"send": "a"}})
    new = sequence("new", {"x": {"send": "b"}}, enter={"on": "stage_entered"}, **{"for": "prospect"})
    lines = list(simulate([person(old)], play(old, new), START, START + 9 * DAY))
    assert told(lines, "stage") == [(None, timedelta())]
    assert next(line.reason.code for line in lines if line.action == "ended") == "exit.stage_left"
    assert mails(lines) == [("b", timedelta())]


def test_a_date_begins_a_sequence_on_its_day_where_the_contact_lives() -> None:
    one = sequence("one", {"x": {"send": "a"}}, enter={"on": "date", "date": "renewal"}, again="always")
    somebody = person()
    somebody.facts.fields = {"renewal": (START + 3 * DAY).date(), "zone": "America/New_York"}
    lines = list(simulate([somebody], play(one), START, START + 9 * DAY))
    # Midnight in New York is five in the morning in UTC.
    assert mails(lines) == [("a", 3 * DAY - timedelta(hours=4))]
    assert [line.reason.code for line in lines if line.action == "enrolled"] == ["enroll.date"]
    somebody = person()
    somebody.facts.fields = {"renewal": (START - DAY).date()}
    assert mails(simulate([somebody], play(one), START, START + 9 * DAY)) == []


def test_a_segment_begins_a_sequence_for_those_in_it_and_those_who_come_later() -> None:
    one = sequence(
        "one", {"x": {"send": "a"}}, enter={"on": "segment", "segment": "warm", "never": {"tag": "rival"}}
    )
    tags = sequence("tags", {"w": {"wait": "2 days"}}, {"t": {"set": {"tag": "warm"}}})
    stage = play(one, tags)
    stage.setting.segments["warm"] = HasTag("warm")  # type: ignore[index]
    now, later, rival = person(n=1), person(tags, n=2), person(n=3)
    now.facts.tags, rival.facts.tags = frozenset({"warm"}), frozenset({"warm", "rival"})
    lines = list(simulate([now, later, rival], stage, START, START + 9 * DAY))
    assert [line.at - START for line in lines if line.action == "mail_accepted"] == [
        timedelta(), 3 * DAY - timedelta(hours=9),
    ]  # fmt: skip
    assert not [line for line in lines if line.action == "not_enrolled"], "nobody asks who would be refused"


def test_entries_a_day_are_shared_and_the_others_wait_their_turn() -> None:
    one = sequence("one", {"x": {"send": "a"}}, enter={"on": "person", "at most": 2})

    def asking(n: int) -> Person:
        return person(n=n, asked=[Asked("one", "person", Reason("enroll.person"), START)])

    offer = Offer(one, entered=(START - timedelta(hours=20),))
    lines = list(simulate([asking(n) for n in (3, 1, 2)], play(offer), START, START + 9 * DAY))
    entered = [(line.contact_id.int, line.at - START) for line in lines if line.action == "enrolled"]
    # One place is left today; four hours later the one of yesterday is free again.
    assert entered == [(1, timedelta()), (2, timedelta(hours=4)), (3, DAY)]


def test_a_paused_sequence_takes_nobody_on_and_lets_nobody_in() -> None:
    one = sequence("one", {"x": {"send": "a"}})
    waiting = person(one, asked=[Asked("one", "person", Reason("enroll.person"), START)])
    lines = list(simulate([waiting], play(Offer(one, "paused")), START, START + 90 * DAY))
    assert [line.action for line in lines] == ["inside"]


def test_people_answer_and_the_answer_is_waited_for() -> None:
    one = sequence(
        "one",
        {"x": {"send": "a"}},
        {"r": {"wait_for": {"clicked": "x"}, "up to": "5 days", "then": "y", "else": "end"}},
        {"y": {"send": "b"}},
    )

    def clicks(contact_id: UUID, line: Line) -> list[Response]:
        return [Response(timedelta(hours=3), "clicked", "a")] if line.template == "a" else []

    assert mails(simulate([person(one)], play(one, respond=clicks), START, START + 9 * DAY)) == [
        ("a", timedelta()), ("b", timedelta(hours=3)),
    ]  # fmt: skip
    assert mails(simulate([person(one)], play(one), START, START + 9 * DAY)) == [("a", timedelta())]


def test_who_unsubscribes_gets_no_more_and_is_not_stuck() -> None:
    one = sequence("one", {"x": {"send": "a"}}, {"w": {"wait": "1 day"}}, {"y": {"send": "b"}})

    def leaves(contact_id: UUID, line: Line) -> list[Response]:
        return [Response(timedelta(hours=1), "unsubscribed", "a")]

    lines = list(simulate([person(one)], play(one, respond=leaves), START, START + 9 * DAY))
    assert mails(lines) == [("a", timedelta())]
    assert [line.reason.code for line in lines if line.action == "mail_suppressed"] == [
        "gate.consent_withdrawn"
    ]
    assert lines[-1].action == "outside"


def test_an_event_that_lies_there_is_heard_before_anything_else() -> None:
    one = sequence("one", {"x": {"send": "a"}}, exit=["replied"])
    replied = Happening("replied", "a", START - DAY)
    heard = person(one, told=[Told(START - DAY, replied, "e", seen=True)])
    lines = list(simulate([heard], play(one), START, START + DAY))
    assert mails(lines) == []
    assert [line.reason.code for line in lines if line.action == "ended"] == ["exit.event"]


@pytest.mark.parametrize("again", ["never", "always"])
def test_coming_back_is_as_the_sequence_says(again: str) -> None:
    one = sequence("one", {"x": {"send": "a"}}, again=again)
    two = sequence("two", {"w": {"wait": "1 day"}}, {"o": {"enroll": "one"}})
    lines = list(simulate([person(one, two)], play(one, two), START, START + 2 * DAY))
    answers = [line.reason.code for line in lines if line.action in ("enrolled", "not_enrolled")]
    assert answers == (["enroll.by_step"] if again == "always" else ["enroll.was_here"])


SILENCE = Silence(timedelta(days=20), 3, timedelta(days=10))
MONTHLY = [
    {f"m{n}": {"send": "abc"[n]}} if k else {f"w{n}": {"wait": "4 days"}} for n in range(3) for k in (1, 0)
]


def _silent(respond: Any, created: datetime) -> list[timedelta]:
    one = sequence("one", *MONTHLY)
    silent = play(one, respond=respond)
    silent.silence = SILENCE
    somebody = person(one)
    somebody.facts.fields = {"created": created.date()}
    lines = simulate([somebody], silent, START, START + 90 * DAY)
    return [line.at - START for line in lines if line.reason.code == "event.silent"]


def test_who_gets_mail_and_gives_no_sign_for_long_falls_silent() -> None:
    # Three mails in eight days; twenty days after the first of them it is a long silence, told twice at most.
    assert _silent(None, START - 90 * DAY) == [20 * DAY, 30 * DAY]
    # Somebody who is new has had no time to be silent for long.
    assert _silent(None, START + 3 * DAY)[0] == timedelta(days=23) - timedelta(hours=9)


def test_a_click_breaks_the_silence_and_a_machine_does_not() -> None:
    def by(verdict: str) -> Any:
        return lambda contact_id, line: (
            [Response(DAY, "clicked", "a", verdict=verdict)] if line.template == "b" else []
        )

    assert _silent(by("machine"), START - 90 * DAY)[0] == 20 * DAY
    # They click on the fifth day, and twenty days after that are silent once more.
    assert _silent(by("human"), START - 90 * DAY)[0] == 25 * DAY


def test_many_alone_come_to_the_same_as_many_together() -> None:
    steps = ({"x": {"send": "a"}}, {"w": {"wait": "2 days"}}, {"y": {"send": "b"}})
    free, capped = sequence("one", *steps), sequence("one", *steps, enter={"on": "person", "at most": 1000})

    def run(one: Sequence) -> list[Line]:
        crowd = [person(one, n=n) for n in range(1, 30)]
        return sorted(
            simulate(crowd, play(one), START, START + 5 * DAY), key=lambda line: (line.contact_id, line.at)
        )

    assert run(free) == run(capped)


def test_a_rehearsal_run_twice_is_the_same(make: Callable[[], list[Line]]) -> None:
    assert make() == make()


@pytest.fixture
def make() -> Callable[[], list[Line]]:
    one = sequence("one", {"x": {"send": "a"}}, {"h": {"split": [{"share": 50, "go": "y"}, {"share": 50, "go": "end"}]}},
                   {"y": {"send": "b"}})  # fmt: skip
    return lambda: list(simulate([person(one, n=n) for n in range(1, 20)], play(one), START, START + DAY))
