"""Pixel and tracked links: the hit is on the disk, then the visitor goes on. No cookie, no rate limit, no script."""

import structlog
from flask import Blueprint, Response, abort

from app.core.pieces import piece_of
from app.core.tokens import TrackToken
from app.inbound.link_maps import LinkMap
from app.mail.links import destination, with_utm
from app.services.authoring.compiling import brand_of
from app.services.signals.links import find_links
from app.web.recipients.desk import desk, write_down

log = structlog.get_logger()
# 1 × 1, transparent.
PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)


def add_hits(recipients: Blueprint) -> None:
    recipients.get("/c/<token>/<int:number>")(follow)


def follow(token: str, number: int) -> Response:
    """Number 0 is the pixel. Whatever is not ours leads nowhere."""
    opened = desk().keyring.open_track(token)
    if opened is None:
        abort(404)
    if number == 0:
        write_down("open", opened, 0)
        return Response(PIXEL, mimetype="image/gif")
    known = links_for(opened)
    target = known.target(number) if known is not None else None
    if known is None or target is None:
        abort(404)
    try:
        url = destination(target.url_template, brand_of(desk().settings))
    except ValueError:
        log.error("recipients.bad_destination", variant=str(opened.variant), link=number)
        abort(404)
    write_down("click", opened, number)
    if piece_of(target.url_template) is not None:
        return _to_library(url, opened, number, known.locale)
    campaign = desk().campaigns.of(opened.delivery, known.template)
    return Response(status=302, headers={"Location": with_utm(url, campaign.sequence, campaign.step)})


def _to_library(url: str, token: TrackToken, number: int, locale: str) -> Response:
    """Our own page is told who comes, so that reading it is a signal, and in which language the mail was."""
    sealed = desk().keyring.seal_read(token, number)
    lang = f"&lang={locale}" if locale else ""
    return Response(status=302, headers={"Location": f"{url}?k={sealed}{lang}"})


def links_for(token: TrackToken) -> LinkMap | None:
    """From this disk; on a server that has never seen the variant, from the database."""
    found = desk().links.get(token.variant)
    if found is not None:
        return found
    try:
        return find_links(desk().world(), desk().links, token.variant)
    except Exception as error:
        log.warning("recipients.no_link_map", variant=str(token.variant), error=repr(error)[:200])
        return None
