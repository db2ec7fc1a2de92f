"""Texts that every store can hold: neither empty, nor with a NUL, nor half a character."""

from app.core.reading import Node

LONGEST = 500


def read_text(node: Node) -> str:
    before = len(node.findings)
    text = node.text()
    if len(node.findings) > before:
        return text
    if not text.strip():
        node.error("Here is an empty text.", "Write what is meant.")
    elif len(text) > LONGEST:
        node.error(f"This text is longer than {LONGEST} characters.", "Shorten it.")
    elif "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        node.error("This text holds a character that cannot be stored.", "Type it anew.")
    return text


def read_texts(node: Node) -> tuple[str, ...]:
    """A text or a list of them, each once."""
    items = node.items()
    if not items:
        node.error("Here is an empty list.", "Write at least one entry.")
    return tuple(dict.fromkeys(read_text(item) for item in items))
