"""What sequences and templates have in common where they are written in the browser."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, request

from app.files.findings import FileFinding
from app.services.authoring import drafts, versions
from app.services.authoring.drafts import Draft
from app.services.authoring.publishing import look_at_draft
from app.services.world import World, open_world
from app.web.shared.context import now, web

# A form's text is taken as far as the request may be large; the service says how much is too much.
LONGEST_WHY = 300


@dataclass(frozen=True, slots=True)
class Looked:
    """What lint says of the text that was just saved. `overtaken`: it was not saved, here is how it stands."""

    findings: Sequence[FileFinding]
    mark: str
    saved: bool = False
    overtaken: Draft | None = None
    fault: Any = None

    @property
    def errors(self) -> int:
        return sum(one.level == "error" for one in self.findings)

    @property
    def warnings(self) -> int:
        return sum(one.level == "warning" for one in self.findings)


def world() -> World:
    return open_world(web().database, web().workspace_id, web().settings)


def known(kind: str, key: str) -> Draft:
    found = drafts.open_draft(web().database, web().workspace_id, kind, key)
    if found is None:
        abort(404)
    return found


def look(found: Draft, locale: str = "", **how: Any) -> Looked:
    """Lint of one draft; of one language where there are several."""
    _, findings = look_at_draft(web().database, web().workspace_id, found, web().settings, now())
    file = found.as_source().files.get(locale)
    return Looked([one for one in findings if one.file == file], found.mark(locale), **how)


def swaps() -> bool:
    """Whether only a part of the page is asked for."""
    return "HX-Request" in request.headers


def word(name: str, longest: int = LONGEST_WHY) -> str:
    """One line of a form."""
    return " ".join(request.form.get(name, "").split())[:longest]


def number(name: str) -> int:
    given = request.form.get(name, "")
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        abort(400)
    return int(given)


def compared(kind: str, room: str, key: str) -> dict[str, Any]:
    """A page of versions, and two of them side by side where that is asked for."""
    draft, below = known(kind, key), request.args.get("below", type=int)
    place = (web().database, web().workspace_id, kind, key)
    lines, older = versions.list_versions(*place, below)
    shown = request.args.get("of", type=int)
    against = request.args.get("with", type=int) or draft.number
    differing = None
    if shown is not None:
        pair = [versions.source_of(*place, one) for one in (shown, against)]
        if pair[0] is None or pair[1] is None:
            abort(404)
        differing = versions.compare(kind, pair[0], pair[1])
    return {
        "draft": draft, "room": room, "lines": lines, "older": older, "below": below, "of": shown, "against": against,
        "differing": differing, "here": room,
    }  # fmt: skip
