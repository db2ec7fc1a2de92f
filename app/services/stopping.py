"""The red button: nothing leaves while it is pressed, and everybody sees who pressed it and why."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.services.ids import new_id
from app.store import accounts as rows
from app.store import queues
from app.store.database import Database

LONGEST_WHY = 500


@dataclass(frozen=True, slots=True)
class SendingState:
    """`stopped_at` is None while mail may leave."""

    stopped_at: datetime | None
    stopped_by: str | None
    why: str | None


@dataclass(frozen=True, slots=True)
class StopEffects:
    """What stopping now would hold back (`waiting`) and what has left our hands already (`under_way`)."""

    waiting: queues.Backlog
    under_way: int


def sending_state(database: Database, workspace_id: UUID) -> SendingState:
    with database.read() as connection:
        row = rows.sending_state(connection, workspace_id)
    return SendingState(row["stopped_at"], row["stopped_by_name"], row["stopped_why"])


def effects(database: Database, workspace_id: UUID, now: datetime) -> StopEffects:
    """Counted before the button is pressed."""
    with database.read() as connection:
        return StopEffects(
            queues.planned_mails(connection, workspace_id, now),
            queues.mails_in_intent(connection, workspace_id),
        )


def stop(database: Database, workspace_id: UUID, user_id: UUID, why: str, now: datetime) -> bool:
    """Stop all sending. False: it was stopped already, and who did it first stays on record."""
    return _turn(database, workspace_id, user_id, why, now, stopping=True)


def resume(database: Database, workspace_id: UUID, user_id: UUID, why: str, now: datetime) -> bool:
    """Let mail leave again. False: it was not stopped."""
    return _turn(database, workspace_id, user_id, why, now, stopping=False)


def _turn(
    database: Database, workspace_id: UUID, user_id: UUID, why: str, now: datetime, *, stopping: bool
) -> bool:
    why = why.strip()[:LONGEST_WHY]
    with database.write() as connection:
        turned = rows.set_stopped(
            connection,
            workspace_id,
            now if stopping else None,
            user_id if stopping else None,
            why if stopping else None,
        )
        if turned:
            rows.audit(
                connection,
                {
                    "id": new_id(now), "workspace_id": workspace_id, "at": now, "user_id": user_id,
                    "action": "sending.stopped" if stopping else "sending.resumed",
                    "subject_kind": "workspace", "subject": str(workspace_id), "detail": {"why": why},
                },
            )  # fmt: skip
    return turned
