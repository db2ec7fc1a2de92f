"""`trellis senders`: from whom mail comes and through which relay. Exit codes: 0 fine, 1 refused, 2 wrong use."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from app.cli.shell import Shell
from app.cli.telling import as_json, print_json, refuse, sentence
from app.core.relays import PRESETS, SECURITIES
from app.core.senders import SERVES
from app.services.secrets import CannotOpen
from app.services.senders import holding, keeping, showing, testing
from app.services.senders.book import house_route
from app.services.senders.checking import SenderFault, Wish

Command = TypeVar("Command", bound=Callable[..., Any])
OPTIONS = (
    click.option("--name", help="As it stands before the address."),
    click.option("--host", help="The relay; empty: the one of the settings."),
    click.option("--port", type=int, help="Port of the relay."),
    click.option("--security", type=click.Choice(SECURITIES), help="How the line is secured."),
    click.option(
        "--ca-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Certificates (PEM) to trust."
    ),
    click.option("--username", help="Account at the relay."),
    click.option("--password-stdin", is_flag=True, help="Read the password from standard input; empty takes it away."),
    click.option("--connections", type=int, help="Connections kept open at once."),
    click.option("--max-mails", type=int, help="Mails over one connection."),
    click.option("--max-age", type=int, help="Age at which a connection is replaced, in seconds."),
    click.option("--daily-quota", type=int, help="Mails a day; 0: no limit."),
    click.option("--per-minute", type=int, help="Mails a minute; 0: no limit."),
    click.option("--bounce-domain", help="Domain of the envelope sender; below the address’s own."),
    click.option("--reply-domain", help="Domain of the reply address; below the address’s own."),
)  # fmt: skip


def _wishes(command: Command) -> Command:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.group("senders")
def senders() -> None:
    """Senders: list, add, set, remove, test, pause, resume."""


@senders.command("list")
@as_json
@click.pass_obj
def list_command(shell: Shell, as_json: bool) -> None:
    """Every sender: whom it serves, how it is, what it sent today. Exit code 1 when one is held back."""
    with shell.database.read() as connection:
        found = showing.listing(connection, shell.workspace_id, shell.settings, shell.now())
    if as_json:
        print_json([_as_dict(one) for one in found])
    for one in found if not as_json else ():
        serves = sentence(one.serves.code, one.serves.params) if one.serves else "The sender of the settings."
        quota = f" of {one.daily_quota}" if one.daily_quota else ""
        click.echo(
            f"{one.address:36} {one.standing.state:9} {one.sent_today}{quota} today  {one.relay or 'mail catcher'}"
        )
        click.echo(f"    {serves}")
        if one.standing.reason:
            click.echo(f"    {sentence(one.standing.reason.code, one.standing.reason.params)}")
    if any(not one.standing.is_well for one in found):
        raise SystemExit(1)


@senders.command("add")
@click.argument("address")
@click.option("--serves", type=click.Choice(SERVES), required=True, help="What it is chosen by.")
@click.option("--match", required=True, help="The owner's address, the domain, or the purpose.")
@click.option(
    "--preset", type=click.Choice(list(PRESETS)), default="plain", show_default=True, help="The provider."
)
@_wishes
@as_json
@click.pass_obj
def add_command(shell: Shell, /, address: str, as_json: bool, **given: Any) -> None:
    """Take a sender in. What is not said is as its provider wants it."""
    try:
        added = keeping.add(shell.world(), _wish(given, address=address), shell.now(), None)
    except SenderFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"added": added})
    else:
        click.echo(f"{added} is in. `trellis senders test {added}` tries its relay.")


@senders.command("set")
@click.argument("address")
@click.option("--serves", type=click.Choice(SERVES), help="What it is chosen by.")
@click.option("--match", help="The owner's address, the domain, or the purpose.")
@click.option("--preset", type=click.Choice(list(PRESETS)), help="The provider's name; changes nothing else.")
@click.option("--enabled/--disabled", default=None, help="Whether it is chosen at all.")
@_wishes
@as_json
@click.pass_obj
def set_command(shell: Shell, /, address: str, as_json: bool, **given: Any) -> None:
    """Change what is named of a sender."""
    try:
        changed = keeping.change(shell.world(), address, _wish(given), shell.now(), None)
    except SenderFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json(changed)
    else:
        click.echo("\n".join(f"{name}: {value}" for name, value in changed.items()) or "It was so already.")


@senders.command("remove")
@click.argument("address")
@as_json
@click.pass_obj
def remove_command(shell: Shell, address: str, as_json: bool) -> None:
    """Take a sender out. Planned mail comes from the next one that serves."""
    try:
        keeping.remove(shell.world(), address, shell.now(), None)
    except SenderFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"removed": address})
    else:
        click.echo(f"{address} is out.")


@senders.command("test")
@click.argument("address")
@click.option("--to", help="Send one test mail to this address.")
@as_json
@click.pass_obj
def test_command(shell: Shell, address: str, to: str | None, as_json: bool) -> None:
    """Open the relay, sign in, say what it offers; with --to, send one test mail. Exit code 1 when it fails."""
    try:
        tested = testing.try_out(shell.world(), address, house_route(shell.settings), shell.now(), to)
    except SenderFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    except CannotOpen as fault:
        raise click.ClickException(str(fault)) from None
    told = sentence(tested.reason.code, tested.reason.params) if tested.reason else None
    if as_json:
        print_json(
            {
                "ok": tested.ok, "relay": tested.relay, "tls": tested.tls, "signed_in": tested.signed_in,
                "greeting": tested.greeting, "offers": tested.offers, "sent_to": tested.sent_to, "said": tested.said,
                "code": tested.reason.code if tested.reason else None, "problem": told,
            }
        )  # fmt: skip
    else:
        _echo_test(tested, told)
    if not tested.ok:
        raise SystemExit(1)


def _echo_test(tested: testing.Tested, told: str | None) -> None:
    click.echo(f"Relay      {tested.relay}")
    if tested.greeting:
        click.echo(f"Greeting   {tested.greeting}")
        click.echo(f"Line       {tested.tls or 'not secured'}")
        click.echo(f"Signed in  {tested.signed_in or 'no account needed'}")
        click.echo(f"Offers     {', '.join(tested.offers) or 'nothing beyond plain SMTP'}")
    if tested.sent_to:
        click.echo(f"Mail to    {tested.sent_to}: {tested.said}")
    click.echo(told or "All is well.")


@senders.command("pause")
@click.argument("address")
@click.option("--why", required=True, help="Whoever finds it paused needs to know.")
@as_json
@click.pass_obj
def pause_command(shell: Shell, address: str, why: str, as_json: bool) -> None:
    """Hold a sender's mail back until it is resumed."""
    try:
        paused = holding.pause(shell.world(), address, why, shell.now(), None)
    except SenderFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"paused": paused})
    else:
        click.echo(f"{address} is paused." if paused else "It was so already.")


