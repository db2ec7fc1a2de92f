"""Unsubscribing: looking never acts, a POST acts at once, with one click too (RFC 8058)."""

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from app.services import signals
from app.services.signals.showing import topic_label
from app.web.recipients.common import locale_of, opened, page, visited, whose
from app.web.recipients.desk import desk
from app.web.shared.context import now

ONE_CLICK = ("List-Unsubscribe", "One-Click")


def add_leaving(recipients: Blueprint) -> None:
    recipients.get("/u/<token>")(leave)
    recipients.post("/u/<token>")(left)
    recipients.post("/u/<token>/back")(back)


def leave(token: str) -> ResponseReturnValue:
    held = opened(token)
    visited(held, "leave")
    return page("leave", token, held, whose(held))


def left(token: str) -> ResponseReturnValue:
    one_click = request.form.get(ONE_CLICK[0]) == ONE_CLICK[1]
    held = desk().keyring.open_manage(token)
    if one_click:
        # A mail program asks: one short answer, whosever token it is, and nothing to follow.
        if held is not None:
            signals.unsubscribe(desk().world(), held, everything=False, source="one click", now=now())
        return Response("OK\n", mimetype="text/plain")
    if held is None:
        abort(404)
    everything = request.form.get("what") == "everything"
    done = signals.unsubscribe(desk().world(), held, everything=everything, source="page", now=now())
    if done is None:
        abort(404)
    return page("left", token, held, whose(held), done=done)


def back(token: str) -> ResponseReturnValue:
    held = opened(token)
    person = whose(held)
    world = desk().world()
    known = world.library.catalogue(now()).setting.programme.topics
    topics = [topic for topic in request.form.getlist("topic") if topic in known or topic == held.topic]
    back = signals.resubscribe(world, held, now=now(), topics=topics)
    locale = locale_of(person.locale).replace("_", "-")
    names = [topic_label(world, topic, locale, now()) for topic in topics or [held.topic] if topic]
    return page("back", token, held, person, back=back, names=names)
