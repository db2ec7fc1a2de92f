"""Suppressions in people's hands: added, found, lifted, taken in from files, told in files; and the race with sending."""

import csv
from datetime import timedelta
from io import StringIO
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from app.core.reasons import Reason
from app.services import suppression_import, suppressions
from app.services.importing.faults import ImportFault
from app.services.sending.gating import claim_and_gate
from app.services.suppressing import suppress
from app.services.suppressions import Asked, SuppressionFault
from app.services.world import World
from app.store import sending
from app.store.database import Database
from app.store.tables import audit_entries, companies, contacts, deliveries
from app.store.tables import suppressions as table
from tests.support import line
from tests.support.rules import one, rows

NOW = line.NOW
WHY = "asked on the phone"


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    made = line.lay(database, tmp_path)
    line.people(made, 2)
    company = {
        "id": UUID(int=5), "workspace_id": made.workspace_id, "domain": "berg.example", "name": "Berg", "fields": {},
        "created_at": NOW,
    }  # fmt: skip
    with database.write() as connection:
        connection.execute(insert(companies).values(company))
        connection.execute(update(contacts).values(company_id=company["id"]))
    return made


def found(world: World, **asked: Any) -> list[tuple[str, str | None]]:
    return [(each.scope, each.value) for each in suppressions.find(world, Asked(**asked))[0]]


def test_each_scope_is_added_once_and_stops_what_it_names(world: World) -> None:
    for scope, value in (("address", "PERSON0@example.com"), ("domain", "@Example.com"), ("company", "Berg")):
        assert suppressions.add(world, scope, value, WHY, None, NOW)
        assert not suppressions.add(world, scope, value, WHY, None, NOW)
    assert {each.code for each in suppressions.check(world, "person0@example.com")} == {
        "suppressed.address", "suppressed.domain", "suppressed.company",
    }  # fmt: skip
    assert {each.code for each in suppressions.check(world, "person1@example.com")} == {
        "suppressed.domain", "suppressed.company",
    }  # fmt: skip
    assert suppressions.check(world, "x@elsewhere.example") == ()
    acts = rows(world, audit_entries, subject_kind="suppression")
    assert [each.action for each in acts] == ["suppression.added"] * 3
    assert "person0" not in str(acts)


@pytest.mark.parametrize(
    ("scope", "value", "why", "topic", "code"),
    [
        ("planet", "x@example.com", WHY, "", "suppression.scope"),
        ("address", "no address", WHY, "", "address.invalid"),
        ("address", "", WHY, "", "address.missing"),
        ("domain", "no domain", WHY, "", "address.invalid"),
        ("company", "Nobody", WHY, "", "suppression.no_company"),
        ("topic", "x@example.com", WHY, "gossip", "suppression.topic"),
        ("topic", "x@example.com", WHY, "", "suppression.topic"),
        ("marketing", "x@example.com", WHY, "guides", "suppression.topic_too_much"),
        ("address", "x@example.com", " \n", "", "suppression.why_missing"),
    ],
)
def test_nonsense_is_refused(world: World, scope: str, value: str, why: str, topic: str, code: str) -> None:
    with pytest.raises(SuppressionFault) as told:
        suppressions.add(world, scope, value, why, None, NOW, topic=topic)
    assert told.value.reason.code == code
    assert rows(world, table) == []


def test_an_address_is_found_by_its_hash_and_a_domain_with_all_below_it(world: World) -> None:
    suppressions.add(world, "address", "person0@example.com", WHY, None, NOW)
    suppressions.add(world, "marketing", "gone@example.com", WHY, None, NOW)
    suppressions.add(world, "domain", "other.example", WHY, None, NOW)
    assert found(world, search="Person0@example.com") == [("address", "person0@example.com")]
    assert found(world, search="GONE@example.com") == [("marketing", "gone@example.com")]
    assert len(found(world, search="example.com")) == 2
    assert found(world, search="@other.example") == [("domain", "other.example")]
    assert found(world, scope="domain") == [("domain", "other.example")]
    assert found(world, source="recipient") == []
    assert found(world, until=NOW) == []
    assert found(world, since=NOW, search="%") == []
    assert suppressions.counted(world, Asked()) == 3


