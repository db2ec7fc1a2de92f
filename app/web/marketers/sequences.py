"""Sequences with the people inside: seen step by step, written as texts, published, paused and retired."""

from typing import Any, cast

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services import authoring
from app.services.authoring import drafts, publishing, retiring, samples, versions
from app.services.authoring.drafts import DraftFault, Overtaken
from app.services.authoring.pausing import NoSuchSequence
from app.services.viewing import sequences as view
from app.web.marketers.writing import Looked, compared, known, look, number, swaps, word
from app.web.shared.context import now, user, web

sequences = Blueprint("sequences", __name__, url_prefix="/sequences", template_folder="templates")
KIND = "sequence"
RULES = ("stay", "move")
MOST_DAYS = 60


@sequences.get("")
def index() -> ResponseReturnValue:
    return _listing()


@sequences.post("")
def create() -> ResponseReturnValue:
    form = {name: word(name, 120) for name in ("key", "title", "stage")}
    start = view.beginnings(web().place)
    if form["stage"] not in start.stages:
        abort(400)
    text = samples.new_sequence(
        form["key"], form["title"] or form["key"], form["stage"], start.topic, start.template(form["stage"])
    )
    try:
        drafts.begin(web().database, web().workspace_id, KIND, form["key"], text, now(), user().id)
    except DraftFault as fault:
        return _listing(fault.reason, form), 422
    return redirect(url_for("sequences.write", key=form["key"]), 303)


@sequences.get("/<key>")
def show(key: str) -> ResponseReturnValue:
    found = view.look_at(web().place, key, now())
    if found is None:
        abort(404)
    draft = known(KIND, key)
    return render_template(
        "marketers/sequence.html", page=found, draft=draft, done=request.args.get("done"), here="sequences"
    )


@sequences.get("/<key>/text")
def write(key: str) -> ResponseReturnValue:
    found = known(KIND, key)
    return _writing(key, found.texts[""], look(found), done=request.args.get("done"))


@sequences.post("/<key>/text")
def save(key: str) -> ResponseReturnValue:
    """Kept after each pause in typing, and on *Save*; whatever keeps it from being kept, the text stays."""
    known(KIND, key)
    text = drafts.plain(request.form.get("text", ""))
    place = (web().database, web().workspace_id, KIND, key)
    try:
        found = drafts.save(*place, text, request.form.get("mark", ""), now(), user().id)
    except Overtaken as other:
        looked = Looked((), other.now.mark(), overtaken=other.now)
        return _answer(key, text, looked), 422
    except DraftFault as fault:
        return _answer(key, text, Looked((), request.form.get("mark", ""), fault=fault.reason)), 422
    if swaps():
        return _answer(key, text, look(found, saved=True))
    return redirect(url_for("sequences.write", key=key, done="saved"), 303)


@sequences.post("/<key>/drop")
def drop(key: str) -> ResponseReturnValue:
    found = known(KIND, key)
    place = (web().database, web().workspace_id, KIND, key)
    if not drafts.drop(*place, request.form.get("mark", ""), now(), user().id):
        return _writing(key, found.texts[""], look(found), fault=Reason("draft.changed")), 422
    if found.version_id is None:
        return redirect(url_for("sequences.index", done="dropped"), 303)
    return redirect(url_for("sequences.show", key=key, done="dropped"), 303)


@sequences.post("/<key>/clone")
def clone(key: str) -> ResponseReturnValue:
    found, new = known(KIND, key), word("key", 120)
    text = drafts.renamed(found.source, key, new)
    try:
        drafts.begin(web().database, web().workspace_id, KIND, new, text, now(), user().id)
    except DraftFault as fault:
        return _running(key, fault.reason, clone=new), 422
    return redirect(url_for("sequences.write", key=new, done="cloned"), 303)


@sequences.get("/<key>/publish")
def prepare(key: str) -> ResponseReturnValue:
    return _publishing(key)


@sequences.post("/<key>/publish")
def publish(key: str) -> ResponseReturnValue:
    rule, note = request.form.get("rule", "stay"), word("note", publishing.LONGEST_NOTE)
    if rule not in RULES:
        abort(400)
    known(KIND, key)
    place = (web().database, web().workspace_id, KIND, key)
    if rule == "move" and "sure" not in request.form:
        prepared = publishing.prepare(*place, web().settings, now())
        if prepared.people.more_mail:
            return _publishing(key, Reason("draft.unconfirmed"), rule=rule, note=note), 422
    try:
        publishing.publish_draft(
            *place, request.form.get("mark", ""), number("base"), web().settings, now(), user().id,
            rule=cast(Any, rule), note=note,
        )  # fmt: skip
    except Overtaken as other:
        return _publishing(
            key, Reason("draft.saved_by", {"who": other.now.by or "?"}), rule=rule, note=note
        ), 422
    except DraftFault as fault:
        return _publishing(key, fault.reason, rule=rule, note=note), 422
    except publishing.Refused as refused:
        return _publishing(
            key, Reason("draft.refused", {"why": refused.findings[0].message}), rule=rule, note=note
        ), 422
    return redirect(url_for("sequences.show", key=key, done="published"), 303)


