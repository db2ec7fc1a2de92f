"""Loading facts: only what is needed, in a handful of statements, bounded."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, insert, update

from app.core.conditions import Needs
from app.core.facts import CriterionFact, Facts, Happening, Measure
from app.store import tables
from app.store.database import Database
from app.store.facts import CHUNK, MOST_HAPPENINGS, load_facts
from tests.support.people import CREATED_AT, LIFECYCLE, WORKSPACE, write_people, write_workspace

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WHO = UUID(int=1)
FULL = Facts(
    WHO, "lead", NOW - DAY,
    {"zone": "Europe/Berlin", "country": "DE", "city": "Ulm", "email": "a@b.example", "owner": "o@b.example",
     "company.name": "B", "company.size": 5.0, "plan": "pro", "size": 3.0},
    frozenset({"a", "b"}),
    {"fit": Measure(1.0, NOW), "engagement": Measure(2.0, NOW, 30 * DAY)},
    {"means": CriterionFact("yes", 100.0), "need": CriterionFact("no")},
    {"news": "given", "demo": "asked"},
    {"pricing": Measure(3.0, NOW, DAY), "demo": Measure(4.0, NOW, DAY)},
    [Happening("clicked", "d/guide", NOW - days * DAY, ("pricing", "demo")) for days in (9, 5, 1)],
)  # fmt: skip


def load(database: Database, needs: Needs | None, who: UUID = WHO, now: datetime = NOW) -> Facts:
    with database.read() as connection:
        return load_facts(connection, WORKSPACE, LIFECYCLE, [who], needs, now)[who]


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


@pytest.fixture
def filled(database: Database) -> Database:
    with database.write() as connection:
        write_workspace(connection)
        write_people(connection, [FULL])
    return database


def test_without_needs_everything_is_there(filled: Database) -> None:
    facts = load(filled, None)
    known = {key: value for key, value in facts.fields.items() if value is not None}
    assert known == {**FULL.fields, "created": CREATED_AT.date()}
    for family in (
        "stage",
        "stage_since",
        "tags",
        "measures",
        "criteria",
        "consents",
        "interests",
        "happenings",
    ):
        assert getattr(facts, family) == getattr(FULL, family)


def test_only_what_is_needed_is_loaded(filled: Database) -> None:
    assert load(filled, Needs()) == Facts(WHO, "lead", NOW - DAY, {"zone": "Europe/Berlin", "country": "DE"})
    some = Needs(
        fields=frozenset({"plan", "company.size", "email", "nothing"}), tags=frozenset({"a"}),
        measures=frozenset({"fit"}), criteria=frozenset({"need"}), consents=frozenset({"demo"}),
        interests=frozenset({"demo"}), happenings=True, window=5 * DAY,
    )  # fmt: skip
    assert load(filled, some) == Facts(
        WHO, "lead", NOW - DAY,
        {"zone": "Europe/Berlin", "country": "DE", "plan": "pro", "company.size": 5.0, "email": "a@b.example"},
        frozenset({"a"}), {"fit": Measure(1.0, NOW)}, {"need": CriterionFact("no")}, {"demo": "asked"},
        {"demo": Measure(4.0, NOW, DAY)}, FULL.happenings[1:],
    )  # fmt: skip


def test_a_star_takes_every_key_of_a_family(filled: Database) -> None:
    assert load(filled, Needs(interests=frozenset({"*"}))).interests == FULL.interests


def test_the_future_is_not_known_yet(filled: Database) -> None:
    assert load(filled, None, now=NOW - 5 * DAY).happenings == FULL.happenings[:2]


def test_the_newest_thousand_happenings_are_kept(database: Database) -> None:
    many = [
        Happening("opened", str(number), NOW - DAY + number * timedelta(seconds=1)) for number in range(1005)
    ]
    with database.write() as connection:
        write_workspace(connection)
        write_people(connection, [Facts(WHO, happenings=many)])
    assert load(database, Needs(happenings=True, window=None)).happenings == many[-MOST_HAPPENINGS:]


def test_strangers_are_not_found(filled: Database) -> None:
    with filled.read() as connection:
        assert load_facts(connection, WORKSPACE, LIFECYCLE, [UUID(int=7)], None, NOW) == {}
        assert load_facts(connection, UUID(int=9), LIFECYCLE, [WHO], None, NOW) == {}
        assert load_facts(connection, WORKSPACE, LIFECYCLE, [], None, NOW) == {}


def test_statements_grow_with_chunks_and_not_with_contacts(database: Database) -> None:
    people = [Facts(UUID(int=number), "lead", NOW) for number in range(1, CHUNK + 2)]
    with database.write() as connection:
        write_workspace(connection)
        write_people(connection, people)
    spent = []
    for count in (1, CHUNK, CHUNK + 1):
        with counted(database) as statements, database.read() as connection:
            ids = [facts.contact_id for facts in people[:count]]
            assert len(load_facts(connection, WORKSPACE, LIFECYCLE, ids, None, NOW)) == count
        spent.append(len([statement for statement in statements if statement.startswith("SELECT")]))
    assert spent[0] == spent[1] <= 11
    assert spent[2] < 2 * spent[0]


def test_mails_that_reached_the_contact_or_are_on_their_way_are_had(filled: Database) -> None:
    states = ("queued", "deferred", "claimed", "intent", "accepted", "uncertain", "failed", "suppressed", "expired",
              "cancelled")  # fmt: skip
    base = {
        "workspace_id": WORKSPACE, "contact_id": WHO, "recipient_user_id": None, "message_class": "marketing",
        "content_kind": "discovery", "priority": 50, "once": True, "due_at": NOW, "planned_at": NOW, "attempts": 0,
        "reason_code": "test", "reason_params": {},
    }  # fmt: skip
    rows = [
        {**base, "id": UUID(int=100 + number), "dedupe_key": state, "template": f"d/{state}", "state": state}
        for number, state in enumerate(states)
    ]
    with filled.write() as connection:
        connection.execute(insert(tables.deliveries), rows)
    assert load(filled, Needs(had=True)).had == {f"d/{state}" for state in states[:6]}
    assert load(filled, Needs()).had == frozenset()


def test_of_several_primary_addresses_the_oldest_counts(filled: Database) -> None:
    with filled.write() as connection:
        connection.execute(
            insert(tables.identities),
            [
                {"id": UUID(int=number), "workspace_id": WORKSPACE, "contact_id": WHO, "kind": "email",
                 "value": f"{number}@b.example", "shown_as": "", "is_primary": number != 3, "created_at": NOW}
                for number in (3, 4, 5)
            ],
        )  # fmt: skip
    assert load(filled, None).fields["email"] == "4@b.example"


def test_a_half_life_of_nothing_stands_still(filled: Database) -> None:
    with filled.write() as connection:
        connection.execute(update(tables.scores).values(half_life=0.0))
    assert load(filled, None).measures["engagement"].at(NOW + 900 * DAY) == 2.0
