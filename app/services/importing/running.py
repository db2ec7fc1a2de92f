"""Importing a file: begin, run in chunks, go on where a killed run stopped, or rehearse without writing."""

import gc
import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import IntegrityError, OperationalError

from app.core.contacts import FieldType, Known
from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.importing.companies import Companies
from app.services.importing.deciding import Decider, Enrolling, Origin
from app.services.importing.faults import ImportFault
from app.services.importing.flagged import Flagging, flags_in
from app.services.importing.ids import RisingIds
from app.services.importing.options import (
    ImportOptions,
    Mapped,
    NewField,
    Surroundings,
    check_options,
    default_stage,
    own_fields,
    refuse_out_of_use,
)
from app.services.importing.planning import Chunk, Planner
from app.services.importing.reading import Table, read_table
from app.services.importing.repeats import Repeats
from app.services.importing.results import Noted, noted, owners_only, result_path, write_results
from app.services.importing.rows import RowReader
from app.services.importing.summing import COUNTS as COUNTS
from app.services.importing.summing import ImportSummary as ImportSummary
from app.store import imports
from app.store.contacts import add_field, field_types, owners_by_email
from app.store.database import Database
from app.store.flags import without_mail

FIRST_CHUNK, SMALLEST, LARGEST = 400, 50, 2_000
LOCK_SECONDS = 0.03
# Contacts between two checkpoints of SQLite.
CHECKPOINT = 5_000
_TRIES = 10
_PAUSE = 0.02  # seconds; grows with each try
_SHOWN = 1_000
FIRST = 20

Progress = Callable[[int, int, Mapping[str, int]], None]


@dataclass(slots=True)
class Job:
    """One file under way. `import_id` is None in a rehearsal."""

    import_id: UUID | None
    workspace_id: UUID
    file_name: str
    table: Table
    mapping: Mapped
    options: ImportOptions
    fields: Mapping[str, FieldType]
    owners: Mapping[str, UUID]
    started_at: datetime
    position: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))


def start_import(
    database: Database,
    workspace_id: UUID,
    path: Path,
    mapping: Mapped,
    options: ImportOptions,
    around: Surroundings,
    now: datetime,
    new_fields: Sequence[NewField] = (),
    user_id: UUID | None = None,
    table: Table | None = None,
) -> UUID:
    """Copy the file into the data folder and note the import as ready. Raises ImportFault, with nothing written."""
    table = table or read_table(path)
    import_id = new_id(now)
    below = Path("imports") / f"{import_id}.csv"
    with database.read() as connection:
        check_options(options, around, owners_by_email(connection, workspace_id))
        types = field_types(connection, workspace_id)
    _check_fields(new_fields, own_fields(types))
    refuse_out_of_use(mapping, types)
    kept = around.data_dir / below
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("rb") as source, open(kept, "wb", opener=owners_only) as copy:
        shutil.copyfileobj(source, copy)
    try:
        with database.write() as connection:
            for new in new_fields:
                add_field(connection, new_id(now), workspace_id, new.subject, new.type, new.header, now)
            imports.add(
                connection,
                {
                    "id": import_id, "workspace_id": workspace_id, "user_id": user_id, "file_name": path.name,
                    "path": below.as_posix(), "digest": digest(kept),
                    "format": {"encoding": table.encoding, "delimiter": table.delimiter},
                    "mapping": list(mapping), "options": options.as_json(), "state": "ready", "position": 0,
                    "counts": dict.fromkeys(COUNTS, 0), "created_at": now,
                },
            )  # fmt: skip
    except BaseException:
        kept.unlink(missing_ok=True)
        raise
    return import_id


