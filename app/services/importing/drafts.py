"""An import as it is brought in the browser: a file that is kept, choices made step by step, and one confirmation.

Nothing of it touches a contact before the confirmation; the engine does the work (`jobs`). Each choice names the
revision it was made on, so that of two tabs none overrules the other. All raise ImportFault, with nothing written.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping

from app.core.contacts import (
    LEFT,
    TARGETS,
    TYPES,
    FieldType,
    folded,
    preset_targets,
    recognised,
)
from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.importing.around import surroundings
from app.services.importing.faults import ImportFault
from app.services.importing.keeping import place_of, remove, write_upload
from app.services.importing.options import (
    ImportOptions,
    NewField,
    check_options,
    is_reserved,
    own_fields,
    refuse_out_of_use,
    suggest_mapping,
)
from app.services.importing.reading import Table, read_table
from app.services.importing.running import COUNTS, digest
from app.services.world import World
from app.store import accounts, imports
from app.store.contacts import add_field, field_types, owners_by_email

DRAFT = ("draft", "checking", "checked")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "latin-1", "iso8859-15", "mac-roman", "shift_jis")  # fmt: skip
DELIMITERS = (",", ";", "\t", "|")
LONGEST_NAME = 200
LOOKED_AT = 200
PAGE = 50
STEPS = ("columns", "left", "options")


@dataclass(frozen=True, slots=True)
class Shown:
    """An import as its pages tell it. `draft` holds what is chosen besides mapping and options."""

    id: UUID
    file_name: str
    state: str
    by: str
    user_id: UUID | None
    created_at: datetime
    confirmed_at: datetime | None
    finished_at: datetime | None
    removed_at: datetime | None
    revision: int
    counts: dict[str, int]
    position: int
    reached: int
    total: int | None
    mapping: tuple[str | None, ...]
    options: ImportOptions
    format: dict[str, str]
    draft: dict[str, Any]
    seen: dict[str, Any]
    undo: dict[str, Any]
    problem: Reason | None
    path: Path

    @property
    def step(self) -> str:
        """The first step that is still to be taken; "check" after all of them."""
        done = self.draft.get("done", ())
        return next((step for step in STEPS if step not in done), "check")

    @property
    def is_working(self) -> bool:
        return self.state in (*imports.ASKED, *imports.OPEN)

    @property
    def percent(self) -> int:
        done = self.position if self.state in (*imports.OPEN, "stopped") else self.reached
        return min(100 * done // self.total, 100) if self.total else 0


def upload(world: World, stream: IO[bytes], file_name: str, by: UUID, now: datetime) -> UUID:
    """Keep a file and look it over: the id of the import it begins."""
    import_id = new_id(now)
    path = write_upload(world.settings, stream, import_id)
    try:
        table = _readable(path)
        with world.database.write() as connection:
            mapping, left, preset = _suggested(connection, world.workspace_id, table)
            row = {
                "id": import_id, "workspace_id": world.workspace_id, "user_id": by,
                "file_name": " ".join(file_name.split())[:LONGEST_NAME] or "contacts.csv",
                "path": place_of(import_id).as_posix(), "digest": digest(path), "format": _format(table),
                "mapping": mapping, "options": ImportOptions().as_json(), "state": "draft", "position": 0,
                "counts": dict.fromkeys(COUNTS, 0), "created_at": now, "revision": 0, "reached": 0,
                "draft": {"preset": preset, "left_column": left, "done": []},
            }  # fmt: skip
            imports.add(connection, row)
            audit(connection, world, import_id, "import.uploaded", {"file": row["file_name"]}, by, now)
    except BaseException:
        remove(world.settings, import_id)
        raise
    return import_id


def listing(world: World, older_than: UUID | None) -> tuple[list[Shown], UUID | None]:
    """The newest imports, and from where the older ones go on (None: there are none)."""
    with world.database.read() as connection:
        rows = imports.page(connection, world.workspace_id, older_than, PAGE + 1)
    found = [_shown(world, row) for row in rows[:PAGE]]
    return found, found[-1].id if len(rows) > PAGE else None


def find(world: World, import_id: UUID) -> Shown | None:
    with world.database.read() as connection:
        row = imports.one(connection, world.workspace_id, import_id)
    return _shown(world, row) if row is not None else None


def set_reading(
    world: World, shown: Shown, revision: int, encoding: str, delimiter: str, now: datetime
) -> None:
    """Read the file another way; the columns are guessed anew."""
    if encoding not in ENCODINGS and encoding != shown.format["encoding"]:
        raise ImportFault("import.file.encoding_unknown", encoding=encoding[:40])
    if delimiter not in DELIMITERS:
        raise ImportFault("import.file.delimiter")
    table = _readable(shown.path, encoding, delimiter)
    with world.database.write() as connection:
        mapping, left, preset = _suggested(connection, world.workspace_id, table)
        draft: dict[str, Any] = {"preset": preset, "left_column": left, "done": []}
        _change(connection, world, shown, revision, format=_format(table), mapping=mapping, draft=draft)


def set_columns(
    world: World, shown: Shown, revision: int, chosen: Sequence[str], new: Mapping[int, NewField]
) -> None:
    """Where each column goes, by its place; `new` are fields to be made when the import is confirmed."""
    if len(chosen) != len(shown.mapping):
        raise ImportFault("import.stale")
    with world.database.write() as connection:
        types = field_types(connection, world.workspace_id)
        own = own_fields(types)
        refuse_out_of_use(chosen, types)
        made = _checked_fields(new, own)
        known = {*TARGETS, *own, LEFT, ""}
        targets: list[str | None] = []
        for place, target in enumerate(chosen):
            if place in made:
                targets.append(made[place].target)
            elif target in known:
                targets.append(target or None)
            else:
                raise ImportFault("import.map.place", column=place + 1)
        _once_each(targets)
        left = targets.index(LEFT) if LEFT in targets else None
        mapping = [None if target == LEFT else target for target in targets]
        fields = [
            {"place": place, "header": one.header, "subject": one.subject, "key": one.type.key,
             "type": one.type.kind, "choices": list(one.type.choices)}
            for place, one in made.items()
        ]  # fmt: skip
        _change(connection, world, shown, revision, "columns", mapping=mapping, left_column=left, new=fields)


def set_left(world: World, shown: Shown, revision: int, how: str, brought: int = 0) -> None:
    """Whether those who left are told: `how` is "brought" (a list was taken in) or "nobody"."""
    rows = shown.draft.get("left_rows", 0) + brought
    with world.database.write() as connection:
        _change(connection, world, shown, revision, "left", left=how, left_rows=rows)


def set_options(world: World, shown: Shown, revision: int, options: ImportOptions, now: datetime) -> None:
    """How the rows come in."""
    around = surroundings(world, now)
    if options.consents and not options.basis.strip() and "basis" not in shown.mapping:
        raise ImportFault("import.option.basis")
    if options.consents and not options.consent_source.strip():
        raise ImportFault("import.option.consent_from")
    with world.database.write() as connection:
        check_options(options, around, owners_by_email(connection, world.workspace_id))
        _change(connection, world, shown, revision, "options", options=options.as_json())


def ask_check(world: World, shown: Shown, revision: int) -> None:
    """Let the engine go through the file without writing anything."""
    if shown.step != "check":
        raise ImportFault("import.step_missing")
    with world.database.write() as connection:
        if not imports.change(
            connection, world.workspace_id, shown.id, ("draft", "checked"), revision,
            state="checking", reached=0, total=None, seen=None, problem=None,
        ):  # fmt: skip
            raise ImportFault("import.stale")


def confirm(world: World, shown: Shown, revision: int, by: UUID, now: datetime) -> None:
    """Let it come in: makes the new fields and hands the file to the engine. Confirming twice does it once."""
    with world.database.write() as connection:
        types = field_types(connection, world.workspace_id)
        refuse_out_of_use(shown.mapping, types)
        made = _checked_fields(new_fields(shown), own_fields(types))
        if not imports.change(
            connection, world.workspace_id, shown.id, ("checked",), revision, state="ready", confirmed_at=now,
            user_id=by, total=None, problem=None,
        ):  # fmt: skip
            raise ImportFault("import.stale")
        for new in made.values():
            add_field(connection, new_id(now), world.workspace_id, new.subject, new.type, new.header, now)
        imports.forget_rows(connection, shown.id)
        told = {"file": shown.file_name, "rows": shown.seen.get("counts", {}).get("rows", 0),
                "enroll": shown.options.enroll, "consents": list(shown.options.consents), "fields": [one.target for one in made.values()]}  # fmt: skip
        audit(connection, world, shown.id, "import.confirmed", told, by, now)


def stop(world: World, shown: Shown, by: UUID, now: datetime) -> bool:
    """End it after the rows that are being written. False: it had ended."""
    return _turn(world, shown, imports.OPEN, "stopped", by, now)


def go_on(world: World, shown: Shown, by: UUID, now: datetime) -> bool:
    """Go on with the rest of a stopped one."""
    return _turn(world, shown, ("stopped",), "ready", by, now)


def discard(world: World, shown: Shown, by: UUID, now: datetime) -> bool:
    """Leave it; of a stopped one, what came in stays. The file goes. False: there was nothing to leave."""
    with world.database.write() as connection:
        left = imports.change(
            connection, world.workspace_id, shown.id, (*DRAFT, "stopped"), state="cancelled",
            finished_at=now, removed_at=now,
        )  # fmt: skip
        if left:
            if shown.state in DRAFT:
                imports.forget_rows(connection, shown.id)
            audit(connection, world, shown.id, "import.discarded", {"file": shown.file_name}, by, now)
    if left:
        remove(world.settings, shown.id)
    return left


def new_fields(shown: Shown) -> dict[int, NewField]:
    """The custom fields to be made, by the place of their column."""
    return {
        one["place"]: NewField(
            one["header"], one["subject"], FieldType(one["key"], one["type"], tuple(one["choices"]))
        )
        for one in shown.draft.get("new", ())
    }


def wished_field(title: str, subject: str, kind: str, choices: str) -> NewField:
    """A custom field for a column; its key comes of the column's title."""
    label = " ".join(title.split())[:80]
    key = folded(label).encode("ascii", "ignore").decode().strip().replace(" ", "_")[:40].strip("_")
    if key and not key[0].isalpha():
        key = f"field_{key}"[:40]
    if not key or is_reserved(subject, key):
        key = f"{key or 'column'}_field"[:40]
    if kind not in TYPES:
        raise ImportFault("import.field.kind", column=label)
    named = tuple(dict.fromkeys(part.strip()[:80] for part in choices.split(",") if part.strip()))[:100]
    if kind == "choice" and len(named) < 2:
        raise ImportFault("import.field.no_choices", column=label)
    return NewField(label, subject, FieldType(key, kind, named if kind == "choice" else ()))


