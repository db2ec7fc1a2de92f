"""The list of contacts under the stage cut, and one contact with its story."""

from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.services import saved_views
from app.services.viewing import people
from app.services.viewing.people import COLUMNS, CONSENT_STATES, Asked
from app.store.views.people import Key
from app.web.marketers import asked as addresses
from app.web.marketers import contact
from app.web.marketers.views import open_view, way_to
from app.web.shared.context import now, user, web

contacts = Blueprint("contacts", __name__, url_prefix="/contacts", template_folder="templates")


@contacts.get("")
def index() -> ResponseReturnValue:
    asked = addresses.read(request.args)
    page = people.list_people(web().place, asked, now())
    views = saved_views.list_views(web().place, user().id)
    view = open_view(request.args, views)
    if asked.stage and asked.stage not in page.counts:
        if view is None:
            abort(404)
        return redirect(url_for("views.show", view_id=view.id, lost="stage"))
    marked = {"view": str(view.id)} if view else {}

    def to(
        without: tuple[str, ...] = (), stage: str | None = asked.stage, **cursor: tuple[Key, UUID] | None
    ) -> str:
        """This list elsewhere: at another stage, from a row on, or without some of what narrows it."""
        wanted = {**addresses.params(people.other_stage(asked, stage), **cursor), **marked}
        return url_for(
            "contacts.index", **{name: each for name, each in wanted.items() if name not in without}
        )

    return render_template(
        "marketers/contacts.html",
        page=page,
        asked=asked,
        to=to,
        pairs=[*addresses.pairs(asked), *marked.items()],
        views=views,
        view=view,
        way_to=way_to,
        asked_for_all=saved_views.kept(asked) == Asked(columns=asked.columns),
        bounds=dict(zip(addresses.BOUNDS, asked.bounds, strict=True)),
        columns=COLUMNS,
        states=CONSENT_STATES,
        owner_name={str(each): name for each, name in page.owners}.get(asked.owner),
        here="contacts",
    )


@contacts.get("/<uuid:contact_id>")
def show(contact_id: UUID) -> ResponseReturnValue:
    return contact.show(contact_id)
