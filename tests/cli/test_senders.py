"""`trellis senders` as it is typed."""

from tests.cli.conftest import Line
from tests.support.smtp_server import Drop, ScriptedServer

HOUSE = "hello@halden.example"
SHOP = "news@halden.example"
SECRET = "correct horse battery"
ADD = ("senders", "add", SHOP, "--serves", "purpose", "--match", "marketing", "--host", "mail.example")


def test_a_sender_is_added_listed_changed_and_removed(command: Line) -> None:
    given = (*ADD, "--username", "me", "--password-stdin")
    assert command.told(*given, stdin=f"{SECRET}\n".encode()) == {"added": SHOP}
    house, shop = command.told("senders", "list")
    assert (house["address"], house["state"]) == (HOUSE, "ok")
    assert (shop["address"], shop["relay"], shop["has_password"]) == (SHOP, "mail.example:587", True)
    assert "password" not in shop
    assert (
        SECRET not in command.run("senders", "list", "--json").output + command.run("senders", "list").output
    )
    assert command.told("senders", "set", SHOP, "--daily-quota", "500") == {"daily_quota": 500}
    assert (
        command.told("senders", "set", SHOP, "--host", "else.example", code=1)["code"]
        == "senders.password_again"
    )
    assert command.run("senders", "set", SHOP, "--disabled").output == "enabled: False\n"
    assert command.told("senders", "list")[1]["state"] == "off"
    assert command.told("senders", "remove", SHOP) == {"removed": SHOP}
    assert command.told("senders", "remove", SHOP, code=1)["code"] == "senders.unknown"


def test_what_is_wrong_is_said(command: Line) -> None:
    assert command.told(*ADD, "--security", "none", "--username", "me", code=1)["code"] == "senders.clear"
    assert command.run(*ADD, "--preset", "pigeon").exit_code == 2
    assert command.run("senders", "add", SHOP).exit_code == 2


def test_a_sender_is_held_and_let_go(command: Line) -> None:
    assert command.told("senders", "pause", HOUSE, "--why", "wrong price") == {"paused": True}
    assert command.run("senders", "pause", HOUSE, "--why", "again").output == "It was so already.\n"
    [house] = command.told("senders", "list", code=1)
    assert (house["state"], house["code"]) == ("held", "sender.held")
    assert "wrong price" in house["reason"]
    assert command.told("senders", "resume", HOUSE, "--why", "corrected") == {"resumed": True, "due": 0}
    assert command.run("senders", "resume", HOUSE, "--why", "again").output == "Nothing held it.\n"
    assert (
        command.told("senders", "pause", "who@x.example", "--why", "x", code=1)["code"] == "senders.unknown"
    )


def test_a_relay_is_tried_and_its_fault_told_with_a_remedy(command: Line) -> None:
    with ScriptedServer(
        {"connect": ["220 here I am", Drop(b"554 5.7.1 go away\r\n")]}, extensions=("PIPELINING",)
    ) as server:
        command.world.settings.catcher_port = server.port
        tested = command.told("senders", "test", HOUSE, "--to", "jane@customer.example")
        assert (tested["ok"], tested["offers"], tested["sent_to"]) == (
            True,
            ["PIPELINING"],
            "jane@customer.example",
        )
        assert server.received[0].recipient == "jane@customer.example"
        tested = command.told("senders", "test", HOUSE, code=1)
        assert (tested["ok"], tested["code"]) == (False, "sender.turned_away")
        assert "let this machine in" in tested["problem"]
    assert "nobody listens" in command.run("senders", "test", HOUSE).output.lower()
    assert command.told("senders", "test", "who@x.example", code=1)["code"] == "senders.unknown"
