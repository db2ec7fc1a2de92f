"""Web hooks going out: what waits, what was answered, what was given up and is called again; who hears of events."""

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services import calling
from app.services import hook_subscriptions as service
from app.services.hook_subscriptions import EVENTS, Subscription, SubscriptionFault, Wish
from app.services.world import World
from app.web.shared.context import now, user, web

outgoing = Blueprint("outgoing", __name__, url_prefix="/outgoing", template_folder="templates")
STATES = ("dead", "queued", "done")
LONGEST = 2100


@outgoing.get("")
def index() -> ResponseReturnValue:
    return _calls()


@outgoing.get("/calls/<uuid:call_id>")
def show(call_id: UUID) -> ResponseReturnValue:
    found = calling.find(_world(), call_id)
    if found is None:
        abort(404)
    # What is told is about a person; whoever looks after the receiver must see it, the others need not.
    body = json.dumps({"id": str(found.id), **found.payload}, indent=2, ensure_ascii=False, sort_keys=True)
    may = user().at_least("admin")
    return render_template(
        "admins/outgoing_call.html", one=found, body=body if may else None, here="outgoing"
    )


@outgoing.post("/replay")
def replay() -> ResponseReturnValue:
    """Call again what was given up: the ticked ones, or all. Who was called again meanwhile is left alone."""
    try:
        ids = [UUID(text) for text in request.form.getlist("call")]
    except ValueError:
        abort(400)
    everything = request.form.get("all") == "yes"
    if not ids and not everything:
        return _calls(Reason("hook.none_chosen")), 422
    count = calling.replay(_world(), None if everything else ids, f"user:{user().id}", now(), by=user().id)
    return redirect(url_for("outgoing.index", again=count), 303)


@outgoing.get("/receivers")
def receivers() -> ResponseReturnValue:
    return _receivers()


@outgoing.post("/receivers")
def add() -> ResponseReturnValue:
    wish = _wish()
    try:
        made = service.add(_world(), wish, user().id, now())
    except SubscriptionFault as fault:
        return _receivers(fault.reason, wish), 422
    return redirect(url_for("outgoing.receiver", receiver_id=made, done="added"), 303)


@outgoing.post("/receivers/key")
def steps_key() -> ResponseReturnValue:
    # Shown in the answer itself; the next look takes another press, and another entry in the audit log.
    return _receivers(key=service.show_key(_world(), None, user().id, now()))


@outgoing.get("/receivers/<uuid:receiver_id>")
def receiver(receiver_id: UUID) -> ResponseReturnValue:
    return _receiver(_found(receiver_id))


@outgoing.post("/receivers/<uuid:receiver_id>")
def change(receiver_id: UUID) -> ResponseReturnValue:
    found, wish = _found(receiver_id), _wish()
    try:
        seen = int(request.form.get("revision", "")[:9])
    except ValueError:
        abort(400)
    try:
        service.change(_world(), receiver_id, wish, seen, user().id, now())
    except SubscriptionFault as fault:
        return _receiver(found, fault.reason, wish), 422
    return _to(receiver_id, "changed")


@outgoing.post("/receivers/<uuid:receiver_id>/test")
def test(receiver_id: UUID) -> ResponseReturnValue:
    found = _found(receiver_id)
    if web().is_demo:
        return _receiver(found, Reason("subscription.demo")), 422
    service.test(_world(), found, user().id, now())
    return _to(receiver_id, "tested")


@outgoing.post("/receivers/<uuid:receiver_id>/pause")
def pause(receiver_id: UUID) -> ResponseReturnValue:
    _found(receiver_id)
    return _to(receiver_id, "paused" if service.pause(_world(), receiver_id, user().id, now()) else "")


@outgoing.post("/receivers/<uuid:receiver_id>/resume")
def resume(receiver_id: UUID) -> ResponseReturnValue:
    _found(receiver_id)
    return _to(receiver_id, "resumed" if service.resume(_world(), receiver_id, user().id, now()) else "")


@outgoing.post("/receivers/<uuid:receiver_id>/remove")
def remove(receiver_id: UUID) -> ResponseReturnValue:
    if not service.remove(_world(), receiver_id, user().id, now()):
        abort(404)
    return redirect(url_for("outgoing.receivers", done="removed"), 303)


@outgoing.post("/receivers/<uuid:receiver_id>/key")
def key(receiver_id: UUID) -> ResponseReturnValue:
    found = _found(receiver_id)
    return _receiver(found, key=service.show_key(_world(), receiver_id, user().id, now()))


def _wish() -> Wish:
    form = request.form
    return Wish(
        form.get("title", "")[:LONGEST], form.get("url", "")[:LONGEST], tuple(form.getlist("event")[:99])
    )


def _found(receiver_id: UUID) -> Subscription:
    found = service.find(_world(), receiver_id)
    if found is None:
        abort(404)
    return found


def _to(receiver_id: UUID, done: str) -> ResponseReturnValue:
    return redirect(url_for("outgoing.receiver", receiver_id=receiver_id, done=done or None), 303)


def _calls(fault: Reason | None = None) -> str:
    state = request.args.get("state", "dead")
    if state not in STATES:
        abort(404)
    try:
        after = UUID(request.args["after"]) if "after" in request.args else None
    except ValueError:
        abort(404)
    again = request.args.get("again", "")[:6]
    calls, more = calling.listing(_world(), state, after)
    return render_template(
        "admins/outgoing.html",
        calls=calls,
        more=url_for("outgoing.index", state=state, after=more) if more else None,
        after=after,
        state=state,
        states=STATES,
        counts=calling.counted(_world()),
        most=calling.MOST_COUNTED,
        again=int(again) if again.isascii() and again.isdigit() else None,
        fault=fault,
        here="outgoing",
    )


def _receivers(fault: Reason | None = None, wish: Wish | None = None, key: str = "") -> str:
    return render_template(
        "admins/outgoing_receivers.html",
        receivers=service.listed(_world()),
        events=EVENTS,
        wish=wish or Wish(),
        fault=fault,
        done=request.args.get("done"),
        **_safety(key),
    )


def _receiver(one: Subscription, fault: Reason | None = None, wish: Wish | None = None, key: str = "") -> str:
    return render_template(
        "admins/outgoing_receiver.html",
        one=one,
        events=EVENTS,
        wish=wish or Wish(one.title, one.url, one.events),
        fault=fault,
        done=request.args.get("done"),
        **_safety(key),
    )


def _safety(key: str) -> dict[str, Any]:
    return {"key": key, "to_this_machine": web().settings.web_hooks_to_this_machine, "here": "outgoing"}


def _world() -> World:
    return web().world
