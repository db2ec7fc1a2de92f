"""A file on its way in, for those who look at it: columns with samples, words, first rows, why rows stay out."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import RowMapping

from app.core.contacts import LEFT, PRESETS, tells_who_left
from app.core.lifecycle import stage_of_import
from app.core.reasons import Reason
from app.services.importing.around import surroundings
from app.services.importing.drafts import LOOKED_AT, Shown, new_fields
from app.services.importing.options import NewField
from app.services.importing.reading import Table, read_table
from app.services.world import World
from app.store import imports
from app.store.contacts import field_types, owners_by_email

SAMPLES = 3
SCANNED, MOST_WORDS = 50_000, 40


@dataclass(frozen=True, slots=True)
class Column:
    place: int
    title: str
    samples: tuple[str, ...]
    target: str
    new: NewField | None
    type: str


@dataclass(frozen=True, slots=True)
class Looked:
    """A file on the mapping page."""

    columns: tuple[Column, ...]
    preset: str
    is_list_of_left: bool
    one_column: bool


@dataclass(frozen=True, slots=True)
class FirstRow:
    """A row as the preview shows it: what becomes of it, its cells by target, what is said of it."""

    number: int
    fate: str
    cells: Mapping[str, str]
    reason: Reason | None = None


def look(world: World, shown: Shown) -> Looked:
    """The columns with samples and where they go."""
    table = read_table(shown.path, shown.format["encoding"], shown.format["delimiter"])
    samples = _samples(table)
    new = new_fields(shown)
    preset = PRESETS.get(shown.draft.get("preset") or "")
    columns = []
    for place, title in enumerate(table.header):
        target = LEFT if shown.draft.get("left_column") == place else shown.mapping[place] or ""
        made = new.get(place)
        columns.append(Column(place, title, samples[place], target, made, _likely_type(samples[place])))
    gone = preset is not None and tells_who_left(preset, table.header)
    return Looked(tuple(columns), preset.label if preset else "", gone, len(table.header) == 1)


def stage_words(world: World, shown: Shown, now: datetime) -> list[tuple[str, int, str | None]]:
    """The words of the column for the stage, the most frequent first, and the stage each is understood as."""
    if "stage" not in shown.mapping:
        return []
    lifecycle = surroundings(world, now).lifecycle
    place = shown.mapping.index("stage")
    table = read_table(shown.path, shown.format["encoding"], shown.format["delimiter"])
    met: Counter[str] = Counter()
    for record in islice(table.rows(), SCANNED):
        if place < len(record.cells) and (word := record.cells[place].strip()[:60]):
            met[word] += 1
    return [(word, count, stage_of_import(lifecycle, word)) for word, count in met.most_common(MOST_WORDS)]


def first_rows(world: World, shown: Shown) -> list[FirstRow]:
    """The first rows of a file that was looked over, with what becomes of them."""
    fates = {int(row): fate for row, fate in shown.seen.get("first", ())}
    if not fates or not shown.path.exists():
        return []
    with world.database.read() as connection:
        said = {
            row["row_number"]: Reason(row["reason_code"], row["reason_params"])
            for result in ("rejected", "noted")
            for row in imports.first_rows(connection, shown.id, result, len(fates))
        }
    table = read_table(shown.path, shown.format["encoding"], shown.format["delimiter"])
    found = []
    for record in islice(table.rows(), max(fates) - table.header_row):
        cells = {
            target: cell[:80]
            for target, cell in zip(shown.mapping, record.cells, strict=False)
            if target and cell.strip()
        }
        if record.number in fates or cells:
            reason = said.get(record.number)
            found.append(FirstRow(record.number, fates.get(record.number, "repeated"), cells, reason))
    return found


def _samples(table: Table) -> list[tuple[str, ...]]:
    found: list[list[str]] = [[] for _ in table.header]
    for record in islice(table.rows(), LOOKED_AT):
        for place, cell in enumerate(record.cells[: len(found)]):
            text = " ".join(cell.split())[:60]
            if text and text not in found[place] and len(found[place]) < SAMPLES:
                found[place].append(text)
    return [tuple(cells) for cells in found]


def _likely_type(samples: Iterable[str]) -> str:
    """The type a new field of these values would most likely have."""
    texts = list(samples)
    if texts and all(text.replace(".", "", 1).replace(",", "", 1).isdecimal() for text in texts):
        return "number"
    if texts and all(text.lower() in ("yes", "no", "true", "false") for text in texts):
        return "flag"
    if texts and all(len(text) == 10 and text[4] == text[7] == "-" for text in texts):
        return "date"
    return "text"


def reasons(world: World, shown: Shown) -> list[tuple[str, int, Reason | None]]:
    """Why rows stay out or need a word, the most frequent first: result, count and one of them as it was told."""
    if shown.state == "checked":
        counted = [(result, code, count) for result, code, count in shown.seen.get("reasons", ())]
    elif shown.confirmed_at is not None and not shown.is_working:
        with world.database.read() as connection:
            counted = imports.counted_reasons(connection, shown.id)
    else:
        return []
    with world.database.read() as connection:
        told = {
            (row["result"], row["reason_code"]): Reason(row["reason_code"], row["reason_params"])
            for row in imports.examples(connection, shown.id)
        }
    counted.sort(key=lambda one: (one[0] != "rejected", -one[2]))
    return [(result, count, told.get((result, code))) for result, code, count in counted]


def fields(world: World) -> list[RowMapping]:
    """The custom fields that are in use."""
    with world.database.read() as connection:
        rows = field_types(connection, world.workspace_id)
    return [row for row in rows if row["retired_at"] is None]


def owners(world: World) -> list[str]:
    """The addresses of those who may own contacts."""
    with world.database.read() as connection:
        return sorted(owners_by_email(connection, world.workspace_id))
