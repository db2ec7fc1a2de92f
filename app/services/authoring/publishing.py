"""Before one definition is published in the browser: what changes, for how many people, and what keeps it back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from app.core.diff import SequenceDiff, diff, stands
from app.core.lint_flow import followers, ways
from app.core.sequences import Sequence
from app.core.steps import END, Ask, Send
from app.files.findings import FileFinding
from app.services.authoring.applying import Applied, Inside, Refused, apply, own_errors
from app.services.authoring.drafts import Draft, DraftFault, Overtaken, open_draft
from app.services.authoring.gaps import gaps
from app.services.authoring.linting import Checked
from app.services.authoring.looking import look_over_live
from app.services.authoring.planning import read_text
from app.services.authoring.sources import Sources
from app.store import authoring, definitions
from app.store.database import Database
from config import Settings

LONGEST_NOTE = 300


@dataclass(frozen=True, slots=True)
class People:
    """Heads inside: `at` by step of the version in force, `can_move` those whose step is still there, by step.

    `reach` counts for each mail that is new who of them can still come to it.
    """

    at: Mapping[str, int] = field(default_factory=dict)
    total: int = 0
    can_move: int = 0
    reach: Mapping[str, int] = field(default_factory=dict)
    more_mail: int = 0

    @property
    def must_stay(self) -> int:
        return self.total - self.can_move


@dataclass(frozen=True, slots=True)
class Prepared:
    """`errors` keep it from being published; `others` are those elsewhere that it brings about."""

    draft: Draft
    findings: tuple[FileFinding, ...]
    errors: tuple[FileFinding, ...]
    diff: SequenceDiff | None
    people: People


def look_at_draft(
    database: Database, workspace_id: UUID, found: Draft, settings: Settings, now: datetime
) -> tuple[Checked, tuple[FileFinding, ...]]:
    """The findings in the texts of a draft, checked over all that is in force."""
    source = found.as_source()
    checked = look_over_live(
        database, workspace_id, Sources({(found.kind, found.key): source}), settings, now
    )
    files = set(source.files.values())
    return checked, tuple(one for one in checked.faults if one.file in files)


def prepare(
    database: Database, workspace_id: UUID, kind: str, key: str, settings: Settings, now: datetime
) -> Prepared:
    """What publishing the draft would do. Nothing is changed. Raises DraftFault."""
    found = open_draft(database, workspace_id, kind, key)
    if found is None:
        raise DraftFault("draft.unknown", key=key[:80])
    checked, own = look_at_draft(database, workspace_id, found, settings, now)
    sources = Sources({(kind, key): found.as_source()})
    errors = own_errors(database, workspace_id, sources, checked, settings, now)
    sequence = checked.books.sequences.get(key) if kind == "sequence" else None
    if sequence is not None and not errors:
        only = replace(checked.books, sequences={key: sequence})
        own = (*own, *gaps(database, workspace_id, replace(checked, books=only), now))
    changes, people = None, People()
    if sequence is not None and found.version_id is not None:
        old = read_text(found.live_source)
        changes = diff(old, sequence) if old is not None else None
        people = _people(database, found.id, sequence, changes)
    elif kind == "sequence" and found.version_id is not None:
        # The text cannot be read: who is inside is known, what would become of them is not.
        with database.read() as connection:
            people = People(total=sum(row.people for row in authoring.heads_by_version(connection, found.id)))
    return Prepared(found, tuple(dict.fromkeys((*errors, *own))), tuple(errors), changes, people)


def publish_draft(
    database: Database,
    workspace_id: UUID,
    kind: str,
    key: str,
    mark: str,
    base: int,
    settings: Settings,
    now: datetime,
    by: UUID,
    *,
    rule: Inside = "stay",
    note: str = "",
) -> Applied:
    """Put the draft in force. Raises DraftFault, Refused, and Overtaken where the draft is not the one that was seen.

    Publishing the same draft twice publishes once.
    """
    found = open_draft(database, workspace_id, kind, key)
    if found is None:
        raise DraftFault("draft.unknown", key=key[:80])
    if not found.is_draft and definitions.digest(found.live_source) == mark:
        return Applied()
    if found.whole != mark:
        raise Overtaken(found)
    if found.state == "archived":
        raise DraftFault("draft.put_away")
    if found.is_behind or found.number != base:
        raise DraftFault("draft.behind", base=found.base, number=found.number)
    return apply(
        database, workspace_id, Sources({(kind, key): found.as_source()}), settings, now, author_id=by,
        note=" ".join(note.split())[:LONGEST_NOTE] or None, rule=rule, base=base, from_files=False,
    )  # fmt: skip


def _people(database: Database, definition_id: UUID, new: Sequence, changes: SequenceDiff | None) -> People:
    with database.read() as connection:
        rows = authoring.heads_by_version(connection, definition_id)
        texts = {}
        for version_id in {row.version_id for row in rows}:
            version = definitions.version(connection, version_id)
            texts[version_id] = read_text(version.source) if version is not None else None
    at: dict[str, int] = {}
    movable: dict[str, int] = {}
    for row in rows:
        at[row.step] = at.get(row.step, 0) + row.people
        old = texts[row.version_id]
        if old is not None and stands(old, new, row.step):
            movable[row.step] = movable.get(row.step, 0) + row.people
    over = ways(new)
    added = {
        one.key
        for one in (changes.steps if changes else ())
        if one.how == "added" and isinstance(new.steps[one.key], Send | Ask)
    }
    coming = {step: followers(step, over) for step in movable if step != END and step in over}
    reach = {key: sum(movable[step] for step, after in coming.items() if key in after) for key in added}
    more = sum(movable[step] for step, after in coming.items() if after & added)
    return People(at, sum(at.values()), sum(movable.values()), reach, more)


__all__ = ["Prepared", "Refused", "look_at_draft", "prepare", "publish_draft"]
