"""Segments: listed, looked at, built of rows or written as text, published as versions, put away."""

import re
from typing import Any
from uuid import uuid4

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.conditions import describe
from app.core.conditions.events import KINDS as EVENTS
from app.core.conditions.rows import KINDS, OPERATORS_OF, WAYS, Row, Rows, changed, places, written
from app.core.labels import label_in
from app.core.lint import MEASURES
from app.core.reasons import Reason
from app.files.writing import write_segment
from app.services.library import Catalogue
from app.services.reading import Unreadable
from app.services.segments import changing, counting, lists, showing
from app.services.segments.changing import SegmentFault
from app.services.segments.counting import Counted
from app.services.segments.reading import Read, fields_of, read, rows_of, text_fields
from app.web.shared.context import now, user, web
from app.web.shared.looks import locale

segments = Blueprint("segments", __name__, url_prefix="/segments", template_folder="templates")
LONGEST, LONGEST_VALUE, LONGEST_TEXT = 200, 20_000, 200_000
MOST_PLACES = 300
PLACE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){0,9}")
ACT = re.compile(r"(row|group|drop):([0-9.]{0,40})")


@segments.get("")
def index() -> ResponseReturnValue:
    return _listing()


def _listing(fault: Reason | None = None, title: str = "") -> str:
    archived = "archived" in request.args
    catalogue = _catalogue_or_none()
    lines = showing.list_segments(web().world, catalogue, archived=archived) if catalogue else ()
    return render_template(
        "marketers/segments.html",
        lines=lines,
        archived=archived,
        ready=catalogue is not None,
        fault=fault,
        title=title,
        done=request.args.get("done") == "deleted",
        here="segments",
    )


@segments.get("/of/<key>")
def show(key: str) -> ResponseReturnValue:
    return _page(key)


@segments.post("/lists")
def make_list() -> ResponseReturnValue:
    title = request.form.get("title", "")[:LONGEST]
    _catalogue()
    try:
        key = lists.make(web().world, title, now(), user().id)
    except SegmentFault as fault:
        return _listing(fault.reason, title), 422
    return redirect(url_for("segments.show", key=key, done="made"), 303)


@segments.post("/of/<key>/look-up")
def look_up(key: str) -> ResponseReturnValue:
    """Who of the pasted addresses would come onto the list. Nothing is written."""
    known = lists.lists(web().world, _catalogue())
    if key not in known:
        abort(404)
    text = request.form.get("addresses", "")[:LONGEST_TEXT]
    return render_template(
        "marketers/list_add.html", key=key, labels=known[key], found=lists.look_up(web().world, text), text=text,
        form_key=str(uuid4()), most=lists.MOST_PASTED, here="segments",
    )  # fmt: skip


@segments.post("/of/<key>/delete")
def delete_list(key: str) -> ResponseReturnValue:
    _live(key)
    try:
        lists.delete(web().world, key, now(), user().id)
    except SegmentFault as fault:
        return _page(key, fault.reason), 422
    return redirect(url_for("segments.index", done="deleted"), 303)


@segments.get("/new")
def new() -> ResponseReturnValue:
    return _form(_Wish(rows=Rows("all", (Row(),))))


@segments.get("/of/<key>/edit")
def edit(key: str) -> ResponseReturnValue:
    catalogue, live = _catalogue(), _live(key)
    found = read(live.source, catalogue, key=key)
    rows = rows_of(found, text_fields(web().world)) if request.args.get("as") != "text" else None
    title = label_in(found.labels, locale())
    return _form(_Wish(key, title, live.source, rows, live.number, key, only_text=rows is None))


@segments.post("/shape")
def shape() -> ResponseReturnValue:
    """The same form with a row more or less, as text or as rows. Nothing is written."""
    wish, act = _wish(), request.form.get("do", "")
    asked = ACT.fullmatch(act)
    if asked and wish.rows is not None:
        wish.rows = changed(wish.rows, asked[2], asked[1])
    elif act == "text" and wish.rows is not None:
        wish.text, wish.rows = _text_of(wish), None
    elif act == "rows" and wish.rows is None:
        found = read(wish.text, _catalogue(), key=wish.of)
        wish.rows = rows_of(found, text_fields(web().world))
        wish.only_text = wish.rows is None
        wish.key, wish.title = found.key or wish.key, label_in(found.labels, locale()) or wish.title
    return _form(wish)


@segments.post("/count")
def count() -> ResponseReturnValue:
    """How many there would be. Nothing is written."""
    wish = _wish()
    found, counted = _found(wish), None
    if not found.errors:
        catalogue = _catalogue()
        others = {**catalogue.setting.segments, found.key: found.condition}
        counted = counting.count(web().world, catalogue, found.condition, now(), others)
    if "HX-Request" in request.headers:
        faults = len(found.errors)
        return render_template("marketers/segment_count.html", counted=counted, faults=faults)
    return _form(wish, found, counted=counted)


@segments.post("/review")
def review() -> ResponseReturnValue:
    """What publishing would do, before it is done. Nothing is written."""
    wish = _wish()
    found = _found(wish)
    if found.errors:
        return _form(wish, found), 422
    if not wish.of and found.key in _catalogue().setting.segments:
        return _form(wish, found, Reason("segment.taken", {"segment": found.key})), 422
    seen = changing.review(web().world, _catalogue(), found, now())
    if wish.of and seen.base != wish.base:
        return _form(wish, found, Reason("segment.stale", {"segment": found.key})), 422
    described = describe(found.condition)
    return render_template(
        "marketers/segment_review.html", seen=seen, wish=wish, described=described, here="segments"
    )


