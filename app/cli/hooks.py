"""`trellis hooks`: web hooks that were given up, called again, and the key that proves they are ours."""

from uuid import UUID

import click

from app.cli.shell import Shell
from app.cli.telling import BY, as_json, print_json, sentence
from app.services import calling


@click.group("hooks")
def hooks() -> None:
    """Web hooks: those given up, replay, the signing key."""


@hooks.command("dead")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
@click.pass_obj
def dead_command(shell: Shell, limit: int, as_json: bool) -> None:
    """Calls that were given up, the newest first. Exit code 1 when there are any."""
    with shell.database.read() as connection:
        found = calling.dead_calls(connection, shell.workspace_id, limit)
    told = [
        {
            "id": call.id, "contact": call.contact_id, "to": call.to, "attempts": call.attempts, "at": call.at,
            "code": call.reason.code, "reason": sentence(call.reason.code, call.reason.params),
        }
        for call in found
    ]  # fmt: skip
    if as_json:
        print_json(told)
    else:
        for each in told:
            click.echo(f"{each['id']}  {each['at']:%Y-%m-%d %H:%M}  {each['to']}\n    {each['reason']}")
        click.echo("`trellis hooks replay` calls them again." if told else "None was given up.")
    if told:
        raise SystemExit(1)


@hooks.command("replay")
@click.argument("ids", nargs=-1, type=click.UUID)
@as_json
@click.pass_obj
def replay_command(shell: Shell, ids: tuple[UUID, ...], as_json: bool) -> None:
    """Call dead ones again, under the idempotency keys they had: those of IDS, or all."""
    count = calling.replay(shell.world(), ids or None, BY, shell.now())
    if as_json:
        print_json({"replayed": count})
    else:
        click.echo(f"{count} are called again." if count else "None of them was given up.")


@hooks.command("key")
@click.pass_obj
def key_command(shell: Shell) -> None:
    """Print the key by which a receiver checks the Trellis-Signature header. Keep it secret."""
    click.echo(calling.signing_key(shell.settings.keys()[0]))