def audit(
    connection: Connection, world: World, import_id: UUID, action: str, detail: dict[str, Any],
    by: UUID | None, now: datetime,
) -> None:  # fmt: skip
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": "import", "subject": str(import_id), "detail": detail,
        },
    )  # fmt: skip


def _turn(world: World, shown: Shown, states: tuple[str, ...], state: str, by: UUID, now: datetime) -> bool:
    if shown.confirmed_at is None:
        return False
    action = "import.stopped" if state == "stopped" else "import.resumed"
    with world.database.write() as connection:
        turned = imports.change(connection, world.workspace_id, shown.id, states, state=state)
        if turned:
            audit(connection, world, shown.id, action, {"file": shown.file_name}, by, now)
    return turned


def _change(
    connection: Connection, world: World, shown: Shown, revision: int, step: str = "", **values: Any
) -> None:
    """A choice of a draft: what the dry run saw counts no more. What is no column goes into the draft."""
    held = {name: values.pop(name) for name in ("format", "mapping", "options") if name in values}
    draft = values.pop("draft", None)
    if draft is None:
        done = shown.draft.get("done", [])
        draft = {**shown.draft, **values, "done": [*done, *([step] if step not in done else [])]}
    if not imports.change(
        connection,
        world.workspace_id,
        shown.id,
        DRAFT,
        revision,
        state="draft",
        seen=None,
        draft=draft,
        **held,
    ):
        raise ImportFault("import.stale")


