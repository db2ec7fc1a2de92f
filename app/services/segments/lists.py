"""Static lists: people chosen one by one. A list is a segment that asks for nothing but its own tag, so whatever
takes a segment or a tag takes a list too; and putting somebody on it or taking them off is tagging them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.labels import Labels
from app.core.reasons import Reason
from app.files.writing import write_segment
from app.services.addresses import AddressFault, read_address
from app.services.authoring.applying import audit
from app.services.contacts import ContactFault
from app.services.library import Catalogue
from app.services.segments.changing import SegmentFault, publish, text_of
from app.services.segments.reading import LIST, fields_of, is_list, read
from app.services.segments.showing import all_uses
from app.services.world import World
from app.store import contacts as contact_rows
from app.store import definitions, segment_counts

# What is done to many: a list is put on and taken off as its tag is given and taken away.
LISTING = {"list": "tag", "unlist": "untag"}
LONGEST_TITLE = 80
# A tag is written on the contact's page too, where it has sixty signs.
LONGEST_KEY = 50
MOST_PASTED = 500
DELETED = "definition.deleted"


@dataclass(frozen=True, slots=True)
class LookedUp:
    """`known` are contacts by the address that was pasted. `left`: there were more addresses than are taken."""

    known: Mapping[UUID, str]
    unknown: tuple[str, ...]
    unreadable: tuple[str, ...]
    left: int


def lists(world: World, catalogue: Catalogue) -> dict[str, Labels]:
    """The lists one can be put on, by their keys."""
    with world.database.read() as connection:
        live = definitions.live(connection, world.workspace_id, "segment")
    return {
        row.key: read(row.source, catalogue, key=row.key).labels
        for row in live
        if row.state != "archived" and is_list(row.key, catalogue.setting.segments.get(row.key))
    }


def tag_of(world: World, key: str, now: datetime) -> str:
    """The tag of a list in use. Raises ContactFault."""
    if key not in lists(world, world.library.catalogue(now)):
        raise ContactFault(Reason("bulk.no_list"))
    return LIST + key


def already(tag: str, has: bool) -> Reason:
    """Why nothing changes for somebody: they have the tag already, or do not have it."""
    if tag.startswith(LIST):
        return Reason("bulk.listed" if has else "bulk.not_listed", {"list": tag.removeprefix(LIST)})
    return Reason("bulk.tagged" if has else "bulk.not_tagged", {"tag": tag})


def make(world: World, title: str, now: datetime, by: UUID | None) -> str:
    """A list with nobody on it; its key. The same title once more is the same list. Raises SegmentFault."""
    title = " ".join(title.split())
    if not title or len(title) > LONGEST_TITLE:
        raise SegmentFault(Reason("list.title", {"longest": LONGEST_TITLE}))
    with world.database.read() as connection:
        there = {row.key: row.source for row in definitions.live(connection, world.workspace_id, "segment")}
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[: LONGEST_KEY - 3].strip("-") or "list"
    for number in range(1, 100):
        key = slug if number == 1 else f"{slug}-{number}"
        text = write_segment(key, title, {"tag": LIST + key})
        if there.get(key) == text:
            return key
        if key not in there:
            return publish(world, text, fields_of(world), now, by, base=0)
    raise SegmentFault(Reason("segment.taken", {"segment": slug}))


def look_up(world: World, text: str) -> LookedUp:
    """Who of the pasted addresses is a contact. Nothing is written."""
    pieces = [piece.strip() for piece in re.split(r"[\n\r,;]+", text)]
    found, unreadable = {}, []
    for piece in dict.fromkeys(filter(None, pieces)):
        named = re.search(r"<([^<>]*)>\s*$", piece)
        try:
            address = read_address(named[1] if named else piece)
        except AddressFault:
            unreadable.append(piece[:80])
            continue
        found[address.key] = address.shown
    keys = list(found)[:MOST_PASTED]
    with world.database.read() as connection:
        holders = contact_rows.contacts_of(connection, world.workspace_id, keys)
    known: dict[UUID, str] = {}
    for key in keys:
        if key in holders:
            known.setdefault(holders[key], found[key])
    unknown = tuple(found[key] for key in keys if key not in holders)
    return LookedUp(known, unknown, tuple(unreadable[:MOST_PASTED]), len(found) - len(keys))


def delete(world: World, key: str, now: datetime, by: UUID | None) -> None:
    """Away for good. Raises SegmentFault while something asks for it or somebody is on it."""
    row = text_of(world, key)
    catalogue = world.library.catalogue(now)
    if not is_list(key, read(row.source, catalogue, key=key).condition):
        raise SegmentFault(Reason("list.unknown", {"list": key[:80]}))
    if uses := all_uses(world, catalogue).get(key, ()):
        raise SegmentFault(Reason("segment.used", {"by": sorted({use.said for use in uses})}))
    with world.database.write() as connection:
        if contact_rows.is_tagged(connection, world.workspace_id, LIST + key):
            raise SegmentFault(Reason("list.not_empty"))
        segment_counts.forget(connection, row.id)
        definitions.remove(connection, row.id)
        detail = {"key": key, "kind": "segment"}
        audit(connection, world.workspace_id, by, DELETED, "definition", str(row.id), now, detail)


__all__ = ["LISTING", "MOST_PASTED", "LookedUp", "already", "delete", "lists", "look_up", "make", "tag_of"]
