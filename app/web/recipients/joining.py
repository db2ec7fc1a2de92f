"""Signing up: our own page for each form, and the address that a form on the team's own site posts to.

No cookie and no sign-in: what guards a form is the stamp of its page, a field no person sees, limits, and the
button in the confirming mail. Nothing counts before that.
"""

from datetime import timedelta

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.forms import Form
from app.services import joining, referring
from app.services.privacy.asking import NoMail
from app.web.recipients.common import locale_of, open_page, zone_of_house
from app.web.recipients.desk import desk
from app.web.shared.context import now

# A person needs longer than this to read and type; a page stays good for a day.
QUICKEST, LONGEST = timedelta(seconds=2), timedelta(days=1)
# No person sees this field; programs that fill in every field do.
TRAP = "website"
LONGEST_TOKEN = 100
SHORT_HEADERS = {"Retry-After": "3600"}


def add_joining(recipients: Blueprint) -> None:
    recipients.get("/join/<form>")(join)
    recipients.post("/join/<form>")(joined)
    recipients.get("/i/<token>")(recommended)


def join(form: str) -> ResponseReturnValue:
    return _asked(_form(form), {"by": request.args.get("by", "")[:LONGEST_TOKEN]})


def recommended(token: str) -> ResponseReturnValue:
    """The link that somebody passed on: to the form, which keeps by whom. Looking at it changes nothing."""
    form = referring.first_form(desk().world(), now())
    if form is None or desk().keyring.open_referral(token) is None:
        abort(404)
    return redirect(url_for("recipients.join", form=form, by=token), 302)


def joined(form: str) -> ResponseReturnValue:
    """The same page afterwards for a known, an unknown and a stopped address, and for a program's try."""
    wanted, locale = _form(form), locale_of(None)
    if request.form.get(TRAP):
        return _thanked(wanted, locale)
    if not _from_known_site(wanted) and not _stamped():
        return _asked(wanted, request.form.to_dict(), again=True)
    by = referring.recommended_by(desk().world(), request.form.get("by", ""))
    visit = joining.Visit(locale.replace("_", "-"), request.remote_addr or "", by[0] if by else None)
    try:
        topics = _topics(wanted)
        taken = joining.sign_up(desk().world(), wanted, topics, request.form.to_dict(), visit, now())
    except NoMail:
        return open_page("plain", locale, zone_of_house(), what="later"), 503
    if taken in ("no address", "no topic"):
        return _asked(wanted, request.form.to_dict(), fault=taken), 422
    if taken == "busy":
        return open_page("plain", locale, zone_of_house(), what="busy"), 429, SHORT_HEADERS
    return _thanked(wanted, locale)


def _form(key: str) -> Form:
    found = joining.form_of(desk().world(), key, now())
    if found is None:
        abort(404)
    return found


def _asked(form: Form, typed: dict[str, str], *, again: bool = False, fault: str = "") -> str:
    stamp = desk().keyring.seal_stamp(now())
    locale = locale_of(None)
    tag = locale.replace("_", "-")
    return open_page(
        "join", locale, zone_of_house(), form=form, title=joining.title(form, tag), agree=form.words(tag),
        topics=dict(zip(form.topics, joining.topic_names(desk().world(), form.topics, tag, now()), strict=True)),
        ticked=request.form.getlist("topic"), typed=typed, stamp=stamp, again=again, fault=fault,
        trap=TRAP, by=referring.recommended_by(desk().world(), typed.get("by", "")),
    )  # fmt: skip


def _thanked(form: Form, locale: str) -> ResponseReturnValue:
    if form.thanks and _from_known_site(form):
        return redirect(form.thanks, 303)
    return open_page("joined", locale, zone_of_house())


def _topics(form: Form) -> list[str]:
    """What was ticked. A page of the team's own may ask for all of them in its own words, as one."""
    if len(form.topics) == 1 or (_from_known_site(form) and "topic" not in request.form):
        return list(form.topics)
    return [topic for topic in form.topics if topic in request.form.getlist("topic")]


def _stamped() -> bool:
    """Whether our own page was open for as long as a person needs."""
    at = desk().keyring.open_stamp(request.form.get("stamp", ""))
    return at is not None and QUICKEST <= now() - at <= LONGEST


def _from_known_site(form: Form) -> bool:
    origin = request.headers.get("Origin", "").lower()
    return origin in form.sites
