"""A CSV file as rows: encoding and delimiter found, quirks of real exports borne with.

Rows are numbered as a spreadsheet shows them: the first line of the file is 1, a cell with line
breaks in it is still one row. Reading streams: the file is never held as a whole.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from app.core.contacts import folded, plain_address, target_of
from app.core.reasons import Reason
from app.services.importing.encodings import detect, known
from app.services.importing.faults import ImportFault

DELIMITERS = (",", ";", "\t")
LONGEST_LINE = 1 << 20
_SAMPLE_LINES, _SAMPLE_ROWS = 400, 30
_MOST_COLUMNS = 1_000


class Record(NamedTuple):
    """One row: its cells, or the fault that keeps them from being read."""

    number: int
    cells: list[str]
    fault: Reason | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A readable file. `header_row` is the number of the row that holds the titles."""

    source: Path | bytes
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_row: int

    def rows(self) -> Iterator[Record]:
        """The rows below the header, empty ones included. Raises ImportFault for a line without end."""
        with _opened(self.source) as stream, _text(stream, self.encoding) as text:
            yield from islice(_records(_Lines(text), self.delimiter), self.header_row, None)


def read_table(source: Path | bytes, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """Look over a file. `encoding` and `delimiter` are found unless given. Raises ImportFault."""
    with _opened(source) as stream:
        found = known(stream, encoding) if encoding else detect(stream)
        stream.seek(0)
        with _text(stream, found) as text:
            sample = list(islice(_Lines(text), _SAMPLE_LINES))
    declared = _declared(sample)
    delimiter = delimiter or declared or _sniffed(sample[1:] if declared else sample)
    for record in _records(_again(sample), delimiter):
        filled = any(map(folded, record.cells))
        if filled and not (record.number == 1 and declared):
            return Table(source, found, delimiter, _header(record.cells), record.number)
    raise ImportFault("import.file.empty")


def _opened(source: Path | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return source.open("rb")
    except OSError as fault:
        raise ImportFault("import.file.unreadable", path=source.name, why=fault.strerror or "") from None


def _text(stream: BinaryIO, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(stream, encoding=encoding, newline="")


class _Lines:
    """The lines of a text, once, and whether its end was reached."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        readline = self._text.readline
        number = 0
        while line := readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE:
                raise ImportFault("import.file.line_long", line=number)
            yield line.replace("\0", "") if "\0" in line else line
        self.ended = True


def _again(sample: list[str]) -> _Lines:
    return _Lines(io.StringIO("".join(sample), newline=""))


def _records(lines: _Lines, delimiter: str) -> Iterator[Record]:
    reader = csv.reader(lines, delimiter=delimiter)
    for number in count(1):
        taken = reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # The reader starts afresh with the next line: one runaway quote costs one row.
            yield Record(
                number, [], Reason("import.row.cell_long", {"line": taken + 1, "to": reader.line_num})
            )
            continue
        # The reader asks for more lines at the end of the file only from inside an open quote.
        if lines.ended:
            yield Record(
                number, [], Reason("import.row.quote_open", {"line": taken + 1, "to": reader.line_num})
            )
            return
        yield Record(number, cells)


def _declared(sample: list[str]) -> str | None:
    """The delimiter of a first line such as "sep=;", which Excel writes and reads."""
    first = sample[0].strip().strip('"').lower() if sample else ""
    return first[4] if len(first) == 5 and first.startswith("sep=") and first[4] in DELIMITERS else None


def _sniffed(sample: list[str]) -> str:
    """The delimiter under which the first rows look most like a table."""
    return max(DELIMITERS, key=lambda delimiter: _likeness(sample, delimiter))


def _likeness(sample: list[str], delimiter: str) -> tuple[bool, int, float, int]:
    rows = [r.cells for r in islice(_records(_again(sample), delimiter), _SAMPLE_ROWS) if any(r.cells)]
    if not rows or len(rows[0]) < 2:
        return False, 0, 0.0, 0
    header = rows[0]
    words = sum(target_of(title) is not None for title in header)
    even = sum(len(row) == len(header) for row in rows) / len(rows)
    return True, words, even, len(header)


def _header(cells: list[str]) -> tuple[str, ...]:
    """The titles, trimmed; a repeated or empty one is told apart by its place."""
    if any(plain_address(cell.strip()) for cell in cells):
        raise ImportFault(
            "import.file.no_header", value=next(c for c in cells if plain_address(c.strip()))[:80]
        )
    if len(cells) > _MOST_COLUMNS:
        raise ImportFault("import.file.columns", count=len(cells), most=_MOST_COLUMNS)
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    titles: list[str] = []
    for place, cell in enumerate(cells, 1):
        title = " ".join(cell.split())[:120] or f"({place})"
        titles.append(f"{title} ({place})" if title in titles else title)
    return tuple(titles)
