"""What lint says before anything is published: of the files as `apply` would take them, and of what is in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.files.findings import FileFinding
from app.mail.compile import CompiledTemplate
from app.services.authoring import recent
from app.services.authoring.gaps import gaps
from app.services.authoring.linting import Checked, check
from app.services.authoring.sources import Sources, as_sources, in_force, load_folder
from app.store import assigning, authoring
from app.store.database import Database
from config import Settings

_FIRST = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class Looked:
    """`texts` is how many there are. The findings without notes, sorted by file and line."""

    texts: int
    findings: tuple[FileFinding, ...]

    @property
    def errors(self) -> list[FileFinding]:
        return [finding for finding in self.findings if finding.level == "error"]

    @property
    def warnings(self) -> list[FileFinding]:
        return [finding for finding in self.findings if finding.level == "warning"]

    @property
    def by_file(self) -> dict[str, list[FileFinding]]:
        """The files with something to mend, those with an error first; the same order within each."""
        files: dict[str, list[FileFinding]] = {}
        for finding in sorted(self.findings, key=lambda one: (_FIRST[one.level], one)):
            files.setdefault(finding.file, []).append(finding)
        return files


def look_at_files(
    database: Database, workspace_id: UUID, sources: Sources, settings: Settings, now: datetime
) -> Looked:
    """What `apply` would find in `sources`: they stand over what is in force, and fields and people are known."""
    return _looked(database, workspace_id, sources, settings, now)


def look_at_live(database: Database, workspace_id: UUID, settings: Settings, now: datetime) -> Looked:
    """What is wrong with what is in force: a rule may be newer than a text, and the fields people have change."""
    with database.read() as connection:
        files = authoring.in_files(connection, workspace_id)
        paths = {UUID(definition_id): one.get("path", "") for definition_id, one in files.items()}
        live = as_sources(in_force(connection, workspace_id), paths)
    return _looked(database, workspace_id, live, settings, now)


def look_at_folder(database: Database, workspace_id: UUID, settings: Settings, now: datetime) -> Looked:
    """`look_at_files` of the content folder."""
    return look_at_files(database, workspace_id, load_folder(settings.content_dir), settings, now)


def check_over_live(
    database: Database, workspace_id: UUID, sources: Sources, settings: Settings, now: datetime
) -> Checked:
    """Check `sources` with what is in force behind them. What was compiled before is not compiled again."""
    with database.read() as connection:
        live = in_force(connection, workspace_id)
        compiled = authoring.compiled_texts(connection)
        fields = authoring.custom_fields(connection, workspace_id)
        team = assigning.team(connection, workspace_id)
    checked = check(
        sources.over(as_sources(live)), settings, now, fields=fields, kept=recent.known() | _kept(compiled),
        team=team,
    )  # fmt: skip
    recent.remember(checked.compiled.done)
    return checked


def _looked(
    database: Database, workspace_id: UUID, sources: Sources, settings: Settings, now: datetime
) -> Looked:
    checked = check_over_live(database, workspace_id, sources, settings, now)
    found = {*checked.faults, *gaps(database, workspace_id, checked, now)}
    texts = {file for source in sources.by_name.values() for file in source.files.values()}
    return Looked(len(texts), tuple(sorted(found)))


def _kept(compiled: Iterable[tuple[str, Any]]) -> dict[str, CompiledTemplate]:
    kept: dict[str, CompiledTemplate] = {}
    for digest, text in compiled:
        if digest in kept:
            continue
        try:
            kept[digest] = CompiledTemplate.from_json(text)
        except ValueError:  # made by another release: compiled again
            continue
    return kept


def heads(findings: Iterable[FileFinding]) -> str:
    """How many there are of each level, in words; empty without any."""
    levels = [finding.level for finding in findings]
    counts = [(levels.count(level), level) for level in ("error", "warning") if level in levels]
    return ", ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in counts)
