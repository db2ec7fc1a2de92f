from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core.effects import AddInterest, AddScore
from app.core.facts import CriterionFact, Facts, Happening, Measure
from app.core.reading import Finding, Node
from app.core.reasons import Reason
from app.core.scoring import Limit, ScoringModel, add_to, entries_for_event, fit_entries, fold, read_scoring
from tests.core.starter import NOW, contact, happening, scoring, starter

DAY = timedelta(days=1)
MONTH = 30 * DAY


def scored(
    what: Happening,
    earlier: Mapping[str, Sequence[datetime]] | None = None,
    model: ScoringModel | None = None,
) -> dict[str, float]:
    made = entries_for_event(model or scoring(), what, contact(), earlier or {}, "event-1")
    return {entry.rule: entry.points for entry in made if isinstance(entry, AddScore)}


def test_the_starter_has_no_fault() -> None:
    node = starter("scoring")
    model = read_scoring(node, 7)
    assert node.findings == []
    assert model.version == 7
    assert (model.half_life_of("engagement"), model.half_life_of("fit")) == (MONTH, None)


def test_an_entry_names_its_rule_its_occasion_and_its_evidence() -> None:
    late = happening("downloaded", "guide.pdf", at=NOW - DAY)
    assert entries_for_event(scoring(), late, contact(), {}, "event-1") == [
        AddScore(
            "engagement",
            "download",
            "event-1",
            10.0,
            NOW - DAY,
            Reason(
                "score.event",
                {"rule": "download", "points": 10.0, "kind": "downloaded", "subject": "guide.pdf"},
            ),
        )
    ]


@pytest.mark.parametrize("verdict", ["machine", "unknown"])
def test_only_humans_add_engagement(verdict: str) -> None:
    assert scored(happening("clicked", topics=("pricing",))) == {"click": 5.0, "pricing": 8.0}
    assert scored(happening("clicked", topics=("pricing",), verdict=verdict)) == {}
    machine = happening("clicked", topics=("pricing",), verdict=verdict)
    assert entries_for_event(scoring(), machine, contact(), {}, "event-1") == []


def test_opens_count_for_nothing() -> None:
    assert scored(happening("opened", "discovery/guide")) == {}


@pytest.mark.parametrize(
    ("kind", "subject", "rule"),
    [
        ("visited", "careers", "careers"),
        ("unsubscribed", "", "unsubscribe"),
        ("complained", "", "complaint"),
        ("bounced", "", "bounce"),
        ("silent", "", "silence"),
    ],
)
def test_there_are_signals_against_it(kind: str, subject: str, rule: str) -> None:
    assert scored(happening(kind, subject))[rule] < 0


def test_a_rule_counts_as_often_as_its_limit_says() -> None:
    download = happening("downloaded")
    assert scored(download, {"download": [NOW - 3 * DAY]}) == {"download": 10.0}
    assert scored(download, {"download": [NOW - 3 * DAY, NOW - 2 * DAY]}) == {}
    assert scored(download, {"download": [NOW - 8 * DAY, NOW - 2 * DAY]}) == {"download": 10.0}
    assert scored(happening("trial_started"), {"trial": [NOW - 900 * DAY]}) == {}


@pytest.mark.parametrize(
    ("limit", "earlier", "room"),
    [
        (Limit(), [0, 0, 0], True),
        (Limit(1), [], True),
        (Limit(1), [-500], False),
        (Limit(1), [500], False),
        (Limit(1, DAY), [-1], True),
        (Limit(1, DAY), [-0.999], False),
        (Limit(1, DAY), [1], True),
        (Limit(1, DAY), [0.999], False),
        (Limit(2, 7 * DAY), [-4, 4], True),
        (Limit(2, 7 * DAY), [-3.5, 3.5], True),
        (Limit(2, 7 * DAY), [-4, 2.9], False),
        (Limit(2, 7 * DAY), [-6, -5], False),
        (Limit(2, 7 * DAY), [-10, -6], True),
    ],
)
def test_limits_hold_for_late_happenings_too(limit: Limit, earlier: list[float], room: bool) -> None:
    assert limit.leaves_room([NOW + days * DAY for days in earlier], NOW) is room


def test_a_rule_may_be_for_some_contacts_only() -> None:
    model, _ = read({"engagement": {"rules": {"a": {"on": "clicked", "points": 3, "if": {"tag": "vip"}}}}})
    assert scored(happening("clicked"), model=model) == {}
    vip = contact(tags=frozenset({"vip"}))
    assert len(entries_for_event(model, happening("clicked"), vip, {}, "e")) == 1


def test_what_is_read_builds_interests() -> None:
    made = entries_for_event(
        scoring(), happening("downloaded", topics=("pricing", "law", "law")), contact(), {}, "e"
    )
    interests = [entry for entry in made if isinstance(entry, AddInterest)]
    assert [(entry.topic, entry.points, entry.at) for entry in interests] == [
        ("pricing", 3.0, NOW),
        ("law", 3.0, NOW),
    ]
    assert interests[0].reason.code == "score.interest"


def applied(standing: dict[str, float], entries: list[AddScore]) -> dict[str, float]:
    for entry in entries:
        standing = {**standing, entry.rule: standing.get(entry.rule, 0.0) + entry.points}
    return standing


def company(**fields: Any) -> Facts:
    return contact(fields={"company.domain": "example.org", **{f"company.{k}": v for k, v in fields.items()}})


def test_fit_counts_while_the_facts_say_so() -> None:
    association = company(industry="housing association", apartments=3000.0)
    first = fit_entries(scoring(), association, NOW, {})
    standing = applied({}, first)
    assert standing == {"housing-association": 35.0, "enough-apartments": 20.0, "many-apartments": 10.0}
    assert {entry.measure for entry in first} == {"fit"}
    assert fit_entries(scoring(), association, NOW + DAY, standing) == []


