"""The three readings of a condition agree: Python, SQLite, PostgreSQL; and a wrong one is caught."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from app.core.conditions import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    CriterionIs,
    EventPattern,
    EventSeen,
    FieldIs,
    HasTag,
    InSegment,
    InStage,
    InterestIs,
    Not,
    ScoreIs,
    compile_condition,
    holds,
    needs,
    resolve,
    unmet,
)  # fmt: skip
from app.core.conditions.model import OPERATORS
from app.core.facts import CriterionFact, Facts, Happening, Measure
from app.store import condition_sql, typed_sql
from app.store.database import Database
from app.store.facts import load_facts
from app.store.segments import count_matching, matching_ids
from app.store.tables import contacts
from tests.support import condition_cases as cases
from tests.support.condition_cases import DAY, NOW, SEGMENTS, TICK
from tests.support.databases import open_sqlite
from tests.support.people import LIFECYCLE, WORKSPACE, write_people, write_workspace

PEOPLE = cases.everybody()
AT_ONCE = 40
ABOUT: dict[str, Any] = {"workspace_id": WORKSPACE, "lifecycle": LIFECYCLE, "now": NOW, "segments": SEGMENTS}


@pytest.fixture(scope="module")
def both(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, postgres_of_module: Database
) -> Iterator[list[Database]]:
    """SQLite and PostgreSQL, each with a workspace and nobody in it."""
    sqlite = open_sqlite(sqlite_template, tmp_path_factory.mktemp("conditions") / "trellis.db")
    for database in (sqlite, postgres_of_module):
        with database.write() as connection:
            write_workspace(connection)
    yield [sqlite, postgres_of_module]
    sqlite.close()


def disagreements(
    databases: list[Database], conditions: Sequence[Condition]
) -> list[tuple[str, UUID, Condition]]:
    """(database, contact, condition) wherever SQL says of a contact of the matrix what Python does not."""
    found = []
    asked = [compile_condition(resolve(condition, SEGMENTS)) for condition in conditions]
    expected = {facts.contact_id: [ask(facts, NOW) for ask in asked] for facts in PEOPLE}
    for database in databases:
        with database.read() as connection:
            write_people(connection, PEOPLE)
            for start in range(0, len(conditions), AT_ONCE):
                some = conditions[start : start + AT_ONCE]
                for contact_id, *answers in _ask(connection, some):
                    right = expected[contact_id][start : start + AT_ONCE]
                    found += [
                        (connection.dialect.name, contact_id, condition)
                        for condition, answer, known in zip(some, answers, right, strict=True)
                        if answer is None or bool(answer) != known
                    ]
    return found


def _ask(connection: Connection, conditions: Sequence[Condition]) -> Any:
    columns = [
        condition_sql.condition_sql(
            condition,
            NOW,
            workspace_id=WORKSPACE,
            lifecycle=LIFECYCLE,
            dialect_name=connection.dialect.name,
            segments=SEGMENTS,
        ).label(f"c{number}")
        for number, condition in enumerate(conditions)
    ]
    return connection.execute(select(contacts.c.id, *columns))


def with_negations(conditions: Sequence[Condition]) -> list[Condition]:
    """Below a NOT it shows whether something came out NULL."""
    return [one for condition in conditions for one in (condition, Not(condition))]


def test_every_operator_type_and_missing_value_agree(both: list[Database]) -> None:
    leaves = [leaf for _, _, leaf in cases.comparison_leaves()]
    assert disagreements(both, with_negations(leaves)) == []


def test_every_other_leaf_agrees(both: list[Database]) -> None:
    assert disagreements(both, with_negations(cases.other_leaves())) == []


def kind_of(value: object) -> str:
    if isinstance(value, tuple):
        return kind_of(value[0])
    if isinstance(value, str):
        return "text"
    return "missing" if value is None else type(value).__name__


def test_the_matrix_is_whole() -> None:
    """Each operator meets each type of value and the missing one, and comes out both ways wherever it can."""
    met: set[tuple[str, str, str]] = set()
    outcomes: set[tuple[str, str, bool]] = set()
    for place, comparison, leaf in cases.comparison_leaves():
        for facts in PEOPLE:
            value = facts.criteria["means"].value if place == "answer" and facts.criteria else None
            value = facts.fields.get(place) if place != "answer" else value
            met.add((comparison.operator, kind_of(comparison.operand), kind_of(value)))
            outcomes.add((place, comparison.operator, holds(leaf, facts, NOW)))
    operands = {(c.operator, kind_of(c.operand)) for c in cases.COMPARISONS}
    assert {operator for operator, _ in operands} == set(OPERATORS)
    values = ("missing", "text", "date", "float", "bool")
    assert met == {(operator, operand, value) for operator, operand in operands for value in values}
    for operator in OPERATORS:
        for place in ("plan", "company.plan", "answer"):
            assert {(place, operator, True), (place, operator, False)} <= outcomes
    for operator in ("at least", "at most", "more than", "less than"):
        assert not any((place, operator, True) in outcomes for place in cases.TEXT_PLACES)


def test_every_leaf_of_the_matrix_tells_people_apart() -> None:
    """A kind of leaf that is always true, or always false, would prove nothing."""
    outcomes: dict[str, set[bool]] = {}
    for leaf in cases.other_leaves():
        for facts in PEOPLE:
            outcomes.setdefault(type(leaf).__name__, set()).add(holds(leaf, facts, NOW, SEGMENTS))
    both_ways = {
        "ScoreIs",
        "InterestIs",
        "HasTag",
        "InStage",
        "CriterionIs",
        "ConsentIs",
        "EventSeen",
        "InSegment",
    }
    assert {name for name, seen in outcomes.items() if seen == {True, False}} == both_ways
    assert outcomes["Never"] == outcomes["AnyOf"] == {False}
    assert outcomes["AllOf"] == {True}


def test_the_loader_reads_what_was_written(both: list[Database]) -> None:
    for database in both:
        with database.read() as connection:
            write_people(connection, PEOPLE)
            ids = [facts.contact_id for facts in PEOPLE]
            loaded = load_facts(connection, WORKSPACE, LIFECYCLE, ids, None, NOW)
        assert {key: told(facts) for key, facts in loaded.items()} == {
            facts.contact_id: told(facts) for facts in PEOPLE
        }


def told(facts: Facts) -> tuple[Any, ...]:
    """Everything of a contact that can be compared: fields that are missing are left out."""
    fields = {key: (type(value), value) for key, value in facts.fields.items() if value is not None}
    past = [happening for happening in facts.happenings if happening.at <= NOW]
    return (
        facts.stage, facts.stage_since, fields, facts.tags, facts.measures, facts.criteria, facts.consents,
        facts.interests, past,
    )  # fmt: skip


# Each replaces a piece of the SQL by a wrong one.
FAULTS: dict[str, tuple[object, str, Any]] = {
    "NULL stays NULL": (typed_sql, "surely", lambda test: test),
    "at least became more than": (
        typed_sql,
        "NUMBER_TESTS",
        {**typed_sql.NUMBER_TESTS, "at least": typed_sql.NUMBER_TESTS["more than"]},
    ),
    "no decay": (condition_sql, "worth", lambda value, *_: value),
    "numbers to the last bit": (typed_sql, "HALF_MILLIONTH", 0.0),
    "a LIKE for a topic": (condition_sql, "holds_text", lambda text, part, _: text.ilike(f"%{part}%")),
    "machines count": (condition_sql, "CERTAIN_KINDS", frozenset({"clicked", "opened", "bounced"})),
    "windows open a tick late": (
        condition_sql,
        "start_of",
        lambda now, window: None if window is None or window > 9999 * DAY else now - window + TICK,
    ),
    "today in another zone": (
        typed_sql,
        "relative_dates",
        lambda operator, days, now: ("2026-03-10", "2026-03-11"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(both: list[Database], monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    module, name, wrong = FAULTS[fault]
    monkeypatch.setattr(module, name, wrong)
    leaves = [leaf for place, _, leaf in cases.comparison_leaves() if place in ("plan", "renewal", "city")]
    found = disagreements(both, with_negations([*leaves, *cases.other_leaves()]))
    assert {database for database, _, _ in found} == {"sqlite", "postgresql"}


instants = st.one_of(
    st.sampled_from([NOW, NOW - TICK, NOW + TICK, NOW - 14 * DAY, NOW - 14 * DAY - TICK]),
    st.timedeltas(min_value=-2 * DAY, max_value=400 * DAY).map(lambda ago: NOW - ago),
)
spans = st.one_of(
    st.sampled_from([DAY, 14 * DAY]), st.timedeltas(min_value=timedelta(0), max_value=400 * DAY)
)
dates = st.dates(min_value=date(2026, 2, 20), max_value=date(2026, 3, 30))
texts = st.one_of(
    st.sampled_from(["pro", "Pro", "prò", "2026-03-10", "%", "a_b"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6),
)
numbers = st.one_of(
    st.sampled_from([0.0, 1.0, 50.0, 49.9999995, 50.0000005]),
    st.floats(min_value=-1e9, max_value=1e9, allow_nan=False),
)
values = st.one_of(st.none(), texts, numbers, st.booleans(), dates)
measures = st.builds(
    Measure,
    st.one_of(numbers, st.just(100.0)),
    instants,
    st.one_of(st.none(), spans.filter(lambda span: span >= timedelta(seconds=1))),
)
happenings = st.builds(
    Happening,
    st.sampled_from(["clicked", "opened", "visited", "bounced", "custom:demo"]),
    st.sampled_from(["d/guide", "d/case", "home"]),
    instants,
    st.lists(st.sampled_from(["pricing", "Pricing", "price", "demo"]), max_size=2).map(tuple),
    st.sampled_from(["human", "machine", "unknown"]),
)


def of_keys(keys: Sequence[str], strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(keys), strategy, max_size=2)


@st.composite
def person(draw: st.DrawFn, number: int) -> Facts:
    fields = draw(of_keys(["plan", "size", "size-2", "company.plan"], values))
    fields |= draw(of_keys(["city", "country", "persona"], texts))
    fields |= draw(of_keys(["email", "owner"], texts.map(lambda text: f"{text}@{number}")))
    if fields.get("company.plan") is not None:
        fields["company.name"] = draw(texts)
    states = st.sampled_from(["yes", "no", "unknown"])
    facts = Facts(UUID(int=5000 + number), fields=fields)
    facts.stage = draw(st.sampled_from(["", "lead", "prospect"]))
    facts.tags = draw(st.frozensets(st.sampled_from(["warm", "cold"])))
    facts.measures = draw(of_keys(["fit", "engagement"], measures))
    facts.interests = draw(of_keys(["pricing", "demo"], measures))
    facts.criteria = draw(of_keys(["means", "need"], st.builds(CriterionFact, states, values)))
    facts.consents = draw(of_keys(["news", "demo"], st.sampled_from(["given", "withdrawn", "asked"])))
    facts.happenings = sorted(draw(st.lists(happenings, max_size=4)), key=lambda happening: happening.at)
    return facts


def operand_of(operator: str) -> st.SearchStrategy[Any]:
    if operator in ("is", "is not"):
        return st.one_of(texts.filter(bool), numbers, st.booleans(), dates.map(date.isoformat))
    if operator in ("one of", "none of"):
        return st.one_of(*(st.lists(one, min_size=1, max_size=3).map(tuple) for one in (texts, numbers)))
    if operator in ("contains", "starts with"):
        return texts.filter(bool)
    if operator in ("before", "after"):
        return dates.map(date.isoformat)
    if operator in ("in the last", "in the next"):
        return st.integers(0, 40).map(lambda days: days * DAY)
    return numbers if operator in typed_sql.NUMBER_TESTS else st.none()


comparisons = st.sampled_from(OPERATORS).flatmap(
    lambda operator: st.builds(Comparison, st.just(operator), operand_of(operator))
)
bounds = st.builds(Comparison, st.sampled_from(list(typed_sql.NUMBER_TESTS)), numbers)
patterns = st.builds(
    EventPattern,
    st.lists(st.sampled_from(["clicked", "visited", "bounced"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["d/guide", "home"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["pricing", "demo"]), max_size=2).map(tuple),
)
keys = ["plan", "size", "size-2", "company.plan", "company.name", "city", "email", "owner", "nothing"]
leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(FieldIs, st.sampled_from(keys), comparisons),
    st.builds(HasTag, st.sampled_from(["warm", "cold"])),
    st.builds(InStage, st.sampled_from([("lead",), ("lead", "prospect")])),
    st.builds(ScoreIs, st.sampled_from(["fit", "engagement"]), bounds),
    st.builds(InterestIs, st.sampled_from(["pricing", "demo"]), bounds),
    st.builds(CriterionIs, st.just("means"), st.sampled_from([("yes",), ("unknown",), ("yes", "unknown")])),
    st.builds(EventSeen, patterns, st.integers(1, 3), st.one_of(st.none(), spans)),
    st.builds(InSegment, st.sampled_from(["warm", "round", "nowhere"])),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)
SOME = 4


@settings(max_examples=50, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    people=st.tuples(*(person(number) for number in range(SOME))),
    asked=st.lists(conditions, min_size=5, max_size=5),
)
def test_random_contacts_and_conditions_agree(
    both: list[Database], people: tuple[Facts, ...], asked: list[Condition]
) -> None:
    ids = [facts.contact_id for facts in people]
    for database in both:
        with database.read() as connection:
            write_people(connection, people)
            for condition in asked:
                resolved = resolve(condition, SEGMENTS)
                right = {facts.contact_id for facts in people if holds(resolved, facts, NOW)}
                assert set(matching_ids(connection, condition, **ABOUT)) == right
                assert count_matching(connection, condition, **ABOUT) == len(right)
                loaded = load_facts(connection, WORKSPACE, LIFECYCLE, ids, needs(resolved), NOW)
                assert {key for key, facts in loaded.items() if holds(resolved, facts, NOW)} == right
                assert {
                    key for key, facts in loaded.items() if not unmet(condition, facts, NOW, SEGMENTS)
                } == right
