"""Publishing the files: checked as a whole, then one transaction for each definition."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection

from app.core.diff import stands
from app.core.sequences import Sequence
from app.files.findings import FileFinding
from app.files.sequence_files import KINDS
from app.services.authoring.gaps import gaps
from app.services.authoring.hosting import keep_files
from app.services.authoring.linting import Checked
from app.services.authoring.looking import check_over_live, look_over_live
from app.services.authoring.planning import Item, Plan, plan, read_text
from app.services.authoring.sources import Sources, in_force, load_folder
from app.services.ids import new_id
from app.store import accounts, authoring, definitions
from app.store.database import Database
from config import Settings

Inside = Literal["stay", "move"]
Progress = Callable[[str], None]
LOADED = "definitions.loaded"


class Refused(Exception):
    """Nothing was published; `findings` tell why."""

    def __init__(self, findings: list[FileFinding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Published:
    """A new version. Of the people inside `moved` go on in it and `stayed` end in the version they began with."""

    kind: str
    key: str
    number: int
    moved: tuple[UUID, ...] = ()
    stayed: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """`recompiled` are templates whose layout, partials or answers changed, under the version they had."""

    published: tuple[Published, ...] = ()
    recompiled: tuple[str, ...] = ()
    findings: tuple[FileFinding, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Act:
    """Who publishes what, when, and what becomes of the people inside."""

    database: Database
    workspace_id: UUID
    now: datetime
    author_id: UUID | None
    note: str | None
    rule: Inside
    action: str = authoring.APPLIED


def apply(
    database: Database,
    workspace_id: UUID,
    sources: Sources,
    settings: Settings,
    now: datetime,
    *,
    author_id: UUID | None = None,
    note: str | None = None,
    rule: Inside = "stay",
    base: int | None = None,
    force: bool = False,
    from_files: bool = True,
    progress: Progress = lambda line: None,
) -> Applied:
    """Publish what is new or changed. Raises Refused, with nothing published, where a file has an error or
    something was published in the database since its file was written (`force` publishes all the same;
    `base` names the version that the one changed file was written against).

    Applying again publishes nothing. What was published stays so when a later definition fails. `from_files`
    False: these texts stand in no file, and only errors that are theirs keep them from being published.
    """
    planned = plan(database, workspace_id, sources)
    with database.read() as connection:
        live = in_force(connection, workspace_id)
        compiled = authoring.compiled_digests(connection, workspace_id)
    checked = check_over_live(database, workspace_id, sources, settings, now)
    ours = (
        checked.errors if from_files else own_errors(database, workspace_id, sources, checked, settings, now)
    )
    errors = [*ours, *([] if force else _not_newest(planned, base))]
    if errors:
        raise Refused(errors)
    action = authoring.APPLIED if from_files else authoring.PUBLISHED
    act = _Act(database, workspace_id, now, author_id, note, rule, action)
    # First, so that publishing a layout tells everybody that the templates made of it are there.
    recompiled = _recompile(act, checked, planned, live, compiled, progress)
    if faults := [
        one for source in sources.of("piece") for one in keep_files(database, workspace_id, source, now)
    ]:
        raise Refused(faults)
    published: list[Published] = []
    for item in sorted(planned.of("new", "changed"), key=lambda item: KINDS.index(item.kind)):
        published.append(_publish(act, item, sources, live, checked))
        progress(f"published {item.path}, version {published[-1].number}")
    if from_files:
        _note_agreed(act, planned, sources, live)
    findings = (*checked.faults, *gaps(database, workspace_id, checked, now))
    return Applied(tuple(published), tuple(recompiled), findings)


def own_errors(
    database: Database,
    workspace_id: UUID,
    sources: Sources,
    checked: Checked,
    settings: Settings,
    now: datetime,
) -> list[FileFinding]:
    """The errors of `sources`, and those that others have only because of them."""
    files = {file for source in sources.by_name.values() for file in source.files.values()}
    if all(one.file in files for one in checked.errors):
        return checked.errors
    before = set(look_over_live(database, workspace_id, Sources(), settings, now).errors)
    return [one for one in checked.errors if one.file in files or one not in before]


def load_starters(
    database: Database,
    workspace_id: UUID,
    content_dir: Path,
    settings: Settings,
    now: datetime,
    progress: Progress = lambda line: None,
) -> Applied:
    """Publish the files once, on the first start; later starts return at once. Raises Refused.

    A start that was cut off half-way goes on where it was.
    """
    with database.read() as connection:
        if authoring.was_done(connection, workspace_id, LOADED):
            return Applied()
    applied = apply(
        database, workspace_id, load_folder(content_dir), settings, now, note="first start", progress=progress
    )
    with database.write() as connection:
        audit(connection, workspace_id, None, LOADED, "workspace", str(workspace_id), now, {})
    return applied


@contextmanager
def _base_held(item: Item) -> Iterator[None]:
    """Somebody may publish between the plan and now."""
    try:
        yield
    except definitions.NotNewest:
        message = "Another version was published at this moment."
        raise Refused(
            [FileFinding(item.path, 1, "error", message, "Look at `plan`, then apply again.")]
        ) from None


def _not_newest(planned: Plan, base: int | None) -> list[FileFinding]:
    if base is not None:
        return [
            FileFinding(
                item.path, 1, "error", f"Version {item.base} is in force, not {base}.", "Look at `plan`, then apply again.",
            )
            for item in planned.of("changed") if item.base != base
        ]  # fmt: skip
    return [
        FileFinding(
            item.path, 1, "error", f"Version {item.base} was published since this file was written.",
            "Bring it into the files with `trellis sequences export`, or publish over it with `apply --force`.",
        )
        for item in planned.conflicts
    ]  # fmt: skip


def _publish(
    act: _Act,
    item: Item,
    sources: Sources,
    live: Mapping[tuple[str, str], definitions.Live],
    checked: Checked,
) -> Published:
    """One definition, its compiled variants and the people inside, in one transaction."""
    source = sources.by_name[item.kind, item.key]
    before = live.get((item.kind, item.key))
    version_id = new_id(act.now)
    with _base_held(item), act.database.write() as connection:
        definition_id, number = definitions.publish(
            connection,
            workspace_id=act.workspace_id,
            kind=item.kind,
            key=item.key,
            source=source.text,
            definition_id=new_id(act.now),
            version_id=version_id,
            base_version_id=before.version_id if before else None,
            author_id=act.author_id,
            note=act.note,
            now=act.now,
        )
        if item.kind == "template":
            _add_variants(connection, act, checked, item.key, version_id, {})
        moved, stayed = _people(connection, act, before, source.text, definition_id, version_id, item.kind)
        agreed = {"digest": definitions.digest(source.text), "path": source.path, "version": number}
        about = ("definition", str(definition_id), act.now)
        audit(connection, act.workspace_id, act.author_id, act.action, *about, agreed)
        if moved or stayed:
            # Apart, because the list may be long and `agreed` is read with every plan.
            people = {"version": number, "rule": act.rule, "moved": moved, "stayed": stayed}
            audit(connection, act.workspace_id, act.author_id, authoring.PEOPLE, *about, people)
    return Published(item.kind, item.key, number, tuple(map(UUID, moved)), tuple(map(UUID, stayed)))


def _people(
    connection: Connection,
    act: _Act,
    before: definitions.Live | None,
    text: str,
    definition_id: UUID,
    version_id: UUID,
    kind: str,
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Move those whose step is still there, where that is wished; who moved and who stayed.

    By enrollment: [version before, step, version after]. The wait somebody is in ends as it began.
    """
    if kind != "sequence" or before is None:
        return {}, {}
    new = read_text(text)
    assert new is not None, "checked before"
    moved: dict[str, list[str]] = {}
    stayed: dict[str, list[str]] = {}
    texts: dict[UUID, Sequence | None] = {}
    for row in authoring.inside(connection, definition_id):
        if row.version_id not in texts:
            old = definitions.version(connection, row.version_id)
            texts[row.version_id] = read_text(old.source) if old else None
        sequence = texts[row.version_id]
        can = act.rule == "move" and sequence is not None and stands(sequence, new, row.step)
        place = [str(row.version_id), row.step, str(version_id if can else row.version_id)]
        (moved if can else stayed)[str(row.id)] = place
    authoring.pin(connection, [UUID(row_id) for row_id in moved], version_id)
    return moved, stayed


