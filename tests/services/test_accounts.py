"""Accounts: who comes in, how long it lasts, and what a stranger can learn (nothing)."""

import inspect
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.services import accounts
from app.services.accounts import (
    ABSOLUTE,
    IDLE,
    MOST_STRANGERS,
    AccountError,
    User,
    change_password,
    create_first_admin,
    sign_in,
    sign_out,
    who,
)  # fmt: skip
from app.store.database import Database
from app.store.tables import audit_entries, sign_ins, users
from tests.support.seed import NOW, PASSWORD, Seeded, seed

quick = pytest.mark.usefixtures("quick_passwords")
MARTA = "marta@halden.example"


@pytest.fixture
def base(database: Database) -> Seeded:
    return seed(database, contacts=1)


def enter(
    database: Database, base: Seeded, password: str = PASSWORD, at: datetime = NOW, email: str = MARTA
) -> str | None:
    return sign_in(database, base.workspace_id, email, password, at)


def entered(database: Database, base: Seeded, at: datetime = NOW) -> tuple[str, User]:
    token = enter(database, base, at=at)
    assert token is not None
    user = who(database, token, at)
    assert user is not None
    return token, user


def test_the_right_password_opens_a_session_of_that_user(database: Database, base: Seeded) -> None:
    _, user = entered(database, base)
    assert (user.email, user.role, user.workspace_id) == (MARTA, "admin", base.workspace_id)


def test_the_address_may_be_written_in_any_case(database: Database, base: Seeded) -> None:
    assert enter(database, base, email="  Marta@Halden.Example ") is not None


def test_the_database_keeps_no_token(database: Database, base: Seeded) -> None:
    token, _ = entered(database, base)
    with database.read() as connection:
        kept = connection.execute(select(sign_ins.c.token_hash)).scalar_one()
    assert token not in kept
    assert len(kept) == 64


def test_each_sign_in_has_a_token_of_its_own(database: Database, base: Seeded) -> None:
    assert entered(database, base)[0] != entered(database, base)[0]


@pytest.mark.parametrize(
    ("email", "password"), [(MARTA, "wrong"), ("nobody@halden.example", PASSWORD), ("", "")]
)
def test_anything_wrong_opens_nothing(database: Database, base: Seeded, email: str, password: str) -> None:
    assert enter(database, base, password, email=email) is None


def test_an_unknown_address_costs_a_hash_too(
    database: Database, base: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    matches = accounts._matches

    def counted(stored: str, password: str) -> bool:
        looked_at.append(stored)
        return matches(stored, password)

    monkeypatch.setattr(accounts, "_matches", counted)
    enter(database, base, email="nobody@halden.example")
    enter(database, base, "wrong")
    assert len(looked_at) == 2


def test_the_hash_for_nobody_costs_what_a_real_one_does() -> None:
    assert not accounts._hasher.check_needs_rehash(accounts._NOBODYS_HASH)


def test_a_weaker_hash_is_made_anew_at_sign_in(database: Database, base: Seeded) -> None:
    entered(database, base)
    with database.read() as connection:
        stored = connection.execute(select(users.c.password_hash).where(users.c.email == MARTA)).scalar_one()
    assert not accounts._hasher.check_needs_rehash(stored)


@quick
def test_five_failures_lock_and_each_further_one_for_longer(database: Database, base: Seeded) -> None:
    for _ in range(5):
        assert enter(database, base, "wrong") is None
    assert enter(database, base) is None, "locked, even with the right password"
    after = NOW + timedelta(minutes=1)
    assert enter(database, base, "wrong", after) is None
    assert enter(database, base, at=after + timedelta(minutes=1)) is None, "two minutes by now"
    assert enter(database, base, at=after + timedelta(minutes=2)) is not None


@quick
def test_while_locked_guesses_do_not_lengthen_the_lock(database: Database, base: Seeded) -> None:
    for _ in range(30):
        enter(database, base, "wrong")
    assert enter(database, base, at=NOW + timedelta(minutes=1)) is not None


@quick
def test_a_lock_is_on_record(database: Database, base: Seeded) -> None:
    for _ in range(5):
        enter(database, base, "wrong")
    assert [row.action for row in log(database)].count("account.locked") == 1


def log(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(audit_entries)))


def test_coming_in_and_going_out_are_on_record(database: Database, base: Seeded) -> None:
    token = sign_in(database, base.workspace_id, MARTA, PASSWORD, NOW, "a browser", "203.0.113.7")
    assert token is not None
    [came] = log(database)
    assert (came.action, came.user_id, came.subject) == (
        "account.signed_in",
        base.admin_id,
        str(base.admin_id),
    )
    assert came.detail == {"with": "password", "address": "203.0.113.7"}
    for _ in range(2):
        sign_out(database, token, NOW)
    sign_out(database, "nonsense", NOW)
    assert sorted(row.action for row in log(database)) == ["account.signed_in", "account.signed_out"]


