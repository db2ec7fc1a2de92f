"""What lint says before anything is published: of the files as `apply` would take them, and of what is in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from app.core.assignment import Colleague
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
    return _check(database, _over_live(database, workspace_id, sources, settings, now))


def look_over_live(
    database: Database, workspace_id: UUID, sources: Sources, settings: Settings, now: datetime
) -> Checked:
    """The same for whoever only looks: while no text, setting or field is another one, it is not done again."""
    whole = _over_live(database, workspace_id, sources, settings, now)
    digest = whole.digest()
    found = recent.checked(digest)
    if found is None:
        found = _check(database, whole)
        recent.remember_checked(digest, found)
    return found


@dataclass(frozen=True, slots=True)
class _Whole:
    """Everything that a check looks at."""

    sources: Sources
    fields: frozenset[str]
    team: tuple[Colleague, ...]
    settings: Settings
    now: datetime

    def digest(self) -> str:
        """Of the instant only its year is looked at, for the holidays."""
        found = sha256()
        texts = [repr(source) for source in self.sources.by_name.values()]
        for part in (
            *texts,
            repr(self.sources.findings),
            repr(sorted(self.fields)),
            repr(self.team),
            repr(self.settings),
        ):
            found.update(f"{len(part)} {part}".encode("utf-8", "surrogatepass"))
        found.update(str(self.now.year).encode())
        return found.hexdigest()


def _over_live(
    database: Database, workspace_id: UUID, sources: Sources, settings: Settings, now: datetime
) -> _Whole:
    with database.read() as connection:
        live = in_force(connection, workspace_id)
        fields = authoring.custom_fields(connection, workspace_id)
        team = assigning.team(connection, workspace_id)
    return _Whole(sources.over(as_sources(live)), frozenset(fields), tuple(team), settings, now)


def _check(database: Database, whole: _Whole) -> Checked:
    with database.read() as connection:
        compiled = authoring.compiled_texts(connection)
    kept = recent.known() | _kept(compiled)
    checked = check(whole.sources, whole.settings, whole.now, fields=whole.fields, kept=kept, team=whole.team)
    recent.remember(checked.compiled.done)
    return checked


def _looked(
    database: Database, workspace_id: UUID, sources: Sources, settings: Settings, now: datetime
) -> Looked:
    checked = look_over_live(database, workspace_id, sources, settings, now)
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
