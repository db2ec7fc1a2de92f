"""Reasons told in the reader's language: a code and its parameters become a clause.

Works without a web request too (`trellis explain` and `trellis doctor` speak with the same words).
The English texts stand in `app/services/wording/`; `app/translations/` holds the other languages.
"""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

from app.core.conditions import CERTAIN_KINDS
from app.services.importing import sentences as importing
from app.services.wording import WORDING
from app.services.wording.story import HEADLINES

TRANSLATIONS = Path(__file__).resolve().parents[1] / "translations"
UTC = ZoneInfo("UTC")


def say(code: str, params: Mapping[str, Any], locale: str = "en", zone: tzinfo = UTC) -> str:
    """The text of `code`. A family may have a text for all its members (`signal.*`); otherwise the code itself."""
    if code in importing.known_codes():
        return importing.sentence(code, params)
    code = _variant(code, params)
    if code == "stage.qualified":
        return _qualified(params, locale, zone)
    msgid = WORDING.get(code)
    family, _, member = code.rpartition(".")
    if msgid is None:
        msgid = WORDING.get(f"{family}.*")
    return _filled(msgid, {**params, "member": _own(member)}, locale, zone) if msgid is not None else code


def _own(member: str) -> str:
    """The team's own event (`custom:webinar-attended`) in words."""
    kind, _, name = member.partition(":")
    return name.replace("-", " ").replace("_", " ").capitalize() if kind == "custom" and name else member


def because(code: str, params: Mapping[str, Any], locale: str = "en", zone: tzinfo = UTC) -> str:
    """The clause behind the three dots: no capital, no full stop. A signal counts by its verdict."""
    if code.startswith("event.") and params.get("verdict"):
        if code == "event.bounced" and params.get("class"):
            return say(f"bounce.{params['class']}", params, locale, zone)
        if code.removeprefix("event.") in CERTAIN_KINDS:
            return ""
        code = f"signal.{params['verdict']}"
    return say(code, params, locale, zone)


def headline(kind: str, code: str, params: Mapping[str, Any], locale: str = "en", zone: tzinfo = UTC) -> str:
    """What happened, for a line of the story; some codes say it better than their kind."""
    if kind == "event":
        kind = code.removeprefix("event.")
    msgid = HEADLINES.get(f"{kind}:{code}") or HEADLINES.get(kind)
    if msgid is None:
        return kind.removeprefix("custom:").replace("_", " ").replace("-", " ").capitalize()
    return _filled(msgid, params, locale, zone)


def moment(at: datetime, zone: tzinfo, locale: str = "en") -> str:
    """An instant as it reads on a clock in `zone`: "Thu 26 Nov, 09:00"."""
    return format_datetime(at, "EEE d MMM, HH:mm", tzinfo=zone, locale=_known_locale(locale))


def is_known(code: str) -> bool:
    """Whether there is a sentence for the code or for its family."""
    return code in WORDING or code in importing.known_codes() or f"{code.rpartition('.')[0]}.*" in WORDING


def _qualified(params: Mapping[str, Any], locale: str, zone: tzinfo) -> str:
    """Why a stage was reached, with its figures: "fit 78 is at least 60, and the need is known"."""
    clauses = [
        say(
            "qualified.measure",
            {"measure": name, "value": params[name], "bound": params[f"{name}_at_least"]},
            locale,
        )
        for name in ("fit", "engagement")
        if name in params and f"{name}_at_least" in params
    ]
    for what in ("criteria", "events", "tags", "fields"):
        if params.get(what):
            clauses.append(say(f"qualified.{what}", params, locale, zone))
    if not clauses:
        return say("qualified.all", params, locale, zone)
    return format_list(clauses, locale=_known_locale(locale))


def _variant(code: str, params: Mapping[str, Any]) -> str:
    """Some codes read differently with what they hold: an answer or none, once or often, of one thing or any."""
    if code == "ask.answered" and not params.get("answer"):
        return "ask.answered.at_all"
    if code == "change.happen" and not params.get("subjects"):
        code = "change.happen.anything"
    if code.startswith(("change.happen", "condition.event")) and 1 in (
        params.get("times"),
        params.get("at_least"),
    ):
        return f"{code}.once"
    return code


class _Shown(dict[str, str]):
    """Parameters as text; one that is not there leaves a dash instead of breaking the page."""

    def __missing__(self, key: str) -> str:
        return "–"


def _filled(msgid: str, params: Mapping[str, Any], locale: str, zone: tzinfo) -> str:
    text = _catalogue(locale).gettext(msgid)
    known = _known_locale(locale)
    return text % _Shown({name: _shown(value, known, zone) for name, value in params.items()})


def _shown(value: Any, locale: Locale, zone: tzinfo) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return format_decimal(round(value, 1), locale=locale)
    if isinstance(value, Mapping):
        return _shown(value.get("name"), locale, zone)
    if isinstance(value, list | tuple):
        return format_list([_shown(each, locale, zone) for each in value], locale=locale)
    return _as_time(str(value), locale, zone)


def _as_time(text: str, locale: Locale, zone: tzinfo) -> str:
    """Instants and dates travel as ISO 8601; everything else is a text already."""
    if not (len(text) >= 10 and text[:4].isdigit() and text[4] == "-"):
        return text
    try:
        if len(text) == 10:
            return format_date(date.fromisoformat(text), "d MMMM y", locale=locale)
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            return text
        return format_datetime(at, "EEE d MMM, HH:mm", tzinfo=zone, locale=locale)
    except (ValueError, OverflowError):  # in another zone it may lie before year 1 or after 9999
        return text


@lru_cache(maxsize=64)
def _catalogue(locale: str) -> NullTranslations:
    return Translations.load(TRANSLATIONS, [locale.replace("-", "_"), locale[:2]])


@lru_cache(maxsize=64)
def _known_locale(locale: str) -> Locale:
    try:
        return Locale.parse(locale.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale("en")
