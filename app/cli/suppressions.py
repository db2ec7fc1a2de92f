"""`trellis suppressions`: who gets no mail any more. Exit codes: 0 fine, 1 refused or mail would be stopped, 2 wrong use."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click

from app.cli.shell import Shell
from app.cli.telling import as_json, print_json, refuse, sentence
from app.services import explaining, suppression_import
from app.services import suppressions as service
from app.services.contacts import find_contact
from app.services.explaining import Words
from app.services.importing.faults import ImportFault
from app.services.suppressing import SCOPES
from app.services.suppressions import Asked, SuppressionFault

NOBODY = "Nobody here has this address, so no consent is on record and no marketing goes there."


@click.group("suppressions")
def suppressions() -> None:
    """Who gets no mail any more: list, add, import, export, lift, check."""


def _narrowing(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--search", default="", help="A whole address, or a domain with all below it."),
        click.option("--scope", type=click.Choice(SCOPES), help="Only this scope."),
        click.option("--source", default="", help="Only from this source, such as recipient or import."),
        click.option("--lifted", is_flag=True, help="Those that were lifted, instead of those that hold."),
    ):
        command = option(command)
    return command


@suppressions.command("list")
@_narrowing
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
@click.pass_obj
def list_command(
    shell: Shell, search: str, scope: str | None, source: str, lifted: bool, limit: int, as_json: bool
) -> None:
    """Suppressions, the newest first."""
    found, _ = service.find(shell.world(), Asked(search, scope or "", "", source, lifted=lifted), limit)
    if as_json:
        print_json([{**asdict(one), "reason": sentence(one.reason.code, one.reason.params)} for one in found])
        return
    for one in found:
        about = f" ({one.topic})" if one.topic else ""
        click.echo(
            f"{one.id}  {one.at:%Y-%m-%d}  {one.scope}{about:10}  {one.value or 'hash only'}  {one.source}"
        )
    if not found:
        click.echo("Nobody is suppressed." if not search else "Nothing is found.")


@suppressions.command("add")
@click.argument("value")
@click.option("--scope", type=click.Choice(SCOPES), default="address", show_default=True)
@click.option("--topic", default="", help="With --scope topic: which one.")
@click.option("--why", required=True)
@as_json
@click.pass_obj
def add_command(shell: Shell, value: str, scope: str, topic: str, why: str, as_json: bool) -> None:
    """Stop mail to an address, a domain or a company."""
    try:
        new = service.add(shell.world(), scope, value, why, None, shell.now(), topic=topic)
    except SuppressionFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"value": value, "scope": scope, "new": new})
    else:
        click.echo("Suppressed." if new else "It is suppressed already.")


@suppressions.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--scope", type=click.Choice(SCOPES), default="marketing", show_default=True,
              help="Of rows that name none.")  # fmt: skip
@click.option("--topic", default="", help="With --scope topic: which one, of rows that name none.")
@click.option("--why", default="", help="The reason of rows that name none.")
@click.option("--dry-run", is_flag=True, help="Say what would come in and write nothing.")
@click.option("--encoding", default=None, help="Where it is not found right, such as cp1251.")
@click.option(
    "--results", type=click.Path(dir_okay=False, path_type=Path), help="Write rejected rows to this file."
)
@as_json
@click.pass_obj
def import_command(
    shell: Shell,
    file: Path,
    scope: str,
    topic: str,
    why: str,
    dry_run: bool,
    encoding: str | None,
    results: Path | None,
    as_json: bool,
) -> None:
    """Take in who left elsewhere: an export of unsubscribes, bounces or complaints. Before the contacts."""
    try:
        table = suppression_import.read(file, encoding)
        found = suppression_import.run(
            shell.world(),
            table,
            scope,
            None,
            shell.now(),
            topic=topic,
            why=why,
            dry_run=dry_run,
            results=results,
        )
    except ImportFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        told = {"rows": found.rows, "new": found.new, "standing": found.standing}
        print_json({**told, "rejected": dict(found.rejected), "dry_run": dry_run})
        return
    verb = "would be suppressed" if dry_run else "suppressed"
    click.echo(f"{found.rows} rows: {found.new} {verb}, {found.standing} were already.")
    for code, count in found.rejected.most_common():
        click.echo(f"{count} rejected: {sentence(code, found.examples[code].params)}")


@suppressions.command("export")
@_narrowing
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True), default="-")
@click.pass_obj
def export_command(
    shell: Shell, file: Path, search: str, scope: str | None, source: str, lifted: bool
) -> None:
    """Write the list as CSV, to a file or to the screen."""
    asked = Asked(search, scope or "", "", source, lifted=lifted)
    if str(file) == "-":
        service.export(shell.world(), asked, sys.stdout)
        return
    with file.open("w", encoding="utf-8", newline="") as out:
        click.echo(f"{service.export(shell.world(), asked, out)} written.")


@suppressions.command("lift")
@click.argument("suppression_id", metavar="ID", type=click.UUID)
@click.option("--why", required=True, help="Why mail may go there again.")
@click.option("--sure", is_flag=True, help="Also where the person complained.")
@as_json
@click.pass_obj
def lift_command(shell: Shell, suppression_id: UUID, why: str, sure: bool, as_json: bool) -> None:
    """End a suppression."""
    try:
        done = service.lift(shell.world(), suppression_id, why, None, shell.now(), sure=sure)
    except SuppressionFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"suppression": suppression_id, "lifted": done})
    else:
        click.echo("Lifted." if done else "It was lifted before.")


@suppressions.command("check")
@click.argument("address")
@as_json
@click.pass_obj
def check_command(shell: Shell, address: str, as_json: bool) -> None:
    """Say what would stop a mail to this address: suppressions, consent by topic, caps. Exit code 1: a suppression."""
    try:
        found = service.check(shell.world(), address)
    except SuppressionFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    contact_id = find_contact(shell.database, shell.workspace_id, address)
    topics = explaining.topics(shell.world(), contact_id, shell.now()) if contact_id else None
    if as_json:
        told = [{**one.params, "code": one.code, "text": sentence(one.code, one.params)} for one in found]
        by_topic = explaining.plain(topics[0]) if topics else None
        print_json(
            {
                "address": address,
                "stopped": bool(found),
                "by": told,
                "contact": contact_id,
                "marketing": by_topic,
            }
        )
    else:
        for one in found:
            click.echo(f"{sentence(one.code, one.params)} {one.params['why']} ({one.params['id']})")
        if not found:
            click.echo("No suppression stops it.")
        lines = Words(topics[1]).topics(topics[0]) if topics else (NOBODY,)
        click.echo("\n".join(lines))
    if found:
        raise SystemExit(1)
