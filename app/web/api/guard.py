"""In front of every route: who asks, how often, whether it can be read, and whether it was asked before."""

import json
import math
from typing import Any

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import UnsupportedMediaType

from app.core.reasons import Reason
from app.services.api import once, tokens
from app.services.api.once import Claim, OnceFault
from app.services.api.pace import Pace
from app.services.api.tokens import Caller
from app.services.world import World
from app.web.api.access import ACCESS, OPEN
from app.web.api.problems import Place, Refused, refuse
from app.web.shared.context import now, web

PACE = "trellis.api.pace"
DEEPEST = 12
KEY = "Idempotency-Key"
POLICY = "default-src 'none'; frame-ancestors 'none'"


def world() -> World:
    return web().world


def caller() -> Caller:
    who: Caller = g.caller
    return who


def guard(api: Flask) -> None:
    api.before_request(_let_in)
    api.before_request(_read)
    api.before_request(_once)
    api.after_request(_keep)
    api.after_request(_harden)


def _let_in() -> None:
    if request.endpoint is None:
        return  # no such address, or not by this method: told to anybody
    needed = ACCESS.get(request.endpoint)
    if needed == OPEN:
        return
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    who = None
    if kind.lower() == "bearer":
        who = tokens.caller(web().database, web().workspace_id, text.strip(), now())
    if who is None:
        # The same words whatever is wrong with it.
        raise Refused(401, "unauthorized", "Send `Authorization: Bearer` with a token that is good.")
    pace: Pace = current_app.extensions[PACE]
    wait = pace.wait(who.id, now())
    if wait:
        most = web().settings.api_rate
        words = f"This token may ask {most} times a minute. Wait as long as Retry-After says."
        raise Refused(429, "too_many_requests", words, after=math.ceil(wait))
    if needed is None or needed not in who.scopes:
        raise Refused(
            403, "forbidden", f"The token lacks the scope {needed}. An admin makes one that has it."
        )
    g.caller = who


def _read() -> None:
    """The body is an object of JSON that every database can keep, or the request is refused."""
    if any("\0" in value for values in request.args.lists() for value in (values[0], *values[1])):
        raise Refused(400, "bad_request", "A parameter holds a NUL sign. Leave it out.")
    if request.endpoint is None:
        return
    if "caller" in g:
        _parameters(request.endpoint)
    if request.method != "POST":
        return
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        text = request.get_data().decode("utf-8")
        found = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        # What was sent is not said again: it may be somebody's.
        words = (
            str(error).partition(":")[0][:80]
            if isinstance(error, json.JSONDecodeError)
            else "no JSON in UTF-8"
        )
        raise Refused(400, "bad_request", f"The body cannot be read ({words}).") from None
    if not isinstance(found, dict):
        raise Refused(
            422, "invalid", "The body is a JSON object.", [Place(detail="Send an object.", pointer="")]
        )
    _check(found)


def _parameters(endpoint: str) -> None:
    """Of two values under one name, neither is taken for the one that was meant."""
    if not endpoint.endswith(".find"):
        name, words = next(iter(request.args), None), "This address takes no parameters."
    else:
        name = next((name for name, values in request.args.lists() if len(values) > 1), None)
        words = "A parameter is given once. Leave out the others of this name."
    if name is not None:
        name = name[:80].encode("utf-8", "replace").decode()
        raise Refused(422, "invalid", words, [Place(detail=words, parameter=name)])


def _check(found: Any) -> None:
    """No sign that a database refuses, and no tree deeper than anything of ours."""
    here: list[tuple[Any, int]] = [(found, 0)]
    while here:
        value, depth = here.pop()
        if depth > DEEPEST:
            raise Refused(400, "bad_request", f"The body is nested deeper than {DEEPEST} levels.")
        if isinstance(value, str) and ("\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value)):
            raise Refused(400, "bad_request", "The body holds a NUL sign or half of a sign. Leave it out.")
        if isinstance(value, dict):
            here += [(each, depth + 1) for pair in value.items() for each in pair]
        elif isinstance(value, list):
            here += [(each, depth + 1) for each in value]


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _once() -> Response | None:
    """What was done under this key is not done again."""
    key = request.headers.get(KEY)
    if key is None or request.method != "POST" or "caller" not in g:
        return None
    if not 1 <= len(key) <= once.LONGEST_KEY or not key.isascii() or not key.isprintable():
        words = f"{KEY} has 1 to {once.LONGEST_KEY} printable ASCII signs."
        raise Refused(422, "invalid", words, [Place(detail=words, parameter=KEY)])
    whole = b"\n".join((request.path.encode(), request.query_string, request.get_data()))
    try:
        found = once.begin(web().database, web().workspace_id, caller(), key, whole, now())
    except OnceFault as fault:
        at_work = fault.reason.code == "once.at_work"
        refused = refuse(fault.reason, 409 if at_work else 422)
        refused.after = 1 if at_work else None
        raise refused from None
    if isinstance(found, Claim):
        g.claim = found
        return None
    answer = Response(found.text, found.status, mimetype="application/json")
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _keep(response: Response) -> Response:
    """Only what was done is kept: after a refusal the same key may be used again."""
    claim: Claim | None = g.pop("claim", None)
    if claim is not None:
        if response.status_code < 400:
            claim.finish(response.status_code, response.get_data(as_text=True))
        else:
            claim.give_up()
    return response


def _harden(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    return response


def fault_of(reason: Reason) -> Refused:
    """The refusal of a service. What is not there is a 404, what does not fit what is there a 409."""
    status = (
        404
        if reason.code
        in (
            "contact.unknown",
            "company.unknown",
            "enroll.gone",
            "merge.unknown",
            "task.unknown",
            "suppression.unknown",
        )
        else 422
    )
    return refuse(reason, 409 if reason.code in CONFLICTS else status)


CONFLICTS = frozenset(
    {
        "broadcast.stale",
        "broadcast.old",
        "broadcast.nobody",
        "merge.same",
        "merge.gone",
        "merge.leaving",
        "merge.too_much",
        "task.not_open",
        "suppression.erased_stays",
        "suppression.complained",
        "enrollment.not_inside",
    }
)
