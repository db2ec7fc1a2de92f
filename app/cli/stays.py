"""`trellis contacts enroll | exit | go-on`: into a sequence, out of it, and on from where somebody is parked."""

import click

from app.cli.shell import Shell
from app.cli.telling import BY, as_json, contact_named, print_json, refuse
from app.services import attending
from app.services.contacts import ContactFault

why_option = click.option(
    "--reason", "why", required=True, help="Why, for those who read the contact's story."
)


@click.command("enroll")
@click.argument("who")
@click.argument("sequence")
@why_option
@as_json
@click.pass_obj
def enroll_command(shell: Shell, who: str, sequence: str, why: str, as_json: bool) -> None:
    """Let a contact enter SEQUENCE, whatever its trigger and its `if` say; `never` and `again` hold."""
    contact_id = contact_named(shell, who, as_json)
    try:
        attending.enroll(shell.world(), contact_id, sequence, why, BY, shell.now())
    except ContactFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"contact": contact_id, "sequence": sequence, "asked": True})
    else:
        click.echo(f"Asked to enter {sequence}: the running engine lets them in at its next tick.")


@click.command("exit")
@click.argument("who")
@click.argument("sequence")
@why_option
@as_json
@click.pass_obj
def exit_command(shell: Shell, who: str, sequence: str, why: str, as_json: bool) -> None:
    """End a contact's stay in SEQUENCE; its mails that still wait are cancelled."""
    contact_id = contact_named(shell, who, as_json)
    try:
        attending.leave(shell.world(), contact_id, sequence, why, BY, shell.now())
    except ContactFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"contact": contact_id, "sequence": sequence, "inside": False})
    else:
        click.echo(f"Out of {sequence}.")


@click.command("go-on")
@click.argument("who")
@click.argument("sequence", required=False)
@as_json
@click.pass_obj
def go_on_command(shell: Shell, who: str, sequence: str | None, as_json: bool) -> None:
    """Let a contact who is parked go on at the same step, in SEQUENCE or wherever they are parked."""
    contact_id = contact_named(shell, who, as_json)
    try:
        freed = attending.go_on(shell.world(), contact_id, sequence, BY, shell.now())
    except ContactFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"contact": contact_id, "sequences": freed})
    else:
        click.echo(f"Goes on in {', '.join(freed)}.")


COMMANDS = (enroll_command, exit_command, go_on_command)
