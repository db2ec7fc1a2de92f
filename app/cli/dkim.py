"""`trellis dkim`: the keys that sign our mail. Private keys are never printed.

Exit codes: 0 fine, 1 refused or not published yet, 2 used wrongly.
"""

from pathlib import Path
from typing import Any

import click

from app.cli.shell import Shell
from app.cli.telling import as_json, print_json, refuse
from app.mail.dkim_keys import ALGORITHMS, BadKey, read_key
from app.mail.dns import SystemResolver
from app.services import dkim_keys as service
from app.services.domains import unpublished
from app.services.sentences import say


@click.group("dkim")
def dkim() -> None:
    """DKIM keys: new, list, show, activate, retire."""


@dkim.command("new")
@click.argument("domain")
@click.option("--selector", default="", help="The name of the key; otherwise one by the month.")
@click.option(
    "--algorithm", type=click.Choice([*ALGORITHMS, "both"]), default="both", show_default=True,
    help="rsa is understood by every receiver, ed25519 by some.",
)  # fmt: skip
@click.option(
    "--private-key", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A PEM file with a key made elsewhere, instead of a new one.",
)  # fmt: skip
@as_json
@click.pass_obj
def new_command(
    shell: Shell, domain: str, selector: str, algorithm: str, private_key: Path | None, as_json: bool
) -> None:
    """Make keys for a From domain and print the records to publish."""
    algorithms = ALGORITHMS if algorithm == "both" else (algorithm,)
    try:
        given = read_key(private_key.read_text(errors="replace")) if private_key else None
        made = service.make(
            shell.world(), domain, shell.now(), selector=selector, algorithms=algorithms, private_key=given
        )
    except BadKey as fault:
        refuse("dkim.bad_key", {"fault": str(fault)}, as_json)
    except service.KeyFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json([key.told() for key in made])
        return
    for key in made:
        _print_records(key)
    click.echo(f"When they are published: `trellis dkim activate {made[0].domain}`.")


@dkim.command("list")
@as_json
@click.pass_obj
def list_command(shell: Shell, as_json: bool) -> None:
    """Every key with its state."""
    found = service.listed(shell.world())
    if as_json:
        print_json([key.told() for key in found])
        return
    for key in found:
        since = {"new": key.created_at, "active": key.activated_at, "retired": key.retired_at}[key.state]
        click.echo(
            f"{key.state:<8} {key.algorithm:<8} {key.selector}._domainkey.{key.domain}  since {since:%Y-%m-%d}"
        )
    if not found:
        click.echo("There is no key. `trellis dkim new <domain>` makes one.")


@dkim.command("show")
@click.argument("domain")
@click.argument("selector")
@as_json
@click.pass_obj
def show_command(shell: Shell, domain: str, selector: str, as_json: bool) -> None:
    """One key and its record."""
    key = _named(shell, domain, selector, as_json)
    if as_json:
        print_json(key.told())
        return
    click.echo(f"{key.algorithm}, {key.state}, made {key.created_at:%Y-%m-%d %H:%M}")
    _print_records(key)


@dkim.command("activate")
@click.argument("domain")
@click.argument("selector", required=False)
@click.option("--force", is_flag=True, help="Without looking whether the record is published.")
@as_json
@click.pass_obj
def activate_command(shell: Shell, domain: str, selector: str | None, force: bool, as_json: bool) -> None:
    """Sign with a key, or with all new ones of the domain. Those of the same kind that signed so far retire."""
    world = shell.world()
    keys = [_named(shell, domain, selector, as_json)] if selector else _new_keys(shell, domain, as_json)
    if not force:
        _refuse_unpublished(shell, keys, as_json)
    told: list[dict[str, Any]] = []
    for key in keys:
        before = service.activate(world, key, shell.now())
        told.append({"activated": key.name, "retired": [other.name for other in before]})
    if as_json:
        print_json(told)
        return
    for each in told:
        click.echo(f"{each['activated']} signs from now on.")
        for name in each["retired"]:
            click.echo(f"{name} has retired. Leave its record for a week, until what it signed has arrived.")


@dkim.command("retire")
@click.argument("domain")
@click.argument("selector")
@as_json
@click.pass_obj
def retire_command(shell: Shell, domain: str, selector: str, as_json: bool) -> None:
    """Sign with a key no more."""
    key = _named(shell, domain, selector, as_json)
    changed = service.retire(shell.world(), key, shell.now())
    if as_json:
        print_json({"retired": key.name, "changed": changed})
    elif changed:
        click.echo(f"{key.name} has retired. Leave its record for a week, until what it signed has arrived.")
    else:
        click.echo(f"{key.name} had retired already.")


def _named(shell: Shell, domain: str, selector: str, as_json: bool) -> service.Key:
    try:
        return service.find(shell.world(), domain, selector)
    except service.KeyFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)


def _new_keys(shell: Shell, domain: str, as_json: bool) -> list[service.Key]:
    try:
        wired = service.read_domain(domain)
    except service.KeyFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    found = [key for key in service.listed(shell.world(), wired) if key.state == "new"]
    if not found:
        refuse("dkim.none_new", {"domain": wired}, as_json)
    return found


def _refuse_unpublished(shell: Shell, keys: list[service.Key], as_json: bool) -> None:
    resolver = SystemResolver(shell.settings.dns_servers)
    faults = unpublished(resolver, keys)
    if not faults:
        return
    if as_json:
        print_json(
            {"problem": "not published", "findings": [{"code": f.code, **dict(f.params)} for f in faults]}
        )
    else:
        for fault in faults:
            click.echo(say(fault.code, fault.params), err=True)
        click.echo("Nothing was activated. Publish the records first, or use --force.", err=True)
    raise SystemExit(1)


def _print_records(key: service.Key) -> None:
    told = key.told()
    click.echo(f"\n{key.name}  TXT")
    for piece in told["strings"]:
        click.echo(f'    "{piece}"')
    click.echo(f"  as a line of a zone file:\n    {told['zone_line']}")