@segments.post("/publish")
def publish() -> ResponseReturnValue:
    wish = _wish()
    fields = fields_of(web().world)
    try:
        key = changing.publish(
            web().world, wish.text, fields, now(), user().id, base=wish.base, note=wish.note
        )
    except SegmentFault as fault:
        return _form(wish, read(wish.text, _catalogue(), fields, wish.of), fault.reason), 422
    return redirect(url_for("segments.show", key=key, done="published"), 303)


@segments.post("/of/<key>/archive")
def archive(key: str) -> ResponseReturnValue:
    return _turn(key, changing.archive, "archived")


@segments.post("/of/<key>/restore")
def restore(key: str) -> ResponseReturnValue:
    return _turn(key, changing.restore, "restored")


class _Wish:
    """What the form holds. `of` is the key of the segment it changes, empty for a new one; without `rows` its text."""

    def __init__(
        self,
        key: str = "",
        title: str = "",
        text: str = "",
        rows: Rows | None = None,
        base: int = 0,
        of: str = "",
        note: str = "",
        *,
        only_text: bool = False,
    ) -> None:
        self.key, self.title, self.text, self.rows, self.base, self.of = key, title, text, rows, base, of
        self.note, self.only_text = note, only_text


def _wish() -> _Wish:
    form = request.form
    try:
        base = int(form.get("base", "0")[:9])
    except ValueError:
        abort(400)
    rows = _rows() if form.get("as") == "rows" else None
    return _Wish(
        form.get("key", "")[:LONGEST].strip(), form.get("title", "")[:LONGEST].strip(),
        form.get("text", "")[:LONGEST_TEXT].replace("\r\n", "\n"), rows, base, form.get("of", "")[:LONGEST].strip(),
        form.get("note", "")[: changing.LONGEST_NOTE].strip(),
    )  # fmt: skip


def _rows() -> Rows:
    """The rows of the form, by the places in the names of its fields."""
    form = request.form
    there = {name.partition("-")[2] for name in form if name[:2] in ("k-", "g-")} - {""}
    if len(there) > MOST_PLACES or not all(map(PLACE.fullmatch, there)):
        abort(400)
    below: dict[str, list[str]] = {}
    for place in sorted(there, key=lambda one: [int(step) for step in one.split(".")]):
        below.setdefault(place.rpartition(".")[0], []).append(place)

    def part(place: str) -> Row | Rows:
        if f"g-{place}" in form:
            return group(place)
        cells = [form.get(f"{sign}-{place}", "")[:LONGEST_VALUE] for sign in "kaovtnw"]
        kind = cells[0] if cells[0] in KINDS else "field"
        return Row(kind, *cells[1:])

    def group(place: str) -> Rows:
        way = form.get(f"g-{place}", "all")
        return Rows(way if way in WAYS else "all", tuple(map(part, below.get(place, ()))))

    return group("")


def _text_of(wish: _Wish) -> str:
    """The rows as the text they stand for; labels of other languages stay."""
    assert wish.rows is not None
    label: Any = wish.title or wish.key
    if wish.of:
        before = read(_live(wish.of).source, _catalogue(), key=wish.of).document.tree
        known = before.get("label") if isinstance(before, dict) else None
        if isinstance(known, dict) and known:
            mine = next((name for name in (locale(), locale()[:2]) if name in known), next(iter(known)))
            label = {**known, mine: label}
    return write_segment(
        wish.of or wish.key or _slug(wish.title), label, written(wish.rows, text_fields(web().world))
    )


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:63]


def _found(wish: _Wish) -> Read:
    if wish.rows is not None:
        wish.text = _text_of(wish)
    return read(wish.text, _catalogue(), fields_of(web().world), wish.of)


def _turn(key: str, act: Any, done: str) -> ResponseReturnValue:
    _live(key)
    try:
        act(web().world, key, now(), user().id)
    except SegmentFault as fault:
        return _page(key, fault.reason), 422
    return redirect(url_for("segments.show", key=key, done=done), 303)


def _page(key: str, fault: Reason | None = None) -> str:
    page = showing.look_at(web().world, _catalogue(), key, now())
    if page is None:
        abort(404)
    return render_template(
        "marketers/segment.html", page=page, fault=fault, done=request.args.get("done"), here="segments"
    )


def _form(
    wish: _Wish, found: Read | None = None, fault: Reason | None = None, counted: Counted | None = None
) -> str:
    catalogue = _catalogue()
    findings = found.findings if found else ()
    at: dict[str, str] = {}
    if found is not None and wish.rows is not None:
        known = sorted(places(wish.rows), key=lambda one: -len(one[1]))
        for finding, path in found.paths:
            place = next((place for place, mine in known if path[1 : 1 + len(mine)] == mine), "")
            at.setdefault(place, f"{finding.message} {finding.remedy}")
    setting = catalogue.setting
    choices = {
        "fields": sorted(fields_of(web().world)),
        "stages": list(setting.lifecycle.stages),
        "criteria": list(setting.lifecycle.criteria),
        "topics": [*setting.programme.topics],
        "segments": sorted(setting.segments),
        "subjects": sorted(setting.templates),
        "measures": list(MEASURES),
    }
    return render_template(
        "marketers/segment_edit.html", wish=wish, findings=findings, at=at, fault=fault, choices=choices, counted=counted, kinds=KINDS,
        operators=OPERATORS_OF, ways=WAYS, events=sorted(EVENTS), here="segments",
    )  # fmt: skip


def _live(key: str) -> Any:
    try:
        return changing.text_of(web().world, key)
    except SegmentFault:
        abort(404)


def _catalogue() -> Catalogue:
    found = _catalogue_or_none()
    if found is None:
        abort(404)
    return found


def _catalogue_or_none() -> Catalogue | None:
    """None while nothing was published: there is no stage and no score that a condition could name."""
    try:
        return web().world.library.catalogue(now())
    except Unreadable:
        return None
