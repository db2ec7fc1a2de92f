"""A segment published as a new version, put away and taken out again; what a new version changes for whom."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.reasons import Reason
from app.services.authoring.applying import audit
from app.services.ids import new_id
from app.services.library import Catalogue
from app.services.segments.counting import Counted, count, keep_count
from app.services.segments.reading import Read, joined, read, same
from app.services.segments.showing import Use, all_uses
from app.services.world import World
from app.store import definitions
from app.store.definitions import Live

PUBLISHED, ARCHIVED, RESTORED = "definition.published", "definition.archived", "definition.restored"
LONGEST_NOTE = 300


class SegmentFault(Exception):
    """It cannot be done; nothing was written."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Review:
    """What publishing would do. Without a version in force `base` is 0, and nobody comes in or goes out."""

    found: Read
    base: int
    unchanged: bool
    inside: Counted
    coming: Counted | None
    going: Counted | None
    uses: tuple[Use, ...]


def text_of(world: World, key: str) -> Live:
    """The segment in force. Raises SegmentFault."""
    row = _live(world, key)
    if row is None:
        raise SegmentFault(Reason("segment.unknown", {"segment": key[:80]}))
    return row


def review(world: World, catalogue: Catalogue, found: Read, now: datetime) -> Review:
    """Count before anything is published; the text has no error."""
    row = _live(world, found.key)
    segments = {**catalogue.setting.segments, found.key: found.condition}
    inside = count(world, catalogue, found.condition, now, segments)
    old = catalogue.setting.segments.get(found.key)
    if row is None or old is None:
        return Review(found, 0, False, inside, None, None, ())
    coming = going = None
    if not same(old, found.condition):
        # The one in force is named by its own condition, the new one by the new.
        new, gone = joined(found.condition, old)
        coming, going = (count(world, catalogue, one, now) for one in (new, gone))
    unchanged = row.source == found.text
    return Review(
        found, row.number, unchanged, inside, coming, going, all_uses(world, catalogue).get(found.key, ())
    )


def publish(
    world: World,
    text: str,
    fields: frozenset[str],
    now: datetime,
    by: UUID | None,
    *,
    base: int,
    note: str = "",
) -> str:
    """The text in force from now on; its key. `base` is the number of the version it was written against (0: a new
    segment), so that of two who write at once none overrules the other. Raises SegmentFault.

    The same text again changes nothing.
    """
    catalogue = world.library.catalogue(now)
    found = read(text, catalogue, fields)
    if found.errors:
        first = found.errors[0]
        raise SegmentFault(Reason("segment.faulty", {"line": first.line, "message": first.message}))
    row = _live(world, found.key)
    if row is not None and row.source == text and row.state == "live":
        return found.key
    if (row.number if row else 0) != base:
        raise SegmentFault(Reason("segment.stale" if base else "segment.taken", {"segment": found.key}))
    version_id = new_id(now)
    try:
        with world.database.write() as connection:
            definition_id, number = definitions.publish(
                connection, workspace_id=world.workspace_id, kind="segment", key=found.key, source=text,
                definition_id=new_id(now), version_id=version_id,
                base_version_id=row.version_id if row else None, author_id=by, note=note[:LONGEST_NOTE] or None,
                now=now,
            )  # fmt: skip
            detail = {"key": found.key, "kind": "segment", "version": number}
            audit(
                connection, world.workspace_id, by, PUBLISHED, "definition", str(definition_id), now, detail
            )
    except definitions.NotNewest:
        raise SegmentFault(Reason("segment.stale", {"segment": found.key})) from None
    renewed = world.library.catalogue(now)
    keep_count(world, definition_id, version_id, count(world, renewed, found.condition, now))
    return found.key


def archive(world: World, key: str, now: datetime, by: UUID | None) -> None:
    """Put it away. Raises SegmentFault while something in force, or a broadcast that is not over, asks for it."""
    catalogue = world.library.catalogue(now)
    if uses := all_uses(world, catalogue).get(key, ()):
        raise SegmentFault(Reason("segment.used", {"by": sorted({use.said for use in uses})}))
    _turn(world, key, "archived", ARCHIVED, now, by)


def restore(world: World, key: str, now: datetime, by: UUID | None) -> None:
    """Take it out again. Raises SegmentFault."""
    _turn(world, key, "live", RESTORED, now, by)


def _turn(world: World, key: str, state: str, action: str, now: datetime, by: UUID | None) -> None:
    row = text_of(world, key)
    if row.state == state:
        return
    with world.database.write() as connection:
        definitions.set_state(connection, row.id, state, now)
        detail = {"key": key, "kind": "segment"}
        audit(connection, world.workspace_id, by, action, "definition", str(row.id), now, detail)


def _live(world: World, key: str) -> Live | None:
    with world.database.read() as connection:
        found = definitions.live(connection, world.workspace_id, "segment")
    return next((row for row in found if row.key == key and row.version_id is not None), None)


__all__ = ["Review", "SegmentFault", "archive", "publish", "restore", "review", "text_of"]