def test_a_long_list_comes_in_pages(world: World) -> None:
    for number in range(5):
        suppressions.add(
            world, "address", f"x{number}@example.org", WHY, None, NOW + timedelta(seconds=number)
        )
    first, older = suppressions.find(world, Asked(), 2)
    second, last = suppressions.find(world, Asked(older_than=older), 3)
    assert [each.value for each in (*first, *second)] == [
        f"x{number}@example.org" for number in (4, 3, 2, 1, 0)
    ]
    assert last is None


def test_it_is_lifted_with_a_reason_and_may_come_again(world: World) -> None:
    suppressions.add(world, "address", "x@example.com", WHY, None, NOW)
    which = one(world, table).id
    with pytest.raises(SuppressionFault):
        suppressions.lift(world, which, " ", None, NOW)
    assert [suppressions.lift(world, which, "a mistake", None, NOW) for _ in range(2)] == [True, False]
    assert suppressions.check(world, "x@example.com") == ()
    assert found(world, lifted=True) == [("address", "x@example.com")]
    assert suppressions.add(world, "address", "x@example.com", WHY, None, NOW)
    assert [each.action for each in rows(world, audit_entries, subject_kind="suppression")].count(
        "suppression.lifted"
    ) == 1


def test_a_complaint_asks_twice_and_an_erasure_is_never_lifted(world: World) -> None:
    with world.database.write() as connection:
        for code, source in (("suppressed.complaint", "arf"), ("erasure.done", "erasure")):
            suppress(connection, world, scope="marketing", value=f"{source}@example.com", reason=Reason(code),
                     source=source, now=NOW)  # fmt: skip
    complained, erased = sorted(rows(world, table), key=lambda row: row.source)
    assert erased.value is None
    with pytest.raises(SuppressionFault) as told:
        suppressions.lift(world, complained.id, "please", None, NOW)
    assert told.value.reason.code == "suppression.complained"
    assert suppressions.lift(world, complained.id, "they asked for it", None, NOW, sure=True)
    with pytest.raises(SuppressionFault) as told:
        suppressions.lift(world, erased.id, "please", None, NOW, sure=True)
    assert told.value.reason.code == "suppression.erased_stays"
    with pytest.raises(SuppressionFault):
        suppressions.lift(world, UUID(int=3), "please", None, NOW)


EXPORTS = {
    "mailchimp": "Email Address,First Name,UNSUB_REASON\na@example.org,Ann,No longer interested\nb@example.org,Bo,spammy content\n",
    "hubspot": "Email;Unsubscribed reason\na@example.org;\nb@example.org;marked as spam\n",
    "mautic": "\ufeffid\temail\treason\tcomments\n1\ta@example.org\t1\tleft\n2\tb@example.org\tspam complaint\t\n",
    "ours": "address,scope,topic,reason\na@example.org,marketing,,said so\nb@example.org,,,abuse report\n",
}  # fmt: skip


