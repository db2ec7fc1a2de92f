"""What the pages of one contact share: whom they are about, and what their forms say."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import abort, render_template, request

from app.core.reasons import Reason
from app.services.importing.around import surroundings
from app.services.importing.options import Surroundings
from app.services.viewing import one
from app.web.shared.context import now, user, web

LONGEST = 500
LONGEST_WORD = 200
# How an act is told when it is done; see the template.
DONE = frozenset({
    "moved", "asked", "out", "freed", "skipped", "sent_now", "saved", "owner", "tagged", "given", "withdrawn", "noted", "held", "released", "added", "merged", "parted",
})  # fmt: skip


def draw(name: str, head: one.Head, fault: Reason | None, **values: Any) -> str:
    return render_template(
        f"marketers/contact/{name}.html", head=head, fault=fault, here="contacts", **values
    )


def known(contact_id: UUID) -> one.Head:
    """Somebody of this workspace who can be acted on."""
    found = one.head(web().place, contact_id)
    if found is None or found.gone or found.merged_into is not None:
        abort(404)
    return found


def around() -> Surroundings:
    return surroundings(web().world, now())


def actor() -> str:
    return f"user:{user().id}"


def done() -> str | None:
    found = request.args.get("done")
    return found if found in DONE else None


def text(name: str, longest: int = LONGEST) -> str:
    return request.form.get(name, "")[:longest].strip()


def instant(text: str) -> datetime:
    """When a form was shown, as it says itself; what cannot be read is as old as can be."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def uuid_or_none(text: str | None) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        abort(400)


def before() -> tuple[datetime, UUID] | None:
    """Where the story goes on: an instant and an id, as the page before wrote them."""
    text = request.args.get("before")
    if not text:
        return None
    at, _, entry_id = text.partition("_")
    try:
        since = datetime.fromisoformat(at)
    except ValueError:
        abort(400)
    found = uuid_or_none(entry_id)
    if found is None or since.tzinfo is None:
        abort(400)
    return since, found
