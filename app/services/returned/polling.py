"""The mailbox of returned mail, read from where the last look ended.

A message is kept before its place is: whoever is killed in between reads it again, and it is known then.
"""

from datetime import datetime, timedelta

import structlog

from app.core.reasons import Reason
from app.inbound.imap import ImapProblem, ImapRoute, Mailbox
from app.inbound.returned import LARGEST
from app.services.access_tokens import token_of
from app.services.returned.keeping import accept
from app.services.sentences import say
from app.services.world import World
from app.store import inbound as store
from config import Settings

log = structlog.get_logger()
SOURCE = "imap"
# Of a mailbox that is new to us, or was made anew, so much of the past is read.
PAST = timedelta(days=30)
BATCH = 20


class MailboxProblem(Exception):
    """The mailbox could not be read this time; the text is for people."""


def route_of(settings: Settings) -> ImapRoute | None:
    """None: no mailbox is read."""
    if not settings.imap_host:
        return None
    return ImapRoute(
        settings.imap_host,
        settings.imap_port,
        settings.imap_security,
        settings.imap_username,
        settings.imap_password,
        settings.imap_folder,
        token=token_of(settings.imap_token_command),
    )


def poll(world: World, route: ImapRoute, now: datetime, limit: int = 500) -> int:
    """Keep what came into the mailbox since the last look; how many messages were new. Raises MailboxProblem."""
    try:
        with Mailbox(route) as mailbox:
            return _read(world, route, mailbox, now, limit)
    except ImapProblem as error:
        reason = Reason("returned.mailbox", {"place": route.place, "error": str(error)})
        text = say(reason.code, reason.params)
        with world.database.write() as connection:
            values = {"read_at": now, "problem": text}
            store.keep_place(connection, world.workspace_id, route.place, values)
        raise MailboxProblem(text) from None


def _read(world: World, route: ImapRoute, mailbox: Mailbox, now: datetime, limit: int) -> int:
    with world.database.read() as connection:
        before = store.mailbox(connection, world.workspace_id, route.place)
    continued = before is not None and before.uid_validity == mailbox.uid_validity
    if continued:
        uids = mailbox.uids_after(before.last_uid)
    else:
        # Its numbers mean other messages now; those that are known are skipped by their content.
        uids = mailbox.uids_since(now - PAST)
    whole, uids = len(uids) <= limit, uids[:limit]
    new = missing = 0
    for start in range(0, len(uids), BATCH):
        part = uids[start : start + BATCH]
        for fetched in mailbox.fetch(part, LARGEST):
            if fetched.raw is None:
                missing += 1
                log.warning("inbound.not_fetched", place=route.place, uid=fetched.uid)
            else:
                new += accept(world, fetched.raw, SOURCE, now).is_new
        _keep(world, route, mailbox, part[-1], now, None)
    gap = {"count": missing, "place": route.place}
    problem = say("returned.mailbox_gap", gap) if missing else None
    last = uids[-1] if uids else 0
    if continued:
        last = max(last, before.last_uid)
    elif whole:
        # What is older than that is passed over for good.
        last = max(last, mailbox.last_uid())
    _keep(world, route, mailbox, last, now, problem)
    return new


def _keep(
    world: World, route: ImapRoute, mailbox: Mailbox, last_uid: int, now: datetime, problem: str | None
) -> None:
    values = {
        "uid_validity": mailbox.uid_validity,
        "last_uid": last_uid,
        "read_at": now,
        "problem": problem,
    }
    with world.database.write() as connection:
        store.keep_place(connection, world.workspace_id, route.place, values)
