"""Raw hits from the spool into the store, as far as their people consent."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from app.inbound.judging import Hit, Judged, judge_all
from app.inbound.spool import RawHit, Spool, read_hits, uuid_of
from app.services.signals.verdicts import recorded
from app.services.world import World
from app.store import hits as store
from app.store import ledger
from app.store.tables import hits

log = structlog.get_logger()
CHUNK = 500
# From the least to the most that may be kept.
MODES = ("none", "aggregate", "individual")


def drain(world: World, spool: Spool, now: datetime) -> int:
    """Take spooled hits into the store; how many are new. A hit taken twice is one row.

    A file is removed when all of it is in the store. A line that is no hit, or that the store refuses,
    is put aside; a store that is busy or down raises, and the file waits.
    """
    spool.turn()
    taken = 0
    for path in spool.finished():
        batch: list[RawHit] = []
        for hit in read_hits(path):
            if isinstance(hit, str):
                log.warning("signals.unreadable_hit", file=path.name)
                spool.keep_unreadable(hit)
                continue
            batch.append(hit)
            if len(batch) >= CHUNK:
                taken += _take(world, spool, batch, now)
                batch = []
        taken += _take(world, spool, batch, now)
    return taken


def _take(world: World, spool: Spool, batch: Sequence[RawHit], now: datetime) -> int:
    if not batch:
        return 0
    try:
        with world.database.write() as connection:
            return ledger.insert_new(connection, hits, _rows(connection, world, batch, now))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(batch) > 1:
            return sum(_take(world, spool, [hit], now) for hit in batch)
        log.error("signals.refused_hit", hit=batch[0].id, error=repr(error)[:300])
        spool.keep_unreadable(f"{batch[0].id} {type(error).__name__}")
        return 0


def _rows(
    connection: Connection, world: World, batch: Sequence[RawHit], now: datetime
) -> list[dict[str, Any]]:
    """Each hit as far as its contact consented when it arrived: nothing, a bare count, or all of it."""
    contact_ids = {found for hit in batch if (found := uuid_of(hit.contact)) is not None}
    whose = store.living(connection, contact_ids)
    who_now = {one.contact_id for one in whose.values()}
    changes = store.tracking_changes(connection, who_now, min(_at(hit) for hit in batch))
    rows = []
    at_once: dict[str, Judged] = {}
    for hit in batch:
        contact_id = uuid_of(hit.contact)
        who = whose.get(contact_id) if contact_id is not None else None
        if who is None:
            continue
        mode = _mode(who, changes, _at(hit), world.settings.tracking)
        if mode == "individual":
            rows.append(_row(hit, who, now) | {"contact_id": who.contact_id, "delivery_id": uuid_of(hit.delivery),
                "address": hit.address[:100], "user_agent": hit.user_agent[:500], "headers": hit.headers} | _UNJUDGED)  # fmt: skip
        elif mode == "aggregate":
            at_once = at_once or _judged_at_once(connection, world, batch)
            rows.append(_row(hit, who, now) | _NAMELESS | _verdict(at_once[hit.id], now))
    return rows


def forget_old_hits(world: World, spool: Spool, now: datetime) -> int:
    """Remove a batch of judged hits that are older than they may be kept, and old unreadable lines; how many hits.

    What they became stays: events, scores, counts.
    """
    before = now - timedelta(days=world.settings.hits_days)
    spool.forget_unreadable(before)
    with world.database.write() as connection:
        return store.forget(connection, before, CHUNK)


_NAMELESS: dict[str, Any] = {
    "contact_id": None, "delivery_id": None, "address": None, "user_agent": "", "headers": {}, "tracking": "aggregate",
}  # fmt: skip
_UNJUDGED: dict[str, Any] = {
    "tracking": "individual", "verdict": None, "score": None, "reasons": None, "classifier": None, "judged_at": None,
}  # fmt: skip


def _mode(
    who: store.Whose, changes: Mapping[UUID, list[tuple[datetime, str | None]]], at: datetime, default: str
) -> str:
    """The stricter of what was consented to when the hit arrived and what is now."""
    modes = [who.tracking or default]
    later = [before for changed_at, before in changes.get(who.contact_id, ()) if changed_at > at]
    modes += [before for before in later[:1] if before in MODES]
    return min(modes, key=MODES.index)


def _row(hit: RawHit, who: store.Whose, now: datetime) -> dict[str, Any]:
    at = _at(hit)
    return {
        "id": UUID(hit.id), "workspace_id": who.workspace_id, "kind": hit.kind, "method": hit.method[:10],
        "variant_id": uuid_of(hit.variant), "link": hit.link, "at": at,
        # When it reached us, not when the database took it: a time-out waits for what came before it.
        "received_at": min(at, now),
    }  # fmt: skip


def _judged_at_once(connection: Connection, world: World, batch: Sequence[RawHit]) -> dict[str, Judged]:
    """Hits without a name are judged by what came with them: afterwards none of that is known."""
    mails = store.mails(connection, {found for hit in batch if (found := uuid_of(hit.delivery)) is not None})
    told = [_raw(hit, mails.get(mail) if (mail := uuid_of(hit.delivery)) else None) for hit in batch]
    judged = judge_all(told, usual=recorded(world.settings))
    return {hit.id: verdict for hit, verdict in zip(batch, judged, strict=True)}


def _verdict(judged: Judged, now: datetime) -> dict[str, Any]:
    return {
        "verdict": judged.verdict, "score": judged.score, "reasons": list(judged.reasons),
        "classifier": judged.version, "judged_at": now,
    }  # fmt: skip


def _at(hit: RawHit) -> datetime:
    return datetime.fromisoformat(hit.at)


def _raw(hit: RawHit, mail: Any) -> Hit:
    return Hit(
        id=hit.id, kind=hit.kind, method=hit.method, at=_at(hit), user_agent=hit.user_agent, address=hit.address,
        link=hit.link, delivery=hit.delivery, headers=hit.headers,
        begun_at=mail.intent_at if mail is not None else None, accepted_at=mail.accepted_at if mail is not None else None,
    )  # fmt: skip