@senders.command("resume")
@click.argument("address")
@click.option("--why", required=True, help="Why it is safe now.")
@as_json
@click.pass_obj
def resume_command(shell: Shell, address: str, why: str, as_json: bool) -> None:
    """Let a sender go on, whatever held it. What waited is due at once, through the gate as ever."""
    try:
        due = holding.resume(shell.world(), address, why, shell.now(), None)
    except SenderFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"resumed": due is not None, "due": due or 0})
    else:
        click.echo("Nothing held it." if due is None else f"{address} goes on; {due} mails are due again.")


def _wish(given: dict[str, Any], **also: Any) -> Wish:
    """What was typed as a wish; the password is read from standard input, so that no history keeps it."""
    ca_file: Path | None = given.pop("ca_file", None)
    if given.pop("password_stdin", False):
        also["password"] = sys.stdin.readline().rstrip("\r\n")
    if ca_file is not None:
        also["ca"] = ca_file.read_text("utf-8", "replace")
    return Wish(**given, **also)


def _as_dict(one: showing.Shown) -> dict[str, Any]:
    reason = one.standing.reason
    told = {
        "address": one.address, "name": one.name, "relay": one.relay, "security": one.security,
        "state": one.standing.state, "since": one.standing.since, "until": one.standing.until,
        "code": reason.code if reason else None, "reason": sentence(reason.code, reason.params) if reason else None,
        "sent_today": one.sent_today, "held_mails": one.held_mails,
    }  # fmt: skip
    return {**keeping.without_secret(one.row), **told} if one.row is not None else told
