"""Mails: found, written in every language, seen as a contact would get them, tried out and published."""

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.lifecycle import CONTENT_KINDS
from app.core.reasons import Reason
from app.services.authoring import drafts, previews, publishing, samples, versions
from app.services.authoring.drafts import Draft, DraftFault, Overtaken
from app.services.contacts import find_contact
from app.services.secrets import CannotOpen
from app.services.senders.book import DemoStays, house_route
from app.services.viewing import templates as view
from app.web.marketers.writing import Looked, compared, known, look, number, swaps, word, world
from app.web.shared.context import now, user, web
from app.web.shared.headers import MAIL_POLICY

templates = Blueprint("templates", __name__, url_prefix="/templates", template_folder="templates")
KIND = "template"
LOOKS = ("light", "dark", "text", "links")
LONGEST_WHO = 320


@templates.get("")
def index() -> ResponseReturnValue:
    return _listing()


@templates.post("")
def create() -> ResponseReturnValue:
    form = {name: word(name, 200) for name in ("key", "subject", "kind")}
    if form["kind"] not in CONTENT_KINDS:
        abort(400)
    text = samples.new_mail(form["kind"], form["subject"] or form["key"])
    try:
        drafts.begin(
            web().database, web().workspace_id, KIND, form["key"], samples.as_one(text), now(), user().id
        )
    except DraftFault as fault:
        return _listing(fault.reason, form), 422
    return redirect(url_for("templates.show", key=form["key"]), 303)


@templates.get("/of/<path:key>")
def show(key: str) -> ResponseReturnValue:
    return _page(key, done=request.args.get("done"))


@templates.post("/of/<path:key>")
def save(key: str) -> ResponseReturnValue:
    """One language; kept after each pause in typing, and on *Save*."""
    found, locale = known(KIND, key), _locale(known(KIND, key), request.form.get("locale", ""))
    text, place = drafts.plain(request.form.get("text", "")), (web().database, web().workspace_id, KIND, key)
    try:
        found = drafts.save(*place, text, request.form.get("mark", ""), now(), user().id, locale)
    except Overtaken as other:
        looked = Looked((), other.now.mark(locale), overtaken=other.now)
        return _answer(key, locale, text, looked), 422
    except DraftFault as fault:
        looked = Looked((), request.form.get("mark", ""), fault=fault.reason)
        return _answer(key, locale, text, looked), 422
    if swaps():
        return _answer(key, locale, text, look(found, locale, saved=True))
    asked: dict[str, Any] = {name: word(name, LONGEST_WHO) for name in ("as", "look") if name in request.form}
    return redirect(url_for("templates.show", key=key, locale=locale or None, done="saved", **asked), 303)


@templates.get("/html/<path:key>")
def html(key: str) -> ResponseReturnValue:
    """The mail alone, for a frame that can do no harm."""
    found = known(KIND, key)
    seen = _seen(found, _locale(found, request.args.get("locale", "")), _contact(request.args.get("as", "")))
    if seen is None or seen.preview is None:
        abort(404)
    answer = make_response(seen.preview.html)
    answer.headers["Content-Type"] = "text/html; charset=utf-8"
    answer.headers["Content-Security-Policy"] = MAIL_POLICY
    return answer


@templates.post("/translate/<path:key>")
def translate(key: str) -> ResponseReturnValue:
    """Another language, begun with the text of this one."""
    found = known(KIND, key)
    start, locale = _locale(found, request.form.get("locale", "")), word("into", 20)
    if not locale or locale in found.texts:
        return _page(key, Reason("draft.locale_there", {"locale": locale})), 422
    place = (web().database, web().workspace_id, KIND, key)
    try:
        drafts.save(*place, found.texts[start], drafts.NOTHING, now(), user().id, locale)
    except DraftFault as fault:
        return _page(key, fault.reason, into=locale), 422
    except Overtaken:
        return _page(key, Reason("draft.changed")), 422
    return redirect(url_for("templates.show", key=key, locale=locale, done="translated"), 303)


@templates.post("/test/<path:key>")
def test(key: str) -> ResponseReturnValue:
    """To oneself; to anybody else with the right to send."""
    found = known(KIND, key)
    locale, to = _locale(found, request.form.get("locale", "")), word("to", LONGEST_WHO) or user().email
    if to.lower() != user().email.lower() and not user().has("send"):
        return _page(key, Reason("draft.test_elsewhere"), to=to), 422
    who = _contact(request.form.get("as", ""))
    try:
        said = previews.send_test(
            world(), found, locale, who, to, house_route(web().settings), now(), user().id
        )
    except DraftFault as fault:
        return _page(key, fault.reason, to=to), 422
    except (CannotOpen, DemoStays) as fault:
        return _page(key, Reason("draft.not_sent", {"why": str(fault)}), to=to), 422
    if said.kind != "accepted":
        return _page(key, Reason("draft.not_sent", {"why": f"{said.code} {said.text[:200]}"}), to=to), 422
    return redirect(url_for("templates.show", key=key, locale=locale or None, done="tested"), 303)


