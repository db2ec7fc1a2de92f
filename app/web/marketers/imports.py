"""Bringing contacts in from a file: columns, who left, how they come in, a dry run, and one confirmation."""

from typing import Any
from uuid import UUID

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue

from app.core.contacts import LEFT, TARGETS, TYPES, folded
from app.core.reasons import Reason
from app.services import previewing, suppression_import
from app.services.importing import ImportFault, ImportOptions, drafts, looking, undoing
from app.services.importing.around import surroundings
from app.services.importing.arriving import arrivals
from app.services.importing.drafts import Shown
from app.services.importing.options import NO_STAGE
from app.services.importing.results import result_path
from app.services.reading import Unreadable
from app.web.marketers.import_forms import LONGEST, chosen_options, new_fields, revision
from app.web.shared.context import now, user, web
from app.web.shared.looks import locale

imports = Blueprint("imports", __name__, url_prefix="/imports", template_folder="templates")


@imports.get("")
def index() -> ResponseReturnValue:
    text = request.args.get("older", "")
    try:
        older = UUID(text) if text else None
    except ValueError:
        abort(400)
    found, more = drafts.listing(web().world, older)
    return render_template(
        "marketers/imports.html",
        found=found,
        older=url_for("imports.index", older=more) if more else None,
        newer=url_for("imports.index") if older else None,
        here="imports",
    )


@imports.get("/new")
def begin() -> ResponseReturnValue:
    return _beginning()


@imports.post("/new")
def upload() -> ResponseReturnValue:
    given = request.files.get("file")
    if given is None or not given.filename:
        return _beginning(Reason("import.file.none")), 422
    try:
        import_id = drafts.upload(web().world, given.stream, given.filename, user().id, now())
    except ImportFault as fault:
        return _beginning(fault.reason), 422
    return redirect(url_for("imports.columns", import_id=import_id), 303)


@imports.get("/<uuid:import_id>")
def show(import_id: UUID) -> ResponseReturnValue:
    shown = _found(import_id)
    if shown.state == "draft" and shown.step != "check":
        return redirect(_step(shown, shown.step))
    return _page(shown)


@imports.get("/<uuid:import_id>/progress")
def progress(import_id: UUID) -> ResponseReturnValue:
    """What is asked for again and again while it works; the whole page comes when it is over."""
    shown = _found(import_id)
    answer = render_template("marketers/import_progress.html", one=shown)
    return answer if shown.is_working else (answer, 200, {"HX-Refresh": "true"})


@imports.get("/<uuid:import_id>/columns")
def columns(import_id: UUID) -> ResponseReturnValue:
    return _columns(_found(import_id))


@imports.post("/<uuid:import_id>/reading")
def reread(import_id: UUID) -> ResponseReturnValue:
    shown, form = _found(import_id), request.form
    try:
        drafts.set_reading(
            web().world, shown, revision(), form.get("encoding", ""), form.get("delimiter", ""), now()
        )
    except ImportFault as fault:
        return _refused(_columns(_found(import_id), fault.reason))
    return redirect(_step(shown, "columns"), 303)


@imports.post("/<uuid:import_id>/columns")
def map_columns(import_id: UUID) -> ResponseReturnValue:
    shown, form = _found(import_id), request.form
    chosen = [form.get(f"to-{place}", "")[:LONGEST] for place in range(len(shown.mapping))]
    try:
        new = new_fields(chosen)
        drafts.set_columns(web().world, shown, revision(), chosen, new)
    except ImportFault as fault:
        return _refused(_columns(_found(import_id), fault.reason, chosen))
    return _next(import_id)


@imports.get("/<uuid:import_id>/left")
def left(import_id: UUID) -> ResponseReturnValue:
    return _left(_found(import_id))


