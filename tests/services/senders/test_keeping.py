"""Senders are entered, changed and taken out; what is wrong is named, and no secret comes back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.services.secrets import Vault
from app.services.senders import keeping, showing
from app.services.senders.book import HOUSE, house_route, routes_of, senders_of
from app.services.senders.checking import SenderFault, Wish
from app.services.sentences import is_known
from app.services.world import World
from app.store import senders as rows
from app.store.tables import audit_entries
from app.store.tables import senders as table
from tests.services.senders.conftest import SHOP
from tests.support import line
from tests.support.certificates import self_signed
from tests.support.line import NOW

SECRET = "correct horse battery"


def stored(world: World, address: str = SHOP) -> Any:
    with world.database.read() as connection:
        return rows.by_address(connection, world.workspace_id, address)


def test_a_preset_fills_what_is_not_said(world: World, add: Callable[..., str]) -> None:
    add(preset="sendgrid", host=None, password=SECRET)
    row = stored(world)
    assert (row.host, row.port, row.security, row.username) == (
        "smtp.sendgrid.net",
        587,
        "starttls",
        "apikey",
    )
    assert (row.connections, row.max_mails, row.daily_quota) == (4, 100, None)


def test_one_token_may_be_name_and_password(world: World, add: Callable[..., str]) -> None:
    add(preset="postmark", host=None, password=SECRET)
    assert stored(world).username == SECRET


def test_the_password_is_sealed_and_shown_to_nobody(world: World, add: Callable[..., str]) -> None:
    add(username="me", password=SECRET)
    row = stored(world)
    assert SECRET not in str(row)
    assert Vault(world.settings).open(row.password) == SECRET
    changed = keeping.change(world, SHOP, Wish(password="another horse"), NOW, None)
    assert changed == {"password": "changed"}
    with world.database.read() as connection:
        listed = rows.listing(connection, world.workspace_id)
        audit = list(connection.execute(audit_entries.select()))
        shown = showing.listing(connection, world.workspace_id, world.settings, NOW)
    told = f"{listed} {audit} {shown} {[keeping.without_secret(one) for one in (*listed, stored(world))]}"
    assert SECRET not in told
    assert "another horse" not in told
    assert stored(world).password not in told
    actions = [entry.action for entry in audit if entry.action.startswith("sender.")]
    assert actions == ["sender.added", "sender.changed"]
    assert keeping.without_secret(stored(world))["has_password"] is True


def test_a_password_does_not_follow_the_relay_to_another_host(world: World, add: Callable[..., str]) -> None:
    """Whoever may change the host could else have the password sent to a host of theirs."""
    add(username="me", password=SECRET)
    with pytest.raises(SenderFault) as fault:
        keeping.change(world, SHOP, Wish(host="elsewhere.example"), NOW, None)
    assert fault.value.reason.code == "senders.password_again"
    assert stored(world).host == "mail.example"
    assert "host" in keeping.change(world, SHOP, Wish(host="elsewhere.example", password="new"), NOW, None)


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"address": "nonsense"}, "address.invalid", "address"),
        ({"serves": "nobody"}, "senders.choice", "serves"),
        ({"match": "weather"}, "senders.purpose", "match"),
        ({"serves": "domain", "match": "no domain"}, "senders.host", "match"),
        ({"serves": "owner", "match": "nonsense"}, "address.invalid", "match"),
        ({"match": ""}, "senders.no_match", "match"),
        ({"preset": "pigeon"}, "senders.choice", "preset"),
        ({"preset": "ses", "host": None}, "senders.region", "host"),
        ({"host": "a b"}, "senders.host", "host"),
        ({"host": "mail.example\r\nQUIT"}, "senders.text", "host"),
        ({"port": 0}, "senders.number", "port"),
        ({"security": "ssl"}, "senders.choice", "security"),
        ({"security": "none", "username": "me"}, "senders.clear", "security"),
        ({"security": "opportunistic", "username": "me"}, "senders.clear", "security"),
        ({"host": "", "username": "me"}, "senders.no_host_for_user", "host"),
        ({"password": "secret"}, "senders.no_username", "username"),
        ({"username": "me", "password": "a\r\nb"}, "senders.text", "password"),
        ({"ca": "nonsense"}, "senders.ca", "ca"),
        ({"name": "x" * 201}, "senders.text", "name"),
        ({"name": "a\nb"}, "senders.text", "name"),
        ({"connections": 0}, "senders.number", "connections"),
        ({"daily_quota": -1}, "senders.number", "daily_quota"),
        ({"bounce_domain": "other.example"}, "senders.domain_apart", "bounce_domain"),
        ({"reply_domain": "evilhalden.example"}, "senders.domain_apart", "reply_domain"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(
    given: dict[str, Any], code: str, field: str, add: Callable[..., str], world: World
) -> None:
    with pytest.raises(SenderFault) as fault:
        add(**given)
    assert (fault.value.reason.code, fault.value.field) == (code, field)
    assert is_known(code)
    with world.database.read() as connection:
        assert rows.listing(connection, world.workspace_id) == []


def test_what_is_unusual_is_read(world: World, add: Callable[..., str], tmp_path: Path) -> None:
    _, file = self_signed(tmp_path)
    add(
        host="bücher.example.", serves="domain", match="@Bücher.example", ca=file.read_text(), bounce_domain="b.halden.example",
        daily_quota=0,
    )  # fmt: skip
    row = stored(world)
    assert (row.host, row.match, row.bounce_domain) == (
        "xn--bcher-kva.example",
        "xn--bcher-kva.example",
        "b.halden.example",
    )
    assert row.daily_quota is None
    add("clear@halden.example", host="127.0.0.1", security="none", username="me", match="service")


def test_one_sender_for_each_address_and_each_purpose(world: World, add: Callable[..., str]) -> None:
    add()
    for given, code in (
        ({"address": "NEWS@halden.example"}, "senders.taken"),
        ({"address": "b@halden.example"}, "senders.served"),
    ):
        with pytest.raises(SenderFault) as fault:
            add(**given)
        assert fault.value.reason.code == code
    add("b@halden.example", match="service")
    with pytest.raises(SenderFault):
        keeping.change(world, "b@halden.example", Wish(match="marketing"), NOW, None)


def test_nothing_changes_what_is_so_already_and_nobody_changes_the_unknown(
    world: World, add: Callable[..., str]
) -> None:
    add()
    assert keeping.change(world, SHOP, Wish(host="mail.example"), NOW, None) == {}
    keeping.remove(world, SHOP, NOW, None)
    for act in (
        lambda: keeping.remove(world, SHOP, NOW, None),
        lambda: keeping.change(world, SHOP, Wish(), NOW, None),
    ):
        with pytest.raises(SenderFault) as fault:
            act()
        assert fault.value.reason.code == "senders.unknown"


def test_the_book_opens_every_relay_in_use_once(world: World, add: Callable[..., str]) -> None:
    add(username="me", password=SECRET, connections=2)
    add("guides@halden.example", match="discovery", username="me", password=SECRET)
    add("plain@halden.example", match="service", host="")
    add("off@halden.example", match="internal", host="off.example")
    keeping.change(world, "off@halden.example", Wish(enabled=False), NOW, None)
    house = house_route(world.settings), 4
    with world.database.read() as connection:
        routes = routes_of(connection, world.workspace_id, world.settings, house)
        found = senders_of(connection, world)
    assert set(routes) == {HOUSE, "me@mail.example:587"}
    assert routes["me@mail.example:587"][0].password == SECRET
    assert found.choose(None, None, "marketing", "discovery").relay == "me@mail.example:587"
    assert found.choose(None, None, "service", "").relay == HOUSE
    assert found.choose(None, None, "internal", "").sender == world.settings.sender_address


def test_nothing_leaves_by_a_senders_relay_while_the_catcher_takes_all(database: Any, tmp_path: Path) -> None:
    world = line.lay(database, tmp_path)
    wish = Wish(address=SHOP, serves="purpose", match="marketing", host="mail.example")
    keeping.add(world, wish, NOW, None)
    house = house_route(world.settings, 2525), 4
    with world.database.read() as connection:
        routes = routes_of(connection, world.workspace_id, world.settings, house)
    assert set(routes.values()) == {house}


def test_the_column_takes_no_open_password(world: World, add: Callable[..., str]) -> None:
    add()
    with pytest.raises(Exception, match="stands open"), world.database.write() as connection:
        connection.execute(table.update().values(password=SECRET))