@templates.post("/drop/<path:key>")
def drop(key: str) -> ResponseReturnValue:
    found = known(KIND, key)
    place = (web().database, web().workspace_id, KIND, key)
    if not drafts.drop(*place, request.form.get("mark", ""), now(), user().id):
        return _page(key, Reason("draft.changed")), 422
    if found.version_id is None:
        return redirect(url_for("templates.index", done="dropped"), 303)
    return redirect(url_for("templates.show", key=key, done="dropped"), 303)


@templates.get("/publish/<path:key>")
def prepare(key: str) -> ResponseReturnValue:
    return _publishing(key)


@templates.post("/publish/<path:key>")
def publish(key: str) -> ResponseReturnValue:
    known(KIND, key)
    note = word("note", publishing.LONGEST_NOTE)
    try:
        publishing.publish_draft(
            web().database, web().workspace_id, KIND, key, request.form.get("mark", ""), number("base"),
            web().settings, now(), user().id, note=note,
        )  # fmt: skip
    except Overtaken as other:
        return _publishing(key, Reason("draft.saved_by", {"who": other.now.by or "?"}), note), 422
    except DraftFault as fault:
        return _publishing(key, fault.reason, note), 422
    except publishing.Refused as refused:
        return _publishing(key, Reason("draft.refused", {"why": refused.findings[0].message}), note), 422
    return redirect(url_for("templates.show", key=key, done="published"), 303)


@templates.post("/follow/<path:key>")
def follow(key: str) -> ResponseReturnValue:
    known(KIND, key)
    if not drafts.rebase(web().database, web().workspace_id, KIND, key, number("base")):
        return _publishing(key, Reason("draft.changed")), 422
    return redirect(url_for("templates.prepare", key=key), 303)


@templates.get("/versions/<path:key>")
def history(key: str) -> ResponseReturnValue:
    return _history(key)


@templates.post("/again/<path:key>")
def again(key: str) -> ResponseReturnValue:
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
    return redirect(url_for("templates.prepare", key=key), 303)


def _locale(found: Draft, asked: str) -> str:
    if asked and asked not in found.texts:
        abort(404)
    return asked


def _contact(who: str) -> UUID | None:
    """The contact with this address or id; empty: somebody made up."""
    return (
        find_contact(web().database, web().workspace_id, who.strip()[:LONGEST_WHO]) if who.strip() else None
    )


def _seen(found: Draft, locale: str, contact: UUID | None) -> previews.Seen | None:
    try:
        return previews.see(world(), found, locale, contact, now())
    except DraftFault:
        return None


def _listing(fault: Reason | None = None, form: dict[str, str] | None = None) -> str:
    return render_template(
        "marketers/templates.html",
        lines=view.list_templates(web().place),
        kinds=CONTENT_KINDS,
        fault=fault,
        form=form or {},
        done=request.args.get("done"),
        here="templates",
    )


def _page(
    key: str, fault: Reason | None = None, text: str | None = None, looked: Looked | None = None, **more: Any
) -> str:
    found = known(KIND, key)
    locale = request.values.get("locale", "")
    locale = _locale(found, locale)
    who, shown = request.values.get("as", "").strip()[:LONGEST_WHO], request.values.get("look", LOOKS[0])
    contact = _contact(who)
    seen = _seen(found, locale, contact)
    if who and (contact is None or seen is None):
        fault = fault or Reason("draft.no_reader")
        contact, seen = None, _seen(found, locale, None)
    if looked is not None and looked.overtaken is not None:
        more["both"] = versions.compare_texts(looked.overtaken.texts.get(locale, ""), text or "")
    return render_template(
        "marketers/template.html",
        draft=found,
        locale_of=locale,
        text=found.texts[locale] if text is None else text,
        looked=looked or look(found, locale),
        seen=seen,
        who=who,
        contact=contact,
        look=shown if shown in LOOKS else LOOKS[0],
        users=view.users_of(web().place, key),
        fault=fault,
        here="templates",
        **more,
    )


def _answer(key: str, locale: str, text: str, looked: Looked) -> str:
    if not swaps():
        return _page(key, text=text, looked=looked)
    return render_template("marketers/looked.html", looked=looked)


def _publishing(key: str, fault: Reason | None = None, note: str = "") -> str:
    known(KIND, key)
    prepared = publishing.prepare(web().database, web().workspace_id, KIND, key, web().settings, now())
    draft = prepared.draft
    return render_template(
        "marketers/publish-template.html",
        ready=prepared,
        draft=draft,
        users=view.users_of(web().place, key),
        differing=versions.compare(KIND, draft.live_source, draft.source),
        fault=fault,
        note=note,
        here="templates",
    )


def _history(key: str, fault: Reason | None = None) -> str:
    return render_template("marketers/versions.html", **compared(KIND, "templates", key), fault=fault)
