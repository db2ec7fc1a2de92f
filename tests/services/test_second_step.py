"""The second step: half a sign-in opens nothing, a code counts once, and a lost phone locks nobody out."""

from base64 import b32decode
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core import totp
from app.services import accounts, resetting, second_step, signed_in
from app.services.accounts import AccountError, User
from app.services.secrets import Vault
from app.services.world import World, open_world
from app.store import tables
from app.store.database import Database
from tests.support.account_links import account_mails, token_in
from tests.support.line import settings_for
from tests.support.seed import NOW, PASSWORD, seed

MARTA, VERA = "marta@halden.example", "vera@halden.example"
LATER = NOW + timedelta(minutes=5)
pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    seeded = seed(database, contacts=0)
    return open_world(database, seeded.workspace_id, settings_for(tmp_path, database, secret_key="k" * 32))


def enter(world: World, at: datetime = NOW, email: str = VERA, password: str = PASSWORD) -> str:
    token = accounts.sign_in(world.database, world.workspace_id, email, password, at)
    assert token is not None
    return token


def user_of(world: World, token: str, at: datetime = NOW) -> User:
    found = accounts.who(world.database, token, at)
    assert found is not None
    return found


def secret_of(world: World) -> bytes:
    with world.database.read() as connection:
        sealed = connection.execute(select(tables.second_factors.c.secret)).scalar_one()
    return b32decode(Vault(world.settings).open(sealed))


def code_at(world: World, at: datetime) -> str:
    return totp.code(secret_of(world), totp.step_at(at))


@pytest.fixture
def codes(world: World) -> list[str]:
    """Vera has a second step."""
    token = enter(world)
    user = user_of(world, token)
    second_step.begin(world, user, PASSWORD, NOW)
    assert second_step.standing(world, user).since is None
    return second_step.confirm(world, user, code_at(world, NOW), token, NOW)


def test_half_a_sign_in_opens_nothing(world: World, codes: list[str]) -> None:
    half = enter(world, LATER)
    assert accounts.who(world.database, half, LATER) is None
    assert came_in(world) == ["password"], "before there was a second step, and not by half a sign-in"
    fresh = second_step.finish(world, half, code_at(world, LATER), LATER)
    assert fresh is not None
    assert fresh != half
    assert came_in(world) == ["password", "phone"]
    assert user_of(world, fresh, LATER).email == VERA
    assert accounts.who(world.database, half, LATER) is None
    assert second_step.finish(world, half, codes[0], LATER) is None, "half a sign-in is made whole once"


def came_in(world: World) -> list[str]:
    """By what, as the audit log has it."""
    entry = tables.audit_entries.c
    with world.database.read() as connection:
        query = select(entry.detail).where(entry.action == "account.signed_in").order_by(entry.at)
        return [detail["with"] for detail in connection.execute(query).scalars()]


def test_half_a_sign_in_ends_after_ten_minutes(world: World, codes: list[str]) -> None:
    half = enter(world, LATER)
    late = LATER + accounts.HALF
    assert second_step.finish(world, half, code_at(world, late), late) is None
    assert second_step.finish(world, "forged", code_at(world, LATER), LATER) is None


def test_a_code_counts_once(world: World, codes: list[str]) -> None:
    assert second_step.finish(world, enter(world), code_at(world, NOW), NOW) is None, (
        "used when it was set up"
    )
    typed = code_at(world, LATER)
    assert second_step.finish(world, enter(world, LATER), typed, LATER) is not None
    assert second_step.finish(world, enter(world, LATER), typed, LATER) is None
    before = totp.code(secret_of(world), totp.step_at(LATER) - 1)
    assert second_step.finish(world, enter(world, LATER), before, LATER) is None, "nor does an older one"


def test_a_recovery_code_opens_once_and_its_owner_is_told(world: World, codes: list[str]) -> None:
    assert len(set(codes)) == second_step.CODES
    account_mails(world, LATER)
    assert second_step.finish(world, enter(world, LATER), f" {codes[3].upper()} ", LATER) is not None
    assert [mail["To"] for mail in account_mails(world, LATER)] == [VERA]
    assert second_step.finish(world, enter(world, LATER), codes[3], LATER) is None
    assert second_step.finish(world, enter(world, LATER), codes[4].replace("-", ""), LATER) is not None


def test_wrong_codes_lock_and_a_right_password_does_not_wipe_them_out(world: World, codes: list[str]) -> None:
    for _ in range(accounts.FREE_FAILURES):
        assert second_step.finish(world, enter(world, LATER), "000000", LATER) is None
    assert came_in(world) == ["password"]
    assert accounts.sign_in(world.database, world.workspace_id, VERA, PASSWORD, LATER) is None
    after = LATER + timedelta(minutes=2)
    assert second_step.finish(world, enter(world, after), code_at(world, after), after) is not None


