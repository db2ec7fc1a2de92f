"""`trellis inbound list | show | review | assign | dismiss | replay`, and keeping what a mail server pipes in."""

import sys
from typing import Any
from uuid import UUID

import click

from app.cli.shell import Shell, open_shell
from app.cli.telling import as_json, contact_named, print_json, refuse, sentence
from app.core.reasons import Reason
from app.services import returned
from app.services.returned.reviewing import ReviewFault
from app.services.sentences import say
from app.store import inbound as store
from config import Settings

# sysexits.h: the mail server keeps the message and tries again.
TRY_AGAIN = 75
STATES = ("new", "read", "review", "failed", "dismissed")
KINDS = ("bounce", "complaint", "delay", "reply", "auto-reply", "none")
TOLD = (
    "id", "state", "what", "kind", "enhanced", "code", "confidence", "contact_id", "delivery_id", "sender", "address",
    "subject", "recipient", "source", "size", "received_at",
)  # fmt: skip


def keep(given: Shell | Settings, raw: bytes, recipient: str, as_json: bool) -> None:
    """Put one message on the disk. Where that cannot be done the command ends with TRY_AGAIN."""
    if not raw.strip():
        raise click.UsageError("There is no message on the standard input.")
    try:
        shell = given if isinstance(given, Shell) else open_shell(given)
        kept = returned.accept(shell.world(), raw, "pipe", shell.now(), recipient=recipient)
    except Exception as error:
        # Any other code would make the mail server send the message back to whoever wrote it.
        said = (
            error.message if isinstance(error, click.ClickException) else f"{type(error).__name__}: {error}"
        )
        click.echo(f"The message was not kept; it may come again. {said}", err=True)
        sys.exit(TRY_AGAIN)
    if as_json:
        print_json({"id": kept.id, "new": kept.is_new})


@click.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only messages in this state.")
@click.option("--what", type=click.Choice(KINDS), help="Only messages of this kind.")
@click.option("--search", default="", help="Part of the sender, the address or the subject.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
@click.pass_obj
def list_command(
    shell: Shell, state: str | None, what: str | None, search: str, limit: int, as_json: bool
) -> None:
    """Messages that came back, the newest first, and what came of each."""
    with shell.database.read() as connection:
        rows = store.page(connection, shell.workspace_id, state=state, what=what, search=search, limit=limit)
    _tell_all(rows, as_json)


@click.command("review")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
@click.pass_obj
def review_command(shell: Shell, limit: int, as_json: bool) -> None:
    """Messages that wait for a person. Exit code 1 when there are any."""
    with shell.database.read() as connection:
        rows = [
            row
            for state in ("review", "failed")
            for row in store.page(connection, shell.workspace_id, state=state, limit=limit)
        ]
    _tell_all(rows, as_json)
    if rows:
        raise SystemExit(1)


@click.command("show")
@click.argument("message", type=click.UUID)
@click.option("--raw", is_flag=True, help="Print the message as it came.")
@as_json
@click.pass_obj
def show_command(shell: Shell, message: UUID, raw: bool, as_json: bool) -> None:
    """One message: how it was read, and what came of it."""
    with shell.database.read() as connection:
        row = store.get(connection, shell.workspace_id, message)
    if row is None or (raw and row.raw is None):
        refuse("returned.unknown", {"message": str(message)}, as_json)
    if raw:
        click.echo(bytes(row.raw), nl=False)
    elif as_json:
        print_json({**_told(row), "said": row.said})
    else:
        for name, value in {**_told(row), "said": row.said}.items():
            if value not in (None, ""):
                click.echo(f"{name:12}  {value}")


@click.command("assign")
@click.argument("message", type=click.UUID)
@click.argument("who")
@as_json
@click.pass_obj
def assign_command(shell: Shell, message: UUID, who: str, as_json: bool) -> None:
    """Say that MESSAGE is about the contact WHO; what follows is as if a token had said so."""
    contact_id = contact_named(shell, who, as_json)
    try:
        came = returned.assign(shell.world(), message, contact_id, None, shell.now())
    except ReviewFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"id": message, "state": came.state, "code": came.code})
    else:
        click.echo(sentence(came.code, came.params))


@click.command("dismiss")
@click.argument("message", type=click.UUID)
@click.option("--reason", "why", default="", help="Why nothing follows from it.")
@as_json
@click.pass_obj
def dismiss_command(shell: Shell, message: UUID, why: str, as_json: bool) -> None:
    """Put MESSAGE aside: nothing follows from it."""
    try:
        returned.dismiss(shell.world(), message, why, None, shell.now())
    except ReviewFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"id": message, "state": "dismissed"})
    else:
        click.echo("Put aside.")


@click.command("replay")
@click.argument("ids", nargs=-1, type=click.UUID)
@as_json
@click.pass_obj
def replay_command(shell: Shell, ids: tuple[UUID, ...], as_json: bool) -> None:
    """Have messages read again: those of IDS, or all that wait for a person or failed."""
    count = returned.replay(shell.world(), ids, None, shell.now())
    if as_json:
        print_json({"replayed": count})
    else:
        click.echo(f"{count} are read again." if count else "There is none to be read again.")


def _tell_all(rows: list[Any], as_json: bool) -> None:
    if as_json:
        print_json([_told(row) for row in rows])
        return
    for row in rows:
        what = say(f"returned.what.{row.what}", {}) if row.what else "Message"
        about = row.address or row.sender or row.recipient
        click.echo(f"{row.id}  {row.received_at:%Y-%m-%d %H:%M}  {row.state:9}  {what} {about}")
        click.echo(f"    {sentence(row.reason_code, row.reason_params)}")
    if not rows:
        click.echo("None.")


def _told(row: Any) -> dict[str, Any]:
    reason = Reason(row.reason_code, row.reason_params)
    return {
        **{name: getattr(row, name) for name in TOLD},
        "result": reason.code,
        "because": sentence(reason.code, reason.params),
    }


COMMANDS = (list_command, review_command, show_command, assign_command, dismiss_command, replay_command)
