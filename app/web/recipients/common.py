"""What the pages share: whose token it is, in which language, how an instant looks, and the note about the visit."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from flask import abort, render_template, request, url_for
from flask_babel import force_locale, gettext

from app.core.timing import zone_of
from app.core.tokens import ManageToken, TrackToken
from app.services.signals.showing import Reader, reader, topic_label
from app.web.recipients.desk import desk, write_down
from app.web.shared.context import now

LOCALES = ("en", "it", "pt_BR", "nl", "ru")
LANGUAGES = (
    ("en", "English"), ("it", "Italiano"), ("pt_BR", "Português (Brasil)"), ("nl", "Nederlands"), ("ru", "Русский"),
)  # fmt: skip
NEAR = timedelta(days=4)
# What stands around a name in a sentence, where it is not “ and ”.
QUOTES = {"it": "«»", "ru": "«»"}
# Stands for the token in a mail that somebody passed on as a page.
NOT_YOURS = "not-yours"
# Numbers of our own pages in a hit's `link`; an answer's depends on its value, so that different ones differ.
PAGES = {"leave": -1, "preferences": -2, "why": -3, "view": -4, "data": -5}
FIRST_ANSWER, ANSWERS = -10, 1_000_000


def opened(token: str) -> ManageToken:
    """What the token holds; a neutral 404 when it is none of ours. It is the only proof these pages ask for."""
    found = desk().keyring.open_manage(token)
    if found is None:
        abort(404)
    return found


def whose(token: ManageToken) -> Reader:
    """The person; a neutral 404 when they were erased."""
    found = reader(desk().world(), token, now())
    if found is None:
        abort(404)
    return found


def visited(token: ManageToken | TrackToken, page: str, answer: str = "") -> None:
    """A page that was opened out of a mail is a raw hit and nothing else; from page to page is none."""
    if from_our_page():
        return
    number = FIRST_ANSWER - crc32(answer.encode()) % ANSWERS if answer else PAGES[page]
    write_down("page", token, number)


def from_our_page() -> bool:
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def chosen_language() -> str | None:
    """The language picked by the links at the foot of a page; it holds for the pages that follow."""
    wanted = request.args.get("lang", "")
    return next((locale for locale in LOCALES if locale.replace("_", "-") == wanted), None)


def languages() -> list[tuple[str, str, str]]:
    """The same page in each language: tag, name in that language, address."""
    if request.endpoint is None or request.method != "GET":
        return []
    found = []
    kept = {name: request.args[name] for name in ("by",) if name in request.args}
    for locale, name in LANGUAGES:
        tag = locale.replace("_", "-")
        address = url_for(request.endpoint, **{**(request.view_args or {}), **kept, "lang": tag})
        found.append((tag, name, address))
    return found


def locale_of(known: str | None) -> str:
    """The language picked on the page, else the contact's, else the best of the browser's, else the
    installation's; always one we speak."""
    for wanted in (
        chosen_language(),
        known,
        *request.accept_languages.values(),
        desk().settings.default_locale,
    ):
        found = _spoken(wanted) if wanted else None
        if found is not None:
            return found
    return LOCALES[0]


def _spoken(wanted: str) -> str | None:
    language = wanted.replace("_", "-").lower().partition("-")[0]
    return next((locale for locale in LOCALES if locale.partition("_")[0] == language), None)


def page(template: str, token: str, held: ManageToken, person: Reader, **values: Any) -> str:
    """A recipient's page in their language."""
    locale = locale_of(person.locale)
    topic = topic_label(desk().world(), held.topic, locale.replace("_", "-"), now())
    return open_page(template, locale, person.zone, token=token, person=person, topic=topic, **values)


def open_page(template: str, locale: str, zone: ZoneInfo, **values: Any) -> str:
    """A page that needs nobody's token."""
    with force_locale(locale):
        return render_template(
            f"recipients/{template}.html",
            lang=locale.replace("_", "-"),
            languages=languages(),
            settings=desk().settings,
            look=Look(locale, zone),
            **values,
        )


def zone_of_house() -> ZoneInfo:
    return zone_of(None, desk().world().library.catalogue(now()).setting.programme.zone)[0]


def agreeing(locale: str) -> str:
    """The words a person agrees to on their own page, as they stand there: they are kept as proof."""
    with force_locale(locale):
        return str(
            gettext("You agree to hear from us about the topics you tick, until you take it back here.")
        )


class Look:
    """How days and instants are written for one reader."""

    def __init__(self, locale: str, zone: ZoneInfo) -> None:
        self._locale = locale
        self._zone = zone

    @property
    def place(self) -> str:
        return self._zone.key.rpartition("/")[2].replace("_", " ")

    def day(self, at: datetime) -> str:
        """“2 December”, with the year when it is not this one."""
        here = at.astimezone(self._zone)
        far = here.year != now().astimezone(self._zone).year
        return format_date(here.date(), _pattern(self._locale, far), locale=self._locale)

    def weekday(self, at: datetime) -> str:
        here = at.astimezone(self._zone)
        comma = "," if self._locale in ("pt_BR", "ru") else ""
        return f"{format_date(here.date(), 'EEEE', locale=self._locale)}{comma} {self.day(at)}"

    def roughly(self, at: datetime) -> str:
        """The day of what is near; what is further off is about that day."""
        if at - now() <= NEAR:
            return self.weekday(at)
        with force_locale(self._locale):
            return str(gettext("about %(day)s", day=self.day(at)))

    def time(self, at: datetime) -> str:
        return format_datetime(at, "HH:mm", tzinfo=self._zone, locale=self._locale)

    def names(self, words: Sequence[str]) -> str:
        quotes = QUOTES.get(self._locale, "“”")
        return ", ".join(f"{quotes[0]}{word}{quotes[1]}" for word in words)


def _pattern(locale: str, with_year: bool) -> str:
    if locale == "pt_BR":
        return "d 'de' MMMM 'de' y" if with_year else "d 'de' MMMM"
    return "d MMMM y" if with_year else "d MMMM"
