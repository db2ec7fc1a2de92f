"""Whether a tag may stand where it stands and carry what it carries: each fault as (code, message, remedy)."""

import re
from collections.abc import Iterator

from app.mail import tags

Fault = tuple[str, str, str]
_SIZE = re.compile(r"(?:(?:auto|-?\d+(?:\.\d+)?(?:px|%|em|rem)?)(?:\s+|$)){1,4}")
_LOADS = re.compile(r"javascript\s*:|expression\s*\(|@import|url\s*\(", re.I)


def place_faults(tag: str, parent: str, in_html: bool) -> Iterator[Fault]:
    """`in_html`: the parent holds HTML, not further MJML."""
    if tag in tags.REFUSED:
        yield "tag_refused", f"<{tag}> is not available", tags.REFUSED[tag]
    elif in_html:
        if tag not in tags.HTML_TAGS:
            yield "unknown_tag", f"<{tag}> may not stand in <{parent}>", "Use plain text markup."
    elif tag not in tags.TAGS:
        html = tag in tags.HTML_TAGS
        yield (
            "unknown_tag",
            f"<{tag}> is unknown here",
            "HTML stands inside mj-text." if html else "Check the name.",
        )
    elif parent != "mj-attributes" and parent not in tags.TAGS[tag].parents:
        allowed = ", ".join(sorted(tags.TAGS[tag].parents)) or "the top"
        yield "wrong_place", f"<{tag}> may not stand in <{parent or 'the top'}>", f"It stands in {allowed}."


def known_attribute(tag: str, name: str) -> bool:
    """Whether the tag has this attribute; those of unknown tags are not judged."""
    if tag in tags.TRELLIS:
        return name in tags.TRELLIS[tag]
    if tag in tags.TAGS:
        allowed = tags.TAGS[tag].attributes
        return name in allowed or ("*" in allowed and name in tags.ALL_ATTRIBUTES)
    return tag not in tags.HTML_TAGS or name in tags.HTML_ATTRIBUTES or name.startswith("aria-")


def value_faults(tag: str, name: str, value: str, *, has_chunk: bool, has_block: bool) -> Iterator[Fault]:
    """What is wrong with an attribute's value, addresses apart."""
    if has_chunk and name not in tags.CHUNK_ATTRIBUTES:
        yield "chunk_place", f"no chunk may stand in {name}", "Write the value."
    if has_block:
        yield "chunk_place", f"no condition may stand in {name}", "Write {{ a if b else c }}."
    if tag in tags.TAGS and name in tags.SIZES and not has_chunk and not _SIZE.fullmatch(value.strip()):
        yield "bad_size", f"{name}={value} is no size", "Write 20px, 50% or 0."
    if tag == "mj-hero" and name == "mode" and value != "fixed-height":
        yield (
            "bad_value",
            f"mj-hero does not work with mode={value}",
            'Write mode="fixed-height" and a height.',
        )
    if name == "style" and _LOADS.search(value):
        yield "bad_style", "a style may not load anything", "Use src or background-url."


def text_faults(text: str, parent: str, in_html: bool, has_value: bool) -> Iterator[Fault]:
    """What is wrong with text between tags; `text` is without its chunks."""
    if not in_html and (text.strip() or has_value):
        yield "text_lost", f"text inside <{parent or 'the top'}> is not shown", "Put it into mj-text."
    if parent == "mj-style" and _LOADS.search(text):
        yield "bad_style", "a style may not load anything", "Use src or background-url."
