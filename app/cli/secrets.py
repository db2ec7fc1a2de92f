"""`trellis secrets`: the keys that seal stored secrets. No command ever prints what is sealed."""

from dataclasses import asdict

import click

from app.cli.shell import Shell, open_shell, settings_or_fault
from app.cli.telling import as_json, print_json
from app.services import secrets as service
from config import new_encryption_key

WORDS = {
    "sealed": "sealed with the first key",
    "older": "sealed with an older key",
    "open": "not sealed",
    "lost": "opened by none of the keys",
}


@click.group("secrets")
def secrets() -> None:
    """Stored secrets: check, rotate, new-key."""


@secrets.command("new-key")
def new_key_command() -> None:
    """Print a new key. Put it first in TRELLIS_ENCRYPTION_KEYS, the old ones after it, then rotate."""
    click.echo(new_encryption_key())


@secrets.command("check")
@as_json
@click.pass_obj
def check_command(shell: Shell | None, as_json: bool) -> None:
    """How many secrets are sealed, and by which key. Exit code 1 when one is not sealed or cannot be opened."""
    shell = shell or open_shell(settings_or_fault())
    _tell(service.check(shell.database, service.Vault(shell.settings)), as_json)


@secrets.command("rotate")
@as_json
@click.pass_obj
def rotate_command(shell: Shell | None, as_json: bool) -> None:
    """Seal everything anew under the first key. Afterwards the older keys may go."""
    shell = shell or open_shell(settings_or_fault())
    _tell(service.rotate(shell.database, service.Vault(shell.settings)), as_json)


def _tell(found: tuple[service.Kept, ...], as_json: bool) -> None:
    if as_json:
        print_json([asdict(kept) for kept in found])
    else:
        for kept in found:
            counts = [f"{count} {WORDS[state]}" for state in WORDS if (count := getattr(kept, state))]
            click.echo(f"{kept.column}: {', '.join(counts) or 'none'}")
        if any(kept.open or kept.older for kept in found):
            click.echo("`trellis secrets rotate` seals them with the first key.")
        if any(kept.lost for kept in found):
            click.echo(
                "Put the key that sealed the lost ones at the end of TRELLIS_ENCRYPTION_KEYS, or enter them again."
            )
        if not found:
            click.echo("No secrets are kept.")
    if any(kept.open or kept.lost for kept in found):
        raise SystemExit(1)
