"""`trellis tasks`: what people have to do, and what came of it. Exit codes: 0 fine, 1 refused, 2 wrong use."""

from dataclasses import asdict
from uuid import UUID

import click

from app.cli.shell import Shell
from app.cli.telling import BY, as_json, print_json, refuse, sentence
from app.services import tasks as service
from app.services.viewing import Place
from app.services.viewing.tasks import open_tasks
from app.store.accounts import by_email


@click.group("tasks")
def tasks() -> None:
    """Tasks: list, done."""


@tasks.command("list")
@click.option("--owner", help="Only those of the user with this address.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
@click.pass_obj
def list_command(shell: Shell, owner: str | None, limit: int, as_json: bool) -> None:
    """Open tasks, the most pressing first."""
    owner_id = None
    if owner is not None:
        with shell.database.read() as connection:
            account = by_email(connection, shell.workspace_id, owner.strip().lower())
        if account is None:
            refuse("account.unknown", {"email": owner}, as_json)
        owner_id = account["id"]
    place = Place(shell.database, shell.workspace_id)
    found = open_tasks(place, owner_id, limit, only=owner is not None)
    if as_json:
        print_json(
            [
                {**asdict(task), "reason": sentence(task.reason.code, task.reason.params)}
                for task in found.first
            ]
        )
        return
    for task in found.first:
        due = f"{task.due_at:%Y-%m-%d %H:%M}" if task.due_at else "–"
        click.echo(f"{task.id}  {due:16}  {task.title}: {task.contact} ({task.owner or 'nobody’s'})")
    if not found.first:
        click.echo("No task is open.")


@tasks.command("done")
@click.argument("task_id", metavar="ID", type=click.UUID)
@click.option("--result", required=True, help="What came of it, for those who read the contact's story.")
@as_json
@click.pass_obj
def done_command(shell: Shell, task_id: UUID, result: str, as_json: bool) -> None:
    """Mark a task as done; a sequence that waits for it goes on."""
    try:
        service.done(shell.database, shell.workspace_id, task_id, result, BY, shell.now())
    except service.TaskFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"task": task_id, "state": "done"})
    else:
        click.echo("Done.")
