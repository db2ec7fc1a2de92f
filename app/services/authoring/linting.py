"""Everything that is wrong with the definitions, before anything is published."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.core.assignment import ONLY_LOOKS, Colleague
from app.core.lint import Known, lint_condition, lint_sequence
from app.core.reading import Finding
from app.core.sequences import Sequence
from app.files.findings import FileFinding
from app.mail.compile import CompiledTemplate
from app.services.authoring.checking_pieces import lint_links, lint_pieces, presented
from app.services.authoring.compiling import Compiled, Recipe, compile_recipes, recipes
from app.services.authoring.reading import Books, read_sources
from app.services.authoring.sources import Sources
from app.store import authoring
from app.store.database import Database
from config import Settings

BUILT_IN_FIELDS = (
    "first_name", "last_name", "phone", "job_title", "city", "country", "persona", "locale", "zone", "origin",
    "source", "preferred_channel", "owner", "email", "company.name", "company.domain", "created",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """The sources read, compiled and checked; `findings` sorted by file and line."""

    books: Books
    recipes: tuple[Recipe, ...]
    compiled: Compiled
    findings: tuple[FileFinding, ...]

    @property
    def errors(self) -> list[FileFinding]:
        return [finding for finding in self.findings if finding.level == "error"]

    @property
    def faults(self) -> tuple[FileFinding, ...]:
        """The findings without the notes."""
        return tuple(finding for finding in self.findings if finding.level != "note")


def lint(
    sources: Sources, settings: Settings, now: datetime, fields: Collection[str] | None = None
) -> list[FileFinding]:
    """Every fault of every file. `fields` are the custom fields there are; None: not known here."""
    return list(check(sources, settings, now, fields=fields).faults)


def custom_fields(database: Database, workspace_id: UUID) -> set[str]:
    """The workspace's own fields as conditions name them."""
    with database.read() as connection:
        return authoring.custom_fields(connection, workspace_id)


def check(
    sources: Sources,
    settings: Settings,
    now: datetime,
    *,
    fields: Collection[str] | None = None,
    kept: Mapping[str, CompiledTemplate] | None = None,
    team: Iterable[Colleague] | None = None,
) -> Checked:
    """Read, compile and check. `kept` are compiled templates by digest, which are not compiled again.

    `team` is everybody who may be named; None: not known here.
    """
    books = read_sources(sources, settings.lifecycle_preset, now)
    wanted, missing = recipes(sources, books, settings)
    compiled = compile_recipes(wanted, kept or {})
    linkless = {
        recipe.key
        for recipe in wanted
        if not recipe.locale and (done := compiled.done.get(recipe.digest)) is not None and not done.links
    }
    known = Known(
        books.setting(presented(wanted, compiled)),
        {source.key for source in sources.of("sequence")},
        linkless,
        None if fields is None else {*BUILT_IN_FIELDS, *fields},
    )
    _cross(sources, books, known, None if team is None else {one.address: one for one in team})
    books.findings += [*lint_pieces(sources, books), *lint_links(wanted, compiled, sources)]
    findings = {*books.findings, *missing, *compiled.findings}
    return Checked(books, tuple(wanted), compiled, tuple(sorted(findings)))


def _cross(sources: Sources, books: Books, known: Known, team: Mapping[str, Colleague] | None) -> None:
    """What one file says of another."""
    for source in sources.by_name.values():
        if source.kind == "sequence" and source.key in books.sequences:
            books.tell(source, _sequence(books, books.sequences[source.key], known))
        elif source.kind == "segment" and source.key in books.segments:
            books.tell(source, lint_condition(books.segments[source.key], ("if",), known))
        elif source.kind == "scoring" and books.scoring is not None:
            books.tell(source, list(_scoring(books, known)))
        elif source.kind == "lifecycle" and books.lifecycle.stages:
            books.tell(source, [*_lifecycle(books, known), *_tasks(books, known, team)])


def _sequence(books: Books, sequence: Sequence, known: Known) -> list[Finding]:
    """It is held against the preset it belongs to, whichever is in use."""
    preset = sequence.preset
    if preset is not None and books.presets and preset not in books.presets:
        message = f"There is no preset “{preset}”."
        return [Finding("error", ("preset",), message, f"Known: {', '.join(books.presets)}.")]
    return lint_sequence(sequence, replace(known, setting=books.setting_of(sequence, known.setting)))


def _scoring(books: Books, known: Known) -> Iterable[Finding]:
    assert books.scoring is not None
    for rule in books.scoring.fit:
        if rule.condition is not None:
            yield from lint_condition(rule.condition, ("fit", rule.key, "if"), known)
    for rule in books.scoring.engagement:
        if rule.condition is not None:
            yield from lint_condition(rule.condition, ("engagement", "rules", rule.key, "if"), known)


def _lifecycle(books: Books, known: Known) -> Iterable[Finding]:
    lifecycle = books.lifecycle
    for index, entry in enumerate(lifecycle.entries):
        if entry.condition is not None:
            path = ("presets", lifecycle.key, "entries", index, "if")
            yield from lint_condition(entry.condition, path, known)


def _tasks(books: Books, known: Known, team: Mapping[str, Colleague] | None) -> Iterable[Finding]:
    """The rules for tasks: what they look at, and whether those they name can do anything here."""
    for index, rule in enumerate(books.programme.tasks):
        path = ("programme", "tasks", index, rule.key)
        if rule.condition is not None:
            yield from lint_condition(rule.condition, (*path, "if"), known)
        if team is None:
            continue
        for address in rule.to:
            one = team.get(address)
            if one is None:
                message = f"The rule “{rule.key}” names {address}, who has no account here."
                remedy = "Invite them under Settings, Colleagues, or name somebody who has one."
                yield Finding("error", (*path, "to"), message, remedy)
            elif one.role == ONLY_LOOKS:
                message = f"The rule “{rule.key}” names {address}, who may only look on."
                remedy = "Give them the role sales under Settings, Colleagues, or name somebody else."
                yield Finding("error", (*path, "to"), message, remedy)
            elif one.is_disabled:
                message = f"The rule “{rule.key}” names {address}, who cannot sign in any more."
                yield Finding("warning", (*path, "to"), message, "They are passed over. Take them out.")
