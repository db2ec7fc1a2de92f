"""`trellis deliveries`: mails by state, the uncertain ones first, and a word on what became of those.

Exit codes: 0 fine, 1 refused or nothing settled, 2 wrong use.
"""

from dataclasses import asdict
from typing import Any
from uuid import UUID

import click

from app.cli.shell import Shell
from app.cli.telling import as_json, print_json, refuse, sentence
from app.services import settling
from app.services.viewing import Place
from app.services.viewing.deliveries import STATES, Mail, list_mails, look_at


@click.group("deliveries")
def deliveries() -> None:
    """Mails on their way and gone: list, show, resolve."""


@deliveries.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only mails in this state.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
@click.pass_obj
def list_command(shell: Shell, state: str | None, limit: int, as_json: bool) -> None:
    """Mails, the uncertain ones first, then those planned last."""
    found = list_mails(Place(shell.database, shell.workspace_id), state, None, limit)
    if as_json:
        print_json([_plain(mail, shell) for mail in found.mails])
        return
    for mail in found.mails:
        at = mail.intent_at or mail.due_at
        click.echo(
            f"{mail.id}  {mail.state:10}  {at:%Y-%m-%d %H:%M}  {mail.template}: {mail.name or mail.contact_id}"
        )
    if not found.mails:
        click.echo("There is no such mail." if state else "There is no mail yet.")
    elif found.unsure:
        click.echo(
            f"{found.unsure} uncertain. `trellis deliveries resolve` says what became of them.", err=True
        )


@deliveries.command("show")
@click.argument("delivery_id", metavar="ID", type=click.UUID)
@as_json
@click.pass_obj
def show_command(shell: Shell, delivery_id: UUID, as_json: bool) -> None:
    """One mail with every try."""
    mail = look_at(Place(shell.database, shell.workspace_id), delivery_id)
    if mail is None:
        refuse("delivery.unknown", {"delivery": str(delivery_id)}, as_json)
    told = _plain(mail, shell)
    if as_json:
        print_json(told)
        return
    for name, value in told.items():
        if name != "tries" and value is not None:
            click.echo(f"{name:14} {value}")
    for one in mail.tries:
        answer = " ".join(str(part) for part in (one.code, one.enhanced, one.response) if part)
        click.echo(f"{one.at:%Y-%m-%d %H:%M:%S}  {one.outcome} ({one.phase}, {one.worker}) {answer}".rstrip())


@deliveries.command("resolve")
@click.argument("ids", metavar="ID...", type=click.UUID, nargs=-1, required=True)
@click.option(
    "--arrived", "verdict", flag_value=settling.ARRIVED, help="They arrived: they count as accepted."
)
@click.option("--lost", "verdict", flag_value=settling.LOST, help="They did not arrive: they have failed.")
@click.option(
    "--again",
    "verdict",
    flag_value=settling.AGAIN,
    help="They did not arrive, and new ones are planned instead.",
)
@click.option("--why", required=True, help="How you know, for those who read the story.")
@click.option("--yes", is_flag=True, help="Do not ask before mails are sent again.")
@as_json
@click.pass_obj
def resolve_command(
    shell: Shell, ids: tuple[UUID, ...], verdict: str | None, why: str, yes: bool, as_json: bool
) -> None:
    """Say what became of uncertain mails. Each is settled once; saying it twice changes nothing."""
    if verdict is None:
        raise click.UsageError("Say --arrived, --lost or --again.")
    if verdict == settling.AGAIN and not yes:
        click.confirm(
            f"If one of these {len(set(ids))} mails did arrive, its recipient gets it twice. Send again?",
            abort=True,
            err=True,
        )
    try:
        found = settling.settle_by_hand(shell.world(), ids, verdict, why, None, shell.now())
    except settling.SettlingFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json(asdict(found))
    else:
        click.echo(f"{len(found.settled)} settled, {len(found.already)} were no longer uncertain.")
        for one in found.unknown:
            click.echo(f"There is no mail {one}.", err=True)
    if found.unknown:
        raise SystemExit(1)


def _plain(mail: Mail, shell: Shell) -> dict[str, Any]:
    told = asdict(mail)
    told["reason"] = sentence(mail.reason.code, mail.reason.params)
    told["in_doubt_hours"] = (
        round((shell.now() - mail.intent_at).total_seconds() / 3600, 1)
        if mail.state == "uncertain" and mail.intent_at
        else None
    )
    return told
