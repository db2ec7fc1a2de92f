"""Tokens: what is kept of them, how long they open, and what the audit log says."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from app.services.api import tokens
from app.services.api.tokens import PREFIX, TokenFault, caller, listed, make, revoke
from app.store.database import Database
from app.store.tables import api_tokens, audit_entries, workspaces
from tests.support.seed import NOW, Seeded, seed


@pytest.fixture
def seeded(database: Database) -> Seeded:
    return seed(database, 0)


def test_a_token_is_kept_as_a_hash(database: Database, seeded: Seeded) -> None:
    token, text = make(database, seeded.workspace_id, " Our  CRM ", ["tasks:read"], 30, seeded.admin_id, NOW)
    assert token.name == "Our CRM"
    assert text.startswith(PREFIX)
    with database.read() as connection:
        row = connection.execute(select(api_tokens)).one()
        entry = connection.execute(select(audit_entries)).one()
    assert text not in str(row)
    assert text not in str(entry)
    assert (entry.action, entry.user_id, entry.subject) == ("token.made", seeded.admin_id, str(token.id))


def test_it_opens_until_its_day_or_until_it_is_revoked(database: Database, seeded: Seeded) -> None:
    token, text = make(database, seeded.workspace_id, "a", ["tasks:read"], 1, None, NOW)
    day = timedelta(days=1)
    who = caller(database, seeded.workspace_id, text, NOW + day - timedelta(seconds=1))
    assert who is not None
    assert who.actor == f"api:{token.id}"
    assert caller(database, seeded.workspace_id, text, NOW + day) is None
    assert [one.state for one in listed(database, seeded.workspace_id, NOW + day)] == ["expired"]
    assert revoke(database, seeded.workspace_id, token.id, None, NOW)
    assert not revoke(database, seeded.workspace_id, token.id, None, NOW)
    assert caller(database, seeded.workspace_id, text, NOW) is None


def test_the_day_of_its_last_use_is_written_once_a_day(database: Database, seeded: Seeded) -> None:
    _, text = make(database, seeded.workspace_id, "a", ["tasks:read"], None, None, NOW)
    for hours in (0, 1, 30):
        caller(database, seeded.workspace_id, text, NOW + timedelta(hours=hours))
        [one] = listed(database, seeded.workspace_id, NOW)
        assert one.last_used_at == (NOW + timedelta(hours=30) if hours == 30 else NOW)


def test_another_workspace_knows_it_not(database: Database, seeded: Seeded) -> None:
    other = tokens.new_id(NOW)
    with database.write() as connection:
        row = {"id": other, "key": "other", "name": "Other", "is_demo": False, "created_at": NOW}
        connection.execute(insert(workspaces), [row])
    token, text = make(database, seeded.workspace_id, "a", ["tasks:read"], None, None, NOW)
    assert caller(database, other, text, NOW) is None
    assert not revoke(database, other, token.id, None, NOW)
    assert listed(database, other, NOW) == ()


@pytest.mark.parametrize("text", ["", "x", PREFIX, PREFIX + "x" * 5000, PREFIX + "\udcff", "\0"])
def test_what_is_no_token_opens_nothing(database: Database, seeded: Seeded, text: str) -> None:
    assert caller(database, seeded.workspace_id, text, NOW) is None


@pytest.mark.parametrize(
    ("name", "scopes", "days", "code"),
    [
        ("", ["tasks:read"], None, "token.name"),
        ("x" * 81, ["tasks:read"], None, "token.name"),
        ("a\0b", ["tasks:read"], None, "token.name"),
        ("a", [], None, "token.no_scope"),
        ("a", ["tasks:read", "*"], None, "token.scope"),
        ("a", ["tasks:read"], 0, "token.days"),
        ("a", ["tasks:read"], 10**9, "token.days"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    database: Database, seeded: Seeded, name: str, scopes: list[str], days: int | None, code: str
) -> None:
    with pytest.raises(TokenFault) as fault:
        make(database, seeded.workspace_id, name, scopes, days, None, NOW)
    assert fault.value.reason.code == code
    assert listed(database, seeded.workspace_id, NOW) == ()
