"""The pages of the demo below the address of the real ones, as long as there is a demo."""

import threading
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.services.demo import PATH

log = structlog.get_logger()


class DemoDoor:
    """Stands in front of the pages: what begins with /demo goes to the demo. Without one nothing changes."""

    def __init__(
        self, real: Callable[..., Any], find: Callable[[], UUID | None], show: Callable[[UUID], Flask]
    ) -> None:
        self._real, self._find, self._show = real, find, show
        self._lock = threading.Lock()
        self._shown: tuple[UUID, Flask] | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if path == PATH or path.startswith(f"{PATH}/"):
            pages = self._pages()
            if pages is not None:
                below = {
                    "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + PATH,
                    "PATH_INFO": path[len(PATH) :] or "/",
                }
                return pages({**environ, **below}, start_response)
        answer: Iterable[bytes] = self._real(environ, start_response)
        return answer

    def _pages(self) -> Flask | None:
        try:
            there = self._find()
        except SQLAlchemyError:
            # A link in a mail works while the database is away.
            return self._shown[1] if self._shown is not None else None
        with self._lock:
            if there is None:
                self._shown = None
            elif self._shown is None or self._shown[0] != there:
                self._shown = (there, self._show(there))
            return self._shown[1] if self._shown is not None else None
