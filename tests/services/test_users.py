"""Users: taken in, changed, shut out; somebody can always mend what is wrong, and the audit trail tells no names."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.services import accounts, users
from app.services.sentences import is_known
from app.services.users import UserFault, Wish
from app.store import tables
from app.store.database import Database
from tests.support.seed import NOW, PASSWORD, Seeded, seed

MARTA, JONAS, VERA = "marta@halden.example", "jonas@halden.example", "vera@halden.example"
ADA = "ada@halden.example"


@pytest.fixture
def base(database: Database) -> Seeded:
    return seed(database, contacts=4)


def account(database: Database, email: str) -> Any:
    with database.read() as connection:
        return connection.execute(select(tables.users).where(tables.users.c.email == email)).one()


def audit(database: Database) -> list[Any]:
    """What was done to accounts; who signed in stands there too."""
    query = select(tables.audit_entries).order_by(tables.audit_entries.c.id)
    query = query.where(tables.audit_entries.c.action.not_like("account.sign%"))
    with database.read() as connection:
        return list(connection.execute(query))


def test_who_is_taken_in_signs_in_once_and_must_choose_a_password(database: Database, base: Seeded) -> None:
    wish = Wish(name=" Ada Berg ", role="marketer", title="Community", signature="Ada\r\n+45 1234")
    password = users.add(database, base.workspace_id, "Ada@Halden.example", wish, NOW, base.admin_id)
    row = account(database, ADA)
    assert (row.name, row.role, row.title, row.signature) == (
        "Ada Berg",
        "marketer",
        "Community",
        "Ada\n+45 1234",
    )
    assert row.must_change_password
    assert password not in row.password_hash
    token = accounts.sign_in(database, base.workspace_id, ADA, password, NOW)
    assert token is not None
    who = accounts.who(database, token, NOW)
    assert who is not None
    assert (who.role, who.must_change_password) == ("marketer", True)
    [entry] = audit(database)
    assert (entry.action, entry.user_id, entry.subject) == ("account.added", base.admin_id, str(row.id))
    assert entry.detail["role"] == "marketer"
    assert "ada" not in str(entry.detail).lower()


@pytest.mark.parametrize(
    ("role", "publish", "send"),
    [("admin", True, True), ("marketer", True, False), ("sales", False, False), ("viewer", False, False)],
)
def test_a_role_brings_its_rights(
    database: Database, base: Seeded, role: str, publish: bool, send: bool
) -> None:
    users.add(database, base.workspace_id, ADA, Wish(name="Ada", role=role), NOW)
    row = account(database, ADA)
    assert (row.may_publish, row.may_send) == (publish, send)
    assert set(users.RIGHTS) == set(accounts.ROLES)


def test_a_right_that_is_said_counts(database: Database, base: Seeded) -> None:
    users.add(
        database,
        base.workspace_id,
        ADA,
        Wish(name="Ada", role="marketer", may_publish=False, may_send=True),
        NOW,
    )
    row = account(database, ADA)
    assert (row.may_publish, row.may_send) == (False, True)
    assert users.change(database, base.workspace_id, ADA, Wish(name="Ada B"), NOW) == {"name": "Ada B"}
    assert account(database, ADA).may_send, "a change of name leaves the rights"
    changed = users.change(database, base.workspace_id, ADA, Wish(role="sales"), NOW)
    assert changed == {"role": "sales", "may_send": False}
    assert users.change(database, base.workspace_id, ADA, Wish(role="sales"), NOW) == {}
    assert [entry.action for entry in audit(database)] == [
        "account.added",
        "account.changed",
        "account.changed",
    ]


REFUSED: dict[str, tuple[str, str, Wish]] = {
    "address": ("address.invalid", "ada@", Wish(name="Ada", role="sales")),
    "two addresses": ("address.several", "a@x.it, b@x.it", Wish(name="Ada", role="sales")),
    "taken": ("account.taken", "MARTA@halden.example", Wish(name="Ada", role="sales")),
    "role": ("account.role", ADA, Wish(name="Ada", role="king")),
    "no name": ("account.no_name", ADA, Wish(name=" ", role="sales")),
    "header": ("account.text", ADA, Wish(name="Ada\nBcc: all@x.it", role="sales")),
    "title": ("account.text", ADA, Wish(name="Ada", title="a\rb", role="sales")),
    "signature": ("account.text", ADA, Wish(name="Ada", signature="a\x00", role="sales")),
    "long": ("account.text", ADA, Wish(name="A" * 121, role="sales")),
    "viewer": ("account.viewer_rights", ADA, Wish(name="Ada", role="viewer", may_send=True)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_says_why_and_writes_nothing(database: Database, base: Seeded, case: str) -> None:
    code, email, wish = REFUSED[case]
    with pytest.raises(UserFault) as caught:
        users.add(database, base.workspace_id, email, wish, NOW)
    assert caught.value.reason.code == code
    assert is_known(code)
    assert len(users.listing(database, base.workspace_id)) == 3
    assert audit(database) == []


def test_a_viewer_is_given_no_right_later_either(database: Database, base: Seeded) -> None:
    with pytest.raises(UserFault) as caught:
        users.change(database, base.workspace_id, VERA, Wish(may_send=True), NOW)
    assert caught.value.reason.code == "account.viewer_rights"


def test_who_is_shut_out_is_out_at_once_and_can_come_back(database: Database, base: Seeded) -> None:
    token = accounts.sign_in(database, base.workspace_id, JONAS, PASSWORD, NOW)
    assert token is not None
    assert users.disable(database, base.workspace_id, JONAS, NOW)
    assert not users.disable(database, base.workspace_id, JONAS, NOW)
    assert accounts.who(database, token, NOW) is None
    assert accounts.sign_in(database, base.workspace_id, JONAS, PASSWORD, NOW) is None
    with pytest.raises(UserFault) as caught:
        users.reset_password(database, base.workspace_id, JONAS, NOW)
    assert caught.value.reason.code == "account.disabled"
    assert users.enable(database, base.workspace_id, JONAS, NOW)
    assert not users.enable(database, base.workspace_id, JONAS, NOW)
    assert accounts.who(database, token, NOW) is None, "an old sign-in does not come back to life"
    assert accounts.sign_in(database, base.workspace_id, JONAS, PASSWORD, NOW) is not None
    assert [entry.action for entry in audit(database)] == ["account.disabled", "account.enabled"]


def test_the_last_admin_stays(database: Database, base: Seeded) -> None:
    def refused(act: Any) -> str:
        with pytest.raises(UserFault) as caught:
            act()
        return caught.value.reason.code

    demote = Wish(role="sales")
    assert refused(lambda: users.disable(database, base.workspace_id, MARTA, NOW)) == "account.last_admin"
    assert (
        refused(lambda: users.change(database, base.workspace_id, MARTA, demote, NOW)) == "account.last_admin"
    )
    users.add(database, base.workspace_id, ADA, Wish(name="Ada", role="admin"), NOW)
    users.disable(database, base.workspace_id, ADA, NOW)
    assert refused(lambda: users.disable(database, base.workspace_id, MARTA, NOW)) == "account.last_admin"
    users.enable(database, base.workspace_id, ADA, NOW)
    assert users.change(database, base.workspace_id, MARTA, demote, NOW)["role"] == "sales"


def test_a_new_password_ends_sign_ins_and_lifts_a_lock(database: Database, base: Seeded) -> None:
    token = accounts.sign_in(database, base.workspace_id, JONAS, PASSWORD, NOW)
    for _ in range(5):
        accounts.sign_in(database, base.workspace_id, JONAS, "wrong", NOW)
    assert token is not None
    [jonas] = [row for row in users.listing(database, base.workspace_id) if row["email"] == JONAS]
    assert users.state_of(jonas, NOW) == "locked"
    password = users.reset_password(database, base.workspace_id, " JONAS@halden.example", NOW)
    assert accounts.who(database, token, NOW) is None
    assert accounts.sign_in(database, base.workspace_id, JONAS, PASSWORD, NOW) is None
    assert accounts.sign_in(database, base.workspace_id, JONAS, password, NOW) is not None
    assert account(database, JONAS).must_change_password


def test_the_list_tells_state_and_contacts_and_no_hash(database: Database, base: Seeded) -> None:
    with database.write() as connection:
        connection.execute(update(tables.contacts).values(owner_id=base.sales_id))
        values = {"locked_until": NOW + timedelta(hours=1)}
        connection.execute(update(tables.users).where(tables.users.c.email == VERA).values(**values))
    users.add(database, base.workspace_id, ADA, Wish(name="Ada", role="sales"), NOW)
    users.disable(database, base.workspace_id, JONAS, NOW)
    listed = users.listing(database, base.workspace_id)
    assert [(row["email"], users.state_of(row, NOW), row["contacts"]) for row in listed] == [
        (ADA, "new", 0), (JONAS, "disabled", 4), (MARTA, "active", 0), (VERA, "locked", 0),
    ]  # fmt: skip
    assert all("password_hash" not in row for row in listed)


def test_nobody_knows_who_that_is(database: Database, base: Seeded) -> None:
    for act in (users.disable, users.enable, users.reset_password):
        with pytest.raises(UserFault) as caught:
            act(database, base.workspace_id, "who@x.it", NOW)
        assert caught.value.reason.code == "account.unknown"
    with pytest.raises(UserFault):
        users.change(database, UUID(int=9), MARTA, Wish(name="M"), NOW)
