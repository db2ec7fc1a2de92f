"""What the recipients' pages have at hand. A redirect uses nothing of it that needs the database."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from flask import Flask, current_app, request
from werkzeug.datastructures import Headers

from app.core.ids import timed_id
from app.core.tokens import Keyring, ManageToken, TrackToken
from app.inbound.link_maps import LinkMaps
from app.inbound.spool import RawHit, Spool
from app.services.signals.links import Campaigns
from app.services.world import World
from app.web.shared.context import now
from config import Settings

log = structlog.get_logger()
NAME = "recipients"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'"
)
# What of a request's head helps to tell a person from a machine; nothing else is kept.
KEPT_HEADERS = (
    "purpose", "sec-purpose", "x-purpose", "x-moz", "accept", "accept-encoding", "accept-language", "via", "from", "range",
    "sec-fetch-mode", "sec-fetch-user", "sec-ch-ua", "x-requested-with", "dnt", "sec-gpc",
)  # fmt: skip
LONGEST_HEADER = 200


@dataclass(slots=True)
class Desk:
    """Made once a process. `open_world` may fail as long as the database is away; then it is asked again."""

    spool: Spool
    links: LinkMaps
    settings: Settings
    open_world: Callable[[], World]
    keyring: Keyring = field(init=False)
    campaigns: Campaigns = field(init=False)
    _world: World | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.keyring = Keyring(self.settings.keys())
        self.campaigns = Campaigns(self.world)

    def world(self) -> World:
        if self._world is None:
            self._world = self.open_world()
        return self._world


def seat(app: Flask, made: Desk) -> None:
    app.extensions[NAME] = made


def desk() -> Desk:
    made: Desk = current_app.extensions[NAME]
    return made


def write_down(kind: str, token: TrackToken | ManageToken, link: int) -> None:
    """The raw hit, on the disk before anybody is answered. A full disk loses the hit and never the visitor."""
    at = now()
    hit = RawHit(
        id=str(timed_id(at, os.urandom(10))),
        kind=kind,
        method=request.method,
        at=at.isoformat(),
        delivery=str(token.delivery),
        contact=str(token.contact),
        variant=str(token.variant) if isinstance(token, TrackToken) else None,
        link=link,
        address=(request.remote_addr or "")[:100],
        user_agent=request.user_agent.string[:500],
        headers=_kept(request.headers),
    )
    try:
        desk().spool.add(hit)
    except OSError as error:
        log.error("recipients.hit_lost", kind=kind, error=repr(error))


def _kept(headers: Headers) -> dict[str, str]:
    kept = {name: headers[name][:LONGEST_HEADER] for name in KEPT_HEADERS if name in headers}
    referer = headers.get("referer", "").partition("://")[2].partition("/")[0]
    return kept | {"referer-host": referer.rpartition("@")[2][:LONGEST_HEADER]} if referer else kept
