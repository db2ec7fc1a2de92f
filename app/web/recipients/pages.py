"""Why a mail came and what comes next; topics, pace, language and tracking; the mail as a page."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import ImmutableMultiDict

from app.core.tokens import ManageToken
from app.services import signals
from app.services.signals.showing import choices, web_view, why
from app.services.world import World
from app.web.recipients.common import (
    LANGUAGES,
    LOCALES,
    agreeing,
    chosen_language,
    locale_of,
    open_page,
    opened,
    page,
    visited,
    whose,
    zone_of_house,
)  # fmt: skip
from app.web.recipients.desk import desk
from app.web.shared.context import now

# No script, no form, no frame; its own styles, pictures over https, links.
VIEW_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline';"
    " img-src https: data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
RESTS = (2, 6, 12)  # weeks
# Mails a week and mails a month.
PACES: dict[str, tuple[int | None, int | None]] = {
    "planned": (None, None), "two": (2, None), "one": (1, None), "month": (None, 1),
}  # fmt: skip
Form = ImmutableMultiDict[str, str]
MODES = ("none", "aggregate", "individual")


def add_pages(recipients: Blueprint) -> None:
    recipients.get("/w/<token>")(show_why)
    recipients.get("/p/<token>")(preferences)
    recipients.post("/p/<token>")(save)
    recipients.get("/v/<token>")(view)


def show_why(token: str) -> ResponseReturnValue:
    held = opened(token)
    visited(held, "why")
    person = whose(held)
    locale = locale_of(person.locale).replace("_", "-")
    told = why(desk().world(), held, locale, now())
    return page("why", token, held, person, why=told, **_choices(held, locale), saved="")


def preferences(token: str) -> ResponseReturnValue:
    held = opened(token)
    visited(held, "preferences")
    person = whose(held)
    locale = locale_of(person.locale).replace("_", "-")
    saved = request.args.get("saved", "")
    return page("preferences", token, held, person, **_choices(held, locale), saved=saved)


def _choices(held: ManageToken, locale: str) -> dict[str, Any]:
    rests = [(weeks, now() + timedelta(weeks=weeks)) for weeks in RESTS]
    return {
        "choices": choices(desk().world(), held, locale, now()),
        "rests": rests,
        "tongues": LANGUAGES,
        "agree": agreeing(locale_of(whose(held).locale)),
        "spoken": locale_of(None if chosen_language() else whose(held).locale),
    }


def save(token: str) -> ResponseReturnValue:
    """One part of the choices at a time, as its button says; then the page again, so that a reload saves nothing."""
    held = opened(token)
    part = request.form.get("part", "")
    saving = SAVING.get(part)
    if saving is None:
        abort(400)
    saved = saving(desk().world(), held, request.form)
    if saved is None:
        abort(404)
    # A language picked before would hide the one that was just chosen.
    again = request.form["language"].replace("_", "-") if part == "language" else request.args.get("lang")
    return redirect(url_for("recipients.preferences", token=token, saved=saved, lang=again), 303)


def _pace(world: World, held: ManageToken, form: Form) -> str | None:
    pace = form.get("pace", "")
    if pace == "keep":
        return "pace"
    weeks = next((weeks for weeks in RESTS if pace == f"rest-{weeks}"), None)
    if pace not in PACES and weeks is None:
        abort(400)
    week, month = PACES.get(pace, (None, None))
    until = now() + timedelta(weeks=weeks) if weeks is not None else None
    if weeks is not None:
        before = choices(world, held, "en", now())
        week, month = (before.mails_a_week, before.mails_a_month) if before is not None else (None, None)
    done = signals.choose_pace(world, held, week, until, now=now(), mails_a_month=month)
    return "pace" if done else None


def _topics(world: World, held: ManageToken, form: Form) -> str | None:
    offered = list(world.library.catalogue(now()).setting.programme.topics)
    words = agreeing(locale_of(whose(held).locale))
    done = signals.choose_topics(world, held, form.getlist("topic"), offered, now=now(), words=words)
    return "topics" if done else "blocked"


def _tracking(world: World, held: ManageToken, form: Form) -> str | None:
    if form.get("tracking") not in MODES:
        abort(400)
    return "tracking" if signals.choose_tracking(world, held, form["tracking"], now=now()) else None


def _language(world: World, held: ManageToken, form: Form) -> str | None:
    wanted = form.get("language", "")
    if wanted not in LOCALES:
        abort(400)
    done = signals.choose_language(world, held, wanted.replace("_", "-"), now=now())
    return "language" if done else None


SAVING = {"pace": _pace, "topics": _topics, "tracking": _tracking, "language": _language}


def view(token: str) -> ResponseReturnValue:
    """By the token of links, which says nothing about who looks; older mails lead here by their owner's."""
    held = desk().keyring.open_track(token) or opened(token)
    visited(held, "view")
    html = web_view(desk().world(), held, now())
    if html is None:
        return open_page("gone", locale_of(None), zone_of_house(), what="mail"), 404
    return Response(html, mimetype="text/html", headers={"Content-Security-Policy": VIEW_POLICY})
