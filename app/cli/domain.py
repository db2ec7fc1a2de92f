"""`trellis doctor --domain`: what a From domain publishes, and the exact records to publish where it must mend."""

from ipaddress import ip_address

import click

from app.cli.shell import open_shell
from app.cli.telling import print_json, sentence
from app.mail.dns import SystemResolver
from app.services.dkim_keys import KeyFault, read_domain
from app.services.domains import Wish, check_domain, told
from config import Settings

MARKS = {"ok": "ok  ", "warn": "look", "stop": "STOP"}


def wish_of(domain: str, selectors: tuple[str, ...], address: str | None) -> Wish:
    """Raises BadParameter."""
    try:
        wired = read_domain(domain)
    except KeyFault as fault:
        raise click.BadParameter(sentence(fault.reason.code, fault.reason.params)) from None
    try:
        return Wish(
            wired, tuple(one.lower() for one in selectors), str(ip_address(address)) if address else ""
        )
    except ValueError:
        raise click.BadParameter(f"{address} is no IP address.") from None


def look_at_domain(settings: Settings, wish: Wish, as_json: bool) -> None:
    """Print the findings; exit code 1 while one of them must be mended."""
    shell = open_shell(settings)
    resolver = SystemResolver(settings.dns_servers)
    lines = [told(finding) for finding in check_domain(shell.world(), resolver, wish)]
    if as_json:
        print_json(lines)
    else:
        for line in lines:
            click.echo(f"{MARKS[line['state']]}  {line['what']}: {line['found']}")
            if line["remedy"]:
                click.echo(f"      {line['remedy']}")
            if line["publish"]:
                record = line["publish"]
                click.echo(f"      {record['name']}  {record['type']}")
                for piece in record["strings"] or [record["value"]]:
                    click.echo(f"        {piece}")
    if any(line["state"] == "stop" for line in lines):
        raise SystemExit(1)
