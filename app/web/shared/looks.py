"""How values look on a page: stages, instants, numbers and reasons, in the reader's language and zone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask, g
from flask_babel import get_locale, gettext
from markupsafe import Markup

from app.core.labels import Labels, label_in
from app.core.reasons import Reason
from app.services import sentences
from app.services.viewing.one import MAIL_STATES, Entry
from app.services.viewing.programme import STAGES, StageName
from app.web.shared.context import now, user_or_none, web


@dataclass(frozen=True, slots=True)
class Day:
    """The entries of one day of the reader's; `at` is the newest of them."""

    at: datetime
    entries: list[Entry]


def _(text: str, **params: Any) -> str:
    return str(gettext(text, **params))


def add_looks(app: Flask) -> None:
    app.jinja_env.filters.update(
        stage_look=stage_look, stage_label=stage_label, initials=initials, instant=instant, number=number,
        age=age, day=day, monthday=monthday, nice_step=nice_step, weekday=weekday, clock=clock, value=value, groupby_day=groupby_day, label=label,
    )  # fmt: skip
    app.jinja_env.globals.update(
        say=say,
        because=because,
        headline=headline,
        sign_of=sign_of,
        is_no=is_no,
        by_machine=by_machine,
        stages_label=stages_label,
    )


def locale() -> str:
    return str(get_locale() or "en")


def zone() -> ZoneInfo:
    """The reader's zone; a bad one falls back to the installation's."""
    if "zone" not in g:
        user = user_or_none()
        try:
            g.zone = ZoneInfo((user and user.zone) or web().settings.default_zone)
        except (KeyError, ValueError, OSError):
            g.zone = ZoneInfo(web().settings.default_zone)
    found: ZoneInfo = g.zone
    return found


def stage_look(key: str) -> str:
    """The colour and glyph of a stage; those a team adds look like a seed until they have their own."""
    return key if key in STAGES else "visitor"


def stage_label(stage: StageName) -> str:
    return stage.label(locale()) or _usual(stage.key)[0]


def stages_label(stage: StageName) -> str:
    """The stage as a heading over many people."""
    usual = _usual(stage.key)
    own = stage.label(locale())
    return usual[1] if own is None or own == usual[0] else own


def _usual(key: str) -> tuple[str, str]:
    words = {
        "visitor": (_("Visitor"), _("Visitors")),
        "lead": (_("Lead"), _("Leads")),
        "prospect": (_("Prospect"), _("Prospects")),
        "customer": (_("Customer"), _("Customers")),
        "ambassador": (_("Ambassador"), _("Ambassadors")),
        "dormant": (_("Dormant"), _("Dormant")),
        "disqualified": (_("Disqualified"), _("Disqualified")),
    }
    return words.get(key) or (key.capitalize(), key.capitalize())


