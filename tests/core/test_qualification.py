from datetime import timedelta
from typing import Any

import pytest

from app.core.conditions import parse
from app.core.facts import Facts, Measure
from app.core.lifecycle import may_move, read_lifecycle
from app.core.qualification import judge, open_entry
from app.core.reading import Node
from tests.core.starter import NOW, PRESETS, READY, contact, happening, lifecycle, ripe


@pytest.mark.parametrize("preset", PRESETS)
def test_all_required_criteria_and_both_scores_make_a_prospect(preset: str) -> None:
    judgement = judge(lifecycle(preset), ripe(), NOW)
    assert judgement.stage == READY[preset]
    assert judgement.reason.code == "stage.qualified"
    assert judgement.reason.params == {
        "from": "lead",
        "stage": READY[preset],
        "fit": 78.0,
        "fit_at_least": 60.0,
        "engagement": 61.0,
        "engagement_at_least": 50.0,
        "criteria": ["market", "need", "authority"],
    }
    assert judgement.unknown == ("means",)


@pytest.mark.parametrize("preset", PRESETS)
def test_without_authority_one_stays_a_lead_however_high_the_score(preset: str) -> None:
    judgement = judge(lifecycle(preset), ripe(fit=500, engagement=900, criteria={"authority": "no"}), NOW)
    assert judgement.stage is None
    assert judgement.reason.code == "stage.criteria_no"
    assert judgement.failed == ("authority",)
    assert judgement.reason.params["failed"] == ["authority"]


@pytest.mark.parametrize("missing", ["market", "need", "authority"])
def test_unknown_is_not_no_it_is_asked_for(missing: str) -> None:
    facts = ripe(criteria={missing: "unknown"})
    judgement = judge(lifecycle(), facts, NOW)
    assert judgement.stage is None
    assert judgement.reason.code == "stage.asks"
    assert judgement.reason.params["unknown"] == [missing]
    assert set(judgement.unknown) == {missing, "means"}
    assert judgement.failed == ()


def test_a_criterion_nobody_judged_is_unknown() -> None:
    judgement = judge(lifecycle(), contact(fit=90, engagement=90), NOW)
    assert judgement.unknown == ("market", "need", "authority", "means")
    assert judgement.held == ()


def test_means_are_asked_for_and_hold_back_only_when_there_are_none() -> None:
    assert judge(lifecycle(), ripe(criteria={"means": "unknown"}), NOW).stage == "prospect"
    assert judge(lifecycle(), ripe(criteria={"means": "yes"}), NOW).unknown == ()
    assert judge(lifecycle(), ripe(criteria={"means": "no"}), NOW).failed == ("means",)


@pytest.mark.parametrize(("fit", "engagement"), [(59.9, 90), (90, 49.9), (0, 0)])
def test_the_scores_are_two_and_both_count(fit: float, engagement: float) -> None:
    judgement = judge(lifecycle(), ripe(fit=fit, engagement=engagement), NOW)
    assert judgement.stage is None
    assert judgement.reason.code == "stage.not_yet"
    assert judgement.reason.params["fit"] == fit


def test_engagement_is_what_it_is_worth_now() -> None:
    later = NOW + timedelta(days=30)
    assert judge(lifecycle(), ripe(engagement=80), NOW).stage == "prospect"
    faded = judge(lifecycle(), ripe(engagement=80), later)
    assert (faded.stage, faded.reason.params["engagement"]) == (None, 40.0)


def test_out_of_target_is_disqualified_and_says_why() -> None:
    asked = judge(lifecycle(), contact(criteria={"market": "no"}), NOW)
    assert (asked.stage, asked.reason.params["answers"]) == ("disqualified", ["market"])
    tagged = judge(lifecycle(), contact(tags=frozenset({"competitor"})), NOW)
    assert (tagged.stage, tagged.reason.params["tags"]) == ("disqualified", ["competitor"])


def test_long_silence_makes_dormant_unless_a_human_sign_came_since() -> None:
    silent = happening("silent")
    assert judge(lifecycle(), contact(happenings=[silent]), NOW).stage == "dormant"
    assert judge(lifecycle(), contact("prospect", happenings=[silent]), NOW).stage == "dormant"
    click = happening("clicked", at=NOW - timedelta(hours=2))
    assert judge(lifecycle(), contact(happenings=[click, silent]), NOW).stage is None


def test_who_comes_back_is_a_lead_again() -> None:
    click = happening("clicked", at=NOW - timedelta(days=1))
    assert judge(lifecycle(), contact("dormant", happenings=[click]), NOW).stage == "lead"
    scanner = happening("clicked", verdict="machine")
    assert judge(lifecycle(), contact("dormant", happenings=[scanner]), NOW).stage is None


