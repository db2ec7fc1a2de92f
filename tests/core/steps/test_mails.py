"""Send and ask: a step ends when its delivery ends, and whoever answered is not asked again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.effects import Emit, Note, QueueMail
from app.core.engine import advance, notice
from app.core.enrollments import delivery_ended
from app.core.facts import CriterionFact, Measure
from app.core.pieces import PieceInfo
from app.core.setting import Setting
from tests.core.sample import MONDAY, SETTING, after, facts, faults, happened, run, sequence

SEND = {"hello": {"send": "discovery/hello"}}
ASK = {"ask": {"ask": "means", "with": "discovery/ask", "up to": "5 days", "then": "yes", "else": "end"}}
YES = {"yes": {"exit": "they answered"}}


def mails(effects: tuple[object, ...]) -> list[QueueMail]:
    return [effect for effect in effects if isinstance(effect, QueueMail)]


def test_a_mail_is_planned_and_its_delivery_waited_for() -> None:
    step = run(sequence(SEND, YES))
    assert (step.enrollment.state, step.enrollment.due_at, step.enrollment.step) == ("sending", None, "hello")
    mail = mails(step.effects)[0]
    assert (mail.step, mail.visit, mail.templates, mail.due_at) == ("hello", 1, ("discovery/hello",), MONDAY)
    assert mail.expires_at == after(days=3)


@pytest.mark.parametrize("outcome", ["accepted", "uncertain"])
def test_what_follows_counts_from_the_acceptance(outcome: str) -> None:
    of = sequence(SEND, {"pause": {"wait": "2 days"}})
    sent = delivery_ended(run(of).enrollment, outcome, after(hours=5))
    waiting = advance(sent, of, facts(), SETTING, after(hours=6))
    assert (waiting.enrollment.step, waiting.enrollment.due_at) == ("pause", after(days=2, hours=5))


@pytest.mark.parametrize("outcome", ["suppressed", "failed", "expired", "cancelled"])
def test_an_unsent_mail_ends_or_goes_on_as_the_sequence_says(outcome: str) -> None:
    for manner, code in (("continue", "ended.finished"), ("exit", "exit.not_sent")):
        of = sequence(SEND, **{"if not sent": manner})
        ended = advance(delivery_ended(run(of).enrollment, outcome, MONDAY), of, facts(), SETTING, MONDAY)
        assert (ended.enrollment.state, ended.enrollment.reason.code) == ("ended", code)


def test_a_delivery_that_ends_late_revives_nobody() -> None:
    of = sequence(SEND, exit=["replied"])
    left = notice(run(of).enrollment, of, happened("replied"), facts(), SETTING, MONDAY).enrollment
    assert left.state == "ended"
    assert delivery_ended(left, "accepted", after(hours=1)) == left


def test_a_mail_waits_for_its_window_in_the_zone_of_its_reader() -> None:
    window = {"days": "mon-fri", "from": "08:30", "to": "17:30"}
    of = sequence(SEND, window=window)
    mail = mails(run(of, facts(fields={"zone": "America/New_York"})).effects)[0]
    assert mail.due_at == datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
    assert mail.expires_at == mail.due_at + timedelta(days=3)


def test_a_step_may_have_a_manner_of_its_own() -> None:
    of = sequence(
        {"hello": {"send": "discovery/hello", "late": "1 day", "when capped": "drop"}}, late="5 days"
    )
    assert mails(run(of).effects)[0].expires_at == after(days=1)
    assert of.steps["hello"].manner.when_capped.way == "drop"  # type: ignore[attr-defined]


BEST = {"best": {"send": {"best of": ["discovery/guide", "discovery/case"], "by": "interest"}}}


def test_the_best_fits_the_interests_and_was_not_sent_yet() -> None:
    billing = {"billing": Measure(5.0, MONDAY), "pricing": Measure(2.0, MONDAY)}
    assert mails(run(sequence(BEST), facts(interests=billing)).effects)[0].templates == ("discovery/case",)
    had = frozenset({"discovery/case"})
    assert mails(run(sequence(BEST), facts(interests=billing, had=had)).effects)[0].templates == (
        "discovery/guide",
    )
    assert mails(run(sequence(BEST)).effects)[0].templates == ("discovery/guide",)


def test_a_person_who_had_them_all_goes_on() -> None:
    step = run(sequence(BEST), facts(had=frozenset({"discovery/case", "discovery/guide"})))
    assert (mails(step.effects), step.enrollment.state) == ([], "ended")
    assert [effect.reason.code for effect in step.effects if isinstance(effect, Note)] == [
        "send.all_seen",
        "ended.finished",
    ]


def test_an_answer_leads_on_and_silence_elsewhere() -> None:
    of = sequence(ASK, YES)
    sent = advance(delivery_ended(run(of).enrollment, "accepted", MONDAY), of, facts(), SETTING, MONDAY)
    assert (sent.enrollment.state, sent.enrollment.due_at) == ("waiting", after(days=5))
    answer = happened("answered", "means", after(days=1))
    told = notice(sent.enrollment, of, answer, facts(), SETTING, after(days=1))
    assert advance(told.enrollment, of, facts(), SETTING, after(days=1)).enrollment.reason.code == "exit.step"
    silent = advance(sent.enrollment, of, facts(), SETTING, after(days=5))
    assert silent.enrollment.reason.code == "ended.finished"


def test_an_answer_while_the_mail_was_uncertain_counts() -> None:
    of = sequence(ASK, YES)
    known = facts(happenings=[happened("answered", "means", after(hours=1))])
    settled = delivery_ended(run(of).enrollment, "uncertain", after(hours=4))
    assert advance(settled, of, known, SETTING, after(hours=4)).enrollment.reason.code == "exit.step"


@pytest.mark.parametrize("state", ["yes", "no"])
def test_who_answered_before_is_not_asked_again(state: str) -> None:
    step = run(sequence(ASK, YES), facts(criteria={"means": CriterionFact(state)}))
    assert (mails(step.effects), step.enrollment.reason.code) == ([], "exit.step")
    assert mails(run(sequence(ASK, YES), facts(criteria={"means": CriterionFact("unknown")})).effects)


def test_a_goal_reached_while_a_mail_is_on_its_way_ends_it() -> None:
    of = sequence(SEND, YES, goal={"tag": "won"})
    ended = advance(
        delivery_ended(run(of).enrollment, "accepted", MONDAY),
        of,
        facts(tags=frozenset({"won"})),
        SETTING,
        MONDAY,
    )
    assert ended.enrollment.reason.code == "goal.reached"
    assert any(isinstance(effect, Emit) and effect.kind == "goal_reached" for effect in ended.effects)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"send": ""}, "empty text"),
        ({"send": ["a", "b"]}, "a list"),
        ({"send": 5.5, "gone": "x"}, "“gone” is not known"),
        ({"send": {"best of": []}}, "empty list"),
        ({"send": {"best off": ["a/b"]}}, "Did you mean “best of”?"),
        ({"send": "a/b", "window": "daily"}, "A window has days, from and to"),
        ({"send": "a/b", "window": {"from": "25:00", "to": "9"}}, "is not a clock time"),
        ({"send": "a/b", "late": 3}, "is not a span of time"),
        ({"send": "a/b", "when capped": "wait"}, "One of: defer, drop."),
        ({"send": "a/b", "when capped": {"replace": ""}}, "empty text"),
        ({"send": "a/b", "if not sent": "stop"}, "One of: continue, exit."),
        ({"send": "a/b", "go": "nowhere"}, "which is no step here"),
        ({"ask": "means"}, "“with” is missing"),
        ({"ask": "means", "with": "a/b", "up to": "soon"}, "is not a span of time"),
        ({"send": None}, "“send” is missing"),
    ],
)
def test_faults_are_told(body: dict[str, object], told: str) -> None:
    assert any(told in fault for fault in faults({"step": body})), faults({"step": body})


def library(**presents: tuple[str, ...]) -> Setting:
    """The sample's setting with pieces of the library that its mails lead to."""
    topics = {"heat": ("billing",), "leaks": ("leaks",), "prices": ("pricing",)}
    kinds = {"heat": "guide", "leaks": "guide", "prices": "sheet"}
    return replace(
        SETTING,
        pieces={key: PieceInfo(key, kinds[key], "discovery", about) for key, about in topics.items()},
        templates={
            key: replace(info, pieces=presents.get(key.replace("/", "_"), ()))
            for key, info in SETTING.templates.items()
        },
    )


