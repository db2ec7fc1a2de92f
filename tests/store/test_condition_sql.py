"""Choosing contacts by a condition in SQL: who is left out, what is bound, and stored values that are no values."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core.conditions import (
    AllOf,
    Comparison,
    Condition,
    FieldIs,
    HasTag,
    InStage,
    Not,
    holds,
    parse,
)
from app.core.facts import Facts, Measure
from app.core.reading import Node
from app.store.condition_sql import condition_sql
from app.store.database import Database
from app.store.facts import load_facts
from app.store.segments import count_matching, matching_ids
from app.store.tables import contacts, workspaces
from tests.support.people import LIFECYCLE, WORKSPACE, write_people, write_workspace

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ABOUT: dict[str, Any] = {"workspace_id": WORKSPACE, "lifecycle": LIFECYCLE, "now": NOW}
EVERYBODY = AllOf(())


def fill(database: Database, *people: Facts) -> None:
    with database.write() as connection:
        write_workspace(connection)
        write_people(connection, people)


def numbers(database: Database, condition: Condition, **more: Any) -> list[int]:
    with database.read() as connection:
        return [found.int for found in matching_ids(connection, condition, **{**ABOUT, **more})]


def test_merged_and_erased_contacts_and_other_workspaces_are_left_out(database: Database) -> None:
    fill(database, *(Facts(UUID(int=number)) for number in range(1, 5)))
    with database.write() as connection:
        connection.execute(
            update(contacts).where(contacts.c.id == UUID(int=2)).values(merged_into=UUID(int=1))
        )
        connection.execute(update(contacts).where(contacts.c.id == UUID(int=3)).values(erased_at=NOW))
        other = {"id": UUID(int=99), "key": "other", "name": "Other", "is_demo": False, "created_at": NOW}
        connection.execute(insert(workspaces), [other])
    assert numbers(database, EVERYBODY) == [1, 4]
    assert numbers(database, EVERYBODY, workspace_id=UUID(int=99)) == []
    with database.read() as connection:
        assert count_matching(connection, EVERYBODY, **ABOUT) == 2


def test_pages_follow_one_another(database: Database) -> None:
    fill(database, *(Facts(UUID(int=number), tags=frozenset({"a"})) for number in range(1, 8)))
    first = numbers(database, HasTag("a"), limit=3)
    second = numbers(database, HasTag("a"), limit=3, after=UUID(int=first[-1]))
    third = numbers(database, HasTag("a"), limit=3, after=UUID(int=second[-1]))
    assert [first, second, third] == [[1, 2, 3], [4, 5, 6], [7]]


def test_a_stage_counts_in_its_lifecycle_only(database: Database) -> None:
    fill(database, Facts(UUID(int=1), "lead", NOW))
    assert numbers(database, InStage(("lead",))) == [1]
    assert numbers(database, InStage(("lead",)), lifecycle="second") == []


@pytest.mark.parametrize(
    "stored",
    [None, [], ["pro"], {"plan": "pro"}, [True], "2026-02-30", "soon", 5, 12345678901234567890, True],
)
def test_what_is_stored_as_no_scalar_or_in_the_wrong_form_counts_alike(
    database: Database, stored: Any
) -> None:
    fill(database, Facts(UUID(int=1)))
    with database.write() as connection:
        connection.execute(update(contacts).values(fields={"renewal": stored}))
    for written in (
        {"is known": True}, {"is unknown": True}, {"is": "pro"}, {"is not": "pro"}, {"at least": 5}, {"is": True},
        {"before": "2026-03-01"}, {"in the last": "10 weeks"}, {"contains": "0"},
    ):  # fmt: skip
        condition = parse(Node({"field": "renewal", **written}))
        with database.read() as connection:
            facts = load_facts(connection, WORKSPACE, LIFECYCLE, [UUID(int=1)], None, NOW)[UUID(int=1)]
            for asked in (condition, Not(condition)):
                expected = [UUID(int=1)] if holds(asked, facts, NOW) else []
                assert matching_ids(connection, asked, **ABOUT) == expected


def test_values_are_bound_and_never_part_of_the_statement(database: Database) -> None:
    nasty = "x') OR 1=1 --"
    fill(database, Facts(UUID(int=1)), Facts(UUID(int=2), tags=frozenset({nasty}), fields={nasty: nasty}))
    for condition in (HasTag(nasty), FieldIs(nasty, Comparison("is", nasty))):
        assert numbers(database, condition) == [2]
        for dialect in (sqlite.dialect(), postgresql.dialect()):
            clause = condition_sql(condition, dialect_name=dialect.name, **ABOUT)
            assert nasty not in str(select(contacts.c.id).where(clause).compile(dialect=dialect))


def test_the_shape_of_a_key_does_not_matter(database: Database) -> None:
    keys = ("a", "A", "a_b", "a-b", "a.b", "0", "a" * 100)
    fill(database, *(Facts(UUID(int=number), fields={key: "v"}) for number, key in enumerate(keys, start=1)))
    for number, key in enumerate(keys, start=1):
        assert numbers(database, parse(Node({"field": key, "is": "v"}))) == [number]


def test_a_long_list_of_values_is_no_problem(database: Database) -> None:
    fill(database, Facts(UUID(int=1), fields={"plan": "p999", "size": 999.0}))
    words = parse(Node({"field": "plan", "one of": [f"p{number}" for number in range(1000)]}))
    sizes = parse(Node({"field": "size", "none of": list(range(100))}))
    assert numbers(database, words) == [1]
    assert numbers(database, sizes) == [1]


def test_the_largest_condition_that_can_be_written_is_no_problem(database: Database) -> None:
    written: Any = {"any": [{"field": "plan", "is": f"p{number}"} for number in range(300)]}
    for _ in range(18):
        written = {"not": written}
    fill(database, Facts(UUID(int=1), fields={"plan": "p298"}))
    node = Node(written)
    assert numbers(database, parse(node)) == [1]
    assert node.findings == []


def test_old_decay_does_not_break_the_query(database: Database) -> None:
    """PostgreSQL refuses a power that comes out below what a float holds."""
    ancient = Measure(1e6, NOW - timedelta(days=40_000), timedelta(hours=1))
    fill(database, Facts(UUID(int=1), measures={"engagement": ancient}))
    assert numbers(database, parse(Node({"score": "engagement", "less than": 1}))) == [1]