def test_a_prospect_without_need_goes_back_with_the_reason_kept() -> None:
    judgement = judge(lifecycle(), contact("prospect", criteria={"need": "no"}), NOW)
    assert (judgement.stage, judgement.reason.params["answers"]) == ("lead", ["need"])


def test_bought_addresses_need_interest_and_confirmed_details() -> None:
    bought = "marketing-qualified-prospect"
    outbound = lifecycle("outbound")
    click, confirmed = happening("clicked"), happening("custom:details-confirmed")
    assert judge(outbound, contact(bought, happenings=[click]), NOW).stage is None
    assert judge(outbound, contact(bought, happenings=[confirmed]), NOW).stage is None
    assert judge(outbound, contact(bought, happenings=[click, confirmed]), NOW).stage == "lead"
    assert judge(outbound, contact(bought, happenings=[happening("form_submitted")]), NOW).stage == "lead"


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("stage", ["disqualified", "ambassador", "elsewhere", ""])
def test_where_no_way_leads_on_nothing_happens(preset: str, stage: str) -> None:
    judgement = judge(lifecycle(preset), ripe(stage=stage), NOW)
    assert (judgement.stage, judgement.reason.code) == (None, "stage.no_way_on")


def everything(stage: str) -> list[Facts]:
    """Contacts at `stage` for whom as many entry rules as possible hold at once."""
    seen = [
        happening(kind)
        for kind in ("form_submitted", "clicked", "custom:purchased", "custom:details-confirmed", "silent")
    ]
    marks: list[dict[str, Any]] = [{}, {"tags": frozenset({"competitor"})}, {"criteria": {"need": "no"}}]
    return [
        ripe(stage=stage, happenings=part, fields={"satisfaction": 10.0}, **mark)
        for mark in marks
        for part in (seen, seen[-1:], [])
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_no_judgement_ever_leaps(preset: str) -> None:
    """Rule 2 of every preset: whatever is known of a contact, the next stage lies on a declared way."""
    moves = {
        (facts.stage, judge(lifecycle(preset), facts, NOW).stage)
        for stage in lifecycle(preset).stages
        for facts in everything(stage)
    }
    reached = {(frm, to) for frm, to in moves if to is not None}
    assert len(reached) >= 8
    assert all(may_move(lifecycle(preset), frm, str(to), "automation") is None for frm, to in reached)
    assert ("lead", "customer") not in reached


@pytest.mark.parametrize("preset", PRESETS)
def test_every_judgement_has_its_reason(preset: str) -> None:
    """Rule 5 of every preset: a move names what spoke for it."""
    for stage in lifecycle(preset).stages:
        for facts in everything(stage):
            judgement = judge(lifecycle(preset), facts, NOW)
            if judgement.stage is not None:
                evidence = set(judgement.reason.params) - {"from", "stage", "criteria"}
                assert evidence, judgement


@pytest.mark.parametrize("preset", PRESETS)
def test_the_quick_question_and_the_judgement_agree(preset: str) -> None:
    criteria: list[dict[str, str]] = [{}, {"means": "no"}, {"authority": "no"}, {"need": "unknown"}]
    contacts = [facts for stage in lifecycle(preset).stages for facts in everything(stage)]
    for facts in [*contacts, *(ripe(criteria=states) for states in criteria)]:
        entry = open_entry(lifecycle(preset), facts, NOW)
        assert judge(lifecycle(preset), facts, NOW).stage == (entry.stage if entry else None)


def test_segments_may_be_named() -> None:
    tree = {
        "lifecycle": "own",
        "presets": {
            "own": {
                "stages": {"lead": {}, "prospect": {}},
                "transitions": [{"from": "lead", "to": "prospect"}],
                "entries": [{"stage": "prospect", "from": "lead", "if": {"segment": "warm"}}],
            }
        },
    }
    own = read_lifecycle(Node(tree))
    segments = {"warm": parse(Node({"score": "engagement", "at least": 20}))}
    warm = contact(engagement=21)
    assert judge(own, warm, NOW, segments).stage == "prospect"
    assert judge(own, warm, NOW).stage is None
    assert judge(own, contact(engagement=19), NOW, segments).stage is None


def test_a_missing_score_is_nothing_and_no_error() -> None:
    facts = ripe()
    facts.measures = {"fit": Measure(80, NOW)}
    assert judge(lifecycle(), facts, NOW).reason.params["engagement"] == 0.0
