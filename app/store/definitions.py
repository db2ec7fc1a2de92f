"""Definitions of every kind share one pattern: a row, immutable versions with their source, drafts apart."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.engine import Row

from app.store.ledger import insert_new
from app.store.tables import definition_versions, definitions, template_variants, users

NO_DRAFT = {"draft_source": None, "draft_base_id": None, "draft_by": None, "draft_at": None}


def digest(source: str) -> str:
    return sha256(source.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Live:
    """A definition with the version that is in force (None: never published)."""

    id: UUID
    kind: str
    key: str
    state: str
    version_id: UUID | None
    number: int
    source: str
    digest: str


def live(connection: Connection, workspace_id: UUID, kind: str | None = None) -> list[Live]:
    """All definitions of a workspace with their newest published source."""
    versions = definition_versions
    query = (
        select(
            definitions.c.id, definitions.c.kind, definitions.c.key, definitions.c.state, versions.c.id.label("version"),
            versions.c.number, versions.c.source, versions.c.digest,
        )
        .join(versions, versions.c.id == definitions.c.live_version_id, isouter=True)
        .where(definitions.c.workspace_id == workspace_id)
        .order_by(definitions.c.kind, definitions.c.key)
    )  # fmt: skip
    if kind is not None:
        query = query.where(definitions.c.kind == kind)
    return [
        Live(
            row.id,
            row.kind,
            row.key,
            row.state,
            row.version,
            row.number or 0,
            row.source or "",
            row.digest or "",
        )
        for row in connection.execute(query)
    ]


def stamp(connection: Connection, workspace_id: UUID) -> tuple[tuple[Any, ...], ...]:
    """Changes whenever a definition is published, paused, resumed or archived: cheap to ask at each tick."""
    query = select(definitions.c.id, definitions.c.state, definitions.c.live_version_id).where(
        definitions.c.workspace_id == workspace_id
    )
    return tuple(sorted(tuple(map(str, row)) for row in connection.execute(query)))


def version(connection: Connection, version_id: UUID) -> Row[Any] | None:
    """A version with the `kind` and `key` of its definition."""
    query = (
        select(definition_versions, definitions.c.kind, definitions.c.key, definitions.c.state)
        .join(definitions, definitions.c.id == definition_versions.c.definition_id)
        .where(definition_versions.c.id == version_id)
    )
    return connection.execute(query).one_or_none()


def find(connection: Connection, workspace_id: UUID, kind: str, key: str) -> Row[Any] | None:
    query = select(definitions).where(
        definitions.c.workspace_id == workspace_id, definitions.c.kind == kind, definitions.c.key == key
    )
    return connection.execute(query).one_or_none()


def versions(connection: Connection, definition_id: UUID) -> Sequence[Row[Any]]:
    """All versions, newest first."""
    query = select(definition_versions).where(definition_versions.c.definition_id == definition_id)
    return connection.execute(query.order_by(definition_versions.c.number.desc())).all()


def version_lines(
    connection: Connection, definition_id: UUID, below: int | None, limit: int
) -> list[Row[Any]]:
    """The versions without their texts, newest first, with the `author` by name."""
    table = definition_versions.c
    query = (
        select(table.id, table.number, table.published_at, table.note, users.c.name.label("author"))
        .outerjoin(users, users.c.id == table.author_id)
        .where(table.definition_id == definition_id)
    )
    if below is not None:
        query = query.where(table.number < below)
    return list(connection.execute(query.order_by(table.number.desc()).limit(limit)))


def numbered(connection: Connection, definition_id: UUID, number: int) -> Row[Any] | None:
    table = definition_versions
    query = select(table).where(table.c.definition_id == definition_id, table.c.number == number)
    return connection.execute(query).one_or_none()


def remove(connection: Connection, definition_id: UUID) -> None:
    """Away with all its versions; nothing may refer to them."""
    versions = definition_versions.c.definition_id == definition_id
    connection.execute(delete(definition_versions).where(versions))
    connection.execute(delete(definitions).where(definitions.c.id == definition_id))


class NotNewest(Exception):
    """The version this change was based on is no longer the newest: somebody published in between."""


def publish(
    connection: Connection,
    *,
    workspace_id: UUID,
    kind: str,
    key: str,
    source: str,
    definition_id: UUID,
    version_id: UUID,
    base_version_id: UUID | None,
    author_id: UUID | None,
    note: str | None,
    now: datetime,
) -> tuple[UUID, int]:
    """A new version, in force from now on; returns (definition id, number).

    `definition_id` is used where the definition is new. Raises NotNewest where `base_version_id` is not
    the version in force. A draft that says something else stays, so that nobody's work is lost.
    """
    found = find(connection, workspace_id, kind, key)
    if found is None:
        connection.execute(
            insert(definitions).values(
                id=definition_id, workspace_id=workspace_id, kind=kind, key=key, state="live", created_at=now
            )
        )
        number = 1
    else:
        definition_id = found.id
        if found.live_version_id != base_version_id:
            raise NotNewest(key)
        newest = select(func.max(definition_versions.c.number)).where(
            definition_versions.c.definition_id == definition_id
        )
        number = (connection.execute(newest).scalar() or 0) + 1
    connection.execute(
        insert(definition_versions).values(
            id=version_id,
            workspace_id=workspace_id,
            definition_id=definition_id,
            number=number,
            source=source,
            digest=digest(source),
            base_version_id=base_version_id,
            author_id=author_id,
            note=note,
            published_at=now,
        )
    )
    state = "live" if found is None or found.state == "draft" else found.state
    done = found is not None and found.draft_source == source
    connection.execute(
        update(definitions)
        .where(definitions.c.id == definition_id)
        .values(live_version_id=version_id, state=state, **(NO_DRAFT if done else {}))
    )
    return definition_id, number


def begin(
    connection: Connection, workspace_id: UUID, kind: str, key: str, definition_id: UUID, now: datetime
) -> bool:
    """A definition that is a draft so far; False where there is one of this name."""
    row = {
        "id": definition_id, "workspace_id": workspace_id, "kind": kind, "key": key, "state": "draft", "created_at": now,
    }  # fmt: skip
    return insert_new(connection, definitions, [row]) > 0


def drafts_of(connection: Connection, workspace_id: UUID, kind: str) -> set[UUID]:
    """The definitions of a kind that somebody is writing."""
    table = definitions.c
    query = select(table.id).where(
        table.workspace_id == workspace_id, table.kind == kind, table.draft_source.is_not(None)
    )
    return set(connection.execute(query).scalars())


def keep_draft(connection: Connection, definition_id: UUID, before: str | None, **values: Any) -> bool:
    """Set the draft where it still says `before`; False where somebody saved another one meanwhile."""
    table = definitions.c
    same = table.draft_source.is_(None) if before is None else table.draft_source == before
    done = connection.execute(update(definitions).where(table.id == definition_id, same).values(**values))
    return done.rowcount == 1


def forget(connection: Connection, definition_id: UUID) -> None:
    """Take away what was never published."""
    table = definitions.c
    connection.execute(delete(definitions).where(table.id == definition_id, table.live_version_id.is_(None)))


def set_state(connection: Connection, definition_id: UUID, state: str, now: datetime) -> None:
    connection.execute(
        update(definitions)
        .where(definitions.c.id == definition_id)
        .values(state=state, paused_at=now if state == "paused" else None)
    )


def variants(connection: Connection, version_ids: Collection[UUID]) -> dict[UUID, list[Row[Any]]]:
    """The locale variants of template versions, the newest compilation of each locale, without what was compiled."""
    v = template_variants.c
    query = (
        select(v.id, v.version_id, v.locale, v.digest)
        .where(v.version_id.in_(version_ids))
        .order_by(v.locale, v.compiled_at.desc())
    )
    newest: dict[UUID, dict[str, Any]] = {}
    for row in connection.execute(query):
        newest.setdefault(row.version_id, {}).setdefault(row.locale, row)
    return {version_id: list(found.values()) for version_id, found in newest.items()}


def compiled(connection: Connection, variant_ids: Collection[UUID]) -> dict[UUID, str]:
    """What was compiled of these variants."""
    v = template_variants.c
    return dict(
        tuple(row) for row in connection.execute(select(v.id, v.compiled).where(v.id.in_(variant_ids)))
    )


def add_variant(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(template_variants).values(**row))
