"""Sign-up forms as data: what is asked, and the words that people agree to."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from app.core.labels import Labels, label_in, read_labels
from app.core.parsing import parsed
from app.core.reading import Node
from app.core.timing import Span

# What may be asked besides the address.
FIELDS = ("first_name", "last_name", "company.name", "job_title", "phone", "city", "country")
_KEYS = ("title", "agree", "topics", "fields", "sites", "thanks", "valid")
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SITE = re.compile(r"https?://[^/\s?#@]+")
_VALID = Span(7, "days")


@dataclass(frozen=True, slots=True)
class Form:
    """`agree` are the words somebody agrees to; `sites` may post from their own pages; `valid` is the time that
    the link in the confirming mail holds. `thanks` is where a visitor of such a site goes afterwards (empty:
    our own page).
    """

    key: str
    title: Labels
    agree: Labels
    topics: tuple[str, ...]
    fields: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    thanks: str = ""
    valid: Span = _VALID

    def words(self, locale: str) -> str:
        return label_in(self.agree, locale)

    def text_version(self, locale: str) -> str:
        """Names the words agreed to: another word gives another version."""
        digest = blake2b(self.words(locale).encode(), digest_size=6).hexdigest()
        return f"{self.key}:{digest}"


def read_forms(node: Node | None, topics: Collection[str]) -> Mapping[str, Form]:
    """The `forms:` of the programme. Faults are noted on the node."""
    if node is None:
        return {}
    found = {}
    for key, child in node.entries():
        if not _KEY.fullmatch(key):
            child.error(f"“{key}” is no key.", "Use lower-case letters, digits and dashes, such as guides.")
        elif child.keys(_KEYS):
            found[key] = _form(key, child, topics)
    return found


def _form(key: str, node: Node, topics: Collection[str]) -> Form:
    agree = node.need("agree", "Write what people agree to, such as “Yes, send me guides by mail.”")
    wanted = node.need("topics", "Name the topics that people get mail about.")
    return Form(
        key=key,
        title=read_labels(node.get("title"), key),
        agree=read_labels(agree, ""),
        topics=_among(wanted, topics, "is no topic of the programme"),
        fields=_among(node.get("fields"), FIELDS, "cannot be asked here"),
        sites=_sites(node.get("sites")),
        thanks=_thanks(node.get("thanks")),
        valid=_valid(node.get("valid")),
    )


def _among(node: Node | None, known: Collection[str], fault: str) -> tuple[str, ...]:
    found = []
    for item in node.items() if node is not None else ():
        text = item.text()
        if text in known:
            found.append(text)
        else:
            item.error(f"“{text}” {fault}.", f"Use one of {', '.join(known)}.")
    return tuple(dict.fromkeys(found))


def _sites(node: Node | None) -> tuple[str, ...]:
    found = []
    for item in node.items() if node is not None else ():
        text = item.text().rstrip("/").lower()
        if _SITE.fullmatch(text):
            found.append(text)
        else:
            item.error(f"“{text}” is no site.", "Write it as https://www.example.com, without a path.")
    return tuple(found)


def _thanks(node: Node | None) -> str:
    if node is None:
        return ""
    text = node.text()
    if re.fullmatch(r"https?://[^\s/?#@\\]+(?:[/?#][^\s\\]*)?", text):
        return text
    node.error(f"“{text}” is no web address.", "Write it in full, such as https://www.example.com/thanks.")
    return ""


def _valid(node: Node | None) -> Span:
    span = parsed(node, Span.parse, _VALID)
    if node is not None and not 1 <= span.delta.total_seconds() / 3600 <= 24 * 60:
        node.error(f"“{span}” is too short or too long.", "Write 1 hour to 60 days, such as 7 days.")
        return _VALID
    return span
