"""Chance that is the same each time: a hash of the seed and of what is decided."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

from app.core.ids import share

T = TypeVar("T")


class Chance:
    """Draws of one seed. The same words draw the same."""

    def __init__(self, seed: int) -> None:
        self._seed = str(seed)
        self._drawn = 0

    def share(self, *what: object) -> float:
        """From 0 up to, but not, 1."""
        return share("demo", self._seed, *map(str, what))

    def yes(self, likely: float, *what: object) -> bool:
        return self.share(*what) < likely

    def between(self, low: float, high: float, *what: object) -> float:
        return low + (high - low) * self.share(*what)

    def one_of(self, several: Sequence[T], *what: object) -> T:
        return several[int(self.share(*what) * len(several))]

    def octets(self, count: int) -> bytes:
        """As the system would draw them for ids, but in a row that the seed decides."""
        self._drawn += 1
        found = b""
        while len(found) < count:
            digest = blake2b(f"{self._seed}:{self._drawn}:{len(found)}".encode(), person=b"trellis.demo")
            found += digest.digest()
        return found[:count]