def test_the_database_keeps_neither_secret_nor_codes(world: World, codes: list[str]) -> None:
    with world.database.read() as connection:
        kept = repr(
            [connection.execute(select(t)).all() for t in (tables.second_factors, tables.recovery_codes)]
        )
    assert totp.secret_text(secret_of(world)) not in kept
    assert codes[0] not in kept
    assert codes[0].replace("-", "") not in kept


def test_it_is_set_up_and_turned_off_by_password_only(world: World, codes: list[str]) -> None:
    user = user_of(world, second_step.finish(world, enter(world, LATER), codes[0], LATER) or "", LATER)
    for act in (second_step.begin, second_step.turn_off, second_step.new_codes):
        with pytest.raises(AccountError, match=r"password\.wrong"):
            act(world, user, "wrong", LATER)
    with pytest.raises(AccountError, match="there"):
        second_step.begin(world, user, PASSWORD, LATER)
    anew = second_step.new_codes(world, user, PASSWORD, LATER)
    assert second_step.finish(world, enter(world, LATER), codes[5], LATER) is None, "older ones are void"
    assert second_step.finish(world, enter(world, LATER), anew[5], LATER) is not None
    second_step.turn_off(world, user, PASSWORD, LATER)
    user_of(world, enter(world, LATER), LATER)


def test_setting_it_up_ends_the_other_sign_ins(world: World) -> None:
    thief, mine = enter(world), enter(world)
    user = user_of(world, mine)
    second_step.begin(world, user, PASSWORD, NOW)
    with pytest.raises(AccountError, match="first_wrong"):
        second_step.confirm(world, user, "000000", mine, NOW)
    assert accounts.who(world.database, thief, NOW) is not None, "an unproved one changes nothing"
    second_step.confirm(world, user, code_at(world, NOW), mine, NOW)
    with pytest.raises(AccountError, match="stale"):
        second_step.confirm(world, user, code_at(world, NOW), mine, NOW)
    assert accounts.who(world.database, thief, NOW) is None
    user_of(world, mine)


def test_a_new_password_by_mail_leaves_the_second_step(world: World, codes: list[str]) -> None:
    account_mails(world, LATER)
    resetting.ask(world, VERA, "", "", LATER)
    [mail] = account_mails(world, LATER)
    assert resetting.reset(world, token_in(mail), "a green and quiet place", LATER)
    half = enter(world, LATER, password="a green and quiet place")
    assert accounts.who(world.database, half, LATER) is None


def test_required_of_everybody_who_has_none_must_set_one_up(world: World, codes: list[str]) -> None:
    marta = enter(world, email=MARTA)
    assert not user_of(world, marta).must_set_second_step
    assert second_step.require(world, True, NOW, None)
    assert not second_step.require(world, True, NOW, None)
    assert user_of(world, marta).must_set_second_step
    vera = user_of(world, second_step.finish(world, enter(world, LATER), codes[0], LATER) or "", LATER)
    assert not vera.must_set_second_step
    with pytest.raises(AccountError, match="required"):
        second_step.turn_off(world, vera, PASSWORD, LATER)
    assert second_step.require(world, False, NOW, None)
    assert not user_of(world, marta).must_set_second_step


def test_a_lost_phone(world: World, codes: list[str]) -> None:
    token = second_step.finish(world, enter(world, LATER), codes[0], LATER) or ""
    assert second_step.take_away(world, VERA, LATER, None)
    assert not second_step.take_away(world, VERA, LATER, None)
    assert accounts.who(world.database, token, LATER) is None
    user_of(world, enter(world, LATER), LATER)


def test_places_are_ones_own_and_are_ended_one_or_all(world: World) -> None:
    mine, other, strangers = enter(world), enter(world), enter(world, email=MARTA)
    user, marta = user_of(world, mine), user_of(world, strangers)
    first, second = signed_in.places(world.database, user, mine, NOW)
    assert (first.is_this, second.is_this) == (True, False)
    assert not signed_in.revoke(world.database, marta, second.key, NOW), "somebody else's"
    assert signed_in.revoke(world.database, user, second.key, NOW)
    assert not signed_in.revoke(world.database, user, second.key, NOW)
    assert accounts.who(world.database, other, NOW) is None
    enter(world)
    assert signed_in.revoke_others(world.database, user, mine, NOW) == 1
    assert [one.is_this for one in signed_in.places(world.database, user, mine, NOW)] == [True]
    user_of(world, strangers)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0", "Edge, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1", "Safari, iPhone"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_device_is_told_in_two_words(said: str, told: str) -> None:
    assert signed_in.device(said) == told
