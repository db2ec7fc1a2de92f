"""Saved views of the list of contacts: kept under a title, changed, shared with the team, deleted."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.core.reasons import Reason
from app.services import saved_views as service
from app.services.saved_views import View, ViewFault
from app.services.viewing.people import Asked
from app.web.marketers import asked as addresses
from app.web.shared.context import now, user, web

views = Blueprint("views", __name__, url_prefix="/contacts/views", template_folder="templates")
LONGEST = 500


def open_view(args: MultiDict[str, str], there: tuple[View, ...]) -> View | None:
    """The view the list was opened by, as its address says; what is no view of theirs is none."""
    given = args.get("view", "")
    return next((view for view in there if str(view.id) == given), None)


def way_to(view: View) -> str:
    """The list as the view has it; the view's own page where its search is gone."""
    if view.asked is None:
        return url_for("views.show", view_id=view.id)
    return url_for("contacts.index", **addresses.params(view.asked), view=view.id)


@views.get("")
def index() -> ResponseReturnValue:
    return _listing()


@views.post("")
def save() -> ResponseReturnValue:
    asked, title = addresses.read(request.form), request.form.get("title", "")[:LONGEST]
    try:
        view_id = service.save(web().place, title, asked, now(), user().id)
    except ViewFault as fault:
        return _listing(fault.reason, asked, title), 422
    return _opened(view_id)


@views.get("/<uuid:view_id>")
def show(view_id: UUID) -> ResponseReturnValue:
    return _one(view_id)


@views.post("/<uuid:view_id>")
def rename(view_id: UUID) -> ResponseReturnValue:
    title = request.form.get("title", "")[:LONGEST]

    def act(revision: int) -> None:
        service.rename(web().place, view_id, revision, title, now(), user().id)

    return _done_or(view_id, act, title=title)


@views.post("/<uuid:view_id>/overwrite")
def overwrite(view_id: UUID) -> ResponseReturnValue:
    asked = addresses.read(request.form)

    def act(revision: int) -> None:
        service.overwrite(web().place, view_id, revision, asked, now(), user().id)

    return _done_or(view_id, act, _opened, tried=asked)


@views.post("/<uuid:view_id>/share")
def share(view_id: UUID) -> ResponseReturnValue:
    wished = request.form.get("shared")
    if wished not in ("yes", "no"):
        abort(400)

    def act(revision: int) -> None:
        service.share(web().place, view_id, revision, wished == "yes", now(), user().id)

    return _done_or(view_id, act)


@views.post("/<uuid:view_id>/delete")
def delete(view_id: UUID) -> ResponseReturnValue:
    def act(revision: int) -> None:
        service.delete(web().place, view_id, revision, now(), user())

    return _done_or(view_id, act, lambda _: redirect(url_for("views.index", done="deleted"), 303))


def _done_or(
    view_id: UUID,
    act: Callable[[int], None],
    then: Callable[[UUID], ResponseReturnValue] | None = None,
    **kept: Any,
) -> ResponseReturnValue:
    _found(view_id)
    try:
        revision = int(request.form.get("revision", "")[:9])
    except ValueError:
        abort(400)
    try:
        act(revision)
    except ViewFault as fault:
        return _one(view_id, fault.reason, **kept), 422
    return then(view_id) if then else redirect(url_for("views.show", view_id=view_id, done="saved"), 303)


def _opened(view_id: UUID) -> ResponseReturnValue:
    return redirect(way_to(_found(view_id)), 303)


def _found(view_id: UUID) -> View:
    view = service.find(web().place, view_id, user().id)
    if view is None:
        abort(404)
    return view


def _one(
    view_id: UUID, fault: Reason | None = None, title: str | None = None, tried: Asked | None = None
) -> str:
    view = _found(view_id)
    return render_template(
        "marketers/view.html",
        view=view,
        way=way_to(view) if view.asked else None,
        title=view.title if title is None else title,
        tried=url_for("contacts.index", **addresses.params(tried)) if tried else None,
        fault=fault,
        lost=view.asked.stage if view.asked and request.args.get("lost") == "stage" else None,
        done=request.args.get("done") == "saved",
        here="contacts",
    )


def _listing(fault: Reason | None = None, asked: Asked | None = None, title: str = "") -> str:
    return render_template(
        "marketers/views.html",
        views=service.list_views(web().place, user().id),
        way_to=way_to,
        pairs=addresses.pairs(asked) if asked else None,
        title=title,
        fault=fault,
        done=request.args.get("done") == "deleted",
        here="contacts",
    )
