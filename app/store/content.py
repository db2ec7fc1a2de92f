"""The files of the library's pieces, by what is in them: the same bytes are one row."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from app.store import ledger
from app.store.tables import content_files


def known(connection: Connection, workspace_id: UUID, digests: Collection[str]) -> set[str]:
    """Those of `digests` that are there."""
    table = content_files.c
    query = select(table.digest).where(table.workspace_id == workspace_id, table.digest.in_(digests))
    return set(connection.execute(query).scalars())


def add(
    connection: Connection, workspace_id: UUID, digest: str, media_type: str, data: bytes, now: datetime
) -> None:
    """Keep a file; one that is there already stays as it is."""
    row = {
        "workspace_id": workspace_id, "digest": digest, "media_type": media_type, "size": len(data), "data": data,
        "added_at": now,
    }  # fmt: skip
    ledger.insert_new(connection, content_files, [row])


def described(connection: Connection, workspace_id: UUID, digests: Collection[str]) -> dict[str, Any]:
    """Kind and size of files, without their bytes."""
    table = content_files.c
    query = select(table.digest, table.media_type, table.size, table.added_at)
    query = query.where(table.workspace_id == workspace_id, table.digest.in_(digests))
    return {row.digest: row for row in connection.execute(query)}


def data_of(connection: Connection, workspace_id: UUID, digest: str) -> bytes | None:
    table = content_files.c
    query = select(table.data).where(table.workspace_id == workspace_id, table.digest == digest)
    found = connection.execute(query).scalar_one_or_none()
    return bytes(found) if found is not None else None
