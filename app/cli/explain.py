"""`trellis explain`: why, what next, and what would change it. Exit codes: 0 told, 1 not there, 2 wrong use."""

import json
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

import click

from app.cli.shell import Shell
from app.services import explaining
from app.services.contacts import find_contact
from app.services.explaining import ExplainFault, Words

# Beyond these there is nothing to tell, and the calendar ends.
YEARS = range(1970, 3000)


@click.command("explain")
@click.argument("contact")
@click.option("--mail", "template", help="Why this mail went or not, such as discovery/guide.")
@click.option(
    "--at", "at_text", help="At this instant, such as 2026-11-26T09:00; without a zone the contact's clock."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def explain(shell: Shell, contact: str, template: str | None, at_text: str | None, as_json: bool) -> None:
    """Why CONTACT (an address or an id) is where they are, what comes next, and what would change it."""
    contact_id = find_contact(shell.database, shell.workspace_id, contact)
    if contact_id is None:
        raise click.ClickException(
            f"There is no contact {contact}. `trellis contacts list` shows who is there."
        )
    world, now = shell.world(), shell.now()
    try:
        _, zone = explaining.contact(world, contact_id, now)
        at = _instant(at_text, zone) if at_text else None
        if template is not None:
            told, zone = explaining.mail(world, contact_id, template, now, at)
            lines = list(Words(zone).mail(told))
            value: object = told
        else:
            standing, zone = explaining.contact(world, contact_id, now, at)
            lines = list(Words(zone).standing(standing))
            value = standing
    except ExplainFault as fault:
        raise click.ClickException(str(fault)) from None
    if as_json:
        click.echo(
            json.dumps({"contact": str(contact_id), **explaining.plain(value)}, indent=2, ensure_ascii=False)
        )
    else:
        click.echo("\n".join(lines))


def _instant(text: str, zone: tzinfo) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        at = (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(ZoneInfo("UTC"))
        if at.year not in YEARS:
            raise ValueError
    except (ValueError, OverflowError):
        raise click.BadParameter("Write it such as 2026-11-26T09:00.", param_hint="--at") from None
    return at
