"""Companies: the list, one with its people and their shared story, and what colleagues change of it."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services import companies as service
from app.services.companies import CompanyFault, CompanyFaults
from app.services.suppressions import SuppressionFault
from app.services.viewing import companies as viewing
from app.services.viewing.companies import ORDERS, Asked
from app.web.marketers import contact_forms as forms
from app.web.shared.context import now, user, web

companies = Blueprint("companies", __name__, url_prefix="/companies", template_folder="templates")
LONGEST = 200
# Longer than any name or value that is taken, so that what is too long is refused and not cut.
LONGEST_TYPED = 3000
# How an act is told when it is done; see the template.
DONE = frozenset({"made", "there", "saved", "in", "was_in", "out", "stopped", "standing", "lifted"})


@companies.get("")
def index() -> ResponseReturnValue:
    asked = _asked()
    page = viewing.list_companies(web().place, asked, now())
    if asked.stage and asked.stage not in page.names.stages:
        abort(404)

    def to(stage: str = asked.stage, **cursor: tuple[str | None, UUID] | None) -> str:
        order = asked.order if asked.order != ORDERS[0] else ""
        wanted = {"q": asked.text, "stage": stage, "sort": order}
        wanted |= {name: _written(place) for name, place in cursor.items()}
        return url_for("companies.index", **{name: value for name, value in wanted.items() if value})  # type: ignore[arg-type]

    return render_template("marketers/companies.html", page=page, asked=asked, to=to, here="companies")


@companies.get("/new")
def new() -> ResponseReturnValue:
    return _new({})


@companies.post("")
def create() -> ResponseReturnValue:
    name, domain = forms.text("name", LONGEST_TYPED), forms.text("domain", LONGEST_TYPED)
    try:
        company_id, is_new = service.make(web().world, name, domain, user().id, now())
    except CompanyFaults as faults:
        return _new(faults.faults), 422
    return _back(company_id, "made" if is_new else "there")


@companies.get("/<uuid:company_id>")
def show(company_id: UUID) -> ResponseReturnValue:
    return _one(company_id)


@companies.get("/<uuid:company_id>/edit")
def edit(company_id: UUID) -> ResponseReturnValue:
    return _form(company_id, {}, {})


@companies.post("/<uuid:company_id>/edit")
def change(company_id: UUID) -> ResponseReturnValue:
    """Only what was changed on the form counts, so that two who change different fields both keep theirs."""
    form = request.form
    typed = {
        name.removeprefix("field."): text[:LONGEST_TYPED]
        for name, text in form.items()
        if name.startswith("field.")
    }
    seen = {name: form.get(f"was.{name}", "") for name in typed}
    texts = {name: text for name, text in typed.items() if text.strip() != seen[name].strip()}
    try:
        service.change(web().world, company_id, texts, user().id, now(), seen)
    except CompanyFaults as faults:
        return _form(company_id, faults.faults, typed), 422
    except CompanyFault:
        abort(404)
    return _back(company_id, "saved")


@companies.post("/<uuid:company_id>/people")
def put_in(company_id: UUID) -> ResponseReturnValue:
    """Whoever is with another company is moved by a second press, when it was told which one that is."""
    address, frm = forms.text("address", 320), forms.uuid_or_none(request.form.get("from"))

    def act() -> str:
        moved = service.put_in(web().world, company_id, address, forms.actor(), now(), frm=frm)
        return "in" if moved else "was_in"

    return _done_or(company_id, "put_in", act)


@companies.post("/<uuid:company_id>/people/out")
def take_out(company_id: UUID) -> ResponseReturnValue:
    who = forms.uuid_or_none(request.form.get("who"))

    def act() -> str:
        if who is None:
            abort(400)
        service.take_out(web().world, company_id, who, forms.actor(), now())
        return "out"

    return _done_or(company_id, "take_out", act)


@companies.post("/<uuid:company_id>/stop")
def stop(company_id: UUID) -> ResponseReturnValue:
    def act() -> str:
        new = service.stop(web().world, company_id, forms.text("why"), user().id, now())
        return "stopped" if new else "standing"

    return _done_or(company_id, "stop", act)


@companies.post("/<uuid:company_id>/lift")
def lift(company_id: UUID) -> ResponseReturnValue:
    def act() -> str:
        service.lift(web().world, company_id, forms.text("why"), user().id, now())
        return "lifted"

    return _done_or(company_id, "lift", act)


def _done_or(company_id: UUID, what: str, act: Callable[[], str]) -> ResponseReturnValue:
    if service.sheet(web().world, company_id) is None:
        abort(404)
    try:
        done = act()
    except (CompanyFault, SuppressionFault) as fault:
        return _one(company_id, fault.reason, what), 422
    return _back(company_id, done)


def _back(company_id: UUID, done: str) -> ResponseReturnValue:
    return redirect(url_for("companies.show", company_id=company_id, done=done), 303)


def _one(company_id: UUID, fault: Reason | None = None, what: str = "") -> str:
    """`what` is the act that was refused, whose form keeps what was typed."""
    found = viewing.look_at(web().place, company_id, now(), request.args.get("show", "all"), forms.before())
    if found is None:
        abort(404)
    done = request.args.get("done")
    return render_template(
        "marketers/company.html",
        company=found,
        stops=service.stops(web().world, company_id, found.domain),
        fault=fault,
        what=what,
        typed=request.form,
        done=done if done in DONE else None,
        at=now(),
        here="companies",
    )


def _new(faults: Mapping[str, Reason]) -> str:
    return render_template("marketers/company_new.html", faults=faults, typed=request.form, here="companies")


def _form(company_id: UUID, faults: Mapping[str, Reason], typed: Mapping[str, str]) -> str:
    sheet = service.sheet(web().world, company_id)
    if sheet is None:
        abort(404)
    return render_template(
        "marketers/company_edit.html", sheet=sheet, faults=faults, typed=typed, here="companies"
    )


def _asked() -> Asked:
    args: Any = request.args
    order = args.get("sort") or ORDERS[0]
    if order not in ORDERS:
        abort(400)
    return Asked(
        text=" ".join(args.get("q", "")[:LONGEST].split()),
        stage=args.get("stage", "")[:LONGEST],
        order=order,
        older_than=_place(args.get("older")),
        newer_than=_place(args.get("newer")),
    )


def _place(text: str | None) -> tuple[str | None, UUID] | None:
    if not text:
        return None
    key, _, row_id = text[:LONGEST_TYPED].rpartition("_")
    found = forms.uuid_or_none(row_id)
    return (key, found) if found is not None else None


def _written(place: tuple[str | None, UUID] | None) -> str:
    return f"{place[0]}_{place[1]}" if place else ""
