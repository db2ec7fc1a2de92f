"""The read models, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, select, text, update

from app.services.viewing import Place, counting, one, people, sequences
from app.store import authoring, checks, queues
from app.store.database import Database
from app.store.tables import consents, contacts, definition_versions, definitions, deliveries
from app.store.views import people as rows
from app.store.views import programme
from tests.support.seed import NOW, Seeded, Sower, seed

LIFECYCLE = """\
lifecycle: house
presets:
  house:
    stages:
      lead: {label: Seedling, gets: [discovery]}
      prospect: {label: {en: Bud, da: Knop}, gets: [decision]}
criteria:
  means: {label: {en: Budget, da: Midler}, type: number, question: Is there a budget?}
"""


@pytest.fixture
def base(database: Database) -> Seeded:
    return seed(database, contacts=40)


@pytest.fixture
def place(database: Database, base: Seeded) -> Place:
    return Place(database, base.workspace_id)


def test_stage_counts_come_in_the_order_of_the_lifecycle(place: Place) -> None:
    page = people.list_people(place, people.Asked(), NOW)
    assert list(page.counts) == [
        "visitor", "lead", "prospect", "customer", "ambassador", "dormant", "disqualified",
    ]  # fmt: skip
    assert page.total == 40


@pytest.mark.parametrize("asked", [
    people.Asked(), people.Asked(stage="lead"), people.Asked(tag="webinar"), people.Asked(text="person"),
    people.Asked(order="oldest"), people.Asked(stage="lead", order="oldest"), people.Asked(order="fit"),
    people.Asked(order="signal", stage="lead"), people.Asked(bounds=(40.0, 80.0, 10.0, None)),
    people.Asked(source="heat cost guide", suppressed="no"),
])  # fmt: skip
def test_paging_meets_everybody_once_there_and_back(place: Place, asked: people.Asked) -> None:
    whole = [person.id for person in people.list_people(place, asked, NOW, limit=100).people]
    assert len(whole) > 5
    there, cursor = [], asked
    pages = []
    while True:
        page = people.list_people(place, cursor, NOW, limit=3)
        pages.append(page)
        there += [person.id for person in page.people]
        on = page.newer if asked.order == "oldest" else page.older
        if on is None:
            break
        cursor = _paged(asked, on, newer=asked.order == "oldest")
    assert there == whole
    for before, after in pairwise(pages):
        back = after.older if asked.order == "oldest" else after.newer
        assert back is not None
        again = people.list_people(place, _paged(asked, back, newer=asked.order != "oldest"), NOW, limit=3)
        assert again.people == before.people


def _paged(asked: people.Asked, cursor: tuple[rows.Key, UUID], newer: bool) -> people.Asked:
    return replace(asked, newer_than=cursor) if newer else replace(asked, older_than=cursor)


@pytest.mark.parametrize("typed", ["inês", "INÊS", "carvalho", "Inês Carv", "person0@", "casa alta"])
def test_search_reads_beginnings_in_any_case(place: Place, base: Seeded, typed: str) -> None:
    found = [person.id for person in people.list_people(place, people.Asked(text=typed), NOW).people]
    assert base.contacts[0] in found
    assert len(found) < 20


@pytest.mark.parametrize("typed", ["%", "_", "erson", "\\"])
def test_search_knows_no_wildcards(place: Place, typed: str) -> None:
    assert not people.list_people(place, people.Asked(text=typed), NOW).people


def test_a_consent_is_told_apart_by_topic_and_state(place: Place, base: Seeded) -> None:
    states = {base.contacts[0]: "given", base.contacts[1]: "given", base.contacts[2]: "withdrawn"}
    with place.database.write() as connection:
        for person, state in states.items():
            connection.execute(
                consents.insert().values(
                    contact_id=person, workspace_id=place.workspace_id, purpose="guides", state=state, basis="form",
                    at=NOW,
                )
            )  # fmt: skip

    def found(topic: str, state: str, few: bool | None) -> set[UUID]:
        asked = people.Asked(topic=topic, consent=state).wanted(place.workspace_id, "main", NOW)
        with place.database.read() as connection:
            return {row.id for row in rows.page(connection, replace(asked, few=few))}

    everybody = set(base.contacts)
    for few in (True, False, None):
        assert found("guides", "given", few) == set(base.contacts[:2])
        assert found("guides", "withdrawn", few) == {base.contacts[2]}
        assert found("guides", "asked", few) == found("offers", "given", few) == set()
        assert found("guides", "unknown", few) == everybody - set(states)
    page = people.list_people(place, people.Asked(topic="guides", consent="given"), NOW)
    assert (page.found, len(page.people)) == (2, 2)


def test_few_consents_are_found_by_what_was_said(sqlite_database: Database) -> None:
    base = seed(sqlite_database, contacts=2)
    asked = people.Asked(topic="guides", consent="withdrawn").wanted(base.workspace_id, "main", NOW)
    plan = plan_of(sqlite_database, lambda given: rows.count_up_to(given, asked, 100))
    assert (
        "SEARCH consents USING COVERING INDEX ix_consents_stated (workspace_id=? AND purpose=? AND state=?)"
        in plan
    )
    assert "SCAN contacts" not in plan


def test_engagement_is_told_as_it_is_worth_now(place: Place, base: Seeded) -> None:
    def engagement(at: timedelta) -> float:
        asked = people.Asked(text="person2@")
        found = people.list_people(place, asked, NOW + at).people[0].engagement
        assert found is not None
        return found

    assert engagement(timedelta(days=21)) == pytest.approx(engagement(timedelta(0)) / 2)


def test_one_contact_is_told_to_the_full(place: Place, base: Seeded) -> None:
    found = one.look_at(place, base.contacts[0], NOW)
    assert found is not None
    assert found.name == "Inês Carvalho"
    assert [each.kind for each in found.coming][:2] == ["mail.uncertain", "mail.queued"]
    assert found.courses[0].position == 7
    assert found.scores.fit == pytest.approx(78.0)
    assert found.scores.trail[-1] == pytest.approx((78.0, found.scores.engagement))
    assert [entry.at for entry in found.story.entries] == sorted(
        (entry.at for entry in found.story.entries), reverse=True
    )


def test_the_story_pages_without_loss(place: Place, base: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = one.look_at(place, base.contacts[0], NOW)
    monkeypatch.setattr(one, "STORY", 4)
    met, before = [], None
    while True:
        found = one.look_at(place, base.contacts[0], NOW, before=before)
        assert found is not None
        met += [entry.id for entry in found.story.entries]
        before = found.story.before
        if before is None:
            break
    assert whole is not None
    assert met == [entry.id for entry in whole.story.entries]


def test_a_sequence_is_told_step_by_step(place: Place) -> None:
    page = sequences.look_at(place, "discovery-guide")
    assert page is not None
    numbers = {step.line.key: step for step in page.steps}
    assert numbers["hello"].sent > 0
    assert numbers["guide"].clicked == 1
    assert sum(step.here for step in page.steps) == page.line.people
    assert numbers["guide"].parked[0][1].code == "parked.error"
    assert sequences.list_sequences(place)[0] == page.line


def test_the_figures_of_a_large_sequence_hold_for_a_minute(
    place: Place, base: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(after: float) -> tuple[int, datetime | None]:
        page = sequences.look_at(place, "discovery-guide", NOW + timedelta(seconds=after))
        assert page is not None
        return page.line.people, page.counted_at

    few = look(0)[0]
    monkeypatch.setattr(counting, "COUNTED_EACH_TIME", few)
    monkeypatch.setattr(sequences, "_figures", counting.Kept())  # nothing stays for other tests
    whole = sequences.look_at(place, "discovery-guide", NOW)
    with place.database.write() as connection:
        connection.execute(text("UPDATE enrollments SET state = 'ended' WHERE state = 'parked'"))
    fewer = sequences.look_at(place, "discovery-guide")
    assert whole is not None
    assert fewer is not None
    assert (whole.counted_at, fewer.counted_at) == (None, None)
    assert fewer.line.people < few, "who does not say when it is gets what is true now"
    assert sequences.look_at(place, "discovery-guide", NOW) == replace(whole, counted_at=NOW)
    assert look(59) == (few, NOW)
    assert look(60) == (fewer.line.people, None)
    assert look(30) == (fewer.line.people, None), "the clock was set back"
    with place.database.write() as connection:
        other = select(definitions.c.live_version_id).where(definitions.c.key == "discovery/guide")
        connection.execute(
            update(definitions)
            .where(definitions.c.key == "discovery-guide")
            .values(live_version_id=connection.execute(other).scalar_one())
        )
    assert look(31)[1] is None, "another version is in force"
    assert sequences.look_at(Place(place.database, base.contacts[0]), "discovery-guide", NOW) is None


def test_a_small_sequence_is_counted_at_each_look(place: Place) -> None:
    sequences.look_at(place, "discovery-guide", NOW)
    with place.database.write() as connection:
        connection.execute(text("UPDATE enrollments SET state = 'ended'"))
    page = sequences.look_at(place, "discovery-guide", NOW)
    assert page is not None
    assert (page.line.people, page.counted_at) == (0, None)
    assert sum(people for _, people in page.ended) > 0


def test_what_a_sequence_sent_is_found_by_the_sequence(sqlite_database: Database) -> None:
    base = seed(sqlite_database, contacts=2)
    for counted in (programme.sent_by_step, programme.clicked_by_step):
        plan = plan_of(sqlite_database, lambda given, counted=counted: counted(given, base.sequence_id))
        assert "SEARCH deliveries USING INDEX ix_deliveries_taken (definition_id=?)" in plan
        assert "SCAN" not in plan


def test_people_are_counted_before_a_pause_without_reading_them(sqlite_database: Database) -> None:
    sequence = seed(sqlite_database, contacts=2).sequence_id
    people_inside = plan_of(sqlite_database, lambda given: authoring.people_inside(given, sequence))
    assert "SEARCH enrollments USING INDEX uq_enrollments_active (definition_id=?)" in people_inside
    waits = plan_of(sqlite_database, lambda given: authoring.waits_over(given, sequence, NOW))
    assert "USING INDEX ix_enrollments_due (due_at<?)" in waits
    mails = plan_of(sqlite_database, lambda given: authoring.mails_due(given, sequence, NOW))
    assert "SCAN deliveries USING INDEX ix_deliveries_" in mails, "those that wait, by a partial index"


def test_the_live_lifecycle_gives_stages_and_criteria_their_names(database: Database, base: Seeded) -> None:
    sower = Sower()
    definition_id, version_id = sower.id(NOW + timedelta(days=1)), sower.id(NOW + timedelta(days=2))
    with database.write() as connection:
        connection.execute(
            definitions.insert().values(
                id=definition_id, workspace_id=base.workspace_id, kind="lifecycle", key="lifecycle", state="live",
                live_version_id=version_id, created_at=NOW,
            )
        )  # fmt: skip
        connection.execute(
            definition_versions.insert().values(
                id=version_id, workspace_id=base.workspace_id, definition_id=definition_id, number=1,
                source=LIFECYCLE, digest="", published_at=NOW,
            )
        )  # fmt: skip
        connection.execute(text("UPDATE contact_stages SET lifecycle = 'house'"))
    place = Place(database, base.workspace_id)
    page = people.list_people(place, people.Asked(), NOW)
    assert list(page.counts)[:2] == ["lead", "prospect"]
    assert page.total == 40, "a stage the lifecycle does not know any more hides nobody"
    assert page.names.stage("prospect").label("da") == "Knop"
    assert page.names.criterion("means", "en") == "Budget"


def test_a_contact_of_another_workspace_is_not_found(database: Database, base: Seeded) -> None:
    assert one.look_at(Place(database, base.contacts[1]), base.contacts[0], NOW) is None


def test_a_nameless_contact_goes_by_the_address(place: Place, base: Seeded, database: Database) -> None:
    who = contacts.c.id == base.contacts[3]
    with database.write() as connection:
        connection.execute(update(contacts).where(who).values(first_name=None, last_name=None))
    found = people.list_people(place, people.Asked(text="person3@"), NOW).people[0]
    assert found.name == found.address == "person3@example.com"


def plan_of(database: Database, look: Callable[[Connection], object]) -> str:
    """How SQLite goes about the last statement of `look`."""
    statements: list[tuple[str, Any]] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda *given: statements.append((given[2], given[3]))
    )
    with database.read() as connection:
        look(connection)
        statement, params = statements[-1]
        return " | ".join(
            row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", params)
        )


def test_due_work_is_found_in_the_partial_indexes(sqlite_database: Database) -> None:
    base = seed(sqlite_database, contacts=10)
    plan = plan_of(sqlite_database, lambda given: queues.due_and_unclaimed(given, base.workspace_id, NOW))
    for index in (
        "admissions_due",
        "enrollments_due",
        "deliveries_due",
        "web_calls_due",
        "events_unprocessed",
    ):
        assert f"USING INDEX ix_{index} " in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "SCAN contacts USING INDEX sqlite_autoindex_contacts_1"),
        ({"upwards": True}, "SCAN contacts USING INDEX sqlite_autoindex_contacts_1"),
        (
            {"after": (None, UUID(int=1)), "upwards": True},
            "SEARCH contacts USING INDEX sqlite_autoindex_contacts_1 (id>?)",
        ),
        ({"stage": "lead"}, "SEARCH contact_stages USING COVERING INDEX ix_contact_stages_workspace_id"),
        (
            {"stage": "lead", "after": (None, UUID(int=1))},
            "SEARCH contact_stages USING COVERING INDEX ix_contact_stages_workspace_id",
        ),
        ({"order": "fit"}, "SEARCH scores USING INDEX ix_scores_fit (workspace_id=?)"),
        (
            {"order": "fit", "after": (40.0, UUID(int=1))},
            "SEARCH scores USING INDEX ix_scores_fit (workspace_id=? AND (value,contact_id)<(?,?))",
        ),
        ({"order": "signal"}, "SEARCH scores USING INDEX ix_scores_signal"),
        ({"order": "signal", "stage": "lead"}, "SEARCH scores USING INDEX ix_scores_signal"),
    ],
)
def test_a_page_of_the_list_reads_no_more_than_a_page(
    sqlite_database: Database, wanted: dict[str, Any], index: str
) -> None:
    base = seed(sqlite_database, contacts=10)
    asked = rows.Wanted(base.workspace_id, "main", NOW, **wanted)
    plan = plan_of(sqlite_database, lambda given: rows.page(given, asked))
    assert index in plan
    assert "TEMP B-TREE" not in plan, "the order comes from the index"


def test_the_newest_rows_are_found_by_their_ids(sqlite_database: Database) -> None:
    base = seed(sqlite_database, contacts=10)
    for newest in (True, False):
        plan = plan_of(
            sqlite_database,
            lambda given, newest=newest: checks.page(
                given, deliveries, base.workspace_id, None, 100, newest=newest
            ),
        )
        assert "TEMP B-TREE" not in plan
