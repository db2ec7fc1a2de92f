"""The audit log on a page and as CSV. There is no way to change or remove an entry."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from app.services import audit_log as service
from app.services.audit_log import Asked
from app.web.shared.context import web
from app.web.shared.looks import zone

audit = Blueprint("audit", __name__, url_prefix="/audit", template_folder="templates")
SHELL = "shell"


@audit.get("")
def index() -> ResponseReturnValue:
    asked = _asked()
    found, older = service.find(web().database, web().workspace_id, asked)
    actions, people = service.choices(web().database, web().workspace_id)
    kept: dict[str, Any] = {key: value for key, value in request.args.items() if key != "older" and value}
    return render_template(
        "admins/audit.html",
        entries=found,
        older=url_for("audit.index", **kept, older=older) if older else None,
        rooms=sorted({action.partition(".")[0] for action in actions}),
        actions=actions,
        people=people,
        kept=kept,
        asked=asked,
        here="audit",
    )


@audit.get("/log.csv")
def export() -> ResponseReturnValue:
    lines = service.as_csv(web().database, web().workspace_id, _asked())
    answer = Response(stream_with_context(lines), mimetype="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
    return answer


def _asked() -> Asked:
    args = request.args
    who = args.get("who", "")
    return Asked(
        user_id=_id(who) if who and who != SHELL else None,
        shell=who == SHELL,
        action=args.get("action", "")[:80],
        since=_day(args.get("since", "")),
        until=_day(args.get("until", ""), timedelta(days=1)),
        older_than=_id(args["older"]) if args.get("older") else None,
    )


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        abort(404)


def _day(text: str, later: timedelta = timedelta()) -> datetime | None:
    """The first instant of a day of the reader's, or so much later."""
    try:
        return (
            datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone()).astimezone(UTC) + later
            if text
            else None
        )
    except (ValueError, OverflowError):
        return None
