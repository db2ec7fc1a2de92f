"""Errors as `application/problem+json` (RFC 9457): what is wrong, where, and what to do."""

import json
from collections.abc import Mapping
from typing import Any

import structlog
from flask import Flask, Response, make_response, request
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from app.core.reasons import Reason
from app.services.reading import Unreadable
from app.services.sentences import say

log = structlog.get_logger()
MOST_ERRORS = 20
# What a person can do about the errors of HTTP itself.
REMEDIES = {
    400: "The request cannot be read. Send JSON in UTF-8, without NUL signs.",
    401: "Send `Authorization: Bearer` with a token of the page API tokens that is still good.",
    404: "There is nothing at this address. Look it up in /api/v1/docs.",
    405: "This address does not take that method. Look it up in /api/v1/docs.",
    413: "The request is larger than 2 MB. Send less at once.",
    415: "Send the body as `Content-Type: application/json`.",
    500: "A fault of ours, which is in the log. The same request may be sent again.",
    503: "The database is away. Try again in a moment.",
}


class Place(BaseModel):
    """`pointer` is a JSON pointer into the body, `parameter` the name of one in the address."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class Problem(BaseModel):
    """An error. `code` stays the same over releases; `title` and `detail` are for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[Place] | None = None


class Refused(Exception):
    """A route refuses what was asked."""

    def __init__(
        self, status: int, code: str, detail: str, errors: list[Place] | None = None, after: int | None = None
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.errors, self.after = status, code, detail, errors, after


def refuse(reason: Reason, status: int = 422, pointer: str | None = None) -> Refused:
    """The refusal of a service, to be raised."""
    words = sentence(reason.code, reason.params)
    return Refused(status, reason.code, words, [Place(detail=words, pointer=pointer)] if pointer else None)


def nothing(what: str) -> Refused:
    """What is not there, or in another workspace: the same words."""
    return Refused(404, "not_found", f"There is no such {what}.")


def sentence(code: str, params: Mapping[str, Any]) -> str:
    text = say(code, params)
    return text if text.endswith(".") else f"{text[:1].upper()}{text[1:]}."


def problem(
    status: int, code: str, detail: str, errors: list[Place] | None = None, after: int | None = None
) -> Response:
    found = Problem(
        type=f"urn:trellis:problem:{code}",
        title=HTTP_STATUS_CODES.get(status, "Error"),
        status=status,
        code=code,
        detail=detail,
        errors=errors,
    )
    answer = Response(found.model_dump_json(exclude_none=True), status, mimetype="application/problem+json")
    if after is not None:
        answer.headers["Retry-After"] = str(after)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="trellis"'
    return answer


def invalid(error: ValidationError) -> Response:
    """Every place that is wrong, as pydantic found it."""
    in_body = not error.title.endswith(("Query", "Path"))
    errors = []
    for one in error.errors(include_url=False, include_context=False, include_input=False)[:MOST_ERRORS]:
        steps = [str(step).replace("~", "~0").replace("/", "~1") for step in one["loc"]]
        detail = one["msg"].removeprefix("Value error, ")
        if in_body:
            errors.append(Place(detail=detail, pointer="".join(f"/{step}" for step in steps)))
        else:
            errors.append(Place(detail=detail, parameter=steps[0] if steps else ""))
    where = ", ".join(dict.fromkeys(one.pointer or one.parameter or "the body" for one in errors))
    return problem(422, "invalid", _clean(f"Look at {where}."), errors)


def _clean(text: str) -> str:
    """A name that was sent may hold anything."""
    return text.encode("utf-8", "replace").decode()[:500]


def add_problems(api: Flask) -> None:
    api.register_error_handler(Refused, _refused)
    api.register_error_handler(HTTPException, _http)
    api.register_error_handler(Unreadable, _unreadable)
    for away in (OperationalError, InterfaceError):
        api.register_error_handler(away, _away)
    api.register_error_handler(Exception, _fault)


def _refused(error: Refused) -> Response:
    return problem(error.status, error.code, error.detail, error.errors, error.after)


def _http(error: HTTPException) -> Response:
    if error.response is not None:  # made by `invalid`
        return make_response(error.response)
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    known = REMEDIES.get(status, error.description or "")
    answer = problem(status, HTTP_STATUS_CODES.get(status, "error").lower().replace(" ", "_"), known)
    if status == 405 and (allowed := getattr(error, "valid_methods", None)):
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def _unreadable(error: Unreadable) -> Response:
    return problem(503, "programme.unreadable", str(error), after=60)


def _away(error: Exception) -> Response:
    log.error("api.database_away", endpoint=request.endpoint, error=type(error).__name__)
    return problem(503, "service_unavailable", REMEDIES[503], after=5)


def _fault(error: Exception) -> Response:
    # Without the values: they may be somebody's.
    log.error("api.failed", endpoint=request.endpoint, error=type(error).__name__, exc_info=error)
    return problem(500, "internal_server_error", REMEDIES[500])


def as_json(value: Any) -> Response:
    """An answer, as its model writes it."""
    text = value.model_dump_json() if isinstance(value, BaseModel) else json.dumps(value, ensure_ascii=False)
    return Response(text, 200, mimetype="application/json")
