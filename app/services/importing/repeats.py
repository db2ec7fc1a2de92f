"""Rows of one file about the same address: taken together, the later one winning where they differ.

That is what makes a file that contradicts itself change nothing the second time: each contact is
written once a file. One look through the file counts how often an address stands in it; a row
with more to come waits in memory, the last one brings them all along.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from app.core.contacts import Wanted
from app.services.importing.reading import Record


class Repeats:
    """How often the addresses that stand in the file more than once are still to come, and who waits for them."""

    def __init__(self, left: dict[int, int], again: frozenset[int]) -> None:
        self._left = left
        # Marks of all addresses, first or further ones, that stand in the file more than once.
        self.again = again
        self._waiting: dict[str, list[tuple[int, Wanted]]] = {}

    @classmethod
    def found_in(
        cls, records: Iterable[Record], keys_of: Callable[[list[str]], Sequence[str]]
    ) -> tuple["Repeats", int]:
        """Look through the file; also how many rows it has. A hash an address is kept meanwhile."""
        firsts: set[int] = set()
        others: set[int] = set()
        more: Counter[int] = Counter()
        again: set[int] = set()
        count = 0
        for record in records:
            count += 1
            keys = keys_of(record.cells)
            if not keys:
                continue
            mark = hash(keys[0])
            if mark in firsts:
                more[mark] += 1
            else:
                firsts.add(mark)
            for mark in map(hash, keys[1:]):
                (again if mark in others else others).add(mark)
        again |= more.keys() | (others & firsts)
        return cls({mark: times + 1 for mark, times in more.items()}, frozenset(again)), count

    def is_last(self, key: str | None) -> bool:
        """Count the row that has come, and say whether no other of this address follows."""
        if key is None:
            return True
        mark = hash(key)
        left = self._left.get(mark)
        if left is None:
            return True
        if left > 1:
            self._left[mark] = left - 1
            return False
        del self._left[mark]
        return True

    def wait(self, key: str, number: int, wanted: Wanted) -> None:
        self._waiting.setdefault(key, []).append((number, wanted))

    def waiting_for(self, key: str | None) -> list[tuple[int, Wanted]]:
        """The earlier rows of this address, in order; they wait no longer."""
        return self._waiting.pop(key, []) if key is not None and self._waiting else []

    def everything_left(self) -> list[list[tuple[int, Wanted]]]:
        """What still waits at the end of the file: the row awaited had the same hash, not the same address."""
        left = list(self._waiting.values())
        self._waiting.clear()
        return left
