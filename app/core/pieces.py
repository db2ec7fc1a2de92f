"""Pieces of the library: what a mail presents, and what somebody has seen of them."""

import re
from dataclasses import dataclass

KINDS = ("guide", "report", "checklist", "sheet", "case", "comparison", "template")
# So a mail's link names a piece.
SCHEME = "library:"
# Pieces of this content kind stand in the open list; the others open by their address.
OPEN = "discovery"
_ADDRESS = re.compile(r"library:[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class PieceInfo:
    """What the engine must know of a piece; `locales` are the languages it stands in ("" its original)."""

    key: str
    kind: str
    content_kind: str
    topics: tuple[str, ...] = ()
    locales: tuple[str, ...] = ("",)


def is_piece(url: str) -> bool:
    """Whether an address names a piece as it should be written."""
    return _ADDRESS.fullmatch(url) is not None


def piece_of(url: str) -> str | None:
    """The piece that an address in a mail leads to, or None."""
    return url.removeprefix(SCHEME) if url.startswith(SCHEME) else None
