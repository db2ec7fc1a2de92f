"""docs/sequence.schema.json and the reader agree on what a sequence is."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from app.core.reading import Node
from app.core.sequences import read_sequence
from app.core.steps import KINDS
from app.files.trees import read_document
from config import ROOT
from tests.properties.test_engine import NAMES, bodies

SCHEMA = json.loads((ROOT / "docs/sequence.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
STARTERS = sorted(
    path for path in (ROOT / "sequences").rglob("*.yaml") if path.parent.name not in ("sequences", "segments")
)


def agrees(tree: Any) -> tuple[bool, bool]:
    """Whether the schema takes it, and whether the reader does."""
    return VALIDATOR.is_valid(tree), read_sequence(Node(tree)) is not None


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", STARTERS, ids=lambda path: path.stem)
def test_every_starter_is_taken_by_both(path: Path) -> None:
    tree = read_document(path.read_text("utf-8")).tree
    assert [error.message for error in VALIDATOR.iter_errors(tree)] == []
    assert agrees(tree) == (True, True)


def test_every_step_kind_is_described() -> None:
    assert {name.removeprefix("step_") for name in SCHEMA["$defs"] if name.startswith("step_")} == set(KINDS)


def whole(*steps: Any, **top: Any) -> dict[str, Any]:
    return {"sequence": "a", "for": "lead", "steps": list(steps), **top}


GOOD = [
    whole(
        {
            "a": {
                "send": "x/y",
                "window": {"days": "mon-fri", "from": "08:30", "to": "17:30"},
                "late": "3 days",
            }
        }
    ),
    whole(
        {"a": {"exit": "x"}},
        enter={"form": "guide"},
        again="after 180 days",
        exit=["replied", {"topic": "jobs"}],
    ),
    whole({"a": {"exit": "x"}}, goal={"all": [{"score": "fit", "at least": 5}, {"not": {"tag": "x"}}]}),
    whole({"a": {"exit": "x"}}, enter={"on": "date", "name": "renewal"}, goal=[{"stage": ["a", "b"]}]),
    whole({"a": {"exit": "x"}}, series="First steps"),
    whole({"a": {"exit": "x"}}, series={"en": "First steps", "pt-BR": "Primeiros passos"}),
    whole({"a": {"wait": {"date": "renewal", "before": "2 weeks"}}}, **{"when capped": {"replace": "x/y"}}),
]
BAD = [
    {},
    whole(),
    whole({"a": {}}),
    whole({"a": {"send": "x/y"}, "b": {"send": "x/y"}}),
    whole({"A b": {"exit": "x"}}),
    whole({"end": {"exit": "x"}}),
    whole({"a": {"send": ""}}),
    whole({"a": {"send": "x/y", "until": "x"}}),
    whole({"a": {"wait": "soon"}}),
    whole({"a": {"wait": {"until": "someday"}}}),
    whole({"a": {"wait": {"date": "x", "before": "1 day", "after": "1 day"}}}),
    whole({"a": {"wait_for": "replied"}}),
    whole({"a": {"wait_for": "repliedd", "up to": "1 day"}}),
    whole({"a": {"branch": [{"if": {"tagg": "x"}, "go": "end"}]}}),
    whole({"a": {"branch": [{"if": {"tag": "x"}}]}}),
    whole({"a": {"split": [{"share": 101, "go": "end"}]}}),
    whole({"a": {"set": {"field": "x"}}}),
    whole({"a": {"set": {"score": "warmth", "add": 1}}}),
    whole({"a": {"ask": "means"}}),
    whole({"a": {"web_hook": "http://example.com"}}),
    whole({"a": {"exit": "x"}}, priority=101),
    whole({"a": {"exit": "x"}}, again="sometimes"),
    whole({"a": {"exit": "x"}}, enter={"if": {"tag": "x"}}),
    whole({"a": {"exit": "x"}}, enter={"on": "form"}),
    whole({"a": {"exit": "x"}}, enter={"on": "api", "at most": 0}),
    whole({"a": {"exit": "x"}}, window={"from": "08:30"}),
    whole({"a": {"exit": "x"}}, goal={"field": "x"}),
    whole({"a": {"exit": "x"}}, goal={"tag": "x", "stage": "y"}),
    whole({"a": {"exit": "x"}}, exit=["replid"]),
    whole({"a": {"exit": "x"}}, series={}),
    whole({"a": {"exit": "x"}}, series={"en": " "}),
    whole({"a": {"exit": "x"}}, series=["First steps"]),
    whole({"a": {"exit": "x"}}, surprise=1),
]


@pytest.mark.parametrize("tree", GOOD, ids=range(len(GOOD)))
def test_both_take_it(tree: Any) -> None:
    assert agrees(tree) == (True, True), [error.message for error in VALIDATOR.iter_errors(tree)]


@pytest.mark.parametrize("tree", BAD, ids=range(len(BAD)))
def test_both_refuse_it(tree: Any) -> None:
    assert agrees(tree) == (False, False)


@settings(max_examples=100, deadline=None)
@given(st.lists(bodies(NAMES), min_size=len(NAMES), max_size=len(NAMES)))
def test_both_take_what_the_grammar_makes(made: list[dict[str, Any]]) -> None:
    assert agrees(whole(*({name: body} for name, body in zip(NAMES, made, strict=True)))) == (True, True)


JUNK = st.sampled_from([None, "", 5, -1, True, [], {}, [[]], {"x": 1}, "no such word"])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(bodies(NAMES), min_size=len(NAMES), max_size=len(NAMES)), st.integers(0, len(NAMES) - 1), JUNK
)
def test_both_refuse_a_step_broken_at_random(made: list[dict[str, Any]], place: int, junk: object) -> None:
    """The word that names the kind gets something else behind it: never a crash, never taken by the schema alone."""
    kind = next(word for word in made[place] if word in KINDS)
    made = [*made[:place], {**made[place], kind: junk}, *made[place + 1 :]]
    by_schema, by_reader = agrees(whole(*({name: body} for name, body in zip(NAMES, made, strict=True))))
    assert by_schema == by_reader


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.sampled_from(("send", "1 day", "end"))),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(("sequence", "for", "steps", "enter", "goal", "exit", "a", "send", "wait", "branch", "if", "tag")), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
def test_nothing_makes_the_reader_crash(tree: Any) -> None:
    place = Node(tree)
    assert (read_sequence(place) is None) == place.failed


@settings(max_examples=150, deadline=None)
@given(ANYTHING)
def test_nothing_in_a_step_makes_the_reader_crash(body: Any) -> None:
    for kind in KINDS:
        place = Node(
            whole(
                {"a": {kind: body, "up to": body, "go": body, "with": body}},
                enter=body,
                window=body,
                late=body,
            )
        )
        read_sequence(place)
        assert place.findings
