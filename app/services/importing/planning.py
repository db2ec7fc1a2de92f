"""From rows to plans, before any lock is taken: what is rejected, what waits for a repeat, what is to be written."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from app.core.contacts import Wanted, fold
from app.core.reasons import Reason
from app.services.importing.reading import Record
from app.services.importing.repeats import Repeats
from app.services.importing.rows import RowReader


@dataclass(slots=True)
class Plan:
    """One contact to be written. `row` is the last row it comes from, `repeats` how many came before it.

    A salvaged one was counted as repeated: the row that was to bring it along could not be read.
    """

    row: int
    wanted: Wanted
    repeats: int = 0
    salvaged: bool = False


@dataclass(slots=True)
class Chunk:
    """Rows dealt with together: `taken` of the file, `rows` of them not empty."""

    taken: int = 0
    rows: int = 0
    plans: list[Plan] = field(default_factory=list)
    rejected: list[tuple[int, Reason]] = field(default_factory=list)
    repeated: list[tuple[int, list[Reason]]] = field(default_factory=list)


class Planner:
    """Hands out chunks of a file in its order."""

    def __init__(self, records: Iterator[Record], reader: RowReader, repeats: Repeats) -> None:
        self._records = records
        self._reader = reader
        self._repeats = repeats

    def skip(self, rows: int) -> None:
        """Go over rows that an earlier run has dealt with; those that wait for a repeat wait again."""
        while rows > 0:
            rows -= (taken := self.take(min(rows, 5_000)).taken)
            if not taken:
                return

    def take(self, most: int) -> Chunk:
        """The next chunk of at most `most` rows; `taken` is 0 at the end of the file."""
        chunk = Chunk()
        for record in islice(self._records, most):
            chunk.taken += 1
            if record.fault is not None or any(map(str.strip, record.cells)):
                chunk.rows += 1
                self._add(chunk, record)
        if chunk.taken < most:
            for rows in self._repeats.everything_left():
                self._salvage(chunk, rows)
        return chunk

    def _add(self, chunk: Chunk, record: Record) -> None:
        read = record.fault or self._reader.read(record.cells)
        if isinstance(read, Reason):
            chunk.rejected.append((record.number, read))
            key = next(iter(self._reader.keys(record.cells)), None)
            if self._repeats.is_last(key):
                self._salvage(chunk, self._repeats.waiting_for(key))
            return
        address = read.addresses[0]
        if self._repeats.is_last(address.key):
            earlier = self._repeats.waiting_for(address.key)
            wanted = fold([*(wanted for _, wanted in earlier), read]) if earlier else read
            chunk.plans.append(Plan(record.number, wanted, len(earlier)))
        else:
            self._repeats.wait(address.key, record.number, read)
            repeated = Reason("import.row.repeated", {"address": address.shown})
            chunk.repeated.append((record.number, [repeated, *read.notes]))

    def _salvage(self, chunk: Chunk, rows: list[tuple[int, Wanted]]) -> None:
        if rows:
            wanted = fold([wanted for _, wanted in rows])
            chunk.plans.append(Plan(rows[-1][0], wanted, len(rows) - 1, salvaged=True))
