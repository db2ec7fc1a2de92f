from dataclasses import replace
from typing import Any

import pytest

from app.core.lifecycle import CONTENT_KINDS, Lifecycle, allows, may_move, read_lifecycle, stage_of_import
from app.core.reading import Finding, Node
from app.core.timing import Span
from tests.core.starter import PRESETS, READY, lifecycle, starter

STAGES = {
    "inbound": ["visitor", "lead", "prospect", "customer", "ambassador", "dormant", "disqualified"],
    "outbound": [
        "marketing-qualified-prospect", "lead", "sales-qualified-prospect", "customer", "ambassador",
        "dormant", "disqualified",
    ],
}  # fmt: skip
GETS = {
    "visitor": set(),
    "marketing-qualified-prospect": {"discovery"},
    "lead": {"discovery"},
    "prospect": {"decision"},
    "sales-qualified-prospect": {"decision"},
    "customer": {"adoption", "expansion"},
    "ambassador": {"advocacy"},
    "dormant": {"re-engagement"},
    "disqualified": set(),
}


def test_the_starter_has_no_fault() -> None:
    node = starter("lifecycle")
    assert read_lifecycle(node).key == "inbound"
    assert node.findings == []


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_have_their_stages_in_order(preset: str) -> None:
    assert list(lifecycle(preset).stages) == STAGES[preset]
    assert [stage.order for stage in lifecycle(preset).stages.values()] == list(range(7))


@pytest.mark.parametrize("preset", PRESETS)
def test_the_stage_gate_lets_through_the_stages_own_content_only(preset: str) -> None:
    """Rule 1 of every preset."""
    for stage in STAGES[preset]:
        assert {kind for kind in CONTENT_KINDS if allows(lifecycle(preset), stage, kind)} == GETS[stage]
    assert not allows(lifecycle(preset), "unheard-of", "discovery")


def test_a_stage_that_is_not_mailable_gets_nothing() -> None:
    assert not lifecycle().stages["disqualified"].mailable
    assert not lifecycle().stages["visitor"].mailable
    assert lifecycle().stages["dormant"].mailable
    silenced = replace(lifecycle().stages["lead"], mailable=False)
    assert not allows(Lifecycle("own", {"lead": silenced}), "lead", "discovery")


@pytest.mark.parametrize("preset", PRESETS)
def test_automation_does_not_leap(preset: str) -> None:
    """Rule 2 of every preset."""
    reason = may_move(lifecycle(preset), "lead", "customer", "automation")
    assert reason is not None
    assert (reason.code, reason.params) == ("stage.leap", {"from": "lead", "to": "customer"})
    assert may_move(lifecycle(preset), "lead", READY[preset], "automation") is None
    assert may_move(lifecycle(preset), READY[preset], "customer", "automation") is None


@pytest.mark.parametrize("preset", PRESETS)
def test_a_person_may_go_anywhere_that_is_known(preset: str) -> None:
    assert may_move(lifecycle(preset), "lead", "customer", "person") is None
    assert may_move(lifecycle(preset), "disqualified", "lead", "person") is None
    unknown = may_move(lifecycle(preset), "lead", "custommer", "person")
    assert unknown is not None
    assert unknown.code == "stage.unknown"


def test_a_transition_for_persons_is_closed_to_automation() -> None:
    refusal = may_move(lifecycle(), "disqualified", "lead", "automation")
    assert refusal is not None
    assert refusal.code == "stage.leap"


def test_going_where_one_is_is_no_move() -> None:
    refusal = may_move(lifecycle(), "lead", "lead", "person")
    assert refusal is not None
    assert refusal.code == "stage.already_there"


def test_who_has_no_stage_yet_may_be_put_at_any() -> None:
    assert may_move(lifecycle(), "", "customer", "automation") is None


@pytest.mark.parametrize(
    ("preset", "word", "stage"),
    [
        ("inbound", "MQL", "lead"),
        ("inbound", " sales-Qualified_lead ", "prospect"),
        ("inbound", "Cliente", "customer"),
        ("inbound", "ПОСЕТИТЕЛЬ", "visitor"),
        ("inbound", "vip", None),
        ("inbound", "", None),
        ("outbound", "SQL", "sales-qualified-prospect"),
        ("outbound", "Marketing qualified prospect", "marketing-qualified-prospect"),
    ],
)
def test_words_of_other_systems_name_stages(preset: str, word: str, stage: str | None) -> None:
    assert stage_of_import(lifecycle(preset), word) == stage


def test_two_lists_never_one() -> None:
    """Rule 3, as far as it lives here: every known word leads to one stage, so every list can be cut."""
    for preset in PRESETS:
        for stage in lifecycle(preset).stages.values():
            for word in (stage.key, *stage.label.values(), *stage.aliases):
                assert stage_of_import(lifecycle(preset), word) == stage.key


def test_every_text_for_people_is_there_in_five_languages() -> None:
    locales = {"", "en", "it", "pt-BR", "nl", "ru"}
    texts = [stage.label for preset in PRESETS for stage in lifecycle(preset).stages.values()]
    for criterion in lifecycle().criteria.values():
        texts += [criterion.label, criterion.question, *(answer.label for answer in criterion.answers)]
    assert all(set(text) == locales and all(text.values()) for text in texts)


def test_criteria_have_types_and_answers() -> None:
    criteria = lifecycle().criteria
    assert {key: criterion.type for key, criterion in criteria.items()} == {
        "market": "choice", "means": "number", "authority": "choice", "need": "choice", "timeline": "date",
        "satisfaction": "number",
    }  # fmt: skip
    most = criteria["means"].answer("50000")
    assert most is not None
    assert (most.value, most.state) == (50000.0, "yes")
    soon = criteria["timeline"].answer("3-months")
    assert soon is not None
    assert soon.value == Span(3, "months")
    assert criteria["authority"].answer("somebody") is None


