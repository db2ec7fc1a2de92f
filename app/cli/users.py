"""`trellis users`: the people who sign in here and own contacts. Exit codes: 0 fine, 1 refused, 2 wrong use."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import click

from app.cli.shell import Shell
from app.cli.telling import as_json, print_json, refuse
from app.services import colleagues, second_step
from app.services import users as service
from app.services.accounts import ROLES, normal

Command = TypeVar("Command", bound=Callable[..., Any])
OPTIONS = (
    click.option("--title", default=None, help="What they are, under their name in mails."),
    click.option("--signature", default=None, help="The lines under mails in their name."),
    click.option(
        "--may-publish/--may-not-publish", default=None, help="May put sequences and mails in force."
    ),
    click.option("--may-send/--may-not-send", default=None, help="May stop all sending and let it go on."),
)
SHOWN = ("email", "name", "role", "title", "may_publish", "may_send", "contacts", "created_at")


def _wishes(command: Command) -> Command:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def _rights(command: Command) -> Command:
    for option in reversed(OPTIONS[2:]):
        command = option(command)
    return command


@click.group("users")
def users() -> None:
    """Users: add, invite, invitations, withdraw, list, change, disable, enable, reset-password, second step."""


@users.command("add")
@click.argument("email")
@click.option("--name", required=True, help="As it stands in mails they send.")
@click.option("--role", type=click.Choice(ROLES[::-1]), required=True, help="What they may do here.")
@_wishes
@as_json
@click.pass_obj
def add_command(shell: Shell, /, email: str, as_json: bool, **wished: Any) -> None:
    """Take somebody in and print a one-time password.

    An admin may publish and send, a marketer may publish; the others may do neither unless you say so.
    """
    try:
        password = service.add(shell.database, shell.workspace_id, email, service.Wish(**wished), shell.now())
    except service.UserFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    _print_password(email, password, as_json)


@users.command("list")
@as_json
@click.pass_obj
def list_command(shell: Shell, as_json: bool) -> None:
    """Everybody, with role, state and the number of contacts they own."""
    now = shell.now()
    found = service.listing(shell.database, shell.workspace_id)
    told = [{**{name: row[name] for name in SHOWN}, "state": service.state_of(row, now)} for row in found]
    if as_json:
        print_json(told)
        return
    for each in told:
        rights = [right for right in ("publish", "send") if each[f"may_{right}"]]
        may = f"  may {' and '.join(rights)}" if rights else ""
        click.echo(
            f"{each['email']:32} {each['role']:9} {each['state']:9} {each['contacts']:6} contacts  {each['name']}{may}"
        )


@users.command("change")
@click.argument("email")
@click.option("--name", default=None, help="As it stands in mails they send.")
@click.option("--role", type=click.Choice(ROLES[::-1]), default=None, help="A new role brings its rights.")
@_wishes
@as_json
@click.pass_obj
def change_command(shell: Shell, /, email: str, as_json: bool, **wished: Any) -> None:
    """Change what is named of an account."""
    try:
        changed = service.change(
            shell.database, shell.workspace_id, email, service.Wish(**wished), shell.now()
        )
    except service.UserFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json(changed)
    else:
        shown = {True: "yes", False: "no"}
        lines = [f"{name}: {shown.get(value, value)}" for name, value in changed.items()]
        click.echo("\n".join(lines) or "It was so already.")


@users.command("invite")
@click.argument("email")
@click.option("--name", required=True, help="As it stands in mails they send; they may change it.")
@click.option("--role", type=click.Choice(ROLES[::-1]), required=True, help="What they may do here.")
@click.option("--locale", default="", help="Language of the mail, such as it or pt-BR.")
@_rights
@as_json
@click.pass_obj
def invite_command(shell: Shell, /, email: str, locale: str, as_json: bool, **wished: Any) -> None:
    """Ask somebody in by mail: a link for seven days and one use. `trellis run` sends it."""
    try:
        made = colleagues.invite(shell.world(), email, service.Wish(**wished), shell.now(), None, locale)
    except service.UserFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json(asdict(made))
    else:
        click.echo(f"{made.email} is invited; the mail leaves within a minute while `trellis run` runs.")


@users.command("invitations")
@as_json
@click.pass_obj
def invitations_command(shell: Shell, as_json: bool) -> None:
    """Who is invited and has not come in yet. State: due, sent, failed, over."""
    found = colleagues.invitations(shell.world(), shell.now())
    if as_json:
        print_json([asdict(one) for one in found])
    for one in () if as_json else found:
        click.echo(
            f"{one.email:32} {one.role:9} {one.state:7} {one.name}  until {one.expires_at:%Y-%m-%d %H:%M} UTC"
        )


@users.command("withdraw")
@click.argument("email")
@as_json
@click.pass_obj
def withdraw_command(shell: Shell, email: str, as_json: bool) -> None:
    """Take an invitation back; its link works no more."""
    world, now = shell.world(), shell.now()
    found = [one for one in colleagues.invitations(world, now) if one.email == normal(email)]
    if not found or not colleagues.withdraw(world, found[0].id, now, None):
        refuse("account.gone", {}, as_json)
    if as_json:
        print_json({"email": email, "changed": True})
    else:
        click.echo(f"The invitation of {email} is taken back.")


@users.command("disable")
@click.argument("email")
@as_json
@click.pass_obj
def disable_command(shell: Shell, email: str, as_json: bool) -> None:
    """Shut somebody out at once. What they own stays theirs until it is given to another."""
    _turn(shell, service.disable, email, "cannot sign in any more", as_json)


@users.command("enable")
@click.argument("email")
@as_json
@click.pass_obj
def enable_command(shell: Shell, email: str, as_json: bool) -> None:
    """Let somebody in again who was shut out."""
    _turn(shell, service.enable, email, "can sign in again", as_json)


@users.command("reset-password")
@click.argument("email")
@as_json
@click.pass_obj
def reset_command(shell: Shell, email: str, as_json: bool) -> None:
    """Print a new one-time password; the old one and every open sign-in end."""
    try:
        password = service.reset_password(shell.database, shell.workspace_id, email, shell.now())
    except service.UserFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    _print_password(email, password, as_json)


@users.command("reset-second-step")
@click.argument("email")
@as_json
@click.pass_obj
def reset_second_step_command(shell: Shell, email: str, as_json: bool) -> None:
    """Somebody lost their phone: they sign in by password alone, and set up another."""

    def take_away(_database: Any, _workspace_id: Any, email: str, now: Any) -> bool:
        return second_step.take_away(shell.world(), normal(email), now, None)

    _turn(shell, take_away, email, "signs in by password alone", as_json)


@users.command("require-second-step")
@click.option("--not", "off", is_flag=True, help="Leave it to everybody again.")
@as_json
@click.pass_obj
def require_command(shell: Shell, off: bool, as_json: bool) -> None:
    """Ask everybody for a second step; whoever has none sets one up before anything else."""
    changed = second_step.require(shell.world(), not off, shell.now(), None)
    if as_json:
        print_json({"required": not off, "changed": changed})
    else:
        told = "It is everybody's own choice now." if off else "Everybody needs a second step now."
        click.echo(told if changed else "It was so already.")


def _turn(shell: Shell, act: Callable[..., bool], email: str, told: str, as_json: bool) -> None:
    try:
        changed = act(shell.database, shell.workspace_id, email, shell.now())
    except service.UserFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"email": email, "changed": changed})
    else:
        click.echo(f"{email} {told}." if changed else "It was so already.")


def _print_password(email: str, password: str, as_json: bool) -> None:
    if as_json:
        print_json({"email": email, "password": password})
    else:
        click.echo(f"Sign in as  {email}\nPassword    {password}   (once; they choose their own then)")