def chosen(setting: Setting, steps: dict[str, Any] = BEST, **known: Any) -> str:
    sent = mails(run(sequence(steps), facts(**known), setting=setting).effects)
    return sent[0].templates[0] if sent else "none"


def test_no_piece_of_the_library_is_repeated() -> None:
    both = library(discovery_guide=("heat",), discovery_case=("leaks",), discovery_hello=("heat",))
    assert chosen(both) == "discovery/guide"
    # By another mail, by reading it, or by both mails: what is left is taken, and in the end nothing.
    assert chosen(both, had=frozenset({"discovery/hello"})) == "discovery/case"
    assert chosen(both, read={"heat": MONDAY}) == "discovery/case"
    assert chosen(both, read={"heat": MONDAY, "leaks": MONDAY}) == "none"
    assert chosen(both, read={"prices": MONDAY}) == "discovery/guide"
    # A mail with two pieces still brings something when one of them is known.
    two = library(discovery_guide=("heat", "leaks"))
    assert chosen(two, read={"heat": MONDAY}) == "discovery/guide"


def test_the_topics_of_its_pieces_speak_for_a_mail() -> None:
    one = library(discovery_guide=("heat",), discovery_case=("leaks",))
    assert chosen(one, interests={"leaks": Measure(3.0, MONDAY)}) == "discovery/case"


def test_the_best_of_a_kind_is_among_all_mails_that_lead_to_one() -> None:
    kind = {"best": {"send": {"best of": {"kind": "guide"}}}}
    one = library(discovery_guide=("heat",), discovery_case=("prices",))
    assert chosen(one, kind) == "discovery/guide"
    assert chosen(one, kind, read={"heat": MONDAY}) == "none"
    assert chosen(library(), kind) == "none"
