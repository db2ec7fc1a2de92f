"""Keys of a domain: made, sealed, activated one at a time, and taken up by whoever signs."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.mail.dkim_keys import new_key, public_text
from app.mail.journal import Journal
from app.mail.smtp import SmtpRoute
from app.mail.smtp_pool import SmtpPool
from app.services import dkim_keys as service
from app.services.dkim_keys import Key, KeyFault
from app.services.running import run_due
from app.services.secrets import CannotOpen
from app.services.senders.testing import try_out
from app.services.sending.worker import Sender
from app.services.world import World
from app.store.database import Database
from app.store.tables import audit_entries, deliveries, dkim_keys
from config import new_encryption_key
from tests.mail.support import built
from tests.support import line
from tests.support.dkim import verdicts
from tests.support.line import NOW
from tests.support.strict_server import strict_server


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return line.lay(database, tmp_path)


def records(*keys: Key) -> dict[str, str]:
    return {key.name: key.record for key in keys}


def put_in_force(world: World, domain: str = "halden.example.com", **options: str) -> tuple[Key, ...]:
    made = service.make(world, domain, NOW, **options)
    for key in made:
        service.activate(world, key, NOW)
    return made


def test_new_keys_do_not_sign_and_active_ones_do(world: World) -> None:
    mail = built()
    made = service.make(world, "Halden.Example.com.", NOW)
    assert [(key.selector, key.algorithm, key.state) for key in made] == [
        ("t202611", "rsa", "new"),
        ("t202611e", "ed25519", "new"),
    ]
    world.dkim.refresh()
    assert world.dkim.sign(mail, "halden.example.com", NOW) == mail
    for key in made:
        assert service.activate(world, key, NOW) == ()
    world.dkim.refresh()
    signed = world.dkim.sign(mail, "halden.example.com", NOW)
    assert verdicts(signed, records(*made), NOW) == [True, True]
    assert b"a=rsa-sha256" in signed.split(b"DKIM-Signature")[1], "the one that all understand stands first"


def test_another_process_takes_up_what_changed(world: World, tmp_path: Path) -> None:
    other = line.reopen(world.database, tmp_path)
    assert other.dkim.signers_for("halden.example.com") == ()
    (key,) = put_in_force(world, algorithms=("ed25519",))
    other.dkim.refresh()
    assert [one.selector for one in other.dkim.signers_for("halden.example.com")] == ["t202611"]
    assert service.retire(world, key, NOW)
    other.dkim.refresh()
    assert other.dkim.signers_for("halden.example.com") == ()
    assert not service.retire(world, service.find(world, key.domain, key.selector), NOW)


def test_a_domain_below_is_signed_by_the_one_above_and_no_other(world: World) -> None:
    put_in_force(world, "example.com", algorithms=("ed25519",))
    put_in_force(world, "news.example.com", algorithms=("ed25519",), selector="own")
    found = {
        name: [(one.domain, one.selector) for one in world.dkim.signers_for(name)]
        for name in ("example.com", "a.b.example.com", "x.news.example.com", "example.org", "anexample.com", "com", "")
    }  # fmt: skip
    top, own = [("example.com", "t202611")], [("news.example.com", "own")]
    assert found == {
        "example.com": top, "a.b.example.com": top, "x.news.example.com": own,
        "example.org": [], "anexample.com": [], "com": [], "": [],
    }  # fmt: skip


def test_a_key_follows_another_of_its_kind(world: World) -> None:
    first = put_in_force(world)
    later = NOW + timedelta(days=300)
    second = service.make(world, "halden.example.com", later)
    assert [key.selector for key in second] == ["t202709", "t202709e"]
    retired = service.activate(world, second[0], later)
    assert [key.selector for key in retired] == ["t202611"]
    states = {key.selector: key.state for key in service.listed(world)}
    assert states == {"t202611": "retired", "t202611e": "active", "t202709": "active", "t202709e": "new"}
    service.activate(world, first[0], later)  # and back again
    assert service.find(world, "halden.example.com", "t202611").retired_at is None


def test_selectors_of_a_month_do_not_meet(world: World) -> None:
    names = [[key.selector for key in service.make(world, "example.com", NOW)] for _ in range(3)]
    assert names == [["t202611", "t202611e"], ["t202611b", "t202611be"], ["t202611c", "t202611ce"]]


def test_a_key_made_elsewhere_signs(world: World) -> None:
    key = new_key("rsa")
    (made,) = service.make(world, "example.com", NOW, selector="Legacy", private_key=key)
    assert (made.selector, made.algorithm, made.public_key) == ("legacy", "rsa", public_text(key))


@pytest.mark.parametrize(
    ("domain", "selector", "code"),
    [
        ("example", "", "dkim.domain"),
        ("exa mple.com", "", "dkim.domain"),
        ("", "", "dkim.domain"),
        ("a@example.com", "", "dkim.domain"),
        ("example.com", "a b", "dkim.selector"),
        ("example.com", "a" * 64, "dkim.selector"),
    ],
)
def test_nonsense_is_refused_and_nothing_written(world: World, domain: str, selector: str, code: str) -> None:
    with pytest.raises(KeyFault) as fault:
        service.make(world, domain, NOW, selector=selector, algorithms=("ed25519",))
    assert fault.value.reason.code == code
    assert service.listed(world) == ()


def test_a_selector_is_given_once(world: World) -> None:
    service.make(world, "example.com", NOW, selector="mail", algorithms=("ed25519",))
    with pytest.raises(KeyFault, match=r"dkim\.selector_taken"):
        service.make(world, "example.com", NOW, selector="mail", algorithms=("ed25519",))
    with pytest.raises(KeyFault, match=r"dkim\.unknown"):
        service.find(world, "example.com", "other")


def test_private_keys_are_sealed_and_each_act_is_in_the_audit_trail(world: World) -> None:
    (key,) = put_in_force(world, algorithms=("ed25519",))
    service.retire(world, service.find(world, key.domain, key.selector), NOW)
    with world.database.read() as connection:
        stored = connection.execute(select(dkim_keys.c.private_key)).scalar_one()
        entries = connection.execute(
            select(audit_entries).where(audit_entries.c.subject_kind == "dkim_key")
        ).all()
    assert "PRIVATE" not in stored
    assert sorted(entry.action for entry in entries) == ["dkim.activated", "dkim.made", "dkim.retired"]
    assert {entry.detail["name"] for entry in entries} == {key.name}
    assert "private" not in str(key.told()).lower()


def test_a_key_that_cannot_be_opened_stops_and_signs_nothing(world: World, tmp_path: Path) -> None:
    put_in_force(world, algorithms=("ed25519",))
    stranger = line.reopen(world.database, tmp_path, encryption_keys=[new_encryption_key()])
    with pytest.raises(CannotOpen, match="TRELLIS_ENCRYPTION_KEYS"):
        stranger.dkim.refresh()
    with pytest.raises(CannotOpen):
        stranger.dkim.sign(built(), "halden.example.com", NOW)


def test_a_key_that_cannot_be_opened_stops_the_sending_and_no_mail(world: World, tmp_path: Path) -> None:
    put_in_force(world, algorithms=("ed25519",))
    line.enroll(world, line.people(world, 2))
    while run_due(world, NOW).taken:
        pass
    stranger = line.reopen(world.database, tmp_path, encryption_keys=[new_encryption_key()])
    pool, journal = SmtpPool(SmtpRoute("127.0.0.1", 1, "none"), 1), Journal(tmp_path / "journal", "main")
    with pytest.raises(CannotOpen):
        Sender(stranger, pool, journal, lambda: NOW, connections=1).send_due()
    pool.close()
    journal.close()
    with world.database.read() as connection:
        assert set(connection.execute(select(deliveries.c.state)).scalars()) == {"queued"}


def test_a_test_mail_leaves_signed_too(world: World) -> None:
    made = put_in_force(world, "halden.example")
    with strict_server() as server:
        route = SmtpRoute("127.0.0.1", server.port, "none", timeout=10)
        tested = try_out(world, world.settings.sender_address, route, NOW, "ada@example.com")
    assert tested.reason is None
    assert server.refused == []
    assert verdicts(server.taken[0].data, records(*made), NOW) == [True, True]
