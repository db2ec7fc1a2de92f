"""DKIM keys: made, their records to publish, what the DNS says of them now, activated and retired."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.mail.dkim_keys import ALGORITHMS
from app.mail.dns import SystemResolver
from app.services import dkim_keys as service
from app.services.dkim_keys import Key, KeyFault
from app.services.domains import looked_up, unpublished
from app.services.secrets import CannotOpen
from app.services.world import World, open_world
from app.web.shared.context import now, user, web

keys = Blueprint("keys", __name__, url_prefix="/senders/keys", template_folder="templates")
LONGEST = 260
WAYS = {"both": ALGORITHMS, **{each: (each,) for each in ALGORITHMS}}


@keys.get("")
def index() -> ResponseReturnValue:
    return _listing()


@keys.post("")
def make() -> ResponseReturnValue:
    wish = {
        name: request.form.get(name, "")[:LONGEST].strip() for name in ("domain", "selector", "algorithm")
    }
    if wish["algorithm"] not in WAYS:
        abort(400)
    try:
        made = service.make(
            _world(), wish["domain"], now(), selector=wish["selector"], algorithms=WAYS[wish["algorithm"]],
            by=user().id,
        )  # fmt: skip
    except KeyFault as fault:
        return _listing(fault.reason, wish), 422
    except CannotOpen as fault:
        return _listing(wish=wish, words=str(fault)), 422
    return redirect(url_for("keys.show", domain=made[0].domain, selector=made[0].selector))


@keys.get("/one")
def show() -> ResponseReturnValue:
    """With `look` the name servers are asked, which may take some seconds."""
    return _one(_named(request.args), look="look" in request.args)


@keys.post("/activate")
def activate() -> ResponseReturnValue:
    key, world = _named(request.form), _world()
    if request.form.get("sure") != "yes" and unpublished(_resolver(), [key]):
        return _one(key, look=True, refused=True), 422
    service.activate(world, key, now(), user().id)
    return redirect(url_for("keys.show", domain=key.domain, selector=key.selector, done="activated"))


@keys.post("/retire")
def retire() -> ResponseReturnValue:
    key = _named(request.form)
    service.retire(_world(), key, now(), user().id)
    return redirect(url_for("keys.show", domain=key.domain, selector=key.selector, done="retired"))


def _world() -> World:
    return open_world(web().database, web().workspace_id, web().settings)


def _resolver() -> SystemResolver:
    return SystemResolver(web().settings.dns_servers)


def _named(given: dict[str, str]) -> Key:
    try:
        return service.find(_world(), given.get("domain", "")[:LONGEST], given.get("selector", "")[:LONGEST])
    except KeyFault:
        abort(404)


def _listing(fault: Reason | None = None, wish: dict[str, str] | None = None, words: str = "") -> str:
    domain = web().settings.sender_address.rpartition("@")[2]
    return render_template(
        "admins/keys.html",
        keys=service.listed(_world()),
        fault=fault,
        words=words,
        wish=wish or {"domain": domain, "algorithm": "both"},
        ways=WAYS,
        here="senders",
    )


def _one(key: Key, *, look: bool = False, refused: bool = False) -> str:
    same = [one for one in service.listed(_world(), key.domain) if one.algorithm == key.algorithm]
    return render_template(
        "admins/key.html",
        key=key,
        told=key.told(),
        before=[one for one in same if one.state == "active" and one.id != key.id],
        findings=looked_up(_resolver(), key) if look else None,
        refused=refused,
        done=request.args.get("done"),
        here="senders",
    )