def _note_agreed(
    act: _Act, planned: Plan, sources: Sources, live: Mapping[tuple[str, str], definitions.Live]
) -> None:
    """A file that says what is in force agrees with it, however that came to be."""
    with act.database.read() as connection:
        agreed = authoring.in_files(connection, act.workspace_id)
    rows = [live[item.kind, item.key] for item in planned.of("unchanged")]
    news = [row for row in rows if agreed.get(str(row.id), {}).get("digest") != row.digest]
    if news:
        with act.database.write() as connection:
            for row in news:
                detail = {"digest": row.digest, "path": sources.by_name[row.kind, row.key].path}
                audit(
                    connection, act.workspace_id, act.author_id, authoring.APPLIED, "definition", str(row.id), act.now,
                    detail,
                )  # fmt: skip


def _recompile(
    act: _Act,
    checked: Checked,
    planned: Plan,
    live: Mapping[tuple[str, str], definitions.Live],
    compiled: Mapping[tuple[UUID, str], tuple[str, Any]],
    progress: Progress,
) -> list[str]:
    """Templates that stay as they are, but were compiled from something that does not."""
    made = []
    for item in planned.of("unchanged", "database only"):
        version_id = live[item.kind, item.key].version_id
        if item.kind != "template" or version_id is None:
            continue
        have = {
            locale: digest for (version, locale), (digest, _) in compiled.items() if version == version_id
        }
        if all(
            have.get(recipe.locale) == recipe.digest for recipe in checked.recipes if recipe.key == item.key
        ):
            continue
        with act.database.write() as connection:
            _add_variants(connection, act, checked, item.key, version_id, have)
        made.append(item.key)
        progress(f"compiled {item.key} anew")
    return made


def _add_variants(
    connection: Connection, act: _Act, checked: Checked, key: str, version_id: UUID, have: Mapping[str, str]
) -> None:
    """The variants of a template that are not among `have` (digest by locale)."""
    for recipe in checked.recipes:
        if recipe.key != key or have.get(recipe.locale) == recipe.digest:
            continue
        # A layout that was changed and changed back finds what was compiled from it before.
        if authoring.renew_variant(connection, version_id, recipe.locale, recipe.digest, act.now):
            continue
        definitions.add_variant(
            connection,
            {
                "id": new_id(act.now), "workspace_id": act.workspace_id, "version_id": version_id,
                "locale": recipe.locale, "source": recipe.job.text, "digest": recipe.digest,
                "compiled": checked.compiled.done[recipe.digest].to_json(), "compiled_at": act.now,
            },
        )  # fmt: skip


def audit(
    connection: Connection,
    workspace_id: UUID,
    user_id: UUID | None,
    action: str,
    subject_kind: str,
    subject: str,
    now: datetime,
    detail: dict[str, Any],
) -> None:
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": workspace_id, "at": now, "user_id": user_id, "action": action,
            "subject_kind": subject_kind, "subject": subject, "detail": detail,
        },
    )  # fmt: skip