@pytest.mark.parametrize("tool", EXPORTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_lists_of_other_tools_come_in(world: World, tmp_path: Path, tool: str, encoding: str) -> None:
    file = tmp_path / "left.csv"
    file.write_text(EXPORTS[tool].removeprefix("\ufeff") if encoding == "utf-16" else EXPORTS[tool], encoding)
    read = suppression_import.read(file)
    tried = suppression_import.run(world, read, "marketing", None, NOW, dry_run=True)
    assert (tried.rows, tried.new, rows(world, table)) == (2, 2, [])
    done = [suppression_import.run(world, read, "marketing", None, NOW) for _ in range(2)]
    assert [(each.new, each.standing) for each in done] == [(2, 0), (0, 2)]
    by_code = {row.reason_code: (row.scope, row.value) for row in rows(world, table)}
    assert by_code == {
        "suppressed.imported": ("marketing", "a@example.org"),
        "suppressed.complaint": ("marketing", "b@example.org"),
    }


def test_what_a_list_says_of_a_row_counts_and_the_rest_is_rejected_with_its_reason(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "email,scope,topic,reason\n"
        "a@example.org,,,hard bounce\n"
        "b@example.org,,guides,left\n"
        "other.example,domain,,\n"
        "a@example.org,address,,again\n"
        "=cmd()|x,,,\n"
        ",,,nothing\n"
        "c@example.org,,gossip,\n"
        "\n"
    )
    results = tmp_path / "rejected.csv"
    read = suppression_import.read(file)
    tried = suppression_import.run(world, read, "marketing", None, NOW, dry_run=True)
    done = suppression_import.run(world, read, "marketing", None, NOW, results=results)
    assert (done.rows, done.new, done.standing) == (7, 3, 1) == (tried.rows, tried.new, tried.standing)
    assert dict(done.rejected) == {"address.invalid": 1, "address.missing": 1, "suppression.topic": 1}
    assert {(row.scope, row.topic) for row in rows(world, table)} == {
        ("address", ""), ("topic", "guides"), ("domain", ""),
    }  # fmt: skip
    told = list(csv.reader(StringIO(results.read_text("utf-8-sig"))))
    assert [row[0] for row in told] == ["row", "6", "7", "8"]
    assert told[1][3] == "'=cmd()|x"


def test_a_file_without_addresses_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "none.csv"
    file.write_text("name,city\nAnn,Ahlen\n")
    with pytest.raises(ImportFault) as told:
        suppression_import.read(file)
    assert told.value.reason.code == "suppression.no_column"


def test_the_export_is_no_formula(world: World) -> None:
    suppressions.add(world, "address", "+1@example.org", "=1+1", None, NOW)
    out = StringIO()
    assert suppressions.export(world, Asked(), out) == 1
    header, row = csv.reader(StringIO(out.getvalue()))
    assert row[header.index("value")] == "'+1@example.org"


@pytest.mark.parametrize(
    ("scope", "value"),
    [("address", line.address(0)), ("domain", "example.com"), ("marketing", line.address(0))],
)
def test_what_commits_between_claim_and_intent_wins(world: World, scope: str, value: str) -> None:
    _plan(world)
    taken = claim_and_gate(world, world.library.catalogue(NOW), NOW, 10)
    assert taken is not None
    assert len(taken.passed) == 2
    suppressions.add(world, scope, value, WHY, None, NOW, topic="guides" if scope == "topic" else "")
    ours = _intend(world, taken)
    assert len(ours) == (0 if scope in ("domain", "company") else 1)
    again = claim_and_gate(world, world.library.catalogue(NOW), NOW, 10)
    assert again is not None
    assert again.passed == []
    states = [row.state for row in rows(world, deliveries)]
    assert states.count("suppressed") == 2 - len(ours)


def test_a_claim_and_a_suppression_at_once(world: World) -> None:
    """However the two interleave, a mail whose suppression has committed is not begun afterwards."""
    _plan(world)
    start = Barrier(2)
    done: list[Any] = []

    def claim() -> None:
        start.wait()
        done.append(claim_and_gate(world, world.library.catalogue(NOW), NOW, 10))

    def stop() -> None:
        start.wait()
        suppressions.add(world, "domain", "example.com", WHY, None, NOW)

    both = [Thread(target=claim), Thread(target=stop)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert done[0] is None or _intend(world, done[0]) == set()


def _plan(world: World) -> None:
    from app.services.running import run_due

    line.enroll(world, [row.id for row in rows(world, contacts)])
    while run_due(world, NOW).taken:
        pass


def _intend(world: World, taken: Any) -> set[UUID]:
    values = {"new_intent_at": NOW, "new_claimed_until": NOW, "new_address": "", "new_sender": ""}
    values |= {"new_template_version_id": None, "new_variant_id": None, "new_provider": None}
    mine = [{"row_id": row.id, "row_token": row.claim_token, **values} for row in taken.passed]
    with world.database.write() as connection:
        return sending.intend(connection, mine)
