"""Unsubscribing: looking never acts, a POST acts at once, with one click too (RFC 8058)."""

from datetime import timedelta

from flask import Blueprint, Response, abort, make_response, request
from flask.typing import ResponseReturnValue

from app.core.tokens import ManageToken
from app.services import signals
from app.services.signals.showing import sent, topic_label
from app.web.recipients.common import (
    agreeing,
    chosen_language,
    from_our_page,
    locale_of,
    opened,
    page,
    visited,
    whose,
)  # fmt: skip
from app.web.recipients.desk import POLICY, desk
from app.web.shared.context import now

SETTLED = timedelta(minutes=5)
ONE_CLICK = ("List-Unsubscribe", "One-Click")


def add_leaving(recipients: Blueprint) -> None:
    recipients.get("/u/<token>")(leave)
    recipients.post("/u/<token>")(left)
    recipients.post("/u/<token>/back")(back)


def leave(token: str) -> ResponseReturnValue:
    held = opened(token)
    visited(held, "leave")
    person = whose(held)
    answer = make_response(page("leave", token, held, person, auto=_presses_itself(held)))
    if _presses_itself(held):
        answer.headers["Content-Security-Policy"] = f"{POLICY}; script-src 'self'"
    return answer


def _presses_itself(held: ManageToken) -> bool:
    """Out of a mail older than five minutes the button is pressed for the reader: scanners come at once, and most of
    them run no script. Who comes from our own page has chosen to look first."""
    if from_our_page() or not held.topic or chosen_language() is not None:
        return False
    sent_at = sent(desk().world(), held)
    return sent_at is not None and now() - sent_at >= SETTLED


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
    person = whose(held)
    # Pressed again there is nothing left to end, and the way back stays open.
    undo = done.topics or (() if done.everything else (held.topic,))
    return page("left", token, held, person, done=done, undo=undo, agree=agreeing(locale_of(person.locale)))


def back(token: str) -> ResponseReturnValue:
    held = opened(token)
    person = whose(held)
    world = desk().world()
    known = world.library.catalogue(now()).setting.programme.topics
    topics = [topic for topic in request.form.getlist("topic") if topic in known or topic == held.topic]
    words = agreeing(locale_of(person.locale))
    back = signals.resubscribe(world, held, now=now(), topics=topics, words=words)
    locale = locale_of(person.locale).replace("_", "-")
    names = [topic_label(world, topic, locale, now()) for topic in topics or [held.topic] if topic]
    return page("back", token, held, person, back=back, names=names)
