"""`trellis users` as it is typed."""

import re
from datetime import UTC, datetime

from app.services import accounts
from tests.cli.conftest import Line


def test_a_user_from_the_first_day_to_the_last(command: Line) -> None:
    world = command.world
    added = command.run(
        "users", "add", "ada@x.it", "--name", "Ada Berg", "--role", "admin", "--title", "Founder"
    )
    password = re.search(r"Password    (\S+)   \(once", added.output)
    assert password is not None
    assert accounts.sign_in(world.database, world.workspace_id, "ada@x.it", password[1], datetime.now(UTC))
    assert command.told("users", "add", "bo@x.it", "--name", "Bo", "--role", "sales", "--may-send")[
        "password"
    ]
    assert command.run("users", "change", "bo@x.it", "--role", "marketer").output == (
        "role: marketer\nmay_publish: yes\nmay_send: no\n"
    )
    assert command.run("users", "change", "bo@x.it", "--name", "Bo").output == "It was so already.\n"
    listed = command.told("users", "list")
    assert [(each["email"], each["role"], each["state"]) for each in listed] == [
        ("ada@x.it", "admin", "new"),
        ("bo@x.it", "marketer", "new"),
    ]
    assert "may publish and send" in command.run("users", "list").output
    assert command.run("users", "disable", "bo@x.it").output == "bo@x.it cannot sign in any more.\n"
    assert command.run("users", "enable", "bo@x.it").output == "bo@x.it can sign in again.\n"
    assert command.told("users", "reset-password", "bo@x.it")["password"]


def test_refusals_name_the_remedy(command: Line) -> None:
    command.run("users", "add", "ada@x.it", "--name", "Ada", "--role", "admin")
    again = command.run("users", "add", "Ada@x.it", "--name", "Ada", "--role", "admin")
    assert again.exit_code == 1
    assert "`trellis users change`" in again.output
    last = command.told("users", "disable", "ada@x.it", code=1)
    assert last["code"] == "account.last_admin"
    assert "make another one first" in last["problem"]
    assert command.told("users", "change", "who@x.it", code=1)["code"] == "account.unknown"
    assert command.run("users", "add", "bo@x.it", "--name", "Bo", "--role", "king").exit_code == 2


def test_invited_by_shell_and_taken_back(command: Line) -> None:
    made = command.told("users", "invite", "Ada@x.it", "--name", "Ada", "--role", "sales", "--may-send")
    assert (made["email"], made["role"], made["may_send"], made["state"]) == (
        "ada@x.it",
        "sales",
        True,
        "due",
    )
    again = command.told("users", "invite", "ada@x.it", "--name", "Ada", "--role", "sales", code=1)
    assert again["code"] == "account.invited_already"
    assert "ada@x.it" in command.run("users", "invitations").output
    assert [one["name"] for one in command.told("users", "invitations")] == ["Ada"]
    assert "taken back" in command.run("users", "withdraw", "ada@x.it").output
    assert command.told("users", "withdraw", "ada@x.it", code=1)["code"] == "account.gone"
    assert command.told("users", "invitations") == []
