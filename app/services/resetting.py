"""A forgotten password: asked for by anybody, set anew by whoever reads the mail.

An unknown address is written down like a known one, in as many statements, and gets the same answer. The mail is
written by a job. A second step, where there is one, is asked for at the next sign-in all the same.
"""

from datetime import datetime, timedelta

from app.services import account_mails as mails
from app.services.accounts import check_password, hash_password, normal
from app.services.privacy.asking import shortened
from app.services.suppressing import ValueHash
from app.services.users import audit
from app.services.world import World
from app.store import account_mails as store
from app.store import accounts as rows

# Beyond these nothing is sent; the answer stays the same.
PER_ADDRESS = (timedelta(hours=1), 3)
PER_NETWORK = (timedelta(hours=1), 20)
OVERALL = (timedelta(hours=1), 200)
LONGEST = 320


def ask(world: World, email: str, network: str, locale: str, now: datetime) -> None:
    """Queue a mail with a link for an hour, if there is such an account and nobody asks too often."""
    email, network = normal(email[:LONGEST]), shortened(network)
    hashed = ValueHash(world.settings)
    with world.database.write() as connection:
        account = rows.by_email(connection, world.workspace_id, email)
        limits: tuple[tuple[tuple[timedelta, int], dict[str, str]], ...] = (
            (PER_ADDRESS, {"address_hash": hashed(email)}),
            (PER_NETWORK, {"network_hash": hashed(network)}),
            (OVERALL, {}),
        )
        asked = [
            store.count(connection, world.workspace_id, "reset", now - span, **which) >= most
            for (span, most), which in limits
        ]
        known = account is not None and account["disabled_at"] is None and not any(asked)
        mails.ask(
            connection, world, "reset", email if known else "", now, asked_as=email, network=network,
            user_id=account["id"] if account is not None and known else None,
            detail={"locale": locale, "name": account["name"] if account is not None and known else ""},
        )  # fmt: skip


def whose(world: World, token: str, now: datetime) -> str | None:
    """The address of the account a link is for, while it counts. Looking changes nothing."""
    with world.database.read() as connection:
        row = store.by_token(connection, world.workspace_id, "reset", mails.digest(token), now)
        account = rows.by_id(connection, row.user_id) if row is not None and row.user_id else None
    return account["email"] if account is not None and account["disabled_at"] is None else None


def reset(world: World, token: str, password: str, now: datetime) -> bool:
    """Set the password behind a link; every sign-in ends and a lock is lifted. False: the link counts no more.

    Raises AccountError for a weak password; the link stays good then.
    """
    email = whose(world, token, now)
    if email is None:
        return False
    check_password(email, password)
    hashed = hash_password(password)
    with world.database.write() as connection:
        row = store.by_token(connection, world.workspace_id, "reset", mails.digest(token), now)
        account = rows.by_id(connection, row.user_id) if row is not None else None
        if row is None or account is None or account["disabled_at"] is not None:
            return False
        if not store.use(connection, row.id, mails.digest(token), account["id"], now):
            return False
        rows.change(
            connection, account["id"], password_hash=hashed, must_change_password=False, failed_sign_ins=0,
            locked_until=None,
        )  # fmt: skip
        rows.revoke_all(connection, account["id"], now)
        store.end_open(connection, "reset", account["id"], now)
        audit(
            connection,
            world.workspace_id,
            account["id"],
            "account.password_reset_by_mail",
            {},
            now,
            account["id"],
        )
        mails.notice(connection, account, now)
    return True
