"""Why a mail came and what comes next; topics, pace and tracking; the mail as a page."""

from datetime import timedelta

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.services import signals
from app.services.signals.showing import choices, web_view, why
from app.web.recipients.common import locale_of, opened, page, visited, whose
from app.web.recipients.desk import desk
from app.web.shared.context import now

# No script, no form, no frame; its own styles, pictures over https, links.
VIEW_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline';"
    " img-src https: data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
REST = timedelta(weeks=6)
PACES: dict[str, int | None] = {"planned": None, "two": 2, "one": 1}
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
    world = desk().world()
    chosen = choices(world, held, locale_of(person.locale).replace("_", "-"), now())
    return page(
        "why", token, held, person, why=why(world, held, now()), choices=chosen, rest=now() + REST, saved=""
    )


def preferences(token: str) -> ResponseReturnValue:
    held = opened(token)
    visited(held, "preferences")
    person = whose(held)
    chosen = choices(desk().world(), held, locale_of(person.locale).replace("_", "-"), now())
    saved = request.args.get("saved", "")
    return page("preferences", token, held, person, choices=chosen, rest=now() + REST, saved=saved)


def save(token: str) -> ResponseReturnValue:
    """One part of the choices at a time, as its button says; then the page again, so that a reload saves nothing."""
    held = opened(token)
    world, form, part = desk().world(), request.form, request.form.get("part", "")
    if part == "pace" and form.get("pace") in (*PACES, "rest", "keep"):
        pace = form["pace"]
        if pace != "keep":
            rest_until = now() + REST if pace == "rest" else None
            done = signals.choose_pace(world, held, PACES.get(pace), rest_until, now=now())
        else:
            done = True
    elif part == "topics":
        offered = list(world.library.catalogue(now()).setting.programme.topics)
        done = signals.choose_topics(world, held, form.getlist("topic"), offered, now=now())
        part = part if done else "blocked"
        done = True
    elif part == "tracking" and form.get("tracking") in MODES:
        done = signals.choose_tracking(world, held, form["tracking"], now=now())
    else:
        abort(400)
    if not done:
        abort(404)
    return redirect(url_for("recipients.preferences", token=token, saved=part), 303)


def view(token: str) -> ResponseReturnValue:
    held = opened(token)
    visited(held, "view")
    html = web_view(desk().world(), held, now())
    if html is None:
        return page("gone", token, held, whose(held), what="mail")
    return Response(html, mimetype="text/html", headers={"Content-Security-Policy": VIEW_POLICY})
