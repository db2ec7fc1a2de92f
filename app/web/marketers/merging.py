"""Two contacts who are the same person: found, laid side by side, made one, and made two again."""

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.contacts.uniting import Take
from app.core.reasons import Reason
from app.services import merging as service
from app.services.contacts import ContactFault
from app.services.ids import new_id
from app.services.merging import Pair, Plan, Side
from app.web.marketers import contact_forms as forms
from app.web.shared.context import now, web

merging = Blueprint(
    "merging", __name__, url_prefix="/contacts/<uuid:contact_id>", template_folder="templates"
)
TAKES: tuple[Take, ...] = ("mine", "theirs")


@merging.get("/merge")
def find(contact_id: UUID) -> ResponseReturnValue:
    return _find(contact_id)


@merging.get("/merge/<uuid:other_id>")
def compare(contact_id: UUID, other_id: UUID) -> ResponseReturnValue:
    return _compare(contact_id, other_id)


@merging.post("/merge/<uuid:other_id>")
def merge(contact_id: UUID, other_id: UUID) -> ResponseReturnValue:
    takes = _takes()
    try:
        service.merge(
            web().world, contact_id, other_id, forms.actor(), now(), takes=takes,
            mark=forms.text("mark", forms.LONGEST_WORD), form_key=forms.text("form_key", forms.LONGEST_WORD),
        )  # fmt: skip
    except ContactFault as fault:
        return _compare(contact_id, other_id, fault.reason, takes)
    return redirect(url_for("contacts.show", contact_id=contact_id, done="merged"), 303)


@merging.get("/merged/<uuid:merge_id>")
def parting(contact_id: UUID, merge_id: UUID) -> ResponseReturnValue:
    return _parting(contact_id, merge_id)


@merging.post("/merged/<uuid:merge_id>/undo")
def part(contact_id: UUID, merge_id: UUID) -> ResponseReturnValue:
    try:
        service.undo(web().world, contact_id, merge_id, forms.actor(), now())
    except ContactFault as fault:
        return _parting(contact_id, merge_id, fault.reason), 422
    return redirect(url_for("contacts.show", contact_id=contact_id, done="parted"), 303)


def _takes() -> dict[str, Take]:
    said = {
        name.removeprefix("take."): text for name, text in request.form.items() if name.startswith("take.")
    }
    return {name: take for name, text in said.items() for take in TAKES if text == take}


def _find(contact_id: UUID, fault: Reason | None = None) -> ResponseReturnValue:
    head = forms.known(contact_id)
    text = request.args.get("find", "")[: forms.LONGEST_WORD]
    found = service.twins(web().world, contact_id, text, now())
    page = forms.draw("merge_find", head, fault, twins=found, find=text)
    return (page, 422) if fault else page


def _compare(
    contact_id: UUID, other_id: UUID, fault: Reason | None = None, takes: dict[str, Take] | None = None
) -> ResponseReturnValue:
    head = forms.known(contact_id)
    try:
        plan = service.plan(web().world, contact_id, other_id, now(), takes)
    except ContactFault as why:
        if why.reason.code == "merge.unknown":
            abort(404)
        return _find(contact_id, fault or why.reason)
    facts = [(pair, _shown(plan.kept, pair), _shown(plan.other, pair)) for pair in plan.facts]
    sequences = web().world.library.catalogue(now()).sequences
    titles = {key: sequences[key].sequence.title for key, _ in plan.ends if key in sequences}
    # A form that comes back keeps its key: it is the same asking.
    form_key = forms.text("form_key", forms.LONGEST_WORD) or str(new_id(now()))
    page = forms.draw(
        "merge", head, fault, plan=plan, facts=facts, titles=titles, form_key=form_key, changed=_changed(plan)
    )
    return (page, 422) if fault else page


def _shown(side: Side, pair: Pair) -> Any:
    """A fact as a person reads it; None: not known."""
    if pair.name in ("owner", "company"):
        return side.row._mapping[pair.name]
    value = side.facts.get(pair.name)
    if pair.name.startswith("criterion.") and value is not None:
        state, answer = value
        return state if answer is None else answer
    return value


def _changed(plan: Plan) -> list[tuple[str, str, str]]:
    """(topic, state before, state after) of the consents a merge makes stricter."""
    return [
        (topic, mine.state if mine else "unknown", after.state)
        for topic, mine, _, after in plan.consents
        if after is not None and (mine is None or mine.state != after.state)
    ]


def _parting(contact_id: UUID, merge_id: UUID, fault: Reason | None = None) -> str:
    head = forms.known(contact_id)
    found = service.what_goes_back(web().world, contact_id, merge_id)
    if found is None:
        abort(404)
    return forms.draw("merge_undo", head, fault or found.refused, back=found)
