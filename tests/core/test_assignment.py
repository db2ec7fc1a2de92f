"""Whose a task is: the owner, the first rule that holds, and turns that are fair whoever comes and goes."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.assignment import (
    AssignRule,
    Choice,
    Colleague,
    Turns,
    choose,
    members,
    needs_of,
    next_in_turn,
    read_assignment,
    taken,
    with_segments,
)
from app.core.conditions import FieldIs, InSegment, parse
from app.core.facts import Facts
from app.core.reading import Node

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
NAMES = ("ada", "bo", "chiara", "dan", "eve")


def person(number: int, role: str = "sales", **more: Any) -> Colleague:
    name = NAMES[number]
    return Colleague(UUID(int=number + 1), f"{name}@halden.example", name.title(), role, **more)


ADA, BO, CHIARA, DAN, EVE = map(person, range(5))
TEAM = (ADA, BO, CHIARA)


def read(tree: object) -> tuple[tuple[AssignRule, ...], list[tuple[str, tuple[Any, ...], str]]]:
    node = Node(tree)
    rules = read_assignment(node)
    return rules, [(one.level, one.path, one.message) for one in node.findings]


def rules_of(*items: dict[str, Any]) -> tuple[AssignRule, ...]:
    rules, findings = read(list(items))
    assert findings == []
    return rules


def who(choice: Choice) -> list[str]:
    return [one.name for one in choice.among]


def facts(**fields: Any) -> Facts:
    return Facts(UUID(int=99), fields=fields, stage="prospect", tags=frozenset({"vip"}))


ITALY = {"italy": {"if": {"field": "country", "is": "IT"}, "to": "Chiara@halden.example", "own": True}}
REST = {"the rest": {"to": "everybody"}}


def test_the_first_rule_that_holds_wins_and_says_so() -> None:
    rules = rules_of(
        ITALY, {"vip": {"if": {"tag": "vip"}, "to": ["bo@halden.example", "ada@halden.example"]}}, REST
    )
    assert [rule.in_turn for rule in rules] == [False, True, True]
    assert rules[0].own
    found = choose(rules, facts(country="IT"), None, TEAM, NOW)
    assert (who(found), found.reason.code, found.reason.params) == (
        ["Chiara"],
        "task.by_rule",
        {"rule": "italy"},
    )
    found = choose(rules, facts(country="DE"), None, TEAM, NOW)
    assert (who(found), found.reason.code) == (["Bo", "Ada"], "task.by_turn")
    found = choose(rules, replace(facts(), tags=frozenset()), None, TEAM, NOW)
    assert (who(found), found.rule) == (["Ada", "Bo", "Chiara"], rules[2])


def test_the_owner_goes_first_while_they_are_not_shut_out() -> None:
    rules = rules_of(ITALY)
    owner = person(1, away_until=NOW + timedelta(days=3))
    assert who(choose(rules, facts(country="IT"), owner.id, (ADA, owner, CHIARA), NOW)) == ["Bo"]
    gone = person(1, is_disabled=True)
    found = choose(rules, facts(country="IT"), gone.id, (ADA, gone, CHIARA), NOW)
    assert (who(found), found.reason.code) == (["Chiara"], "task.by_rule")


def test_who_is_away_shut_out_or_only_looks_on_is_passed_over() -> None:
    away = person(2, away_until=NOW + timedelta(seconds=1))
    for chiara in (away, person(2, is_disabled=True), person(2, "viewer")):
        found = choose(rules_of(ITALY, REST), facts(country="IT"), None, (ADA, BO, chiara), NOW)
        assert who(found) == ["Ada", "Bo"]
    assert who(choose(rules_of(ITALY), facts(country="IT"), None, (away,), NOW + timedelta(seconds=1))) == [
        "Chiara"
    ]
    found = choose(rules_of(ITALY), facts(country="IT"), None, (ADA, away), NOW)
    assert (who(found), found.rule, found.reason.code, found.reason.params) == (
        [], None, "task.nobody_here", {"rule": "italy"},
    )  # fmt: skip


def test_nobody_may_be_said_and_is_what_comes_without_a_rule() -> None:
    rules = rules_of({"partners": {"if": {"tag": "vip"}, "to": "nobody"}}, REST)
    found = choose(rules, facts(), None, TEAM, NOW)
    assert (who(found), found.reason.code) == ([], "task.to_nobody")
    assert choose((), None, None, TEAM, NOW).reason.code == "task.no_rule"
    assert choose(rules_of(ITALY), facts(), None, TEAM, NOW).reason.code == "task.no_rule"


def test_everybody_is_who_sells() -> None:
    team = (person(0, "admin"), BO, person(2, "marketer"), person(3, "viewer"), EVE)
    assert [one.name for one in members(rules_of(REST)[0], team)] == ["Bo", "Eve"]


@given(
    st.integers(1, 5),
    st.lists(st.sets(st.integers(0, 4)), min_size=1, max_size=60),
)
def test_turns_are_fair(size: int, absences: list[set[int]]) -> None:
    """Of any two who were here all along the turns differ by one at most, whoever else came and went."""
    team = [person(number) for number in range(size)]
    turns, counts = Turns(), Counter[int]()
    for away in absences:
        here = [one for number, one in enumerate(team) if number not in away]
        if not here:
            continue
        nxt = next_in_turn(here, turns)
        assert nxt == next_in_turn(here, turns)
        turns = taken(turns, nxt.id, [one.id for one in team])
        counts[nxt.id.int - 1] += 1
    always = [number for number in range(size) if not any(number in away for away in absences)]
    had = [counts[number] for number in always]
    assert max(had, default=0) - min(had, default=0) <= 1
    assert turns.number == counts.total()


def test_who_is_new_or_comes_back_has_the_next_turn_once() -> None:
    turns = Turns()
    for _ in range(10):
        turns = taken(turns, next_in_turn((ADA, BO), turns).id, (ADA.id, BO.id))
    order = []
    for _ in range(6):
        one = next_in_turn(TEAM, turns)
        turns = taken(turns, one.id, [each.id for each in TEAM])
        order.append(one.name)
    assert order == ["Chiara", "Ada", "Bo", "Chiara", "Ada", "Bo"]
    assert set(taken(turns, ADA.id, [ADA.id, BO.id]).last) == {ADA.id, BO.id}


def test_segments_are_put_in_and_what_is_looked_at_is_known() -> None:
    rules = rules_of({"warm": {"if": {"segment": "warm"}, "to": "ada@halden.example"}}, REST)
    assert rules[0].condition == InSegment("warm")
    condition = parse(Node({"field": "country", "is": "IT"}))
    assert condition is not None
    put_in = with_segments(rules, {"warm": condition})
    assert isinstance(put_in[0].condition, FieldIs)
    wanted = needs_of(put_in)
    assert wanted is not None
    assert wanted.fields == {"country"}
    assert needs_of(rules_of(REST)) is None


@pytest.mark.parametrize(
    ("tree", "path", "words"),
    [
        ({"italy": {"to": "everybody", "if": {"tag": "a"}}, "x": {}}, (), "one rule with its name"),
        ([["a"]], (0,), "one rule with its name"),
        ([{"italy": None}], (0, "italy"), "key: value"),
        ([{"italy": {}}], (0, "italy"), "“to” is missing"),
        ([{"italy": {"to": []}}], (0, "italy", "to"), "one to 100 colleagues"),
        ([{"italy": {"to": "Chiara"}}], (0, "italy", "to"), "“chiara” is no address"),
        ([{"italy": {"to": ["a@x.de", "A@x.de"]}}], (0, "italy", "to", 1), "stands here twice"),
        ([{"italy": {"to": ["everybody", "a@x.de"]}}], (0, "italy", "to", 0), "“everybody” is no address"),
        ([{"italy": {"to": {"a": 1}}}], (0, "italy", "to"), "a word or a text"),
        ([{"italy": {"to": "a@x.de", "when": 1}}], (0, "italy", "when"), "“when” is not known here"),
        ([{"italy": {"to": "a@x.de", "own": "maybe"}}], (0, "italy", "own"), "true or false"),
        ([{"italy": {"to": "a@x.de", "if": {"country": "IT"}}}], (0, "italy", "if"), ""),
        ([{" ": {"to": "a@x.de"}}], (0, " "), "name of a rule"),
        ([{"a\nb": {"to": "a@x.de"}}], (0, "a\nb"), "name of a rule"),
        ([{"x" * 81: {"to": "a@x.de"}}], (0, "x" * 81), "name of a rule"),
        ([{"a": {"to": "a@x.de", "if": {"tag": "t"}}}, {"a": {"to": "a@x.de"}}], (1, "a"), "already"),
        ([{"a": {"to": "nobody"}} for _ in range(101)], (), "101 rules"),
    ],
)  # fmt: skip
def test_faults_name_their_place(tree: object, path: tuple[Any, ...], words: str) -> None:
    _, findings = read(tree)
    errors = [(where, message) for level, where, message in findings if level == "error"]
    assert errors
    assert errors[0][0][: len(path)] == path
    assert words in errors[0][1]


def test_what_comes_after_a_rule_for_all_is_never_reached() -> None:
    _, findings = read([REST, ITALY])
    assert findings == [("warning", (1, "italy"), "“italy” is never reached.")]
