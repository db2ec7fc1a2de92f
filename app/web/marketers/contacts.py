"""The list of contacts under the stage cut, and one contact with its story."""

from uuid import UUID

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.services.viewing import people
from app.services.viewing.people import COLUMNS, CONSENT_STATES
from app.store.views.people import Key
from app.web.marketers import asked as addresses
from app.web.marketers import contact
from app.web.shared.context import now, web

contacts = Blueprint("contacts", __name__, url_prefix="/contacts", template_folder="templates")


@contacts.get("")
def index() -> ResponseReturnValue:
    asked = addresses.read(request.args)
    page = people.list_people(web().place, asked, now())
    if asked.stage and asked.stage not in page.counts:
        abort(404)

    def to(
        without: tuple[str, ...] = (), stage: str | None = asked.stage, **cursor: tuple[Key, UUID] | None
    ) -> str:
        """This list elsewhere: at another stage, from a row on, or without some of what narrows it."""
        wanted = addresses.params(people.other_stage(asked, stage), **cursor)
        return url_for(
            "contacts.index", **{name: each for name, each in wanted.items() if name not in without}
        )

    return render_template(
        "marketers/contacts.html",
        page=page,
        asked=asked,
        to=to,
        pairs=addresses.pairs(asked),
        bounds=dict(zip(addresses.BOUNDS, asked.bounds, strict=True)),
        columns=COLUMNS,
        states=CONSENT_STATES,
        owner_name={str(each): name for each, name in page.owners}.get(asked.owner),
        here="contacts",
    )


@contacts.get("/<uuid:contact_id>")
def show(contact_id: UUID) -> ResponseReturnValue:
    return contact.show(contact_id)