def test_what_holds_no_longer_is_compensated_never_taken_out() -> None:
    standing = applied({}, fit_entries(scoring(), company(industry="housing association"), NOW, {}))
    changed = fit_entries(scoring(), company(industry="property management"), NOW + DAY, standing)
    assert [(entry.rule, entry.points, entry.reason.code) for entry in changed] == [
        ("housing-association", -35.0, "score.fit_gone"),
        ("property-manager", 30.0, "score.fit"),
    ]
    assert sum(applied(standing, changed).values()) == 30.0


def test_each_change_there_and_back_is_an_occasion_of_its_own() -> None:
    standing: dict[str, float] = {}
    entries: list[AddScore] = []
    for day, industry in enumerate(["property management", "retail"] * 3):
        made = fit_entries(scoring(), company(industry=industry), NOW + day * DAY, standing)
        standing = applied(standing, made)
        entries += made
    assert len(entries) == len({(entry.rule, entry.occasion) for entry in entries}) == 6
    assert standing["property-manager"] == 0.0


def test_the_same_look_makes_the_same_entries() -> None:
    """So a batch that was taken back and done again writes nothing twice."""
    facts = company(industry="property management")
    assert fit_entries(scoring(), facts, NOW, {}) == fit_entries(scoring(), facts, NOW, {})


def test_the_occasion_tells_apart_what_was_seen() -> None:
    occasions = {
        fit_entries(scoring(), company(industry=industry), NOW, {})[0].occasion
        for industry in ("housing association", "housing cooperative")
    }
    assert len(occasions) == 2


def test_a_rule_that_left_the_model_is_compensated() -> None:
    made = fit_entries(scoring(), company(), NOW, {"an-old-rule": 12.0})
    assert [(entry.rule, entry.points) for entry in made] == [("an-old-rule", -12.0)]


def test_changed_points_of_a_rule_are_made_up_for() -> None:
    made = fit_entries(scoring(), company(industry="property management"), NOW, {"property-manager": 20.0})
    assert [(entry.rule, entry.points) for entry in made] == [("property-manager", 10.0)]


def test_a_criterion_is_a_fact_too() -> None:
    facts = company()
    facts.criteria = {"market": CriterionFact("yes")}
    assert applied({}, fit_entries(scoring(), facts, NOW, {})) == {"confirmed-market": 15.0}


def test_half_of_it_is_left_after_a_half_life() -> None:
    measure = add_to(Measure(40, NOW, MONTH), 10, NOW + MONTH, MONTH)
    assert (measure.value, measure.as_of) == (30.0, NOW + MONTH)
    late = add_to(Measure(40, NOW, MONTH), 10, NOW - MONTH, MONTH)
    assert (late.value, late.as_of) == (45.0, NOW)


def test_fit_stays() -> None:
    measure = add_to(Measure(40, NOW), 10, NOW + 900 * DAY, None)
    assert measure.at(NOW + 9000 * DAY) == 50.0


def test_without_entries_there_is_no_measure() -> None:
    assert fold([], MONTH) is None
    assert add_to(None, 5, NOW, MONTH) == Measure(5, NOW, MONTH)


def read(tree: object) -> tuple[ScoringModel, list[Finding]]:
    node = Node(tree)
    return read_scoring(node, 1), node.findings


def rule(**changes: Any) -> dict[str, Any]:
    return {"engagement": {"rules": {"a": {"on": "clicked", "points": 1, **changes}}}}


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        (rule(points="many"), ("engagement", "rules", "a", "points")),
        (rule(points=float("nan")), ("engagement", "rules", "a", "points")),
        (rule(points=1e6), ("engagement", "rules", "a", "points")),
        (rule(on="klicked"), ("engagement", "rules", "a", "on")),
        (rule(limit="sometimes"), ("engagement", "rules", "a", "limit")),
        (rule(limit="0 a day"), ("engagement", "rules", "a", "limit")),
        (rule(weight=3), ("engagement", "rules", "a", "weight")),
        ({"engagement": {"half life": "0 days"}}, ("engagement", "half life")),
        ({"engagement": {"half life": "for ever"}}, ("engagement", "half life")),
        ({"interests": {"weights": {"klicked": 2}}}, ("interests", "weights", "klicked")),
        ({"interests": {"weights": {"clicked": "two"}}}, ("interests", "weights", "clicked")),
        ({"fit": {"a": {"points": 5}}}, ("fit", "a")),
        ({"fit": {"a": {"points": 5, "if": {"clicked": "x"}}}}, ("fit", "a")),
        ({"fit": {"a": {"points": 5, "if": {"tag": "x"}}}, **rule()}, ("engagement", "rules", "a")),
        ({"fitt": {}}, ("fitt",)),
        ("nothing", ()),
    ],
)
def test_faults_name_their_place(tree: object, path: tuple[str | int, ...]) -> None:
    _, findings = read(tree)
    assert [(f.level, f.path) for f in findings] == [("error", path)]


def test_points_for_opens_are_warned_of() -> None:
    _, findings = read(rule(on="opened"))
    assert [f.level for f in findings] == ["warning"]
    assert read(rule(on="opened", points=-1))[1] == []


def test_points_that_a_step_gave_are_no_rules_and_stay() -> None:
    assert fit_entries(ScoringModel(1), contact(), NOW, {"step:note": 5.0, "gone": 3.0})[0].rule == "gone"
    assert fit_entries(ScoringModel(1), contact(), NOW, {"step:note": 5.0}) == []
