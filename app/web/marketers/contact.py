"""One contact: the page, and what colleagues do to them. Each form says what will happen before it happens."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services import attending, explaining, merging, moving, noting
from app.services import contacts as service
from app.services import holding as holds
from app.services.contacts import ContactFault, FieldFaults
from app.services.segments.lists import lists
from app.services.segments.reading import LIST
from app.services.viewing import one
from app.web.marketers import contact_forms as forms
from app.web.shared.context import now, user, web
from app.web.shared.looks import zone

contact = Blueprint(
    "contact", __name__, url_prefix="/contacts/<uuid:contact_id>", template_folder="templates"
)


def show(contact_id: UUID, fault: Reason | None = None, note: str = "") -> ResponseReturnValue:
    """The page of the contact; that of the one they were merged into, where they were."""
    kind = request.args.get("show", "all")
    found = one.look_at(web().place, contact_id, now(), kind, forms.before())
    if found is None:
        abort(404)
    if found.row.merged_into is not None:
        return redirect(url_for("contacts.show", contact_id=found.row.merged_into))
    return render_template(
        "marketers/contact.html",
        contact=found,
        fault=fault,
        note_text=note,
        shown_at=now().isoformat(),
        done=forms.done(),
        merges=merging.merged(web().world, contact_id),
        here="contacts",
    )


@contact.get("/move")
def ways(contact_id: UUID) -> ResponseReturnValue:
    return _ways(contact_id)


@contact.post("/move")
def move(contact_id: UUID) -> ResponseReturnValue:
    stage, why, seen = (
        forms.text("stage", forms.LONGEST_WORD),
        forms.text("why"),
        forms.text("seen", forms.LONGEST_WORD),
    )

    def act() -> None:
        if not stage:
            raise ContactFault(Reason("stage.none_chosen"))
        moving.move_by_person(web().world, contact_id, stage, why, forms.actor(), now(), seen)

    return _done_or(contact_id, act, "moved", lambda fault: _ways(contact_id, fault))


@contact.get("/enroll")
def doors(contact_id: UUID) -> ResponseReturnValue:
    return _doors(contact_id)


@contact.post("/enroll")
def enroll(contact_id: UUID) -> ResponseReturnValue:
    key, why, once = (
        forms.text("sequence", forms.LONGEST_WORD),
        forms.text("why"),
        forms.text("once", forms.LONGEST_WORD),
    )

    def act() -> None:
        if not key:
            raise ContactFault(Reason("enroll.none_chosen"))
        attending.enroll(
            web().world, contact_id, key, why, forms.actor(), now(), f"{user().id}:{once}" if once else ""
        )

    return _done_or(contact_id, act, "asked", lambda fault: _doors(contact_id, fault))


@contact.get("/stays/<uuid:stay_id>")
def stay(contact_id: UUID, stay_id: UUID) -> ResponseReturnValue:
    return _stay(contact_id, stay_id)


@contact.post("/stays/<uuid:stay_id>/leave")
def leave(contact_id: UUID, stay_id: UUID) -> ResponseReturnValue:
    def act() -> None:
        found = attending.look(web().world, contact_id, stay_id)
        if found is None:
            raise ContactFault(Reason("stay.over"))
        attending.leave(
            web().world, contact_id, found[0].enrollment.sequence, forms.text("why"), forms.actor(), now()
        )

    return _done_or(contact_id, act, "out", lambda fault: _stay(contact_id, stay_id, fault, "leave"))


@contact.post("/stays/<uuid:stay_id>/go-on")
def go_on(contact_id: UUID, stay_id: UUID) -> ResponseReturnValue:
    def act() -> None:
        found = attending.look(web().world, contact_id, stay_id)
        if found is None:
            raise ContactFault(Reason("stay.over"))
        attending.go_on(web().world, contact_id, found[0].enrollment.sequence, forms.actor(), now())

    return _done_or(contact_id, act, "freed", lambda fault: _stay(contact_id, stay_id, fault, "go_on"))


@contact.post("/stays/<uuid:stay_id>/skip")
def skip(contact_id: UUID, stay_id: UUID) -> ResponseReturnValue:
    return _hasten(contact_id, stay_id, attending.skip, "skipped", "skip")


@contact.post("/stays/<uuid:stay_id>/send-now")
def send_now(contact_id: UUID, stay_id: UUID) -> ResponseReturnValue:
    return _hasten(contact_id, stay_id, attending.send_now, "sent_now", "send_now")


@contact.get("/facts")
def facts(contact_id: UUID) -> ResponseReturnValue:
    return _facts(contact_id)


@contact.post("/facts")
def set_facts(contact_id: UUID) -> ResponseReturnValue:
    """Only what was changed on the form counts, so that two people who change different fields both keep theirs."""
    form = request.form
    typed = {name.removeprefix("field."): text for name, text in form.items() if name.startswith("field.")}
    seen = {name: form.get(f"was.{name}", "") for name in typed}
    texts = {name: text for name, text in typed.items() if text.strip() != seen[name].strip()}
    try:
        service.set_fields(
            web().database, web().workspace_id, forms.around(), contact_id, texts, forms.actor(), now(), seen
        )
    except FieldFaults as faults:
        return _facts(contact_id, faults.faults, typed)
    except ContactFault as fault:
        forms.known(contact_id)
        return _facts(contact_id, {"": fault.reason}, typed)
    return _back(contact_id, "saved")


@contact.post("/owner")
def set_owner(contact_id: UUID) -> ResponseReturnValue:
    email, seen = forms.text("owner", forms.LONGEST_WORD), forms.text("seen", forms.LONGEST_WORD)
    return _done_or(
        contact_id,
        lambda: service.set_owner(
            web().database,
            web().workspace_id,
            forms.around(),
            contact_id,
            email or None,
            forms.actor(),
            now(),
            seen,
        ),
        "owner",
        lambda fault: _facts(contact_id, {"owner": fault}),
    )


@contact.post("/tags")
def tag(contact_id: UUID) -> ResponseReturnValue:
    added, removed = forms.text("add"), request.form.getlist("remove")[:100]

    def act() -> None:
        if any(len(each) > LONGEST_TAG for each in added.split(",")):
            raise ContactFault(Reason("contact.tag_long", {"longest": LONGEST_TAG}))
        service.tag_contact(
            web().database,
            web().workspace_id,
            forms.around(),
            contact_id,
            forms.actor(),
            now(),
            [added],
            removed,
        )

    return _done_or(contact_id, act, "tagged", lambda fault: _facts(contact_id, {"add": fault}))


@contact.get("/consents")
def consents(contact_id: UUID) -> ResponseReturnValue:
    return _consents(contact_id)


@contact.post("/consents/give")
def give(contact_id: UUID) -> ResponseReturnValue:
    return _consent(contact_id, "given", "give")


@contact.post("/consents/withdraw")
def withdraw(contact_id: UUID) -> ResponseReturnValue:
    return _consent(contact_id, "withdrawn", "withdraw")


@contact.get("/hold")
def holding(contact_id: UUID) -> ResponseReturnValue:
    return _holding(contact_id)


@contact.post("/hold")
def hold(contact_id: UUID) -> ResponseReturnValue:
    def act() -> None:
        try:
            day = datetime.fromisoformat(f"{forms.text('until', 20)}T00:00").replace(tzinfo=zone())
            until = day.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ContactFault(Reason("contact.hold_when")) from None
        holds.hold(web().world, contact_id, until, forms.text("why"), forms.actor(), now())

    return _done_or(contact_id, act, "held", lambda fault: _holding(contact_id, fault))


@contact.post("/hold/end")
def release(contact_id: UUID) -> ResponseReturnValue:
    return _done_or(
        contact_id,
        lambda: holds.release(web().world, contact_id, forms.actor(), now()),
        "released",
        lambda fault: _holding(contact_id, fault),
    )


@contact.post("/notes")
def note(contact_id: UUID) -> ResponseReturnValue:
    text = request.form.get("text", "")
    try:
        noting.note(
            web().world, contact_id, text, forms.actor(), now(), forms.instant(forms.text("shown_at"))
        )
    except ContactFault as fault:
        return _refused(show(contact_id, fault.reason, text))
    return _back(contact_id, "noted")


@contact.get("/why")
def why(contact_id: UUID) -> ResponseReturnValue:
    """What the gate says of any mail, at any instant within a year; what comes next, and what is missing for it."""
    head = forms.known(contact_id)
    world, mail, at_text = (
        web().world,
        request.args.get("mail", "")[: forms.LONGEST_WORD],
        request.args.get("at", "")[:40],
    )
    fault = told = None
    standing, theirs = explaining.contact(world, contact_id, now())
    try:
        at = _looked_at(at_text, theirs) if at_text else None
        if mail:
            told, _ = explaining.mail(world, contact_id, mail, now(), at)
    except ContactFault as wrong:
        fault = wrong.reason
    except explaining.ExplainFault:
        fault = Reason("why.no_mail", {"mail": mail})
    page = forms.draw(
        "why", head, fault, told=told, standing=standing, zone=theirs.key, mail=mail, at_text=at_text,
        mails=sorted(world.library.catalogue(now()).templates),
    )  # fmt: skip
    return (page, 422) if fault else page


def _looked_at(text: str, theirs: ZoneInfo) -> datetime:
    """An instant on the contact's own clock, unless it names a zone."""
    try:
        at = datetime.fromisoformat(text)
        at = (at if at.tzinfo is not None else at.replace(tzinfo=theirs)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ContactFault(Reason("why.no_instant", {"at": text})) from None
    if abs(at - now()) > A_YEAR:
        raise ContactFault(Reason("why.far"))
    return at


LONGEST_TAG = 60
A_YEAR = timedelta(days=366)


def _hasten(
    contact_id: UUID, stay_id: UUID, way: Callable[..., Any], done: str, what: str
) -> ResponseReturnValue:
    try:
        revision = int(forms.text("revision", 12))
    except ValueError:
        abort(400)
    return _done_or(
        contact_id,
        lambda: way(web().world, contact_id, stay_id, revision, forms.text("why"), forms.actor(), now()),
        done,
        lambda fault: _stay(contact_id, stay_id, fault, what),
    )


def _consent(contact_id: UUID, state: str, act: str) -> ResponseReturnValue:
    topic, basis, source = forms.text("topic", forms.LONGEST_WORD), forms.text("basis"), forms.text("source")
    return _done_or(
        contact_id,
        lambda: service.record_consent(
            web().database, web().workspace_id, forms.around(), contact_id, topic, state, basis, source, forms.actor(), now(),
            seen=request.form.get(f"was.{topic}", ""),
        ),
        state,
        lambda fault: _consents(contact_id, fault, act),
    )  # fmt: skip


def _done_or(
    contact_id: UUID, act: Callable[[], Any], done: str, again: Callable[[Reason], ResponseReturnValue]
) -> ResponseReturnValue:
    forms.known(contact_id)
    try:
        act()
    except ContactFault as fault:
        return _refused(again(fault.reason))
    return _back(contact_id, done)


def _refused(page: ResponseReturnValue) -> ResponseReturnValue:
    return (page, 422) if isinstance(page, str) else page


def _back(contact_id: UUID, done: str) -> ResponseReturnValue:
    return redirect(url_for("contacts.show", contact_id=contact_id, done=done), 303)


def _ways(contact_id: UUID, fault: Reason | None = None) -> ResponseReturnValue:
    head = forms.known(contact_id)
    seen, found = moving.ways(web().world, contact_id, now())
    return forms.draw("move", head, fault, ways=found, seen=seen)


def _doors(contact_id: UUID, fault: Reason | None = None) -> ResponseReturnValue:
    head = forms.known(contact_id)
    found = attending.doors(web().world, contact_id, now())
    return forms.draw("enroll", head, fault, doors=found, once=request.form.get("once") or now().isoformat())


def _stay(
    contact_id: UUID, stay_id: UUID, fault: Reason | None = None, what: str = ""
) -> ResponseReturnValue:
    head = forms.known(contact_id)
    course = one.course(web().place, contact_id, stay_id)
    if course is None:
        abort(404)
    looked = attending.look(web().world, contact_id, stay_id)
    ahead = looked[1] if looked else None
    return forms.draw("stay", head, fault, course=course, ahead=ahead, what=what)


def _facts(
    contact_id: UUID, faults: dict[str, Reason] | Any = None, typed: dict[str, str] | None = None
) -> ResponseReturnValue:
    head = forms.known(contact_id)
    sheet = service.sheet(web().database, web().workspace_id, forms.around(), contact_id)
    owners = service.owners(web().database, web().workspace_id)
    labels = {each.key: each.label for each in sheet.fields if each.label}
    known = {
        LIST + key: name for key, name in lists(web().world, web().world.library.catalogue(now())).items()
    }
    page = forms.draw(
        "facts", head, None, sheet=sheet, owners=owners, labels=labels, faults=faults or {}, typed=typed or {},
        lists=known,
    )  # fmt: skip
    return (page, 422) if typed is not None else page


def _consents(contact_id: UUID, fault: Reason | None = None, acted: str = "") -> ResponseReturnValue:
    head, around = forms.known(contact_id), forms.around()
    sheet = service.sheet(web().database, web().workspace_id, around, contact_id)
    topics = [*(around.topics or ()), "tracking"]
    known = {state: [t for t in topics if sheet.consents.get(t) == state] for state in ("given", "withdrawn")}
    return forms.draw("consents", head, fault, sheet=sheet, topics=topics, acted=acted, **known)


def _holding(contact_id: UUID, fault: Reason | None = None) -> ResponseReturnValue:
    head = forms.known(contact_id)
    until, by = holds.standing(web().world, contact_id, now())
    tomorrow = (now().astimezone(zone()) + timedelta(days=1)).date()
    return forms.draw("hold", head, fault, until=until, by=by, tomorrow=tomorrow)
