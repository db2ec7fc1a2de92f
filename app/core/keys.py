"""Idempotency keys, built in one place: the same act has the same key, so doing it twice is a conflict."""

from uuid import UUID


def mail_of_step(enrollment_id: UUID, step: str, visit: int) -> str:
    return f"step:{enrollment_id}:{step}:{visit}"


def mail_of_broadcast(broadcast_id: UUID, contact_id: UUID) -> str:
    return f"broadcast:{broadcast_id}:{contact_id}"


def mail_of_task(task_key: str) -> str:
    return f"task:{task_key}"


def admission(definition_id: UUID, contact_id: UUID, occasion: str) -> str:
    """`occasion` names what let the person in: the event, the import, the instant of a person's act."""
    return f"admit:{definition_id}:{contact_id}:{occasion}"
