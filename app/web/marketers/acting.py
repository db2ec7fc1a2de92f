"""Acts on many contacts: chosen on the list, counted before the button, followed to their end and undone; export."""

from contextlib import suppress
from uuid import UUID, uuid4

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.core.labels import Labels
from app.core.reasons import Reason
from app.services import bulk_acts as service
from app.services import contact_export
from app.services.bulk_acts import ACTS, EXPORT, MOST_TICKED, UNDOABLE, Chosen, Wish
from app.services.contacts import ContactFault
from app.services.reading import Unreadable
from app.services.segments.lists import LISTING, lists
from app.store import accounts
from app.store import bulk_acts as store
from app.store.views import people as rows
from app.web.marketers import asked as addresses
from app.web.shared.context import now, user, web

acting = Blueprint("acting", __name__, url_prefix="/contacts/acts", template_folder="templates")
LONGEST = 500


@acting.get("/new")
def prepare() -> ResponseReturnValue:
    """Who, how many, what keeps whom out: looked at as often as one likes, nothing is written."""
    return _prepared(request.args, str(uuid4()))


@acting.post("")
def begin() -> ResponseReturnValue:
    form = request.form
    form_key = form.get("form_key", "")
    if not 20 <= len(form_key) <= 60 or form.get("act") == EXPORT:
        abort(400)
    try:
        act_id = service.begin(web().world, form_key, _wish(form), _chosen(form), now(), user().id)
    except (ContactFault, Unreadable) as fault:
        return _prepared(form, form_key, _said(fault)), 422
    # A few are done at once; many go on in the engine, and the page follows them.
    service.run(web().world, act_id, now())
    return redirect(url_for("acting.show", act_id=act_id), 303)


@acting.get("")
def index() -> ResponseReturnValue:
    with web().database.read() as connection:
        found = store.recent(connection, web().workspace_id, 100)
        owners = _owners(accounts.people(connection, web().workspace_id))
    return render_template("marketers/acts.html", acts=found, owners=owners, here="contacts")


@acting.get("/<uuid:act_id>")
def show(act_id: UUID) -> ResponseReturnValue:
    return _one(act_id)


@acting.post("/<uuid:act_id>/stop")
def stop(act_id: UUID) -> ResponseReturnValue:
    _found(act_id)
    service.stop(web().world, act_id, now(), user().id)
    return redirect(url_for("acting.show", act_id=act_id), 303)


@acting.post("/<uuid:act_id>/undo")
def undo(act_id: UUID) -> ResponseReturnValue:
    _found(act_id)
    try:
        undone = service.undo(web().world, act_id, now(), user().id)
    except ContactFault as fault:
        return _one(act_id, fault.reason), 422
    service.run(web().world, undone, now())
    return redirect(url_for("acting.show", act_id=undone), 303)


@acting.post("/export")
def export() -> ResponseReturnValue:
    chosen, at = _chosen(request.form), now()
    ticked = len(chosen.ids) if chosen.ids is not None else None
    contact_export.note(web().world, chosen.asked, ticked, at, user().id)
    answer = Response(contact_export.as_csv(web().world, chosen.asked, chosen.ids, at), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="contacts.csv"'
    return answer


def _wish(given: MultiDict[str, str]) -> Wish:
    act = given.get("act", "")
    if act not in (*ACTS, *LISTING, EXPORT):
        abort(400)

    def line(name: str) -> str:
        return given.get(name, "")[:LONGEST].replace("\0", "").strip()

    owner = line("to_owner")
    try:
        owner_id = UUID(owner) if owner and owner != "none" else None
    except ValueError:
        abort(400)
    return Wish(
        act, line("on_list" if act in LISTING else "give_tag"), owner_id, line("sequence"), line("why")
    )


def _chosen(given: MultiDict[str, str]) -> Chosen:
    """Those who were ticked, or with `all` everybody the search finds."""
    asked = addresses.read(given)
    if given.get("scope") == "all":
        return Chosen(asked)
    try:
        ids = tuple(dict.fromkeys(UUID(who) for who in given.getlist("who")[:MOST_TICKED]))
    except ValueError:
        abort(400)
    return Chosen(asked, ids)


def _said(fault: ContactFault | Unreadable) -> Reason:
    return fault.reason if isinstance(fault, ContactFault) else Reason("bulk.no_programme")


def _prepared(given: MultiDict[str, str], form_key: str, fault: Reason | None = None) -> str:
    wish, chosen = _wish(given), _chosen(given)
    preview = None
    # The page asks first for what is missing, and counts once it is there.
    ready = bool(
        {
            "tag": wish.tag,
            "untag": wish.tag,
            **dict.fromkeys(LISTING, wish.tag),
            "owner": "to_owner" in given,
            EXPORT: True,
        }.get(wish.act, wish.sequence)
    )
    try:
        if ready:
            counting = Wish(wish.act, wish.tag, wish.owner_id, wish.sequence, wish.why or "–")
            preview = service.preview(web().world, counting, chosen, now())
    except (ContactFault, Unreadable) as found:
        fault = fault or _said(found)
    with web().database.read() as connection:
        owners = accounts.people(connection, web().workspace_id)
        sequences = rows.choices(connection, web().workspace_id)
    known: dict[str, Labels] = {}
    if wish.act in LISTING:
        with suppress(Unreadable):
            known = lists(web().world, web().world.library.catalogue(now()))
    return render_template(
        "marketers/act_new.html",
        wish=wish,
        to_owner=given.get("to_owner"),
        chosen=chosen,
        pairs=addresses.pairs(chosen.asked),
        back=url_for("contacts.index", **addresses.params(chosen.asked)),
        preview=preview,
        fault=fault,
        form_key=form_key,
        owners=owners,
        owner_names=_owners(owners),
        sequences=sequences,
        lists=known,
        here="contacts",
    )


def _owners(people: list[tuple[UUID, str]]) -> dict[str, str]:
    return {str(each): name for each, name in people}


def _found(act_id: UUID) -> object:
    with web().database.read() as connection:
        act = store.find(connection, web().workspace_id, act_id)
    if act is None:
        abort(404)
    return act


def _one(act_id: UUID, fault: Reason | None = None) -> str:
    with web().database.read() as connection:
        act = store.find(connection, web().workspace_id, act_id)
        if act is None:
            abort(404)
        undone = store.by_form(connection, web().workspace_id, f"undo:{act_id}")
        of = (
            store.find(connection, web().workspace_id, UUID(act["params"]["of"]))
            if act["act"] == "undo"
            else None
        )
        owners = _owners(accounts.people(connection, web().workspace_id))
    counts = act["counts"]
    met = sum(counts.values())
    return render_template(
        "marketers/act.html",
        act=act,
        of=of,
        undone=undone,
        undoable=act["act"] in UNDOABLE and act["state"] != "running" and not undone and counts.get("done"),
        counts=counts,
        met=met,
        share=min(round(100 * met / act["expected"]), 100) if act["expected"] else None,
        refused={code: count for code, count in counts.items() if "." in code and count},
        owners=owners,
        fault=fault,
        here="contacts",
    )