def test_failed_sign_ins_are_on_record_and_fill_nothing(
    database: Database, base: Seeded, quick_passwords: None
) -> None:
    enter(database, base, "wrong")
    [failed] = log(database)
    assert (failed.action, failed.user_id, failed.subject) == (
        "account.sign_in_failed", None, str(base.admin_id)
    )  # fmt: skip
    for _ in range(MOST_STRANGERS + 5):
        enter(database, base, "typed in the wrong field", email="my password")
    assert len(log(database)) == MOST_STRANGERS
    # What was typed is nowhere, and an account that does not exist has no name.
    assert "password" not in str([row.subject for row in log(database)])
    assert "my password" not in str(log(database))
    # Somebody known is written down all the same, and an hour later strangers are again.
    enter(database, base, "wrong")
    assert len(log(database)) == MOST_STRANGERS + 1
    enter(database, base, email="nobody@halden.example", at=NOW + timedelta(hours=2))
    assert len(log(database)) == MOST_STRANGERS + 2


@quick
def test_four_failures_are_forgiven_by_a_right_one(database: Database, base: Seeded) -> None:
    for _ in range(2):
        for _ in range(4):
            enter(database, base, "wrong")
        assert enter(database, base) is not None


def test_an_idle_session_ends(database: Database, base: Seeded) -> None:
    token, _ = entered(database, base)
    assert who(database, token, NOW + IDLE) is None


def test_a_used_session_stays_open_until_its_end(database: Database, base: Seeded) -> None:
    token, _ = entered(database, base)
    at = NOW
    while at + IDLE / 2 < NOW + ABSOLUTE:
        at += IDLE / 2
        assert who(database, token, at) is not None
    assert who(database, token, NOW + ABSOLUTE) is None


@pytest.mark.parametrize("token", ["", "nonsense", "é" * 50, "\ud800"])
def test_a_forged_token_is_nobody(database: Database, base: Seeded, token: str) -> None:
    assert who(database, token, NOW) is None


def test_after_signing_out_the_token_is_worth_nothing(database: Database, base: Seeded) -> None:
    token, _ = entered(database, base)
    sign_out(database, token, NOW)
    assert who(database, token, NOW) is None


def test_a_disabled_account_is_out_at_once(database: Database, base: Seeded) -> None:
    token, user = entered(database, base)
    with database.write() as connection:
        accounts.rows.change(connection, user.id, disabled_at=NOW)
    assert who(database, token, NOW) is None
    assert enter(database, base) is None


def test_a_new_password_ends_every_other_session(database: Database, base: Seeded) -> None:
    other, user = entered(database, base)
    fresh = change_password(database, user, PASSWORD, "quite another one", NOW)
    assert who(database, other, NOW) is None
    assert who(database, fresh, NOW) is not None
    assert enter(database, base) is None
    assert enter(database, base, "quite another one") is not None


@pytest.mark.parametrize(
    ("current", "new", "code"),
    [
        ("wrong", "quite another one", "password.wrong"),
        (PASSWORD, "short", "password.short"),
        (PASSWORD, "x" * 300, "password.long"),
        (PASSWORD, PASSWORD, "password.same"),
        (PASSWORD, MARTA, "password.address"),
        (PASSWORD, "abababababababab", "password.one_sign"),
    ],
)
def test_a_password_is_refused_by_name(
    database: Database, base: Seeded, current: str, new: str, code: str
) -> None:
    _, user = entered(database, base)
    with pytest.raises(AccountError) as refused:
        change_password(database, user, current, new, NOW)
    assert refused.value.code == code
    assert enter(database, base) is not None, "the old one still holds"


@quick
def test_guessing_at_the_change_page_locks_too(database: Database, base: Seeded) -> None:
    _, user = entered(database, base)
    for _ in range(5):
        with pytest.raises(AccountError):
            change_password(database, user, "wrong", "quite another one", NOW)
    assert enter(database, base) is None


def test_the_first_admin_must_change_the_printed_password(sqlite_database: Database) -> None:
    base = seed(sqlite_database, contacts=0)
    with sqlite_database.write() as connection:
        connection.execute(users.delete())
    password = create_first_admin(sqlite_database, base.workspace_id, "Boss@halden.example", NOW)
    assert password is not None
    token = sign_in(sqlite_database, base.workspace_id, "boss@halden.example", password, NOW)
    assert token is not None
    user = who(sqlite_database, token, NOW)
    assert user is not None
    assert (user.role, user.must_change_password, user.may_stop) == ("admin", True, True)
    changed = change_password(sqlite_database, user, password, "quite another one", NOW)
    again = who(sqlite_database, changed, NOW)
    assert again is not None
    assert not again.must_change_password


def test_a_second_first_admin_is_not_made(database: Database, base: Seeded) -> None:
    assert create_first_admin(database, base.workspace_id, "boss@halden.example", NOW) is None
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(users)).scalar_one() == 3


@quick
def test_the_service_reads_no_clock() -> None:
    assert "datetime.now" not in inspect.getsource(accounts)
