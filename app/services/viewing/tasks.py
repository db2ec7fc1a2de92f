"""What people have to do: open tasks, the reader's own first, then by when they are due."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.reasons import Reason
from app.services.viewing import Place
from app.services.viewing.people import full_name
from app.store.views import Found
from app.store.views import tasks as rows


@dataclass(frozen=True, slots=True)
class Task:
    """`owner` is an address, `owner_name` their name; None where the task is nobody's."""

    id: UUID
    title: str
    kind: str
    due_at: datetime | None
    contact_id: UUID
    contact: str
    owner: str | None
    owner_name: str | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Tasks:
    """The most pressing ones, and how many there are in all."""

    first: tuple[Task, ...]
    count: int


def open_tasks(place: Place, reader_id: UUID | None, limit: int = 10, *, only: bool = False) -> Tasks:
    """Overdue ones come before those due later. `only`: none but the reader's; the count is of all."""
    with place.database.read() as connection:
        found = rows.open_tasks(connection, place.workspace_id, reader_id, limit, only=only)
        return Tasks(tuple(map(_task, found)), rows.count_open(connection, place.workspace_id))


def _task(row: Found) -> Task:
    return Task(
        row.id, row.title, row.kind, row.due_at, row.contact_id,
        full_name(row.first_name, row.last_name, row.address or ""), row.owner, row.owner_name,
        Reason(row.reason_code, row.reason_params),
    )  # fmt: skip
