"""`trellis pace`: how fast mail leaves. Exit codes: 0 fine, 1 refused, 2 wrong use."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click

from app.cli.shell import Shell
from app.cli.telling import as_json, print_json, refuse, sentence
from app.services import pace as service


@click.group("pace")
def pace() -> None:
    """How fast mail leaves: rates of providers, who told us to slow down, warming up a domain."""


@contextmanager
def _told(as_json: bool) -> Iterator[None]:
    try:
        yield
    except service.PaceFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)


@pace.command("list")
@as_json
@click.pass_obj
def list_command(shell: Shell, as_json: bool) -> None:
    """Rates, slowed senders and domains that are warmed up."""
    world, now = shell.world(), shell.now()
    rates, slowed, warming = service.rates(world), service.slowed(world, now), service.warm_ups(world, now)
    if as_json:
        found = [{**asdict(one), "reason": sentence(one.reason.code, one.reason.params)} for one in slowed]
        print_json(
            {
                "rates": [asdict(one) for one in rates],
                "slowed": found,
                "warm_ups": [asdict(one) for one in warming],
            }
        )
        return
    for rate in rates:
        click.echo(f"{rate.provider:20} {rate.per_minute:>9,.0f} a minute{' (set here)' if rate.own else ''}")
    for one in slowed:
        click.echo(
            f"{one.sender} goes to {one.provider} at {one.factor:.0%}, at rest until {one.rest_until:%Y-%m-%d %H:%M} UTC. "
            f"{sentence(one.reason.code, one.reason.params)}"
        )
    for warm in warming:
        limit = "as much as there is" if warm.limit is None else f"{warm.sent:,} of {warm.limit:,} today"
        click.echo(f"{warm.domain}: day {warm.day}, {limit}")


@pace.command("set")
@click.argument("provider")
@click.argument("per_minute", type=float)
@as_json
@click.pass_obj
def set_command(shell: Shell, provider: str, per_minute: float, as_json: bool) -> None:
    """Let that many mails a minute go to PROVIDER from each sender."""
    with _told(as_json):
        service.set_rate(shell.world(), provider, per_minute, shell.now())
    _say({"provider": provider, "per_minute": per_minute}, f"{provider}: {per_minute:g} a minute.", as_json)


@pace.command("reset")
@click.argument("provider")
@as_json
@click.pass_obj
def reset_command(shell: Shell, provider: str, as_json: bool) -> None:
    """Go back to the usual rate of PROVIDER."""
    with _told(as_json):
        service.set_rate(shell.world(), provider, None, shell.now())
    _say({"provider": provider, "per_minute": None}, f"{provider}: as usual.", as_json)


@pace.command("trust")
@click.argument("sender")
@click.argument("provider")
@as_json
@click.pass_obj
def trust_command(shell: Shell, sender: str, provider: str, as_json: bool) -> None:
    """Go at the full rate again from SENDER to PROVIDER, who had told us to slow down."""
    with _told(as_json):
        service.trust(shell.world(), sender, provider, shell.now())
    _say({"sender": sender, "provider": provider}, f"{sender} goes to {provider} at the full rate.", as_json)


@pace.command("warm-up")
@click.argument("domain")
@click.option("--end", is_flag=True, help="Let the domain send as much as there is.")
@as_json
@click.pass_obj
def warm_up_command(shell: Shell, domain: str, end: bool, as_json: bool) -> None:
    """Begin to warm up a new From DOMAIN: few mails on the first day, about twice as many on each that follows."""
    with _told(as_json):
        if end:
            service.end_warm_up(shell.world(), domain, shell.now())
            return _say({"domain": domain, "warm_up": None}, f"{domain} is not warmed up any more.", as_json)
        begun = service.warm_up(shell.world(), domain, shell.now())
    limit = "as many mails as there are" if begun.limit is None else f"{begun.limit:,} mails"
    return _say(asdict(begun), f"{begun.domain}: day {begun.day}, {limit} today.", as_json)


def _say(found: dict[str, object], words: str, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        click.echo(words)