def small(**changes: Any) -> dict[str, Any]:
    preset = {
        "stages": {"lead": {"gets": list(CONTENT_KINDS)}, "prospect": {"label": "Prospect"}},
        "transitions": [{"from": "lead", "to": "prospect"}],
        "entries": [{"stage": "prospect", "from": "lead", "if": {"tag": "warm"}}],
        **changes,
    }
    return {
        "lifecycle": "own",
        "presets": {"own": preset},
        "criteria": {
            "need": {"type": "choice", "question": "Why?", "answers": [{"value": "a", "state": "yes"}]}
        },
    }


def read(tree: object, preset: str | None = None) -> tuple[Lifecycle, list[Finding]]:
    node = Node(tree)
    return read_lifecycle(node, preset), node.findings


def test_a_small_lifecycle_is_enough() -> None:
    found, findings = read(small())
    assert findings == []
    assert found.entries[0].frm == ("lead",)


@pytest.mark.parametrize(
    ("changes", "path", "part"),
    [
        ({"transitions": [{"from": "lead", "to": "prospekt"}]}, ("transitions", 0, "to"), "prospekt"),
        ({"transitions": [{"from": "lead", "to": "lead"}]}, ("transitions", 0), "itself"),
        ({"transitions": [{"from": "lead", "to": ["prospect", "prospect"]}]}, ("transitions",), "twice"),
        (
            {"transitions": [{"from": "lead", "to": "prospect", "by": "luck"}]},
            ("transitions", 0, "by"),
            "luck",
        ),
        (
            {"entries": [{"stage": "lead", "from": "prospect", "if": {"tag": "x"}}]},
            ("entries", 0),
            "may not go",
        ),
        ({"entries": [{"stage": "prospect", "from": "lead"}]}, ("entries", 0), "asks for nothing"),
        (
            {"entries": [{"stage": "prospect", "from": "lead", "requires": ["neeed"]}]},
            ("entries", 0, "requires"),
            "neeed",
        ),
        ({"stages": {"lead": {"gets": ["gossip"]}}}, ("stages", "lead", "gets"), "gossip"),
        (
            {"stages": {"lead": {}, "prospect": {"gets": ["decision"], "mailable": False}}},
            ("stages", "prospect", "mailable"),
            "not mailable",
        ),
        (
            {"stages": {"lead": {"aliases": ["x"]}, "prospect": {"aliases": ["X"]}}},
            ("stages", "prospect"),
            "also",
        ),
    ],
)
def test_faults_name_their_place(changes: dict[str, Any], path: tuple[str | int, ...], part: str) -> None:
    _, findings = read(small(**changes))
    at = ("presets", "own", *path)
    assert [f for f in findings if f.level == "error" and f.path[: len(at)] == at and part in f.message]


def test_a_stage_nobody_reaches_and_content_nobody_gets_are_warnings() -> None:
    _, findings = read(small(stages={"lead": {"gets": ["discovery"]}, "prospect": {}, "island": {}}))
    assert {f.level for f in findings} == {"warning"}
    assert [f.path[-1] for f in findings if "leads to" in f.message] == ["island"]
    assert len([f for f in findings if "reach nobody" in f.message]) == len(CONTENT_KINDS) - 1


def test_all_presets_are_checked_also_those_not_in_use() -> None:
    tree = small()
    tree["presets"]["other"] = {"stages": {"lead": {"gets": ["gossip"]}}}
    found, findings = read(tree)
    assert found.key == "own"
    assert any(f.path[:2] == ("presets", "other") and f.level == "error" for f in findings)


def test_an_unknown_preset_is_an_error() -> None:
    found, findings = read(small(), "elsewhere")
    assert found.stages == {}
    assert "elsewhere" in findings[0].message


@pytest.mark.parametrize("tree", [None, [], "lifecycle", {"lifecycle": 3}, {"presets": []}, {"criteria": 4}])
def test_nonsense_is_told_and_never_raises(tree: object) -> None:
    _, findings = read(tree)
    assert any(f.level == "error" for f in findings)


@pytest.mark.parametrize(
    ("criterion", "part"),
    [
        ({"question": "Why?"}, "type"),
        ({"type": "number", "question": "?", "answers": [{"value": "much", "state": "yes"}]}, "number"),
        ({"type": "date", "question": "?", "answers": [{"value": "soon", "state": "yes"}]}, "span of time"),
        ({"type": "text", "question": "?", "answers": [{"value": "a", "state": "perhaps"}]}, "perhaps"),
        ({"type": "text", "question": "?", "answers": [{"state": "yes"}]}, "no value"),
        ({"type": "text", "question": "?", "answers": [{"value": "a", "state": "yes"}] * 2}, "same value"),
        ({"type": "text", "question": "?", "follow up": {"title": "Call", "before": "1 day"}}, "date"),
    ],
)
def test_faults_of_criteria_are_told(criterion: dict[str, Any], part: str) -> None:
    tree = small()
    tree["criteria"] = {"need": criterion}
    _, findings = read(tree)
    assert any(part in f.message for f in findings)


def test_a_bare_yes_read_as_true_is_meant_as_the_word() -> None:
    tree = small()
    tree["criteria"]["need"]["answers"] = [{"value": "a", "state": True}, {"value": "b", "state": False}]
    found, findings = read(tree)
    assert findings == []
    assert [answer.state for answer in found.criteria["need"].answers] == ["yes", "no"]
