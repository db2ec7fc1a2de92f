"""`trellis webhooks`: where mail providers tell what became of our mails. Exit codes: 0 fine, 1 refused, 2 wrong use."""

from typing import Any
from uuid import UUID

import click

from app.cli.shell import Shell
from app.cli.telling import as_json, print_json, refuse, sentence
from app.inbound.webhooks import KINDS, PROVIDERS
from app.services import provider_events as service
from app.services.secrets import Vault
from app.store import provider_events as store

RESULTS = ("waiting", "applied", "known", "kept", "unmatched", "failed")
LARGEST_FILE = 64_000


@click.group("webhooks")
def webhooks() -> None:
    """Web hooks coming in: list, add, remove, certificate, confirm, replay, events."""


@webhooks.command("list")
@as_json
@click.pass_obj
def list_command(shell: Shell, as_json: bool) -> None:
    """Every web hook with its address, what it told, and what was refused."""
    found = service.listing(shell.database, Vault(shell.settings), shell.workspace_id)
    told = [_told(shell, each) for each in found]
    if as_json:
        print_json(told)
        return
    for each in told:
        counts = (
            ", ".join(f"{kind} {count}" for kind, count in sorted(each["counts"].items())) or "nothing yet"
        )
        click.echo(f"{each['name']}  ({each['title']})\n    {each['address']}\n    told: {counts}")
        if each["refused"]:
            click.echo(f"    refused: {each['refused']}, the last because {each['refusal']}")
        if each["certificate_url"]:
            click.echo(f"    its certificate: {each['certificate_url']}")
        if each["pending"]:
            click.echo(f"    a subscription waits: `trellis webhooks confirm {each['name']}`")
    if not told:
        click.echo("There is none yet. `trellis webhooks add` makes one.")


@webhooks.command("add")
@click.argument("provider", type=click.Choice(tuple(PROVIDERS)))
@click.option("--name", default=None, help="As it is listed; the provider's name, if you say nothing.")
@click.option("--secret-from", type=click.File("r"), default=None,
              help="File with the provider's signing key or public key; - reads it from the input.")  # fmt: skip
@click.option("--topic", "topics", multiple=True, help="ARN of an SNS topic that may tell something (ses).")
@click.option(
    "--from", "networks", multiple=True, help="Network it may call from, such as 192.0.2.0/24; all if none."
)
@as_json
@click.pass_obj
def add_command(
    shell: Shell, provider: str, name: str | None, secret_from: Any, topics: tuple[str, ...],
    networks: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Make a web hook and print the address to enter at the provider. A password is printed this once."""
    secret = secret_from.read(LARGEST_FILE) if secret_from is not None else ""
    wish = service.Wish(provider, name if name is not None else provider, secret, topics, networks)
    try:
        made = service.add(shell.database, Vault(shell.settings), shell.workspace_id, wish, None, shell.now())
    except service.EndpointFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    address = shell.settings.public_url + made.path
    if as_json:
        print_json({"id": made.id, "name": wish.name, "address": address, "password": made.password})
        return
    click.echo(f"Address     {address}")
    if made.password:
        click.echo(f"User        trellis\nPassword    {made.password}   (once; it is stored sealed)")


@webhooks.command("remove")
@click.argument("name")
@as_json
@click.pass_obj
def remove_command(shell: Shell, name: str, as_json: bool) -> None:
    """Take a web hook away. Its address answers as if it had never been; what it told of mails stays."""
    try:
        service.remove(shell.database, shell.workspace_id, name, None, shell.now())
    except service.EndpointFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    print_json({"removed": name}) if as_json else click.echo(f"{name} is removed.")


@webhooks.command("certificate")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=str))
@as_json
@click.pass_obj
def certificate_command(shell: Shell, name: str, file: str, as_json: bool) -> None:
    """Install the certificate that SNS signs with, from the .pem FILE under the name Amazon gave it."""
    with open(file, encoding="utf-8", errors="replace") as opened:
        pem = opened.read(LARGEST_FILE)
    file_name = file.replace("\\", "/").rpartition("/")[2]
    try:
        service.install_certificate(
            shell.database, shell.workspace_id, name, file_name, pem, None, shell.now()
        )
    except service.EndpointFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    print_json({"installed": file_name}) if as_json else click.echo(f"{file_name} is installed.")


@webhooks.command("confirm")
@click.argument("name")
@as_json
@click.pass_obj
def confirm_command(shell: Shell, name: str, as_json: bool) -> None:
    """Print how to confirm the SNS subscription that waits. Nothing is called from here."""
    try:
        topic, token, url = service.confirmation(shell.database, shell.workspace_id, name)
    except service.EndpointFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"topic": topic, "token": token, "url": url})
    else:
        click.echo(f"aws sns confirm-subscription --topic-arn {topic} --token {token}\n\nor open\n\n{url}")


@webhooks.command("replay")
@click.argument("ids", nargs=-1, type=click.UUID)
@click.option("--unmatched", is_flag=True, help="Also those that told of nobody we knew.")
@as_json
@click.pass_obj
def replay_command(shell: Shell, ids: tuple[UUID, ...], unmatched: bool, as_json: bool) -> None:
    """Read calls again: those of IDS (column call of `events`), or all that failed. Nothing is told twice."""
    count = service.replay(shell.world(), ids or None, shell.now(), unmatched=unmatched)
    if as_json:
        print_json({"replayed": count})
    else:
        click.echo(f"{count} are read again." if count else "None of them failed, or they are too old.")


@webhooks.command("events")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--kind", type=click.Choice(KINDS), default=None)
@click.option("--result", type=click.Choice(RESULTS), default=None)
@as_json
@click.pass_obj
def events_command(shell: Shell, limit: int, kind: str | None, result: str | None, as_json: bool) -> None:
    """What was told, the newest first, and what was made of it."""
    with shell.database.read() as connection:
        rows = store.events(connection, shell.workspace_id, limit, kind=kind, result=result)
    if as_json:
        names = {
            "contact": "contact_id",
            "delivery": "delivery_id",
            "call": "call_id",
            "class": "bounce_class",
        }
        plain = ("id", "provider", "kind", "occurred_at", "received_at", "recipient", "enhanced", "code", "text",
                 "result")  # fmt: skip
        print_json(
            [
                {**{n: getattr(row, n) for n in plain}, **{n: getattr(row, at) for n, at in names.items()}}
                for row in rows
            ]
        )
        return
    for row in rows:
        words = f"  {row.enhanced or row.code or ''} {row.text}".rstrip()
        click.echo(
            f"{row.occurred_at:%Y-%m-%d %H:%M}  {row.provider:9} {row.kind:13} {row.result:9} {row.recipient or ''}{words}"
        )
    if not rows:
        click.echo("Nothing was told yet.")


def _told(shell: Shell, each: service.Endpoint) -> dict[str, Any]:
    refusal = sentence(each.refusal.code, each.refusal.params) if each.refusal else None
    return {
        "id": each.id, "name": each.name, "provider": each.provider, "title": each.title,
        "address": shell.settings.public_url + each.path, "enabled": each.enabled, "topics": each.topics,
        "certificates": each.certificates, "networks": each.networks, "pending": each.pending,
        "created_at": each.created_at, "last_at": each.last_at, "counts": each.counts, "refused": each.refused,
        "refused_at": each.refused_at, "refusal": refusal, "certificate_url": each.certificate_url,
    }  # fmt: skip