def run_import(
    database: Database,
    import_id: UUID,
    around: Surroundings,
    now: datetime,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ImportSummary:
    """Run an import to its end, from where it stands. Running it twice, or on two machines, does nothing twice.

    `should_stop` is asked between chunks; a stopped import goes on with the next call.
    """
    with database.read() as connection:
        row = imports.by_id(connection, import_id)
    if row is None:
        raise ImportFault("import.unknown", id=str(import_id))
    if row["state"] not in imports.OPEN:
        return _summary(row, around)
    try:
        job = _opened(database, row, around)
        finished = _Runner(database, job, around, now).run(progress, should_stop)
    except ImportFault as fault:
        with database.write() as connection:
            problem = {"code": fault.reason.code, "params": dict(fault.reason.params)}
            imports.finish(connection, import_id, "failed", now, problem)
        finished = False
    if finished:
        with database.read() as connection:
            write_results(
                job.table, imports.noted_rows(connection, import_id), result_path(around.data_dir, import_id)
            )
        with database.write() as connection:
            imports.finish(connection, import_id, "done", now)
    with database.read() as connection:
        row = imports.by_id(connection, import_id)
    assert row is not None
    return _summary(row, around)


def resume_imports(
    database: Database, workspace_id: UUID, around: Surroundings, now: datetime
) -> list[ImportSummary]:
    """Run what was begun and not ended, oldest first."""
    with database.read() as connection:
        open_ids = imports.unfinished(connection, workspace_id)
    return [run_import(database, import_id, around, now) for import_id in open_ids]


def rehearse_import(
    database: Database,
    workspace_id: UUID,
    path: Path,
    mapping: Mapped,
    options: ImportOptions,
    around: Surroundings,
    now: datetime,
    new_fields: Sequence[NewField] = (),
    progress: Progress | None = None,
    table: Table | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ImportSummary:
    """The same way through with nothing written: the same counts, and the first remarks. Raises ImportFault."""
    table = table or read_table(path)
    with database.read() as connection:
        owners = owners_by_email(connection, workspace_id)
        check_options(options, around, owners)
        types = field_types(connection, workspace_id)
    refuse_out_of_use(mapping, types)
    fields = own_fields(types)
    _check_fields(new_fields, fields)
    fields.update({new.target: new.type for new in new_fields})
    job = Job(None, workspace_id, path.name, table, mapping, options, fields, owners, now)
    runner = _Runner(database, job, around, now)
    runner.run(progress, should_stop)
    return ImportSummary(
        None, "rehearsed", job.counts, remarks=runner.remarks, a_day=options.a_day, reasons=runner.reasons,
        first=sorted(runner.first), stages=runner.stages,
    )  # fmt: skip


class _Runner:
    """Takes a job through its file, chunk by chunk."""

    def __init__(self, database: Database, job: Job, around: Surroundings, now: datetime) -> None:
        self._database, self._job, self._around, self._now = database, job, around, now
        self._ids = RisingIds(now)
        self._companies = Companies(job.workspace_id, now)
        self._stage = default_stage(job.options, around.lifecycle)
        self._repeats = Repeats({}, frozenset())
        self._met: dict[str, Known] = {}
        self._uncopied = 0
        self.remarks: list[Noted] = []
        self.reasons: Counter[tuple[str, str]] = Counter()
        self.first: list[tuple[int, str]] = []
        self.stages: Counter[str] = Counter()

    def run(self, progress: Progress | None, should_stop: Callable[[], bool] | None) -> bool:
        """Whether the end of the file was reached."""
        job = self._job
        # The collector need not go through all that is loaded with every few thousand rows: a tenth of the time.
        gc.freeze()
        reader = RowReader(
            job.table.header, job.mapping, job.options, self._around.lifecycle, job.fields, job.owners,
            Flagging(self._around.flags, self._silent()),
        )  # fmt: skip
        self._repeats, total = Repeats.found_in(job.table.rows(), reader.keys)
        planner = Planner(job.table.rows(), reader, self._repeats)
        planner.skip(job.position)
        size = FIRST_CHUNK
        while not (should_stop is not None and should_stop()):
            chunk = planner.take(size)
            if not chunk.taken and not chunk.plans:
                return True
            begun = time.perf_counter()
            if not self._deal_with(chunk):
                return False
            held = max(time.perf_counter() - begun, 1e-4)
            size = min(max(int(chunk.taken * LOCK_SECONDS / held), SMALLEST, size // 2), LARGEST, size * 2)
            job.position += chunk.taken
            self._checkpoint(chunk)
            if progress is not None:
                progress(job.position, total, job.counts)
        return False

    def _silent(self) -> frozenset[str]:
        with self._database.read() as connection:
            return without_mail(connection, self._job.workspace_id)

    def _checkpoint(self, chunk: Chunk) -> None:
        self._uncopied += len(chunk.plans)
        if self._uncopied >= CHECKPOINT:
            imports.checkpoint(self._database)
            self._uncopied = 0

    def _deal_with(self, chunk: Chunk) -> bool:
        """False when somebody else runs this import, or it was stopped."""
        if self._job.import_id is None:
            with self._database.read() as connection:
                _, self._job.counts, remarks = self._decided(connection, chunk, {})
            self.reasons.update((remark.result, remark.reason.code) for remark in remarks)
            self.remarks.extend(remarks[: _SHOWN - len(self.remarks)])
            return True
        for left in reversed(range(_TRIES)):
            try:
                return self._write(self._job.import_id, chunk)
            except (IntegrityError, OperationalError):
                # Another writer took an address of this chunk first, or both waited for each other
                # (a deadlock on PostgreSQL); the next look finds what they wrote.
                self._companies.forget()
                if not left:
                    raise
                time.sleep(_PAUSE * (_TRIES - left))
        return False

    def _write(self, import_id: UUID, chunk: Chunk) -> bool:
        job = self._job
        with imports.chunk(self._database) as connection:
            if not imports.advance(connection, import_id, job.position, job.position + chunk.taken):
                return False
            companies = self._companies.of(connection, [plan.wanted for plan in chunk.plans])
            decider, counts, remarks = self._decided(connection, chunk, companies)
            decider.batch.write(connection)
            imports.note_rows(
                connection,
                [(import_id, r.row, r.result, r.reason.code, dict(r.reason.params)) for r in remarks],
            )
            imports.save(connection, import_id, counts=counts)
        job.counts = counts
        return True

    def _decided(
        self, connection: Connection, chunk: Chunk, companies: dict[str, UUID]
    ) -> tuple[Decider, dict[str, int], list[Noted]]:
        job, options = self._job, self._job.options
        counts = dict(job.counts)
        enrolling = None
        if options.enroll != "no":
            enrolling = Enrolling(
                f"import:{job.import_id}", job.started_at, options.a_day, counts["enrolled"]
            )
        origin = Origin(
            job.workspace_id, f"import:{job.import_id}", options.consent_source, "import", self._now,
            {"file": job.file_name},
        )  # fmt: skip
        rehearsal = job.import_id is None
        decider = Decider(
            connection, self._around, origin, self._stage, self._ids, enrolling, self._repeats.again,
            self._met if rehearsal else None,
        )  # fmt: skip
        decider.load((plan.wanted for plan in chunk.plans), companies)
        remarks = self._outcomes(decider, chunk, counts)
        if enrolling is not None:
            counts["enrolled"] = enrolling.count
            self.stages.update(enrolling.stages)
        return decider, counts, remarks

    def _outcomes(self, decider: Decider, chunk: Chunk, counts: dict[str, int]) -> list[Noted]:
        counts["rows"] += chunk.rows
        counts["rejected"] += len(chunk.rejected)
        counts["repeated"] += len(chunk.repeated)
        remarks = [noted(row, "rejected", [reason]) for row, reason in chunk.rejected]
        for row, reason in chunk.rejected:
            _count_flags(counts, [reason])
            self._see(row, "rejected")
        remarks += [noted(row, "noted", reasons) for row, reasons in chunk.repeated]
        for plan in chunk.plans:
            outcome = decider.decide(plan.wanted, {"row": plan.row})
            self._see(plan.row, outcome.result)
            if plan.salvaged:
                if outcome.result != "rejected":
                    counts["repeated"] -= 1
                    counts[outcome.result] += 1
                continue
            counts[outcome.result] += 1
            if outcome.notes:
                _count_flags(counts, outcome.notes)
                remarks.append(
                    noted(plan.row, "rejected" if outcome.result == "rejected" else "noted", outcome.notes)
                )
        counts["noted"] += sum(remark.result == "noted" for remark in remarks)
        return sorted(remarks, key=lambda remark: remark.row)

    def _see(self, row: int, result: str) -> None:
        """What becomes of the first rows, for whoever looks before it happens."""
        if self._job.import_id is None and row <= self._job.table.header_row + FIRST:
            self.first.append((row, result))


def _count_flags(counts: dict[str, int], reasons: Iterable[Reason]) -> None:
    for kind in flags_in({reason.code for reason in reasons}):
        counts[kind] = counts.get(kind, 0) + 1


def _opened(database: Database, row: RowMapping, around: Surroundings) -> Job:
    path = around.data_dir / row["path"]
    if not path.exists():
        raise ImportFault("import.file.gone", path=row["path"])
    if digest(path) != row["digest"]:
        raise ImportFault("import.file.changed", path=row["path"])
    table = read_table(path, row["format"]["encoding"], row["format"]["delimiter"])
    with database.read() as connection:
        owners = owners_by_email(connection, row["workspace_id"])
        fields = own_fields(field_types(connection, row["workspace_id"]))
    return Job(
        row["id"], row["workspace_id"], row["file_name"], table, tuple(row["mapping"]),
        ImportOptions.from_json(row["options"]), fields, owners, row["created_at"], row["position"],
        dict(row["counts"]),
    )  # fmt: skip


def _summary(row: RowMapping, around: Surroundings) -> ImportSummary:
    problem = row["problem"]
    results = result_path(around.data_dir, row["id"])
    return ImportSummary(
        row["id"],
        row["state"],
        dict(row["counts"]),
        Reason(problem["code"], problem["params"]) if problem else None,
        results if results.exists() else None,
        a_day=ImportOptions.from_json(row["options"]).a_day,
    )


def _check_fields(new_fields: Sequence[NewField], own: Mapping[str, Any]) -> None:
    for new in new_fields:
        if new.target in own:
            raise ImportFault("import.field.exists", field=new.target)


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
