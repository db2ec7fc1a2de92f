"""The read models of the pages: plain values, with reasons as (code, params) and instants in UTC."""

from dataclasses import dataclass
from uuid import UUID

from app.store.database import Database


@dataclass(frozen=True, slots=True)
class Place:
    """Whose rows are looked at; `preset` is the lifecycle's, where the settings choose one."""

    database: Database
    workspace_id: UUID
    preset: str | None = None