@sequences.post("/<key>/follow")
def follow(key: str) -> ResponseReturnValue:
    """The draft is meant to follow what was published meanwhile."""
    known(KIND, key)
    if not drafts.rebase(web().database, web().workspace_id, KIND, key, number("base")):
        return _publishing(key, Reason("draft.changed")), 422
    return redirect(url_for("sequences.prepare", key=key), 303)


@sequences.get("/<key>/running")
def running(key: str) -> ResponseReturnValue:
    return _running(key)


@sequences.post("/<key>/pause")
def pause(key: str) -> ResponseReturnValue:
    why = word("why")
    if not why:
        return _running(key, Reason("draft.why_missing")), 422
    if known(KIND, key).state == "live":
        authoring.pause(web().database, web().workspace_id, key, now(), user().id, why)
    return redirect(url_for("sequences.show", key=key, done="paused"), 303)


@sequences.post("/<key>/resume")
def resume(key: str) -> ResponseReturnValue:
    way = request.form.get("way", "")
    days = number("days") if "days" in request.form else 3
    known(KIND, key)
    if way not in authoring.WAYS or not 1 <= days <= MOST_DAYS:
        return _running(key, Reason("draft.way_missing")), 422
    try:
        authoring.resume(web().database, web().workspace_id, key, way, now(), days=days, author_id=user().id)
    except NoSuchSequence:
        abort(404)
    return redirect(url_for("sequences.show", key=key, done="resumed"), 303)


@sequences.post("/<key>/retire")
def retire(key: str) -> ResponseReturnValue:
    ending, why = request.form.get("ending", ""), word("why")
    if ending not in retiring.ENDINGS:
        abort(400)
    known(KIND, key)
    if not why:
        return _running(key, Reason("draft.why_missing"), ending=ending), 422
    place = (web().database, web().workspace_id)
    try:
        retiring.retire(*place, key, cast(Any, ending), why, now(), user().id)
    except retiring.TooMany:
        return _running(key, Reason("draft.too_many", {"most": retiring.MOST_AT_ONCE}), why=why), 422
    except NoSuchSequence:
        return _running(key, Reason("draft.not_running"), why=why), 422
    return redirect(url_for("sequences.show", key=key, done="retired"), 303)


@sequences.post("/<key>/return")
def bring_back(key: str) -> ResponseReturnValue:
    known(KIND, key)
    retiring.bring_back(web().database, web().workspace_id, key, now(), user().id)
    return redirect(url_for("sequences.show", key=key, done="returned"), 303)


@sequences.get("/<key>/versions")
def history(key: str) -> ResponseReturnValue:
    return _history(key)


@sequences.post("/<key>/again")
def again(key: str) -> ResponseReturnValue:
    """An older version as the draft; publishing it is the step after, with all that it does to people."""
    known(KIND, key)
    place = (web().database, web().workspace_id, KIND, key)
    source = versions.source_of(*place, number("number"))
    if source is None:
        abort(404)
    try:
        drafts.put(*place, source, now(), user().id)
    except (DraftFault, Overtaken) as fault:
        reason = fault.reason if isinstance(fault, DraftFault) else Reason("draft.changed")
        return _history(key, reason), 422
    return redirect(url_for("sequences.prepare", key=key), 303)


def _listing(fault: Reason | None = None, form: dict[str, str] | None = None) -> str:
    return render_template(
        "marketers/sequences.html",
        lines=view.list_sequences(web().place),
        start=view.beginnings(web().place) if user().at_least("marketer") else None,
        fault=fault,
        form=form or {},
        done=request.args.get("done"),
        here="sequences",
    )


def _writing(key: str, text: str, looked: Looked, **more: Any) -> str:
    found = known(KIND, key)
    if looked.overtaken is not None:
        more["both"] = versions.compare_texts(looked.overtaken.texts[""], text)
    return render_template(
        "marketers/write-sequence.html", draft=found, text=text, looked=looked, here="sequences", **more
    )


def _answer(key: str, text: str, looked: Looked) -> str:
    if not swaps():
        return _writing(key, text, looked)
    return render_template("marketers/looked.html", looked=looked, way=url_for("sequences.prepare", key=key))


def _publishing(key: str, fault: Reason | None = None, rule: str = "stay", note: str = "") -> str:
    known(KIND, key)
    prepared = publishing.prepare(web().database, web().workspace_id, KIND, key, web().settings, now())
    draft = prepared.draft
    return render_template(
        "marketers/publish-sequence.html",
        ready=prepared,
        draft=draft,
        lines=view.change_lines(draft.key, draft.live_source, draft.source),
        differing=versions.compare(KIND, draft.live_source, draft.source),
        fault=fault,
        rule=rule,
        note=note,
        here="sequences",
    )


def _running(key: str, fault: Reason | None = None, **form: str) -> str:
    draft = known(KIND, key)
    held = (
        authoring.overdue(web().database, web().workspace_id, key, now())
        if draft.version_id is not None and draft.state != "archived"
        else None
    )
    line = view.standing(web().place, key, held.inside if held else None)
    if line is None:
        abort(404)
    return render_template(
        "marketers/running-sequence.html",
        draft=draft,
        line=line,
        held=held,
        fault=fault,
        form=form,
        here="sequences",
    )


def _history(key: str, fault: Reason | None = None) -> str:
    return render_template("marketers/versions.html", **compared(KIND, "sequences", key), fault=fault)
