"""`trellis tokens` as it is typed."""

from tests.cli.conftest import Line


def test_a_token_from_the_first_day_to_the_last(command: Line) -> None:
    assert command.run("tokens", "list").output == "No program has a token.\n"
    made = command.told(
        "tokens", "make", "CRM", "--scope", "contacts:read", "--scope", "tasks:read", "--days", 30
    )
    assert made["token"].startswith("trellis_")
    [listed] = command.told("tokens", "list")
    assert (listed["scopes"], listed["state"]) == (["contacts:read", "tasks:read"], "valid")
    assert "token" not in listed
    assert "CRM: contacts:read, tasks:read" in command.run("tokens", "list").output
    assert command.run("tokens", "revoke", listed["id"]).output == "Revoked; its next call is refused.\n"
    assert command.told("tokens", "revoke", listed["id"], code=1)["code"] == "token.unknown"
    assert "It opens: tasks:read." in command.run("tokens", "make", "B", "--scope", "tasks:read").output


def test_refusals_name_the_remedy(command: Line) -> None:
    refused = command.run("tokens", "make", "CRM", "--scope", "everything")
    assert refused.exit_code == 1
    assert "known: contacts:read, contacts:write" in refused.output
