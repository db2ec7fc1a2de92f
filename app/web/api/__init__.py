"""The API for programs: an application of its own below /api, without sign-ins, cookies and forms.

A token in the header `Authorization` is the only proof. Every answer is JSON, every error `application/problem+json`
(RFC 9457). What a route needs stands in `app/web/api/access.py`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from app.services.api.pace import Pace
from app.web.api.broadcasts import broadcasts
from app.web.api.companies import companies
from app.web.api.contacts import contacts
from app.web.api.deliveries import deliveries
from app.web.api.docs import add_docs
from app.web.api.enrollments import enrollments
from app.web.api.events import events
from app.web.api.guard import PACE, guard
from app.web.api.problems import Problem, add_problems, invalid
from app.web.api.programme import programme
from app.web.api.suppressions import suppressions
from app.web.api.tasks import tasks
from app.web.shared.context import NAME, Web

PREFIX = "/api"
ROOMS = (contacts, companies, events, enrollments, deliveries, suppressions, tasks, broadcasts, programme)
LARGEST_REQUEST = 2_000_000
ABOUT = (
    "Contacts, events, enrollments, broadcasts and what became of mails, for programs. "
    "How to begin, paging, idempotency and errors: `docs/api.md`."
)


def make_api(wired: Web) -> OpenAPI:
    """The application; what it needs of the pages' is their wiring alone."""
    api = OpenAPI(
        "app.web.api",
        info=Info(title="Trellis", version="1", description=ABOUT),
        security_schemes={
            "token": {"type": "http", "scheme": "bearer", "description": "A token of the page *API tokens*."}
        },
        validation_error_model=Problem,
        validation_error_callback=invalid,
        doc_ui=False,
        static_folder=None,
    )
    api.config.update(
        MAX_CONTENT_LENGTH=LARGEST_REQUEST, PROVIDE_AUTOMATIC_OPTIONS=False, TRAP_HTTP_EXCEPTIONS=False
    )
    api.json.ensure_ascii = False  # type: ignore[attr-defined]
    api.extensions[NAME] = wired
    api.extensions[PACE] = Pace(wired.settings.api_rate)
    guard(api)
    add_problems(api)
    for room in ROOMS:
        api.register_api(room)
    add_docs(api)
    return api


class ApiDoor:
    """Stands in front of the pages: what begins with /api/ goes to the API."""

    def __init__(self, pages: Callable[..., Any], api: Callable[..., Any]) -> None:
        self._pages, self._api = pages, api

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        chosen = self._api if path == PREFIX or path.startswith(f"{PREFIX}/") else self._pages
        answer: Iterable[bytes] = chosen(environ, start_response)
        return answer