@imports.post("/<uuid:import_id>/left")
def say_left(import_id: UUID) -> ResponseReturnValue:
    """Nobody left, or a list of them, which is looked at first."""
    shown = _found(import_id)
    given = request.files.get("file")
    if given is not None and given.filename:
        kept = previewing.keep(web().settings, given.stream, user().id, now())
        try:
            found = _leavers(kept, dry_run=True)
        except ImportFault as fault:
            previewing.drop(web().settings, kept, user().id)
            return _refused(_left(shown, fault.reason))
        return _left(shown, found=found, kept=kept, name=given.filename[:200])
    how = "brought" if shown.draft.get("left_rows") else request.form.get("how", "")
    if how not in ("nobody", "column", "brought"):
        return _refused(_left(shown, Reason("import.left.unsaid")))
    return _said(shown, how)


@imports.post("/<uuid:import_id>/left/bring")
def bring_left(import_id: UUID) -> ResponseReturnValue:
    shown = _found(import_id)
    try:
        kept = UUID(request.form.get("kept", ""))
    except ValueError:
        abort(400)
    try:
        found = _leavers(kept, dry_run=False)
    except ImportFault as fault:
        return _refused(_left(shown, fault.reason))
    previewing.drop(web().settings, kept, user().id)
    return _said(shown, "brought", found.new + found.standing)


@imports.get("/<uuid:import_id>/options")
def options(import_id: UUID) -> ResponseReturnValue:
    return _options(_found(import_id))


@imports.post("/<uuid:import_id>/options")
def choose(import_id: UUID) -> ResponseReturnValue:
    shown = _found(import_id)
    chosen = shown.options
    try:
        chosen = chosen_options()
        drafts.set_options(web().world, shown, revision(), chosen, now())
    except ImportFault as fault:
        return _refused(_options(_found(import_id), fault.reason, chosen))
    return _next(import_id)


@imports.post("/<uuid:import_id>/check")
def check(import_id: UUID) -> ResponseReturnValue:
    shown = _found(import_id)
    if shown.state == "checking":
        return redirect(_at(shown), 303)
    try:
        drafts.ask_check(web().world, shown, revision())
    except ImportFault as fault:
        return _page(_found(import_id), fault.reason), 422
    return redirect(_at(shown), 303)


@imports.post("/<uuid:import_id>/run")
def run(import_id: UUID) -> ResponseReturnValue:
    """The confirmation. Sent twice it does it once."""
    shown = _found(import_id)
    if shown.confirmed_at is not None:
        return redirect(_at(shown), 303)
    try:
        drafts.confirm(web().world, shown, revision(), user().id, now())
    except ImportFault as fault:
        return _page(_found(import_id), fault.reason), 422
    return redirect(_at(shown), 303)


@imports.post("/<uuid:import_id>/stop")
def stop(import_id: UUID) -> ResponseReturnValue:
    return _turned(_found(import_id), drafts.stop)


@imports.post("/<uuid:import_id>/resume")
def resume(import_id: UUID) -> ResponseReturnValue:
    return _turned(_found(import_id), drafts.go_on)


@imports.post("/<uuid:import_id>/discard")
def discard(import_id: UUID) -> ResponseReturnValue:
    return _turned(_found(import_id), drafts.discard)


@imports.post("/<uuid:import_id>/weigh")
def weigh(import_id: UUID) -> ResponseReturnValue:
    """Count what undoing would do."""
    shown = _found(import_id)
    undoing.ask_weighing(web().world, shown)
    return redirect(_at(shown), 303)


@imports.post("/<uuid:import_id>/undo")
def undo(import_id: UUID) -> ResponseReturnValue:
    return _turned(_found(import_id), undoing.ask)


@imports.get("/<uuid:import_id>/results.csv")
def results(import_id: UUID) -> ResponseReturnValue:
    shown = _found(import_id)
    path = result_path(web().settings.data_dir, shown.id)
    if not path.exists():
        abort(404)
    return send_file(
        path.resolve(), mimetype="text/csv", as_attachment=True, download_name="import-results.csv", max_age=0
    )


def _found(import_id: UUID) -> Shown:
    shown = drafts.find(web().world, import_id)
    if shown is None:
        abort(404)
    return shown


def _at(shown: Shown) -> str:
    return url_for("imports.show", import_id=shown.id)


def _step(shown: Shown, step: str) -> str:
    return url_for(f"imports.{step}", import_id=shown.id)


