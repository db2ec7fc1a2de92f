"""Two contacts who turn out to be one person: what becomes of what each of them said. A merge never allows more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.core.lifecycle import Lifecycle

Take = Literal["mine", "theirs"]
_STRICTER = ("given", "asked", "withdrawn")
_KEEPS_LESS = ("individual", "aggregate", "none")


@dataclass(frozen=True, slots=True)
class Said:
    """What stands of one purpose: given, asked or withdrawn, on which basis, since when."""

    state: str
    basis: str
    at: datetime


def agreed(mine: Said | None, theirs: Said | None) -> Said | None:
    """What the survivor's consent is afterwards.

    Whoever took it back took it back, and the last time counts. Where the survivor never said anything the
    other's yes is not theirs: it was said at another address, and nobody consents by a merge.
    """
    withdrawn = [each for each in (mine, theirs) if each is not None and each.state == "withdrawn"]
    if withdrawn:
        return max(withdrawn, key=lambda each: each.at)
    if mine is None or theirs is None:
        return mine
    return max((mine, theirs), key=lambda each: _rank(_STRICTER, each.state))


def tracked(mine: str | None, theirs: str | None, default: str) -> str | None:
    """What may be kept of the survivor's clicks: the other's own choice only where it keeps less."""
    if theirs is None or _rank(_KEEPS_LESS, theirs) <= _rank(_KEEPS_LESS, mine or default):
        return mine
    return theirs


def fewest(mine: int | None, theirs: int | None) -> int | None:
    """The narrower of two caps that the person set; None: no cap of their own."""
    return min((each for each in (mine, theirs) if each is not None), default=None)


def longest(mine: datetime | None, theirs: datetime | None) -> datetime | None:
    """The later end of two rests; None: no rest."""
    return max((each for each in (mine, theirs) if each is not None), default=None)


def stage(lifecycle: Lifecycle, mine: str | None, theirs: str | None) -> str | None:
    """The survivor's stage afterwards: the other's only where it lies further on the main way and a declared
    transition leads there, for a merge is no leap.
    """
    if not mine or not theirs:
        return mine or theirs
    here, there = lifecycle.stages.get(mine), lifecycle.stages.get(theirs)
    if here is None or there is None or here.kind != "main" or there.kind != "main":
        return mine
    further = there.order > here.order and _declared(lifecycle, mine, theirs)
    return theirs if further else mine


def _declared(lifecycle: Lifecycle, frm: str, to: str) -> bool:
    return any(lifecycle.declares(frm, to, by) for by in ("person", "automation"))


def _rank(order: tuple[str, ...], word: str) -> int:
    return order.index(word) if word in order else -1


def differing(mine: Mapping[str, object], theirs: Mapping[str, object]) -> list[str]:
    """The names of what the other knows and the survivor knows differently or not at all, in their order."""
    return [name for name, value in theirs.items() if value is not None and mine.get(name) != value]
