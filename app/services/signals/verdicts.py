"""Verdicts on hits of the store by what stands around them, and the events they become."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.ids import content_id
from app.core.pieces import PieceInfo, piece_of
from app.inbound.judging import Hit, Judged, judge_all, tells_apart
from app.inbound.link_maps import LinkMap, LinkMaps, Target
from app.services.signals.links import links_of
from app.services.world import World
from app.store import hits as store
from config import Settings

EVENT_OF = {"open": "opened", "click": "clicked", "read": "visited", "file": "downloaded"}
OF_LIBRARY = ("read", "file")
# A page that opens so soon after its link was pressed is what the press was for.
LANDING = timedelta(minutes=1)
HEAD = ("accept", "accept-encoding", "accept-language")


def recorded(settings: Settings) -> tuple[str, ...]:
    """The headers that are written down whenever they come. Browsers speak of fetching over https only."""
    return (*HEAD, "sec-fetch-mode") if settings.cookie_secure else HEAD


class Scene:
    """Hits of the store with what stands around them: others of the same mails and from the same addresses."""

    def __init__(self, rows: Sequence[Row[Any]], mails: Mapping[UUID, Any], mailboxes: Mapping[UUID, tuple[str, str]], usual: Collection[str]) -> None:  # fmt: skip
        self.mails, self.rows = mails, rows
        self._mailboxes, self._usual = mailboxes, usual

    @classmethod
    def of(cls, connection: Connection, world: World, rows: Sequence[Row[Any]]) -> "Scene":
        addresses = {row.address for row in rows if row.address and tells_apart(row.address)}
        known = {row.id: row for row in store.around(connection, world.workspace_id, rows, addresses)}
        known |= {row.id: row for row in rows}
        mails = store.mails(connection, {row.delivery_id for row in known.values() if row.delivery_id})
        mailboxes = store.mailboxes(connection, {row.contact_id for row in rows if row.contact_id})
        return cls(list(known.values()), mails, mailboxes, recorded(world.settings))

    def judge(self, rows: Sequence[Row[Any]]) -> list[tuple[Row[Any], Judged]]:
        judged = judge_all(
            [self._hit(row) for row in rows], [self._hit(row) for row in self.rows], self._usual
        )
        return list(zip(rows, judged, strict=True))

    def _hit(self, row: Row[Any]) -> Hit:
        mail = self.mails.get(row.delivery_id)
        domain, gateway = self._mailboxes.get(row.contact_id, ("", ""))
        return Hit(
            id=str(row.id), kind=row.kind, method=row.method, at=row.at, user_agent=row.user_agent,
            address=row.address or "", link=row.link, delivery=str(row.delivery_id) if row.delivery_id else None,
            headers=row.headers, begun_at=mail.intent_at if mail is not None else None,
            accepted_at=mail.accepted_at if mail is not None else None, domain=domain, gateway=gateway,
        )  # fmt: skip


def verdict_row(row: Row[Any], judged: Judged, now: datetime) -> dict[str, Any]:
    return {
        "row_id": row.id, "new_verdict": judged.verdict, "new_score": judged.score,
        "new_reasons": list(judged.reasons), "new_classifier": judged.version, "new_judged_at": now,
    }  # fmt: skip


def event_id_of(row: Row[Any]) -> UUID:
    return content_id(row.at, "hit", str(row.id))


def events_of(
    connection: Connection,
    links: LinkMaps,
    scene: Scene,
    judged: Sequence[tuple[Row[Any], Judged]],
    pieces: Mapping[str, PieceInfo],
) -> list[dict[str, Any]]:
    """The events that judged hits become. One that only looked (HEAD) is evidence, and no click."""
    variants = {row.variant_id for row, _ in judged if row.variant_id}
    maps = {one: links_of(connection, links, one) for one in variants}
    whose = store.living(connection, {row.contact_id for row, _ in judged if row.contact_id})
    found = [
        _event(row, verdict, whose[row.contact_id].contact_id, scene, maps, pieces)
        for row, verdict in judged
        if row.kind in EVENT_OF and row.method == "GET" and row.contact_id in whose
    ]
    return [event for event in found if event is not None]


def _event(
    row: Row[Any],
    judged: Judged,
    contact_id: UUID,
    scene: Scene,
    maps: Mapping[UUID, LinkMap | None],
    pieces: Mapping[str, PieceInfo],
) -> dict[str, Any] | None:
    """The hit as an event. Without its link map the mail's template still tells what a click is about; of the
    library nothing is told then.
    """
    mail = scene.mails.get(row.delivery_id)
    known = maps.get(row.variant_id)
    target = known.target(row.link) if known is not None and row.link else None
    piece = piece_of(target.url_template) if target is not None else None
    if row.kind in OF_LIBRARY and piece is None:
        return None
    subject = known.template if known else mail.template if mail else ""
    topics = _topics(row, scene, target, pieces.get(piece or ""))
    return {
        "id": event_id_of(row), "workspace_id": row.workspace_id, "contact_id": contact_id,
        "kind": EVENT_OF[row.kind], "subject": piece if row.kind in OF_LIBRARY else subject,
        "topics": "".join(f",{topic}" for topic in topics) + "," if topics else "", "verdict": judged.verdict,
        # Its arrival, so that a time-out also waits while the event is not reacted to yet.
        "source": "hit", "occurred_at": row.at, "received_at": row.received_at, "failures": 0,
        "payload": {
            "link": row.link, "url": target.url_template if target else None, "reasons": list(judged.reasons),
        },
        "delivery_id": row.delivery_id, "enrollment_id": mail.enrollment_id if mail else None, "hit_id": row.id,
    }  # fmt: skip


def _topics(row: Row[Any], scene: Scene, target: Target | None, piece: PieceInfo | None) -> tuple[str, ...]:
    """What the link or its piece is about. The press of a link and the page it opens are one sign of interest."""
    if row.kind == "read" and any(
        other.kind == "click" and other.delivery_id == row.delivery_id and other.link == row.link
        and timedelta(0) <= row.at - other.at <= LANDING
        for other in scene.rows
    ):  # fmt: skip
        return ()
    own = target.topics if target is not None else ()
    return own or (piece.topics if piece is not None else ())
