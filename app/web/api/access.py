"""Which scope opens which route, by its endpoint. Unlisted is closed."""

from typing import Any

from app.web.api.problems import Problem

OPEN = "open"

ACCESS: dict[str, str] = {
    # They tell what every Trellis can do, and nothing of this one.
    "docs.show": OPEN,
    "docs.schema": OPEN,
    "docs.script": OPEN,
    "docs.start": OPEN,
    "contacts.find": "contacts:read",
    "contacts.show": "contacts:read",
    "contacts.save": "contacts:write",
    "contacts.save_many": "contacts:write",
    "contacts.merge": "contacts:write",
    "contacts.export": "contacts:privacy",
    "contacts.erase": "contacts:privacy",
    "companies.find": "companies:read",
    "companies.show": "companies:read",
    "companies.make": "companies:write",
    "companies.change": "companies:write",
    "events.tell": "events:write",
    "events.tell_many": "events:write",
    "enrollments.find": "enrollments:read",
    "enrollments.enter": "enrollments:write",
    "enrollments.leave": "enrollments:write",
    "deliveries.find": "deliveries:read",
    "deliveries.show": "deliveries:read",
    "suppressions.find": "suppressions:read",
    "suppressions.add": "suppressions:write",
    "suppressions.lift": "suppressions:write",
    "tasks.find": "tasks:read",
    "tasks.done": "tasks:write",
    "broadcasts.find": "broadcasts:read",
    "broadcasts.show": "broadcasts:read",
    "broadcasts.checked": "broadcasts:read",
    "broadcasts.draft": "broadcasts:write",
    "broadcasts.change": "broadcasts:write",
    "broadcasts.check": "broadcasts:write",
    # As on the page: whoever may let it go out may hold it.
    "broadcasts.schedule": "broadcasts:send",
    "broadcasts.pause": "broadcasts:send",
    "broadcasts.resume": "broadcasts:send",
    "broadcasts.cancel": "broadcasts:send",
    "programme.sequences": "programme:read",
    "programme.sequence": "programme:read",
    "programme.templates": "programme:read",
    "programme.segments": "programme:read",
    "programme.topics": "programme:read",
}

PROBLEMS = {
    "400": "The request cannot be read.",
    "401": "The token is missing, wrong, expired or revoked.",
    "403": "The token lacks the scope, or who made it the right.",
    "404": "There is no such thing in this workspace.",
    "405": "Not by this method.",
    "409": "It does not fit what is there, or the same request is still at work.",
    "413": "The request is too large.",
    "415": "The body is not JSON.",
    "422": "Something in the request is wrong; `errors` names each place.",
    "429": "Too many requests; `Retry-After` says when.",
    "500": "A fault of ours; nothing of the request was kept.",
    "503": "Not now; `Retry-After` says when.",
}


def told(endpoint: str, answer: Any) -> dict[str, Any]:
    """What the description says of a route: its answer, its problems and its scope."""
    content = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
    problems = {code: {"description": words, "content": content} for code, words in PROBLEMS.items()}
    return {
        "responses": {"200": answer, **problems},
        "security": [{"token": [ACCESS[endpoint]]}],
        "operation_id": endpoint,
    }
