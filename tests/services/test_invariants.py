"""What must always be true: each planted violation is found, told, and gone when it is mended."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, insert, select, update

from app.core.ids import timed_id
from app.services import invariants
from app.services.invariants import RULES, Invariant, check_all, findings, run_checks
from app.services.sentences import is_known
from app.services.suppressing import ValueHash, company_key
from app.services.world import World
from app.store.tables import (
    attempts,
    companies,
    consent_entries,
    consents,
    contacts,
    deliveries,
    enrollments,
    identities,
    score_entries,
    scores,
    suppressions,
    truth_checks,
    truth_findings,
)  # fmt: skip
from tests.support import line
from tests.support.rules import rows

NOW = line.NOW
WHY: dict[str, Any] = {"reason_code": "test", "reason_params": {}}
PEOPLE = 4


@pytest.fixture
def world(database: Any, tmp_path: Any) -> World:
    """Four people: the first due, the second waiting for a mail, the third with an accepted mail, all with a score."""
    made = line.lay(database, tmp_path)
    who = line.people(made, PEOPLE)
    line.enroll(made, who)
    here = {"workspace_id": made.workspace_id}
    entries = [
        {**here, "id": timed_id(NOW, b"consent-0" + bytes([n])), "contact_id": one, "purpose": "guides",
         "state": "given", "basis": "form", "source": "form", "at": NOW, "detail": {}}
        for n, one in enumerate(who)
    ]  # fmt: skip
    folded = [{**here, "contact_id": one, "measure": "fit", "value": 5.0, "as_of": NOW} for one in who]
    points = [
        {**here, **WHY, "id": timed_id(NOW, b"points-00" + bytes([n])), "contact_id": one, "measure": "fit",
         "rule": "role", "model_version": 1, "occasion": "o", "points": 5.0, "at": NOW}
        for n, one in enumerate(who)
    ]  # fmt: skip
    company = {
        **here,
        "id": UUID(int=77),
        "domain": "example.com",
        "name": "Example",
        "fields": {},
        "created_at": NOW,
    }
    with database.write() as connection:
        for table, values in (
            (consent_entries, entries),
            (scores, folded),
            (score_entries, points),
            (companies, [company]),
        ):
            connection.execute(insert(table), values)
        connection.execute(update(contacts).values(company_id=company["id"]))
    _mail(made, 1, "queued")
    change(made, enrollments, enrollments.c.contact_id == who[1], state="sending", due_at=None)
    done = _mail(made, 2, "accepted", intent_at=NOW, accepted_at=NOW, ended_at=NOW, attempts=1)
    _attempt(made, done)
    return made


def _who(number: int) -> UUID:
    return timed_id(NOW, b"person" + number.to_bytes(4, "big"))


def _mail(world: World, number: int, state: str, **columns: Any) -> UUID:
    which = timed_id(NOW, b"mail-0000" + bytes([number]))
    with world.database.write() as connection:
        enrollment = connection.execute(
            select(enrollments.c.id).where(enrollments.c.contact_id == _who(number))
        ).scalar_one()
        row = {
            "id": which, "workspace_id": world.workspace_id, "contact_id": _who(number), "enrollment_id": enrollment,
            "dedupe_key": f"mail {number}", "message_class": "marketing", "content_kind": "discovery",
            "topic": "guides", "template": "discovery/hello", "priority": 50, "once": True, "state": state,
            "due_at": NOW, "planned_at": NOW, "attempts": 0, "address": line.address(number), **WHY, **columns,
        }  # fmt: skip
        connection.execute(insert(deliveries).values(row))
    return which


def _attempt(world: World, which: UUID, seed: bytes = b"attempt-00", phase: str = "dot") -> None:
    row = {
        "id": timed_id(NOW, seed), "workspace_id": world.workspace_id, "delivery_id": which, "number": 1, "at": NOW,
        "worker": "main", "phase": phase, "outcome": "accepted", "response": "",
    }  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(attempts).values(row))


def change(world: World, table: Table, where: Any, **values: Any) -> None:
    with world.database.write() as connection:
        connection.execute(update(table).where(where).values(**values))


def standing(found: tuple[Invariant, ...]) -> dict[str, list[str]]:
    return {one.code: [finding.code for finding in one.findings] for one in found if not one.ok}


def test_what_is_sound_holds_and_says_over_how_many_rows(world: World) -> None:
    found = check_all(world, NOW)
    assert standing(found) == {}
    assert {one.code: one.checked for one in found} == {
        "next_step": 4, "mails_add_up": 2, "one_acceptance": 2, "one_in_hand": 0, "after_suppression": 1,
        "scores_fold": 4, "consents_fold": 4, "addresses": 4,
    }  # fmt: skip
    assert {one.whole_at for one in found} == {NOW}


E, D, C, I = enrollments.c, deliveries.c, contacts.c, identities.c  # noqa: E741
LEASE = {"claimed_by": "main", "claim_token": UUID(int=5), "claimed_until": NOW}
PLANTED: list[tuple[str, str, Table, Any, dict[str, Any]]] = [
    ("next_step", "state", enrollments, E.state == "due", {"state": "lost"}),
    ("next_step", "due_never", enrollments, E.state == "due", {"due_at": None}),
    ("next_step", "waits_forever", enrollments, E.state == "due", {"state": "waiting"}),
    ("next_step", "no_delivery", deliveries, D.state == "queued", {"state": "failed", "ended_at": NOW}),
    ("next_step", "two_places", enrollments, E.state == "sending", {"due_at": NOW}),
    ("next_step", "two_places", enrollments, E.state == "due", {"waiting_for": {"kind": "clicked"}}),
    ("next_step", "leased_at_rest", enrollments, E.state == "sending", LEASE),
    ("next_step", "leased_forever", enrollments, E.state == "due", {"claim_token": UUID(int=5)}),
    ("mails_add_up", "state", deliveries, D.state == "queued", {"state": "teleported"}),
    ("mails_add_up", "nobodys", deliveries, D.state == "queued", {"state": "claimed"}),
    ("mails_add_up", "no_intent", deliveries, D.state == "queued", {"state": "uncertain"}),
    ("mails_add_up", "no_instant", deliveries, D.state == "accepted", {"accepted_at": None}),
    ("mails_add_up", "no_end", deliveries, D.state == "accepted", {"ended_at": None}),
    ("one_acceptance", "unproven", attempts, attempts.c.outcome == "accepted", {"outcome": "deferred"}),
    ("one_acceptance", "forgotten", deliveries, D.state == "accepted", {"state": "queued", **LEASE}),
    ("scores_fold", "differs", scores, scores.c.contact_id == _who(0), {"value": 6.0}),
    ("scores_fold", "differs", scores, scores.c.contact_id == _who(0), {"measure": "other"}),
    ("consents_fold", "consent_differs", consents, consents.c.contact_id == _who(0), {"state": "withdrawn"}),
    ("consents_fold", "consent_without_entry", consents, consents.c.contact_id == _who(0), {"purpose": "offers"}),
    ("addresses", "merged_keeps", contacts, C.id == _who(0), {"merged_into": _who(1)}),
    ("addresses", "erased_keeps", contacts, C.id == _who(0), {"erased_at": NOW}),
    ("addresses", "first_address", identities, I.contact_id == _who(0), {"is_primary": False}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "fault", "table", "where", "values"), PLANTED)
def test_a_planted_fault_is_found(
    world: World, rule: str, fault: str, table: Table, where: Any, values: dict[str, Any]
) -> None:
    change(world, table, where, **values)
    found = standing(check_all(world, NOW))
    assert f"health.{rule}.{fault}" in found.get(rule, [])
    row = next(one for one in findings(world.database, world.workspace_id, rule) if one.fault == fault)
    assert row.contact_id in {_who(number) for number in range(PEOPLE)}
    assert is_known(f"fault.{fault}")
    assert is_known(f"rule.{rule}")
    assert is_known(f"remedy.{rule}")


def test_a_merge_that_ends_with_nobody_is_found(world: World) -> None:
    change(world, identities, I.contact_id == _who(0), contact_id=_who(1), is_primary=False)
    change(world, contacts, C.id == _who(0), merged_into=_who(0))
    assert standing(check_all(world, NOW)) == {"addresses": ["health.addresses.merged_into_nobody"]}


def test_a_mail_accepted_by_two_servers_is_found_and_a_settled_one_is_not(world: World) -> None:
    which = rows(world, deliveries, state="accepted")[0].id
    _attempt(world, which, b"attempt-02", invariants.checks.SETTLED)
    assert standing(check_all(world, NOW)) == {}
    _attempt(world, which, b"attempt-03")
    assert standing(check_all(world, NOW)) == {"one_acceptance": ["health.one_acceptance.twice"]}


def test_two_mails_of_one_person_in_hand_are_found(world: World) -> None:
    change(world, deliveries, D.state == "accepted", contact_id=_who(1), state="intent", **LEASE)
    change(world, attempts, attempts.c.outcome == "accepted", outcome="deferred")
    change(world, deliveries, D.state == "queued", state="claimed", **LEASE)
    assert standing(check_all(world, NOW)) == {"one_in_hand": ["health.one_in_hand.two_in_hand"]}


@pytest.mark.parametrize(
    ("scope", "value", "also", "is_found"),
    [
        ("address", line.address(2), {}, True),
        ("domain", "example.com", {}, True),
        ("company", company_key(UUID(int=77)), {}, True),
        ("marketing", line.address(2), {}, True),
        ("topic", line.address(2), {"topic": "guides"}, True),
        ("marketing", "x@elsewhere.example", {"contact_id": _who(2)}, True),
        ("topic", line.address(2), {"topic": "offers"}, False),
        ("address", line.address(1), {}, False),
        ("address", "old@example.org", {"contact_id": _who(2)}, False),
        ("marketing", line.address(2), {"at": NOW}, False),
        ("marketing", line.address(2), {"lifted_at": NOW - timedelta(hours=1)}, False),
        ("marketing", line.address(2), {"lifted_at": NOW + timedelta(hours=1)}, True),
    ],
)
def test_a_mail_begun_in_spite_of_a_suppression_is_found(
    world: World, scope: str, value: str, also: dict[str, Any], is_found: bool
) -> None:
    row = {
        "id": timed_id(NOW, b"suppressed"), "workspace_id": world.workspace_id, "scope": scope,
        "value_hash": ValueHash(world.settings)(value), "topic": "", "source": "test", **WHY,
        "at": NOW - timedelta(days=1), **also,
    }  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(suppressions).values(row))
    found = standing(check_all(world, NOW))
    assert found == ({"after_suppression": ["health.after_suppression.sent"]} if is_found else {})


def test_what_is_mended_is_gone_and_what_comes_back_is_the_same_finding(world: World) -> None:
    later = [NOW + timedelta(hours=number) for number in range(4)]
    found = []
    for number, value in enumerate((6.0, 6.0, 5.0, 7.0)):
        change(world, scores, scores.c.contact_id == _who(0), value=value)
        new = run_checks(world, later[number])
        found.append((new, len(findings(world.database, world.workspace_id))))
    assert found == [(1, 1), (0, 1), (0, 0), (0, 1)]
    row = rows(world, truth_findings)[0]
    assert len(rows(world, truth_findings)) == 1
    assert (row.first_seen_at, row.last_seen_at, row.gone_at) == (later[0], later[3], None)


def test_a_run_is_bounded_and_a_round_comes_to_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invariants, "AT_ONCE", 1)
    looked = []
    for number in range(6):
        run_checks(world, NOW + timedelta(hours=number), piece=2, newest=0)
        row = next(one for one in rows(world, truth_checks) if one.rule == "scores_fold")
        looked.append((row.looked, row.round_looked, row.whole_looked))
    assert looked == [(2, 2, 0), (2, 4, 0), (0, 4, 4), (2, 2, 4), (2, 4, 4), (0, 4, 4)]


def test_the_newest_rows_are_looked_at_in_every_run(world: World) -> None:
    change(world, scores, scores.c.contact_id == _who(PEOPLE - 1), value=9.0)
    assert [run_checks(world, NOW, piece=0, newest=1) for _ in range(2)] == [1, 0]
    assert len(findings(world.database, world.workspace_id)) == 1


def test_a_rule_that_was_never_asked_says_so(world: World) -> None:
    with world.database.read() as connection:
        found = invariants.stand(connection, world.workspace_id)
    assert [one.code for one in found] == [rule.code for rule in RULES]
    assert {(one.checked, one.checked_at) for one in found} == {(0, None)}
