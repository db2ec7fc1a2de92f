"""`trellis tokens`: programs that come in by the API. Exit codes: 0 fine, 1 refused, 2 wrong use."""

from dataclasses import asdict
from uuid import UUID

import click

from app.cli.shell import Shell
from app.cli.telling import as_json, print_json, refuse
from app.services.api import tokens as service


@click.group("tokens")
def tokens() -> None:
    """Tokens of the API: make, list, revoke."""


@tokens.command("make")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, metavar="SCOPE",
              help=f"What it opens; several are fine. One of: {', '.join(service.SCOPES)}.")  # fmt: skip
@click.option("--days", type=int, default=None, help="How long it is good for; until it is revoked.")
@as_json
@click.pass_obj
def make_command(shell: Shell, name: str, scopes: tuple[str, ...], days: int | None, as_json: bool) -> None:
    """Make a token for the program NAME and print it, once."""
    try:
        made, text = service.make(shell.database, shell.workspace_id, name, scopes, days, None, shell.now())
    except service.TokenFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"token": text, **asdict(made)})
    else:
        click.echo(f"{text}\nThis is the only time it is shown. It opens: {', '.join(made.scopes)}.")


@tokens.command("list")
@as_json
@click.pass_obj
def list_command(shell: Shell, as_json: bool) -> None:
    """Every token, the newest first."""
    found = service.listed(shell.database, shell.workspace_id, shell.now())
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        used = f"used {one.last_used_at:%Y-%m-%d}" if one.last_used_at else "never used"
        click.echo(f"{one.id}  {one.state:8} …{one.hint}  {used:15}  {one.name}: {', '.join(one.scopes)}")
    if not found:
        click.echo("No program has a token.")


@tokens.command("revoke")
@click.argument("token_id", metavar="ID", type=click.UUID)
@as_json
@click.pass_obj
def revoke_command(shell: Shell, token_id: UUID, as_json: bool) -> None:
    """Shut a program out at once."""
    if not service.revoke(shell.database, shell.workspace_id, token_id, None, shell.now()):
        refuse("token.unknown", {}, as_json)
    if as_json:
        print_json({"id": token_id, "state": "revoked"})
    else:
        click.echo("Revoked; its next call is refused.")
