"""A copy of one's data and being forgotten: asked on the page, confirmed by the button behind a mail's link.

The link opens a page and does nothing; its button does. Pressed twice it is the same as once.
"""

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from app.services import joining, privacy
from app.services.privacy import asking
from app.services.privacy.asking import NoMail, Request
from app.services.signals.showing import language_of
from app.web.recipients.common import locale_of, open_page, opened, page, visited, whose, zone_of_house
from app.web.recipients.desk import desk
from app.web.shared.context import now

KINDS = ("export", "erase")


def add_asking(recipients: Blueprint) -> None:
    recipients.get("/d/<token>")(data)
    recipients.post("/d/<token>")(asked)
    recipients.get("/k/<token>")(confirming)
    recipients.post("/k/<token>")(confirmed)


def data(token: str) -> ResponseReturnValue:
    held = opened(token)
    visited(held, "data")
    return page("data", token, held, whose(held), sent="")


def asked(token: str) -> ResponseReturnValue:
    held, kind = opened(token), request.form.get("what", "")
    if kind not in KINDS:
        abort(400)
    person = whose(held)
    try:
        asking.ask(desk().world(), held.contact, kind, now())
    except NoMail:
        return open_page("plain", locale_of(person.locale), zone_of_house(), what="later"), 503
    return page("data", token, held, person, sent=kind)


def confirming(token: str) -> ResponseReturnValue:
    wanted = _request(token)
    if wanted.over and not wanted.done:
        return _told("over", wanted), 410
    if wanted.done and wanted.kind != "export":
        return _told("done", wanted)
    return _told("confirm", wanted, token=token)


def confirmed(token: str) -> ResponseReturnValue:
    wanted = _request(token)
    if wanted.over and not (wanted.done and wanted.kind == "sign-up"):
        return _told("done" if wanted.done else "over", wanted), 200 if wanted.done else 410
    if wanted.kind == "sign-up":
        visit = joining.Visit(locale_of(None).replace("_", "-"), request.remote_addr or "")
        if not joining.confirm(desk().world(), wanted, visit, now()):
            abort(404)
        return _told("done", wanted)
    return _exported(wanted) if wanted.kind == "export" else _erased(wanted)


def _exported(wanted: Request) -> ResponseReturnValue:
    assert wanted.contact_id is not None
    found = privacy.export(desk().world(), wanted.contact_id, now())
    if found is None:
        abort(404)
    asking.confirmed(desk().world(), wanted, now())
    locale = locale_of(_locale(wanted)).replace("_", "-")
    return Response(
        found.as_archive(locale),
        mimetype="application/zip",
        headers={"Content-Disposition": 'attachment; filename="my-data.zip"'},
    )


def _erased(wanted: Request) -> ResponseReturnValue:
    """Whoever comes second finds it done."""
    assert wanted.contact_id is not None
    locale = _locale(wanted)
    privacy.erase(
        desk().world(), wanted.contact_id, by="contact", why="asked by the person", now=now(), files=False
    )
    asking.confirmed(desk().world(), wanted, now())
    return open_page("done", locale_of(locale), zone_of_house(), request=wanted)


def _request(token: str) -> Request:
    found = asking.opened(desk().world(), token, now())
    if found is None or found.contact_id is None:
        abort(404)
    return found


def _locale(wanted: Request) -> str | None:
    assert wanted.contact_id is not None
    return wanted.detail.get("locale") or language_of(desk().world(), wanted.contact_id)


def _told(template: str, wanted: Request, token: str = "") -> str:
    locale = locale_of(_locale(wanted))
    tag = locale.replace("_", "-")
    topics = joining.topic_names(desk().world(), wanted.detail.get("topics", ()), tag, now())
    return open_page(template, locale, zone_of_house(), request=wanted, confirming=token, topics=topics)