def _shown(world: World, row: RowMapping) -> Shown:
    problem = row["problem"]
    return Shown(
        row["id"], row["file_name"], row["state"], row["by"] or "", row["user_id"], row["created_at"],
        row["confirmed_at"], row["finished_at"], row["removed_at"], row["revision"] or 0, dict(row["counts"]),
        row["position"], row["reached"] or 0, row["total"], tuple(row["mapping"]),
        ImportOptions.from_json(row["options"]), dict(row["format"]), dict(row["draft"] or {}),
        dict(row["seen"] or {}), dict(row["undo"] or {}),
        Reason(problem["code"], problem["params"]) if problem else None, world.settings.data_dir / row["path"],
    )  # fmt: skip


def _readable(path: Path, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """A file with titles and at least one row below them."""
    table = read_table(path, encoding, delimiter)
    for record in islice(table.rows(), LOOKED_AT):
        if record.fault is not None or any(map(str.strip, record.cells)):
            return table
    raise ImportFault("import.file.no_rows")


def _format(table: Table) -> dict[str, str]:
    return {"encoding": table.encoding, "delimiter": table.delimiter}


def _suggested(
    connection: Connection, workspace_id: UUID, table: Table
) -> tuple[list[str | None], int | None, str]:
    """Targets, the column that says who left, and the tool whose export it is."""
    found = suggest_mapping(table.header, field_types(connection, workspace_id))
    preset = recognised(table.header)
    targets = list(preset_targets(preset, table.header, found) if preset else found)
    left = targets.index(LEFT) if LEFT in targets else None
    return [None if target == LEFT else target for target in targets], left, preset.key if preset else ""


def _checked_fields(new: Mapping[int, NewField], own: Mapping[str, Any]) -> dict[int, NewField]:
    seen: set[str] = set()
    for one in new.values():
        if one.target in own or one.target in seen:
            raise ImportFault("import.field.there", field=one.header)
        seen.add(one.target)
    return dict(new)


def _once_each(targets: Sequence[str | None]) -> None:
    if "email" not in targets:
        raise ImportFault("import.map.no_address")
    times = Counter(target for target in targets if target and target not in ("email", "tags"))
    for target, count in times.items():
        if count > 1:
            places = [str(place + 1) for place, found in enumerate(targets) if found == target]
            raise ImportFault("import.map.twice", target=target, columns=places)


def with_words(options: ImportOptions, words: Mapping[str, str]) -> ImportOptions:
    """The options with stages for words of the file."""
    return replace(options, words={folded(word): stage for word, stage in words.items() if folded(word)})
