"""The library for its readers: the open list, a piece as a page, its file. No cookie, no script, no sign-in.

Who comes out of a mail brings a sealed token; it says who reads, opens nothing and stands in no link but that
to the piece's own file. Whoever comes without one is nobody we write down.
"""

from typing import Any

from babel import Locale, UnknownLocaleError
from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from app.core.pieces import SCHEME
from app.core.tokens import ReadToken, TrackToken
from app.services import pieces
from app.services.pieces import File
from app.web.recipients.common import LANGUAGES, Look, languages, locale_of, zone_of_house
from app.web.recipients.desk import desk, write_down
from app.web.recipients.hits import links_for
from app.web.shared.context import now

# A file is shown by the browser's own viewer; nothing in it may load or run anything.
FILE_POLICY = (
    "default-src 'none'; object-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
LONGEST_TAG = 20


def add_library(recipients: Blueprint) -> None:
    recipients.get("/library")(shelf)
    recipients.get("/library/<piece>.pdf")(document)
    recipients.get("/library/<piece>")(read)
    recipients.get("/library/<piece>/<name>")(file)


def shelf() -> ResponseReturnValue:
    locale = locale_of(request.args.get("lang"))
    shelves = pieces.shelves(desk().world(), _wanted(), _tag(locale), now())
    return _page("library", locale, languages(), shelves=shelves), _headers(found=True)


def read(piece: str) -> ResponseReturnValue:
    """The piece in the reader's language. One that is gone says so and shows the others."""
    locale = locale_of(request.args.get("lang"))
    opened = pieces.look_at(desk().world(), piece, _wanted(), _tag(locale), now())
    if opened is None:
        return _gone(locale)
    token = _token(piece)
    if token is not None:
        _write_down("read", token)
    tongues = [(tag, _name(tag), url_for("recipients.read", piece=piece, lang=tag)) for tag in opened.locales]
    passed = request.args.get("k") if token is not None else None
    shelves = pieces.shelves(desk().world(), _wanted(), _tag(locale), now(), but=piece) if opened.lost else []
    html = _page(
        "piece", locale, tongues if len(tongues) > 1 else [], piece=opened, passed=passed, shelves=shelves
    )
    return html, _headers(found=opened.is_open and token is None)


def document(piece: str) -> ResponseReturnValue:
    """The file of the piece in the reader's language, by one address for all of them."""
    opened = pieces.look_at(desk().world(), piece, _wanted(), "en", now())
    if opened is None or opened.file is None:
        return _gone(locale_of(request.args.get("lang")))
    return _sent(piece, opened.file)


def file(piece: str, name: str) -> ResponseReturnValue:
    found = pieces.file_of(desk().world(), piece, name, now())
    return _sent(piece, found) if found is not None else _gone(locale_of(request.args.get("lang")))


def _sent(piece: str, found: File) -> ResponseReturnValue:
    """The bytes, whole or the part that was asked for; a browser that has them already is told so."""
    _note_file(piece, found.name)
    response = Response(mimetype=found.media_type)
    response.set_etag(found.digest)
    response.headers["Content-Disposition"] = f'inline; filename="{found.name}"'
    response.headers["Content-Security-Policy"] = FILE_POLICY
    # Asked for anew each time, so that opening it again is known; with the same content nothing is sent.
    response.headers["Cache-Control"] = "private, no-cache"
    if request.range is not None or found.digest not in request.if_none_match:
        raw = pieces.bytes_of(desk().world(), found)
        if raw is None:
            return _gone(locale_of(request.args.get("lang")))
        response.set_data(raw)
    # Several parts at once are more than we cut: such a reader gets the whole.
    one_part = request.range is None or len(request.range.ranges) == 1
    return response.make_conditional(request, accept_ranges=one_part, complete_length=found.size)


def _note_file(piece: str, name: str) -> None:
    """Opening the file is a signal; its later parts and pictures in a text are none."""
    token = _token(piece)
    if token is None or pieces.is_picture(desk().world(), piece, name, now()):
        return
    asked = request.range
    if asked is None or not asked.ranges or asked.ranges[0][0] == 0:
        _write_down("file", token)


def _token(piece: str) -> ReadToken | None:
    """Who reads, if the link of their mail leads to this very piece."""
    opened = desk().keyring.open_read(request.args.get("k", ""))
    if opened is None:
        return None
    known = links_for(TrackToken(opened.delivery, opened.contact, opened.variant))
    target = known.target(opened.link) if known is not None else None
    return opened if target is not None and target.url_template == f"{SCHEME}{piece}" else None


def _write_down(kind: str, token: ReadToken) -> None:
    write_down(kind, TrackToken(token.delivery, token.contact, token.variant), token.link)


def _wanted() -> list[str]:
    """The reader's languages, best first: of the link, else of the browser."""
    asked = request.args.get("lang", "")[:LONGEST_TAG]
    return [asked] if asked else [tag for tag in request.accept_languages.values() if tag != "*"][:10]


def _gone(locale: str) -> ResponseReturnValue:
    shelves = pieces.shelves(desk().world(), _wanted(), _tag(locale), now())
    return _page("library-gone", locale, languages(), shelves=shelves), 404


def _page(template: str, locale: str, tongues: list[tuple[str, str, str]], **values: Any) -> str:
    with force_locale(locale):
        return render_template(
            f"recipients/{template}.html", lang=_tag(locale), languages=tongues, settings=desk().settings,
            look=Look(locale, zone_of_house()), **values,
        )  # fmt: skip


def _tag(locale: str) -> str:
    return locale.replace("_", "-")


def _name(tag: str) -> str:
    """A language in its own words."""
    known = next((name for locale, name in LANGUAGES if _tag(locale) == tag), None)
    try:
        return known or str(Locale.parse(tag, sep="-").get_display_name() or tag).capitalize()
    except (ValueError, UnknownLocaleError):
        return tag


def _headers(found: bool) -> dict[str, str]:
    """Open pages may be found by search engines; what came out of a mail, and what is no open piece, may not."""
    robots = {"X-Robots-Tag": "all"} if found else {}
    return {"Vary": "Accept-Language", **robots}
