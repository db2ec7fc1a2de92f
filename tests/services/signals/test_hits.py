"""From the spool to events: as consented, judged once, and never twice."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import UNREADABLE, Spool
from app.services import signals
from app.services.signals.hits import drain, forget_old_hits
from app.services.signals.settling import SETTLE, judge_due
from app.store import ledger, tables
from app.store.database import Database
from tests.services.signals.conftest import Scene, later, lay_scene
from tests.support.databases import empty
from tests.support.line import NOW

SETTLED = NOW + SETTLE


def events(scene: Scene) -> list[tuple[str, str, str, str]]:
    return [
        (row.kind, row.subject, row.topics, row.verdict)
        for row in scene.rows(tables.events, tables.events.c.id)
    ]


def test_a_persons_click_becomes_an_event_with_its_topics(scene: Scene) -> None:
    mail = scene.delivery()
    scene.spool.add(scene.hit(mail, link=2, kind="click"))
    assert drain(scene.world, scene.spool, later(5)) == 1
    assert judge_due(scene.world, scene.links, later(5)) == 0
    assert judge_due(scene.world, scene.links, SETTLED) == 1
    assert judge_due(scene.world, scene.links, SETTLED) == 0
    assert events(scene) == [("clicked", "discovery/hello", ",pricing,", "human")]
    (hit,) = scene.rows(tables.hits)
    assert (hit.verdict, hit.contact_id, hit.delivery_id, hit.link) == ("human", scene.person, mail, 2)
    (event,) = scene.rows(tables.events)
    # A time-out waits for what came before it: the arrival counts, not the judgement.
    assert hit.received_at == event.received_at == NOW
    assert event.hit_id == hit.id


def test_a_file_drained_twice_is_one_hit_and_one_event(scene: Scene, tmp_path: Path) -> None:
    scene.spool.add(scene.hit(scene.delivery()))
    scene.spool.turn()
    (file,) = (tmp_path / "spool").glob("*.hits")
    text = file.read_bytes()
    assert drain(scene.world, scene.spool, NOW) == 1
    file.write_bytes(text)  # killed after the commit, before the file was removed
    assert drain(scene.world, scene.spool, NOW) == 0
    judge_due(scene.world, scene.links, SETTLED)
    assert len(scene.rows(tables.hits)) == len(scene.rows(tables.events)) == 1
    assert not list((tmp_path / "spool").glob("*.hits"))


def test_two_real_hits_are_two(scene: Scene) -> None:
    mail = scene.delivery()
    scene.spool.add(scene.hit(mail))
    scene.spool.add(scene.hit(mail))
    assert drain(scene.world, scene.spool, NOW) == 2


def test_a_bad_line_stops_nothing_and_is_kept(scene: Scene, tmp_path: Path) -> None:
    mail = scene.delivery()
    scene.spool.add(scene.hit(mail))
    scene.spool.turn()
    (file,) = (tmp_path / "spool").glob("*.hits")
    file.write_text('{"id": 5}\nnonsense\n' + file.read_text() + '{"half": ')
    assert drain(scene.world, scene.spool, NOW) == 1
    assert len((tmp_path / "spool" / UNREADABLE).read_text().splitlines()) == 3


def test_a_hit_the_store_refuses_is_put_aside_and_the_others_are_in(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = scene.delivery()
    good, bad = scene.hit(mail), scene.hit(mail, address="refuse me")
    insert_new = ledger.insert_new

    def choosy(connection, table, rows):  # type: ignore[no-untyped-def]
        if any(row.get("address") == "refuse me" for row in rows):
            raise ValueError("no")
        return insert_new(connection, table, rows)

    monkeypatch.setattr(ledger, "insert_new", choosy)
    scene.spool.add(bad)
    scene.spool.add(good)
    assert drain(scene.world, scene.spool, NOW) == 1
    assert bad.id in (tmp_path / "spool" / UNREADABLE).read_text()


def test_a_database_that_is_away_keeps_the_file(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.spool.add(scene.hit(scene.delivery()))

    def away(*_: object) -> int:
        raise OperationalError("insert", {}, Exception("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "insert_new", away)
        with pytest.raises(OperationalError):
            drain(scene.world, scene.spool, NOW)
    assert list((tmp_path / "spool").glob("*.hits"))
    assert drain(scene.world, scene.spool, NOW) == 1


def test_without_consent_nothing_is_kept(scene: Scene) -> None:
    scene.set_person(tracking="none")
    scene.spool.add(scene.hit(scene.delivery()))
    assert drain(scene.world, scene.spool, NOW) == 0
    assert scene.rows(tables.hits) == []


def test_a_bare_count_knows_no_name_and_is_judged_at_once(scene: Scene) -> None:
    scene.set_person(tracking="aggregate")
    mail = scene.delivery()
    scene.spool.add(scene.hit(mail))
    scene.spool.add(scene.hit(mail, user_agent="curl/8", link=2, at=later(60)))
    assert drain(scene.world, scene.spool, later(90)) == 2
    rows = scene.rows(tables.hits, tables.hits.c.at)
    for row in rows:
        assert (row.contact_id, row.delivery_id, row.address, row.user_agent, row.headers) == (
            None,
            None,
            None,
            "",
            {},
        )
    assert [(row.link, row.verdict, row.tracking) for row in rows] == [
        (1, "human", "aggregate"),
        (2, "machine", "aggregate"),
    ]
    assert judge_due(scene.world, scene.links, later(900)) == 0
    assert scene.rows(tables.events) == []


def test_consent_counts_as_it_was_when_the_hit_arrived(scene: Scene) -> None:
    scene.set_person(tracking="none")
    mail = scene.delivery()
    scene.spool.add(scene.hit(mail))
    signals.choose_tracking(scene.world, scene.token(mail), "individual", now=later(5))
    scene.spool.add(scene.hit(mail, at=later(10)))
    assert drain(scene.world, scene.spool, later(15)) == 1
    assert [row.at for row in scene.rows(tables.hits)] == [later(10)]


def test_withdrawal_covers_mail_already_sent(scene: Scene) -> None:
    mail = scene.delivery()
    signals.choose_tracking(scene.world, scene.token(mail), "none", now=NOW)
    scene.spool.add(scene.hit(mail, at=later(10)))
    assert drain(scene.world, scene.spool, later(15)) == 0


def test_of_the_erased_and_the_unknown_nothing_is_kept(scene: Scene) -> None:
    mail = scene.delivery()
    scene.spool.add(scene.hit(mail, contact=str(UUID(int=9))))
    scene.spool.add(scene.hit(mail, contact=None))
    scene.set_person(erased_at=NOW)
    scene.spool.add(scene.hit(mail))
    assert drain(scene.world, scene.spool, NOW) == 0


def test_a_merged_contacts_hit_is_the_survivors(scene: Scene) -> None:
    from tests.support.line import people

    (survivor,) = people(scene.world, 1, first=5)
    mail = scene.delivery()
    scene.set_person(merged_into=survivor)
    scene.spool.add(scene.hit(mail))
    drain(scene.world, scene.spool, NOW)
    judge_due(scene.world, scene.links, SETTLED)
    assert [row.contact_id for row in scene.rows(tables.events)] == [survivor]


def test_machines_are_told_by_what_stands_around(scene: Scene) -> None:
    mail = scene.delivery(accepted_at=NOW - timedelta(seconds=90), intent_at=NOW - timedelta(seconds=91))
    for number in (1, 2, -1, -2):
        scene.spool.add(
            scene.hit(mail, link=number, kind="click" if number > 0 else "page", at=later(number / 10))
        )
    drain(scene.world, scene.spool, later(5))
    judge_due(scene.world, scene.links, later(5) + SETTLE)
    assert {row.verdict for row in scene.rows(tables.hits)} == {"machine"}
    # Our own pages are evidence only.
    assert [(kind, verdict) for kind, _, _, verdict in events(scene)] == [("clicked", "machine")] * 2


def test_a_link_map_that_is_not_on_this_disk_comes_out_of_the_database(scene: Scene, tmp_path: Path) -> None:
    scene.spool.add(scene.hit(scene.delivery(), link=2))
    drain(scene.world, scene.spool, NOW)
    fresh = LinkMaps(tmp_path / "elsewhere")
    judge_due(scene.world, fresh, SETTLED)
    assert events(scene)[0][2] == ",pricing,"
    assert LinkMaps(tmp_path / "elsewhere").get(scene.variant) is not None


def test_without_any_link_map_the_mail_tells_what_was_clicked(scene: Scene) -> None:
    scene.spool.add(scene.hit(scene.delivery(), variant=str(UUID(int=8))))
    drain(scene.world, scene.spool, NOW)
    judge_due(scene.world, scene.links, SETTLED)
    assert events(scene) == [("clicked", "discovery/hello", "", "human")]


def test_every_hit_is_judged_in_batches(scene: Scene) -> None:
    mail = scene.delivery()
    for second in range(5):
        scene.spool.add(scene.hit(mail, at=later(second * 60)))
    drain(scene.world, scene.spool, later(300))
    assert [judge_due(scene.world, scene.links, later(900), 2) for _ in range(4)] == [2, 2, 1, 0]


def test_a_spool_of_another_process_is_drained_too(scene: Scene, tmp_path: Path) -> None:
    other = Spool(tmp_path / "spool")
    other.add(scene.hit(scene.delivery()))
    assert drain(scene.world, scene.spool, NOW) == 1


def test_who_only_looked_did_not_click(scene: Scene) -> None:
    mail = scene.delivery()
    scene.spool.add(scene.hit(mail, method="HEAD", user_agent="Microsoft Office Existence Discovery"))
    scene.spool.add(scene.hit(mail, at=later(1)))
    drain(scene.world, scene.spool, later(5))
    judge_due(scene.world, scene.links, later(5) + SETTLE)
    assert {row.verdict for row in scene.rows(tables.hits)} == {"human"}
    assert [(row.kind, row.occurred_at) for row in scene.rows(tables.events)] == [("clicked", later(1))]


def test_a_bare_count_is_judged_by_when_its_mail_was_taken(scene: Scene) -> None:
    scene.set_person(tracking="aggregate")
    mail = scene.delivery(intent_at=NOW, accepted_at=NOW)
    scene.spool.add(scene.hit(mail, at=later(1), headers={}))
    scene.spool.add(scene.hit(mail, at=later(900), link=2))
    assert drain(scene.world, scene.spool, later(900)) == 2
    verdicts = [row.verdict for row in scene.rows(tables.hits, tables.hits.c.at)]
    assert verdicts == ["machine", "human"]


def test_the_default_holds_for_who_has_not_said(database: Database, tmp_path: Path) -> None:
    for number, mode in enumerate(("none", "aggregate", "individual")):
        empty(database)
        scene = lay_scene(database, tmp_path / mode, tracking=mode)
        scene.spool.add(scene.hit(scene.delivery()))
        assert drain(scene.world, scene.spool, NOW) == bool(number)
        assert [row.tracking for row in scene.rows(tables.hits)] == [mode][: bool(number)]
        assert [row.contact_id for row in scene.rows(tables.hits)] == [None, scene.person][
            number - 1 : number
        ]


def test_withdrawal_between_hit_and_verdict_keeps_what_was_allowed_when_it_came(scene: Scene) -> None:
    """And what is still in the spool then is kept by the stricter of both."""
    mail = scene.delivery()
    scene.spool.add(scene.hit(mail))
    drain(scene.world, scene.spool, later(1))
    scene.spool.add(scene.hit(mail, at=later(2)))
    signals.choose_tracking(scene.world, scene.token(mail), "aggregate", now=later(3))
    drain(scene.world, scene.spool, later(4))
    assert [row.contact_id for row in scene.rows(tables.hits, tables.hits.c.at)] == [scene.person, None]


def test_old_hits_are_forgotten_and_what_they_became_stays(scene: Scene, tmp_path: Path) -> None:
    mail = scene.delivery()
    days = scene.world.settings.hits_days
    scene.spool.add(scene.hit(mail))
    scene.spool.add(scene.hit(mail, at=NOW + timedelta(days=2)))
    drain(scene.world, scene.spool, NOW + timedelta(days=2))
    judge_due(scene.world, scene.links, NOW + timedelta(days=3))
    scene.spool.keep_unreadable("half a li")
    lines = tmp_path / "spool" / UNREADABLE
    os.utime(lines, (NOW.timestamp(), NOW.timestamp()))
    after = NOW + timedelta(days=days + 1)
    assert forget_old_hits(scene.world, scene.spool, after - timedelta(days=2)) == 0
    assert lines.exists()
    assert forget_old_hits(scene.world, scene.spool, after) == 1
    assert forget_old_hits(scene.world, scene.spool, after) == 0
    assert [row.at for row in scene.rows(tables.hits)] == [NOW + timedelta(days=2)]
    assert len(scene.rows(tables.events)) == 2
    assert not lines.exists()


def test_one_address_of_many_people_is_told_apart_in_the_store(scene: Scene) -> None:
    """A scanner that goes through a company's mails; each hit alone would be a person's."""
    for number in range(14):
        scene.spool.add(scene.hit(scene.delivery(), at=later(number)))
    drain(scene.world, scene.spool, later(20))
    judge_due(scene.world, scene.links, later(20) + SETTLE)
    assert {row.verdict for row in scene.rows(tables.hits)} == {"machine"}
    assert "one_address_many_recipients" in scene.rows(tables.hits)[0].reasons


def test_the_gateway_before_a_mailbox_is_known_by_its_mail_server(scene: Scene) -> None:
    row = {"workspace_id": scene.world.workspace_id, "domain": "example.com", "takes_mail": "yes", "mx": "mx1.pphosted.com", "due_at": NOW, "failures": 0}  # fmt: skip
    with scene.world.database.write() as connection:
        connection.execute(tables.domain_checks.insert(), [row])
    scene.spool.add(scene.hit(scene.delivery()))
    drain(scene.world, scene.spool, later(5))
    judge_due(scene.world, scene.links, SETTLED)
    (hit,) = scene.rows(tables.hits)
    assert "gateway_mailbox" in hit.reasons
    assert hit.verdict == "human"
