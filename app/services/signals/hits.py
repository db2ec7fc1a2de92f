"""Raw hits from the spool into the store, their verdicts, and the events they become."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.engine import Row
from sqlalchemy.exc import InterfaceError, OperationalError

from app.core.ids import content_id
from app.inbound.judging import Around, Hit, Judged, judge
from app.inbound.link_maps import LinkMap, LinkMaps
from app.inbound.spool import RawHit, Spool, read_hits, uuid_of
from app.services.signals.links import links_of
from app.services.world import World
from app.store import hits as store
from app.store import ledger
from app.store.tables import hits

log = structlog.get_logger()
# Scanners come in bursts: a hit is judged when what belongs to it has had time to arrive.
SETTLE = timedelta(minutes=2)
CHUNK = 500
EVENT_OF = {"open": "opened", "click": "clicked"}
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
            rows.append(_row(hit, who, now) | _NAMELESS | _judged_at_once(hit, batch, now))
    return rows


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


def _judged_at_once(hit: RawHit, batch: Sequence[RawHit], now: datetime) -> dict[str, Any]:
    """A hit without a name is judged by what came with it: afterwards none of that is known."""
    same = [_raw(other) for other in batch if other.delivery == hit.delivery and other.id != hit.id]
    judged = judge(_raw(hit), Around(same_mail=same))
    return {
        "verdict": judged.verdict, "score": judged.score, "reasons": list(judged.reasons),
        "classifier": judged.version, "judged_at": now,
    }  # fmt: skip


def _at(hit: RawHit) -> datetime:
    return datetime.fromisoformat(hit.at)


def _raw(hit: RawHit) -> Hit:
    return Hit(
        id=hit.id, kind=hit.kind, method=hit.method, at=_at(hit), user_agent=hit.user_agent, address=hit.address,
        link=hit.link, delivery=hit.delivery, headers=hit.headers,
    )  # fmt: skip


def judge_due(world: World, links: LinkMaps, now: datetime, limit: int = CHUNK) -> int:
    """Judge hits whose settle window is over; the judged ones with a contact become events. How many were judged."""
    with world.database.write() as connection:
        rows = store.due_for_judgement(connection, world.workspace_id, now - SETTLE, limit)
        if not rows:
            return 0
        around = _Surroundings(connection, world.workspace_id, rows)
        judged = [(row, judge(_hit(row), around.of(row))) for row in rows]
        store.write_verdicts(connection, [_verdict(row, verdict, now) for row, verdict in judged])
        maps = {
            one: links_of(connection, links, one)
            for one in {row.variant_id for row in rows if row.variant_id}
        }
        whose = store.living(connection, {row.contact_id for row in rows if row.contact_id})
        events = [
            _event(row, verdict, whose[row.contact_id].contact_id, around.mails.get(row.delivery_id), maps)
            for row, verdict in judged
            if row.kind in EVENT_OF and row.contact_id in whose
        ]
        ledger.add_events(connection, events)
        return len(rows)


class _Surroundings:
    """The other hits of the same mails and from the same addresses, for a batch."""

    def __init__(self, connection: Connection, workspace_id: UUID, rows: Sequence[Row[Any]]) -> None:
        first, last = min(row.at for row in rows), max(row.at for row in rows)
        deliveries = {row.delivery_id for row in rows if row.delivery_id}
        self.mails = store.mails(connection, deliveries)
        self._same: dict[UUID, list[Hit]] = {}
        for other in store.of_deliveries(connection, deliveries, first, last) if deliveries else ():
            self._same.setdefault(other.delivery_id, []).append(_hit(other))
        addresses = {row.address for row in rows if row.address}
        self._shared = store.recipients_by_address(connection, workspace_id, addresses, first, last)

    def of(self, row: Row[Any]) -> Around:
        mail = self.mails.get(row.delivery_id)
        seen = self._shared.get(row.address or "", ())
        return Around(
            begun_at=mail.intent_at if mail is not None else None,
            accepted_at=mail.accepted_at if mail is not None else None,
            same_mail=[other for other in self._same.get(row.delivery_id, ()) if other.id != str(row.id)],
            shared=len({who for who, at in seen if abs(at - row.at) <= store.NEAR}) or 1,
        )


def _hit(row: Row[Any]) -> Hit:
    return Hit(
        id=str(row.id), kind=row.kind, method=row.method, at=row.at, user_agent=row.user_agent,
        address=row.address or "", link=row.link, delivery=str(row.delivery_id), headers=row.headers,
    )  # fmt: skip


def _verdict(row: Row[Any], judged: Judged, now: datetime) -> dict[str, Any]:
    return {
        "row_id": row.id, "new_verdict": judged.verdict, "new_score": judged.score,
        "new_reasons": list(judged.reasons), "new_classifier": judged.version, "new_judged_at": now,
    }  # fmt: skip


def _event(
    row: Row[Any],
    judged: Judged,
    contact_id: UUID,
    mail: Row[Any] | None,
    maps: Mapping[UUID, LinkMap | None],
) -> dict[str, Any]:
    """The hit as an event. Without its link map the mail's template still tells what it is about."""
    known = maps.get(row.variant_id)
    target = known.target(row.link) if known is not None and row.link else None
    topics = target.topics if target else ()
    return {
        "id": content_id(row.at, "hit", str(row.id)), "workspace_id": row.workspace_id, "contact_id": contact_id,
        "kind": EVENT_OF[row.kind], "subject": known.template if known else mail.template if mail else "",
        "topics": "".join(f",{topic}" for topic in topics) + "," if topics else "", "verdict": judged.verdict,
        # Its arrival, so that a time-out also waits while the event is not reacted to yet.
        "source": "hit", "occurred_at": row.at, "received_at": row.received_at, "failures": 0,
        "payload": {
            "link": row.link, "url": target.url_template if target else None, "reasons": list(judged.reasons),
        },
        "delivery_id": row.delivery_id, "enrollment_id": mail.enrollment_id if mail else None, "hit_id": row.id,
    }  # fmt: skip