def initials(name: str) -> str:
    words = [word for word in name.split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def number(count: float) -> str:
    return str(format_decimal(count, locale=locale()))


def age(span: timedelta | None) -> str:
    """How long something lasts or is ago, in one unit."""
    seconds = int(span.total_seconds()) if span else 0
    if seconds < 60:
        return _("%(n)s s", n=max(seconds, 0))
    if seconds < 3600:
        return _("%(n)s min", n=seconds // 60)
    if seconds < 2 * 86400:
        return _("%(n)s h", n=seconds // 3600)
    return _("%(n)s days", n=seconds // 86400)


def weekday(at: datetime) -> str:
    return str(format_date(at.astimezone(zone()).date(), "EEEE d MMMM", locale=locale()))


def day(at: datetime) -> str:
    """A day as a heading: today and yesterday by name."""
    here, today = at.astimezone(zone()), now().astimezone(zone())
    pattern = "EEEE d MMMM" if here.year == today.year else "EEEE d MMMM y"
    words = format_date(here.date(), pattern, locale=locale())
    if here.date() == today.date():
        return _("Today, %(day)s", day=format_date(here.date(), "d MMMM", locale=locale()))
    if here.date() == (today - timedelta(days=1)).date():
        return _("Yesterday, %(day)s", day=format_date(here.date(), "d MMMM", locale=locale()))
    return words


def monthday(at: datetime) -> str:
    """The day of the month alone, for the foot of a chart."""
    return str(at.astimezone(zone()).day)


def nice_step(least: float) -> int:
    """The distance of a chart's grid lines: 1, 2 or 5 with zeros behind, at least `least`."""
    ten = 1
    while True:
        for digit in (1, 2, 5):
            if digit * ten >= least:
                return digit * ten
        ten *= 10


def groupby_day(entries: Iterable[Entry]) -> list[Day]:
    days = groupby(entries, lambda entry: entry.at.astimezone(zone()).date())
    grouped = (list(found) for _day, found in days)
    return [Day(found[0].at, found) for found in grouped]


def clock(at: datetime) -> Markup:
    return _time(at, format_datetime(at, "HH:mm", tzinfo=zone(), locale=locale()))


def instant(at: datetime | None, zone_name: str | None = None) -> Markup:
    """When something was or will be: short in the text, in full in the title. A foreign zone is named."""
    if at is None:
        return Markup("")
    theirs, foreign = zone(), ""
    if zone_name and zone_name != theirs.key:
        try:
            theirs = ZoneInfo(zone_name)
            foreign = zone_name.rpartition("/")[2].replace("_", " ")
        except (KeyError, ValueError, OSError):
            theirs = zone()
    here, today = at.astimezone(theirs), now().astimezone(theirs)
    time = format_datetime(here, "HH:mm", tzinfo=theirs, locale=locale())
    days = (here.date() - today.date()).days
    near = {
        0: _("today %(time)s", time=time),
        -1: _("yesterday %(time)s", time=time),
        1: _("tomorrow %(time)s", time=time),
    }
    if days in near:
        words = near[days]
    elif here.year == today.year or abs(days) < 180:
        words = format_datetime(here, "EEE d MMM, HH:mm", tzinfo=theirs, locale=locale())
    else:
        words = format_date(here.date(), "d MMM y", locale=locale())
    return _time(at, _("%(when)s in %(place)s", when=words, place=foreign) if foreign else words)


def _time(at: datetime, words: str) -> Markup:
    full = format_datetime(at, "EEEE d MMMM y, HH:mm:ss zzz", tzinfo=zone(), locale=locale())
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), full, words)


def value(raw: Any) -> str:
    """A stored value as a reader writes it."""
    if raw is True or raw is False:
        return _("yes") if raw else _("no")
    if isinstance(raw, int | float):
        return number(raw)
    if isinstance(raw, list):
        return ", ".join(str(each) for each in raw)
    return str(raw)


def label(labels: Labels) -> str:
    """A name for people, in the reader's language."""
    return label_in(labels, locale())


def say(code: str, **params: Any) -> str:
    return sentences.say(code, params, locale(), zone())


def because(reason: Reason | None) -> str:
    return sentences.because(reason.code, reason.params, locale(), zone()) if reason else ""


def headline(entry: Entry) -> str:
    return sentences.headline(entry.kind, entry.reason.code, entry.reason.params, locale(), zone())


SIGNS = {
    "clicked": "click", "opened": "mail", "answered": "ask", "replied": "reply", "task": "task", "enrolled": "enter",
    "not_enrolled": "minus", "ended": "minus", "parked": "stop", "step": "seq", "contact": "man", "stage": "move",
    "stage_refused": "minus", "quote_requested": "form", "visited": "click", "downloaded": "in",
    "form_submitted": "form", "mail_uncertain": "unsure", "consent": "ok", "goal_reached": "flag", "note": "man",
}  # fmt: skip
NOT_DONE = (
    "stage_refused",
    "not_enrolled",
    "parked",
    "event_failed",
    *(f"mail_{s}" for s in MAIL_STATES[1:]),
)


def by_machine(entry: Entry) -> bool:
    return entry.reason.params.get("verdict") == "machine"


def sign_of(entry: Entry) -> str:
    if by_machine(entry):
        return "bot"
    kind = entry.reason.code.removeprefix("event.") if entry.kind == "event" else entry.kind
    return SIGNS.get(kind, "mail" if kind.startswith("mail_") else "info")


def is_no(entry: Entry) -> bool:
    """Whether the entry tells what did not happen."""
    return entry.kind in NOT_DONE or by_machine(entry)
