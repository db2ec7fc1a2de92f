"""Addresses in a mail: what kind each is, how it is followed, and how its visitor is labelled.

A link is tracked when its destination is fixed once the sender's settings are known. An address that holds a
contact's data is left untracked and its scheme is checked when the mail is made.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.entities import html5
from typing import Literal
from urllib.parse import quote, unquote_plus

from app.core.pieces import is_piece, piece_of

Kind = Literal["fixed", "tracked", "special", "checked", "answer", "bad"]
SPECIALS = ("unsubscribe", "preferences", "why", "web_view", "referral")
_ENTITY = re.compile(r"&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[A-Za-z][A-Za-z0-9]*;?)(=?)")
_FIELD = re.compile(r"\{\{\s*([a-z]+)\.([a-z][a-z0-9_]*)\s*\}\}")
_WEB = re.compile(r"https?://[^\s/?#\\@]+(?=[/?#]|$)", re.I)
_BARE = re.compile(r"[A-Za-z0-9:/._~%#@+-]+")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\]")


@dataclass(frozen=True, slots=True)
class Link:
    """One tracked link; `number` stands in the path of its tracking address, from 1.

    `url_template` is the destination as written, where only `{{ brand.… }}` is open.
    """

    number: int
    name: str
    url_template: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Urls:
    """The addresses of one mail. `hit` is followed by `/<link number>`; number 0 is the pixel.

    `answer` is followed by `/<value>`. `campaign` and `content` label visitors when links are not tracked.
    `referral` is for passing on; it is there when the mail has such a link.
    """

    hit: str
    unsubscribe: str
    preferences: str
    why: str
    web_view: str
    answer: str
    campaign: str = ""
    content: str = ""
    referral: str = ""

    def __post_init__(self) -> None:
        """They are written into HTML and text as they are, so they may hold nothing that needs escaping."""
        joined = "".join(
            (
                self.hit,
                self.unsubscribe,
                self.preferences,
                self.why,
                self.web_view,
                self.answer,
                self.referral,
            )
        )
        if not _BARE.fullmatch(joined):
            raise ValueError("an address of the mail holds a character that needs escaping")


def urls_for(
    base: str, track: str, manage: str, *, campaign: str = "", content: str = "", referral: str = ""
) -> Urls:
    """The addresses of a mail with these tokens; `base` is https://host without a final slash.

    The web view hangs on the token of links: people pass it on, and it opens nobody's preferences.
    """
    return Urls(
        hit=f"{base}/c/{track}",
        unsubscribe=f"{base}/u/{manage}",
        preferences=f"{base}/p/{manage}",
        why=f"{base}/w/{manage}",
        web_view=f"{base}/v/{track}",
        answer=f"{base}/a/{manage}",
        campaign=campaign,
        content=content,
        referral=f"{base}/i/{referral}" if referral else f"{base}/library",
    )


def unescape_attribute(value: str) -> str:
    """An attribute's value with entities resolved once, as HTML reads it: `&copy=1` in a query stays."""

    def replace(match: re.Match[str]) -> str:
        name, equals = match[1], match[2]
        if name.startswith("#") or name.endswith(";"):
            return html.unescape(f"&{name}") + equals
        return match[0] if equals or name not in html5 else html5[name]

    return _ENTITY.sub(replace, value)


def classify(url: str, roots: frozenset[str]) -> Kind:
    """What becomes of an address; `url` holds chunks as `{{ … }}`, `roots` are the first words of their fields."""
    if url.startswith("answer:"):
        return "answer" if not roots and len(url) > 7 else "bad"
    if roots == {"links"}:
        match = _FIELD.fullmatch(url)
        return "special" if match and match[2] in SPECIALS else "bad"
    if not roots:
        if piece_of(url) is not None:
            return "tracked" if is_piece(url) else "bad"
        if url.startswith("#") or re.match(r"(?:mailto:[^\s:/]+|tel:[+0-9][0-9().\- ]*$)", url, re.I):
            return "fixed"
        return "tracked" if is_web(url) else "bad"
    if roots == {"brand"} and not re.match(r"(?:mailto|tel):", url, re.I):
        plain = "{{" not in _FIELD.sub("", url)
        return "tracked" if plain and (url.startswith("{{") or _WEB.match(url)) else "bad"
    start = url[: url.index("{{")]
    return "checked" if not start or re.match(r"https?://[^\s/?#]|mailto:|tel:", start, re.I) else "bad"


def is_web(url: str) -> bool:
    """Whether a redirect may go there: http or https, with a host, without white space or user name."""
    return bool(_WEB.match(url)) and not _UNSAFE.search(url)


def destination(url_template: str, brand: Mapping[str, str]) -> str:
    """Where a tracked link leads; `brand` holds the address of the `library` beside the sender's settings.

    Raises ValueError when the settings make it something else than a web address.
    """
    piece = piece_of(url_template)
    url = (
        f"{brand.get('library', '')}/{piece}"
        if piece is not None
        else _FIELD.sub(lambda match: str(brand.get(match[2], "")), url_template)
    )
    if not is_web(url):
        raise ValueError(f"{url_template} does not lead to a web address")
    return url


def with_utm(url: str, campaign: str, content: str) -> str:
    """The destination with utm_source, utm_medium, utm_campaign and utm_content, where it has none of its own.

    Nothing that was there is changed: order, escapes, empty values and the fragment stay byte for byte.
    """
    if not campaign or not is_web(url):
        return url
    before, mark, fragment = url.partition("#")
    path, question, query = before.partition("?")
    present = {unquote_plus(pair.partition("=")[0]).lower() for pair in re.split("[&;]", query)}
    wanted = {
        "utm_source": "trellis",
        "utm_medium": "email",
        "utm_campaign": campaign,
        "utm_content": content,
    }
    added = "&".join(
        f"{key}={quote(value, safe='')}" for key, value in wanted.items() if value and key not in present
    )
    if not added:
        return url
    joint = "&" if query and not query.endswith("&") else ""
    return f"{path}?{query}{joint}{added}{mark}{fragment}" if question else f"{path}?{added}{mark}{fragment}"