def _next(import_id: UUID) -> ResponseReturnValue:
    """To the first step that is still to be taken."""
    shown = _found(import_id)
    return redirect(_at(shown) if shown.step == "check" else _step(shown, shown.step), 303)


def _turned(shown: Shown, act: Any) -> ResponseReturnValue:
    """An act that does nothing where it was done already; the page tells how it is now."""
    act(web().world, shown, user().id, now())
    return redirect(_at(shown), 303)


def _refused(page: ResponseReturnValue) -> Response:
    """The form with what was typed; one that is closed by now leads on."""
    answer = make_response(page)
    if answer.status_code == 200:
        answer.status_code = 422
    return answer


def _closed(shown: Shown) -> ResponseReturnValue | None:
    """The steps are those of a draft; one that is under way or over shows how it went."""
    return None if shown.state in drafts.DRAFT else redirect(_at(shown))


def _beginning(fault: Reason | None = None) -> str:
    return render_template("marketers/import_new.html", fault=fault, here="imports")


def _page(shown: Shown, fault: Reason | None = None) -> str:
    world = web().world
    ready = shown.state == "checked"
    return render_template(
        "marketers/import.html",
        one=shown,
        fault=fault,
        rows=looking.first_rows(world, shown) if ready else [],
        arrivals=arrivals(world, shown, now()) if ready and shown.options.enroll != "no" else [],
        reasons=looking.reasons(world, shown),
        has_results=result_path(web().settings.data_dir, shown.id).exists(),
        here="imports",
    )


def _columns(
    shown: Shown, fault: Reason | None = None, chosen: list[str] | None = None
) -> ResponseReturnValue:
    if (elsewhere := _closed(shown)) is not None:
        return elsewhere
    try:
        looked = looking.look(web().world, shown)
    except ImportFault:
        return _page(shown, Reason("import.file.removed"))
    return render_template(
        "marketers/import_columns.html",
        one=shown,
        looked=looked,
        fault=fault,
        chosen=chosen or [],
        targets=TARGETS,
        own=looking.fields(web().world),
        types=TYPES,
        encodings=dict.fromkeys([shown.format["encoding"], *drafts.ENCODINGS]),
        delimiters=drafts.DELIMITERS,
        left=LEFT,
        form=request.form,
        here="imports",
    )


def _left(shown: Shown, fault: Reason | None = None, **told: Any) -> ResponseReturnValue:
    if (elsewhere := _closed(shown)) is not None:
        return elsewhere
    return render_template("marketers/import_left.html", one=shown, fault=fault, here="imports", **told)


def _leavers(kept: UUID, *, dry_run: bool) -> suppression_import.Imported:
    path = previewing.find(web().settings, kept, user().id)
    if path is None:
        raise ImportFault("suppression.file_gone")
    return suppression_import.run(
        web().world, suppression_import.read(path), "marketing", user().id, now(), dry_run=dry_run
    )


def _said(shown: Shown, how: str, brought: int = 0) -> ResponseReturnValue:
    try:
        drafts.set_left(web().world, shown, revision(), how, brought)
    except ImportFault as fault:
        return _refused(_left(_found(shown.id), fault.reason))
    return _next(shown.id)


def _options(
    shown: Shown, fault: Reason | None = None, chosen: ImportOptions | None = None
) -> ResponseReturnValue:
    if (elsewhere := _closed(shown)) is not None:
        return elsewhere
    try:
        around = surroundings(web().world, now())
        words = looking.stage_words(web().world, shown, now())
    except Unreadable as missing:
        return _page(shown, Reason("import.no_programme", {"why": str(missing)}))
    except ImportFault:
        return _page(shown, Reason("import.file.removed"))
    return render_template(
        "marketers/import_options.html",
        one=shown,
        fault=fault,
        chosen=chosen or shown.options,
        form=request.form,
        stages=[
            (stage.key, stage.label.get(locale()) or stage.label.get("en") or stage.key)
            for stage in sorted(around.lifecycle.stages.values(), key=lambda stage: stage.order)
        ],
        topics=sorted(around.topics or ()),
        owners=[(address, address) for address in looking.owners(web().world)],
        words=words,
        folded=folded,
        no_stage=NO_STAGE,
        here="imports",
    )
