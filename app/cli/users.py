"""`trellis users`: the people who sign in here and own contacts. Exit codes: 0 fine, 1 refused, 2 wrong use."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from app.cli.shell import Shell
from app.cli.telling import as_json, print_json, refuse
from app.services import users as service
from app.services.accounts import ROLES

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


@click.group("users")
def users() -> None:
    """Users: add, list, change, disable, enable, reset-password."""


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
