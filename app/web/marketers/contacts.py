"""The list of contacts under the stage cut, and one contact with its story."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.services.viewing import one, people
from app.web.shared.context import now, web

contacts = Blueprint("contacts", __name__, url_prefix="/contacts", template_folder="templates")
LONGEST_SEARCH = 200


@contacts.get("")
def index() -> ResponseReturnValue:
    asked = _asked()
    page = people.list_people(web().place, asked, now())
    if asked.stage and asked.stage not in page.counts:
        abort(404)

    def to(stage: str | None = asked.stage, **cursor: UUID | None) -> str:
        return url_for("contacts.index", **_params(people.other_stage(asked, stage), cursor))

    return render_template("marketers/contacts.html", page=page, asked=asked, to=to, here="contacts")


@contacts.get("/<uuid:contact_id>")
def show(contact_id: UUID) -> ResponseReturnValue:
    kind = request.args.get("show", "all")
    found = one.look_at(web().place, contact_id, now(), kind, _before())
    if found is None:
        abort(404)
    if found.row.merged_into is not None:
        return redirect(url_for("contacts.show", contact_id=found.row.merged_into))
    return render_template("marketers/contact.html", contact=found, here="contacts")


def _asked() -> people.Asked:
    args = request.args
    return people.Asked(
        stage=args.get("stage") or None,
        text=args.get("q", "")[:LONGEST_SEARCH].strip(),
        owner_id=_uuid(args.get("owner")),
        tag=args.get("tag", "")[:LONGEST_SEARCH].strip(),
        oldest_first=args.get("sort") == "oldest",
        older_than=_uuid(args.get("older")),
        newer_than=_uuid(args.get("newer")),
    )


def _params(asked: people.Asked, cursor: dict[str, UUID | None]) -> dict[str, Any]:
    """The address that asks for the same, with a place in the list; what is not asked for is left out."""
    wanted = {
        "stage": asked.stage, "q": asked.text, "owner": asked.owner_id, "tag": asked.tag,
        "sort": "oldest" if asked.oldest_first else "", **cursor,
    }  # fmt: skip
    return {name: str(value) for name, value in wanted.items() if value}


def _uuid(text: str | None) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        abort(400)


def _before() -> tuple[datetime, UUID] | None:
    """Where the story goes on: an instant and an id, as the page before wrote them."""
    text = request.args.get("before")
    if not text:
        return None
    at, _, entry_id = text.partition("_")
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        abort(400)
    found = _uuid(entry_id)
    if found is None or instant.tzinfo is None:
        abort(400)
    return instant, found
