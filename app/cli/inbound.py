"""`trellis inbound`: mail that came back, out of a pipe or files. With --dry-run it is told and nothing is done."""

import os
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from app.cli.telling import as_json, print_json
from app.inbound.returned import LARGEST, Reading, read_message

if TYPE_CHECKING:
    from config import Settings

TAKE = "take"
KEPT = frozenset({"list", "review", "show", "assign", "dismiss", "replay"})
dry_run = click.option("--dry-run", is_flag=True, help="Tell how a message is read, and do nothing.")
recipient = click.option(
    "--recipient", default="", help="Whom the envelope names, where the mail server knows."
)


class Inbound(click.Group):
    """Its commands, and beside them plain files: what is no command is a message.

    What is kept in the database is loaded when it is asked for; reading a message needs none of it.
    """

    def list_commands(self, context: click.Context) -> list[str]:
        from app.cli.inbound_kept import COMMANDS

        return sorted(str(command.name) for command in COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        from app.cli.inbound_kept import COMMANDS

        return next((command for command in COMMANDS if command.name == name), None)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] in KEPT:
            return super().resolve_command(context, args)
        return TAKE, take, args


@click.group("inbound", cls=Inbound, invoke_without_command=True)
@dry_run
@recipient
@as_json
@click.pass_context
def inbound(context: click.Context, dry_run: bool, recipient: str, as_json: bool) -> None:
    """Take in a bounce, a complaint, a reply or an automatic answer.

    \b
    trellis inbound [--recipient ADDRESS] < message
    trellis inbound --dry-run [--json] [FILE…] < message

    Reads one message from standard input, or one a FILE. With --dry-run it needs no database.
    """
    if context.invoked_subcommand in KEPT:
        context.obj = _shell(context.obj)
    if context.invoked_subcommand is None:
        _take(context.obj, (), dry_run, recipient, as_json)


@click.command(TAKE)
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@dry_run
@recipient
@as_json
@click.pass_context
def take(
    context: click.Context, files: tuple[str, ...], dry_run: bool, recipient: str, as_json: bool
) -> None:
    """Take in one message a FILE (- for standard input)."""
    before = context.parent.params if context.parent else {}
    _take(
        context.obj,
        files,
        dry_run or before.get("dry_run", False),
        recipient or before.get("recipient", ""),
        as_json or before.get("as_json", False),
    )


def _take(given: Any, files: tuple[str, ...], dry_run: bool, recipient: str, as_json: bool) -> None:
    messages = [(name, _octets(name)) for name in files or ("-",)]
    if dry_run:
        _tell([(name, read_message(raw)) for name, raw in messages], bool(files), as_json)
        return
    from app.cli.inbound_kept import keep

    settings = given if given is not None else _settings()
    for _, raw in messages:
        keep(settings, raw, recipient, as_json)


def _settings() -> "Settings":
    from app.cli.shell import settings_or_fault

    try:
        return settings_or_fault()
    except click.ClickException as fault:
        # A mail server that pipes a message in keeps it then, and comes again.
        setattr(fault, "exit_code", os.EX_TEMPFAIL)  # noqa: B010
        raise


def _shell(given: Any) -> Any:
    from app.cli.shell import open_shell, settings_or_fault

    return given if given is not None else open_shell(settings_or_fault())


def records(reading: Reading) -> list[dict[str, Any]]:
    """What a message says, one record a recipient."""
    return [
        {
            "address": each.address, "what": each.what, "class": each.class_, "enhanced_status": each.enhanced,
            "smtp_code": each.code, "reason": each.reason,
        }
        for each in reading.found
    ]  # fmt: skip


def _octets(name: str) -> bytes:
    if name == "-":
        return _all_of(sys.stdin.buffer)
    with open(name, "rb") as file:
        return _all_of(file)


def _all_of(file: BinaryIO) -> bytes:
    found = file.read(LARGEST + 1)
    # Whoever writes into the pipe is not to die of a closed one.
    while file.read(1_000_000):
        pass
    return found


def _tell(readings: list[tuple[str, Reading]], is_named: bool, as_json: bool) -> None:
    told = [
        {**({"file": name} if is_named else {}), **record}
        for name, reading in readings
        for record in records(reading)
    ]
    if as_json:
        print_json(told)
        return
    for record in told:
        where = f"{record['file']}: " if is_named else ""
        class_ = f" ({record['class']})" if record["class"] else ""
        said = [
            str(each) for each in (record["smtp_code"], record["enhanced_status"], record["reason"]) if each
        ]
        click.echo(
            f"{where}{record['what']}{class_} {record['address'] or '-'}{': ' if said else ''}{' '.join(said)}"
        )
