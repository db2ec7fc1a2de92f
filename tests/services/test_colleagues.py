"""Colleagues come in by a link of a mail that works once; the database holds nothing that opens a door."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.mail.route import SmtpRoute
from app.services import account_mails, accounts, colleagues, resetting, users
from app.services.accounts import AccountError
from app.services.sentences import is_known
from app.services.users import UserFault, Wish
from app.services.world import World, open_world
from app.store import tables
from app.store.database import Database
from tests.support.account_links import account_mails as sent
from tests.support.account_links import link_in, text_of, token_in
from tests.support.line import settings_for
from tests.support.seed import NOW, PASSWORD, Seeded, seed

ADA, MARTA, VERA = "ada@halden.example", "marta@halden.example", "vera@halden.example"
WISH = Wish(name="Ada Berg", role="marketer", may_publish=False, may_send=True)
NEW = "a green and quiet place"
HOME = "https://mail.halden.example"
pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture
def base(database: Database) -> Seeded:
    return seed(database, contacts=0)


@pytest.fixture
def world(database: Database, base: Seeded, tmp_path: Path) -> World:
    return open_world(
        database, base.workspace_id, settings_for(tmp_path, database, secret_key="k" * 32, base_url=HOME)
    )


def rows(world: World, table: Any) -> list[Any]:
    with world.database.read() as connection:
        return list(connection.execute(select(table)))


def invited(world: World, base: Seeded, at: Any = NOW) -> str:
    colleagues.invite(world, "Ada@Halden.example", WISH, at, base.admin_id)
    [mail] = sent(world, at)
    return token_in(mail)


def test_from_the_invitation_to_the_first_sign_in(world: World, base: Seeded) -> None:
    colleagues.invite(world, "Ada@Halden.example", WISH, NOW, base.admin_id)
    assert [one.state for one in colleagues.invitations(world, NOW)] == ["due"]
    [mail] = sent(world, NOW)
    assert (mail["To"], mail["Auto-Submitted"]) == (ADA, "auto-generated")
    assert link_in(mail).startswith(f"{HOME}/invited/")
    assert [one.state for one in colleagues.invitations(world, NOW)] == ["sent"]
    assert len(rows(world, tables.users)) == 3, "no account before the link is used"
    token = colleagues.accept(world, token_in(mail), "Ada B", NEW, NOW)
    assert token is not None
    who = accounts.who(world.database, token, NOW)
    assert who is not None
    assert (who.email, who.name, who.role, who.may_send, who.must_change_password) == (
        ADA, "Ada B", "marketer", True, False,
    )  # fmt: skip
    assert colleagues.invitations(world, NOW) == []
    assert accounts.sign_in(world.database, world.workspace_id, ADA, NEW, NOW) is not None
    assert {one.action for one in rows(world, tables.audit_entries)} == {
        "account.invited", "account.joined", "account.signed_in"
    }  # fmt: skip


def test_the_database_keeps_no_link(world: World, base: Seeded) -> None:
    token = invited(world, base)
    assert token not in repr(rows(world, tables.account_mails))


def test_a_link_works_once_and_for_seven_days(world: World, base: Seeded) -> None:
    token = invited(world, base)
    late = NOW + account_mails.HOLDS["invite"]
    assert colleagues.accept(world, token, "Ada", NEW, late) is None
    assert colleagues.opened(world, token, late - timedelta(seconds=1)) is not None
    assert colleagues.accept(world, token, "Ada", NEW, NOW) is not None
    assert colleagues.accept(world, token, "Eve", "another place in the sun", NOW) is None
    assert resetting.whose(world, token, NOW) is None, "a link of one kind opens no other door"


def test_a_weak_password_or_no_name_leaves_the_link_good(world: World, base: Seeded) -> None:
    token = invited(world, base)
    with pytest.raises(AccountError):
        colleagues.accept(world, token, "Ada", "short", NOW)
    with pytest.raises(AccountError):
        colleagues.accept(world, token, "Ada", ADA, NOW)
    for name in ("", "Ada\nBcc: all@x.it", "A" * 121):
        with pytest.raises(UserFault):
            colleagues.accept(world, token, name, NEW, NOW)
    assert colleagues.accept(world, token, "Ada", NEW, NOW) is not None


def test_sent_again_the_older_link_has_ended(world: World, base: Seeded) -> None:
    first = invited(world, base)
    [one] = colleagues.invitations(world, NOW)
    later = NOW + timedelta(days=6)
    assert colleagues.resend(world, one.id, later, base.admin_id)
    assert colleagues.opened(world, first, later) is None
    [mail] = sent(world, later)
    assert colleagues.accept(world, token_in(mail), "Ada", NEW, later + timedelta(days=6)) is not None
    assert not colleagues.resend(world, one.id, later, base.admin_id), "taken up"


def test_taken_back_nothing_opens(world: World, base: Seeded) -> None:
    token = invited(world, base)
    [one] = colleagues.invitations(world, NOW)
    assert colleagues.withdraw(world, one.id, NOW, base.admin_id)
    assert not colleagues.withdraw(world, one.id, NOW, base.admin_id)
    assert colleagues.accept(world, token, "Ada", NEW, NOW) is None
    assert sent(world, NOW) == []
    assert invited(world, base) != token, "and invited anew"


@pytest.mark.parametrize(
    ("email", "wish", "code"),
    [
        (MARTA, WISH, "account.has_account"),
        ("ada@", WISH, "address.invalid"),
        (ADA, Wish(name=" ", role="sales"), "account.no_name"),
        (ADA, Wish(name="Ada", role="viewer", may_send=True), "account.viewer_rights"),
        (ADA, Wish(name="Ada", role="king"), "account.role"),
    ],
)
def test_whom_nobody_can_invite(world: World, base: Seeded, email: str, wish: Wish, code: str) -> None:
    with pytest.raises(UserFault) as caught:
        colleagues.invite(world, email, wish, NOW, base.admin_id)
    assert caught.value.reason.code == code
    assert is_known(code)
    assert rows(world, tables.account_mails) == []


def test_nobody_is_invited_twice(world: World, base: Seeded) -> None:
    invited(world, base)
    with pytest.raises(UserFault, match="invited_already"):
        colleagues.invite(world, "ADA@halden.example ", WISH, NOW, base.admin_id)


def test_an_account_made_by_shell_meanwhile_is_not_taken_over(world: World, base: Seeded) -> None:
    token = invited(world, base)
    users.add(world.database, world.workspace_id, ADA, Wish(name="Ada", role="viewer"), NOW)
    assert colleagues.accept(world, token, "Eve", NEW, NOW) is None
    assert accounts.sign_in(world.database, world.workspace_id, ADA, NEW, NOW) is None


def test_a_stale_form_overrules_nobody_and_one_admin_stays(world: World, base: Seeded) -> None:
    seen = {"role": "viewer", "may_publish": False, "may_send": False}
    changed = colleagues.change(world, base.viewer_id, Wish(role="sales"), seen, NOW, base.admin_id)
    assert changed == {"role": "sales"}
    with pytest.raises(UserFault, match="stale"):
        colleagues.change(world, base.viewer_id, Wish(role="admin"), seen, NOW, base.admin_id)
    admin = {"role": "admin", "may_publish": True, "may_send": True}
    with pytest.raises(UserFault, match="last_admin"):
        colleagues.change(world, base.admin_id, Wish(role="sales"), admin, NOW, base.admin_id)


def test_the_relay_away_the_mail_is_tried_again_with_a_fresh_link(world: World, base: Seeded) -> None:
    colleagues.invite(world, ADA, WISH, NOW, base.admin_id)
    nowhere = SmtpRoute("127.0.0.1", 1, "none", connect_timeout=1)
    assert account_mails.send_due(world, nowhere, NOW) == 1
    assert account_mails.send_due(world, nowhere, NOW) == 0, "not at once"
    [one] = colleagues.invitations(world, NOW)
    assert one.state == "due"
    [mail] = sent(world, NOW + timedelta(minutes=3))
    assert colleagues.opened(world, token_in(mail), NOW) is not None


def test_it_is_given_up_in_the_end_and_said(world: World, base: Seeded) -> None:
    colleagues.invite(world, ADA, WISH, NOW, base.admin_id)
    nowhere, at = SmtpRoute("127.0.0.1", 1, "none", connect_timeout=1), NOW
    tried = 0
    while tried < 20 and (did := account_mails.send_due(world, nowhere, at)):
        tried, at = tried + did, at + timedelta(hours=5)
    assert tried == account_mails.TRIES
    [one] = colleagues.invitations(world, at)
    assert (one.state, bool(one.said)) == ("failed", True)


def test_a_password_is_set_anew_by_mail(world: World, base: Seeded) -> None:
    old = accounts.sign_in(world.database, world.workspace_id, VERA, PASSWORD, NOW)
    assert old is not None
    for _ in range(6):
        accounts.sign_in(world.database, world.workspace_id, VERA, "wrong", NOW)
    resetting.ask(world, " VERA@halden.example ", "203.0.113.7", "it", NOW)
    [mail] = sent(world, NOW)
    assert link_in(mail).startswith(f"{HOME}/reset/")
    token = token_in(mail)
    assert resetting.whose(world, token, NOW) == VERA
    with pytest.raises(AccountError):
        resetting.reset(world, token, "short", NOW)
    assert resetting.reset(world, token, NEW, NOW)
    assert not resetting.reset(world, token, "another place in the sun", NOW)
    assert accounts.who(world.database, old, NOW) is None, "every sign-in has ended"
    assert accounts.sign_in(world.database, world.workspace_id, VERA, NEW, NOW) is not None, "no lock is left"
    [told] = sent(world, NOW)
    assert (told["To"], "/reset/" in text_of(told)) == (VERA, False)


def test_a_link_for_a_password_holds_an_hour_and_a_newer_use_ends_the_others(
    world: World, base: Seeded
) -> None:
    resetting.ask(world, VERA, "", "", NOW)
    resetting.ask(world, VERA, "", "", NOW)
    first, second = (token_in(mail) for mail in sent(world, NOW))
    assert resetting.whose(world, first, NOW + timedelta(hours=1)) is None
    assert resetting.reset(world, first, NEW, NOW)
    assert resetting.whose(world, second, NOW) is None


def test_who_is_shut_out_gets_no_link_and_uses_none(world: World, base: Seeded) -> None:
    resetting.ask(world, VERA, "", "", NOW)
    [mail] = sent(world, NOW)
    users.disable(world.database, world.workspace_id, VERA, NOW)
    assert not resetting.reset(world, token_in(mail), NEW, NOW)
    resetting.ask(world, VERA, "", "", NOW)
    assert sent(world, NOW) == []


def test_a_changed_password_is_told_to_its_owner(world: World, base: Seeded) -> None:
    token = accounts.sign_in(world.database, world.workspace_id, VERA, PASSWORD, NOW)
    user = accounts.who(world.database, token or "", NOW)
    assert user is not None
    accounts.change_password(world.database, user, PASSWORD, NEW, NOW)
    assert [mail["To"] for mail in sent(world, NOW)] == [VERA]


def test_after_a_month_who_was_asked_is_forgotten(world: World, base: Seeded) -> None:
    invited(world, base)
    resetting.ask(world, "nobody@halden.example", "203.0.113.7", "", NOW)
    assert account_mails.forget(world, NOW + timedelta(days=29)) == 0
    assert account_mails.forget(world, NOW + timedelta(days=40)) == 2
    assert len(rows(world, tables.audit_entries)) == 1
