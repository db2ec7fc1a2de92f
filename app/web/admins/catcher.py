"""The mail catcher: every mail that would have left, in a frame that can do no harm."""

import re

from flask import Blueprint, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.store.caught import CaughtMail, CaughtMails
from app.store.caught_parts import parts
from app.web.shared.context import web
from app.web.shared.headers import MAIL_POLICY

catcher = Blueprint("catcher", __name__, url_prefix="/catcher", template_folder="templates")
PAGE = 50
LAST = 2**63 - 1  # the largest number a mail can have
TABS = ("html", "text", "headers", "source")
WIDTHS = ("640", "375")
_LINK = re.compile(r"<a\s", re.IGNORECASE)


@catcher.get("")
def index() -> ResponseReturnValue:
    search = request.args.get("q", "")[:200].strip()
    before = request.args.get("before", type=int)
    if before is not None and abs(before) > LAST:
        abort(404)
    found = _caught().page(before, PAGE + 1, search or None)
    older = found[PAGE - 1].id if len(found) > PAGE else None
    return render_template(
        "admins/catcher.html",
        mails=found[:PAGE],
        count=_caught().count(),
        search=search,
        older=older,
        before=before,
        here="catcher",
    )


@catcher.get(f"/<int(max={LAST}):mail_id>")
def show(mail_id: int) -> ResponseReturnValue:
    mail = _mail(mail_id)
    taken = parts(mail.raw)
    tab = request.args.get("tab", "html" if taken.html is not None else "text")
    width = request.args.get("width", WIDTHS[0])
    if tab not in TABS or width not in WIDTHS:
        abort(400)
    return render_template(
        "admins/mail.html",
        mail=mail.summary,
        parts=taken,
        tab=tab,
        width=width,
        widths=WIDTHS,
        here="catcher",
    )


@catcher.get(f"/<int(max={LAST}):mail_id>/html")
def html(mail_id: int) -> ResponseReturnValue:
    found = parts(_mail(mail_id).raw).html
    if found is None:
        abort(404)
    # Links lead to this installation's own tracking; they open beside the page, knowing nothing of it.
    answer = make_response(_LINK.sub('<a target="_blank" rel="noopener noreferrer" ', found))
    answer.headers["Content-Type"] = "text/html; charset=utf-8"
    answer.headers["Content-Security-Policy"] = MAIL_POLICY
    return answer


def _caught() -> CaughtMails:
    caught = web().caught
    if caught is None:
        abort(404)
    return caught


def _mail(mail_id: int) -> CaughtMail:
    mail = _caught().get(mail_id)
    if mail is None:
        abort(404)
    return mail
