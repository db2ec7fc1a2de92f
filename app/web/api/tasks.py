"""Tasks: found, and marked as done with what came of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from app.services import tasks as service
from app.services.api import reading
from app.web.api.access import told
from app.web.api.guard import caller, fault_of, world
from app.web.api.problems import as_json, sentence
from app.web.api.shapes import Body, PageQuery, Why, cursor, read_cursor
from app.web.shared.context import now, web

tasks = APIBlueprint("tasks", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Tasks")])


class TaskPath(BaseModel):
    task_id: UUID


class TasksQuery(PageQuery):
    contact: UUID | None = None
    owner: str | None = Field(None, max_length=320, description="The address of a colleague.")
    state: Literal["open", "done", "dropped"] | None = None


class DoneWish(Body):
    result: Why = Field(description="What came of it.")


class Task(BaseModel):
    id: UUID
    contact: UUID
    owner: str | None
    kind: str
    title: str
    body: str
    state: str
    due_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    reason_code: str
    reason: str


class TaskPage(BaseModel):
    items: list[Task]
    next: str | None


class Done(BaseModel):
    id: UUID
    state: str


@tasks.get("/tasks", summary="Find tasks", **told("tasks.find", TaskPage))
def find(query: TasksQuery) -> Response:
    """The newest first."""
    after = read_cursor(query.after)
    found, last = reading.tasks(world(), query.contact, query.owner, query.state, after, query.limit)
    return as_json(TaskPage(items=[_task(row) for row in found], next=cursor(last)))


@tasks.post("/tasks/<uuid:task_id>/done", summary="Mark a task as done", **told("tasks.done", Done))
def done(path: TaskPath, body: DoneWish) -> Response:
    """A sequence that waits for it goes on."""
    try:
        service.done(web().database, web().workspace_id, path.task_id, body.result, caller().actor, now())
    except service.TaskFault as fault:
        raise fault_of(fault.reason) from None
    return as_json(Done(id=path.task_id, state="done"))


def _task(row: Mapping[Any, Any]) -> Task:
    said = sentence(row["reason_code"], row["reason_params"] or {})
    return Task.model_validate({**row, "contact": row["contact_id"], "reason": said})
