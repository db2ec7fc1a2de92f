"""`trellis rehearse`: the contact base run forward. Exit codes: 0 done, 1 it cannot be rehearsed, 2 wrong use."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import click

from app.cli.shell import Shell
from app.services.reading import Unreadable
from app.services.rehearsing import RehearsalFault, Tally, Wish
from app.services.rehearsing import rehearse as run
from app.services.sentences import say

MOST_DAYS_SHOWN = 14
LIMITS = {
    "gate.daily_quota": "the daily quota of", "gate.warm_up": "the warm-up of", "gate.throttle_queue": "the pace of",
}  # fmt: skip


@click.command("rehearse")
@click.argument("sequences", nargs=-1)
@click.option("--days", type=click.IntRange(1, 3660), default=90, show_default=True, help="How far ahead.")
@click.option(
    "--respond", type=click.Choice(["none", "typical"]), default="none", show_default=True,
    help="Whether people answer: nobody does, or as many as usual.",
)  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Other people answer with another seed.")
@click.option(
    "--with", "drafts", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A sequence file that stands in for the published one.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def rehearse(
    shell: Shell,
    sequences: tuple[str, ...],
    days: int,
    respond: Literal["none", "typical"],
    seed: int,
    drafts: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Run the real contacts forward on a virtual clock. Nothing is written and nothing is sent.

    SEQUENCES: tell only of these; all of them run, because the frequency caps are shared.
    """
    texts = tuple(_read(path) for path in drafts)
    try:
        tally = run(shell.world(), Wish(sequences, days, respond, seed, texts), shell.now())
    except (RehearsalFault, Unreadable) as fault:
        raise click.ClickException(str(fault)) from None
    if as_json:
        click.echo(json.dumps({"days": days, **tally.as_json()}, indent=2))
    else:
        for line in report(tally, days):
            click.echo(line)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise click.ClickException(
            f"{path} is not UTF-8 (byte {error.start + 1}). Save it as UTF-8."
        ) from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read: {error.strerror}. Check its rights.") from None


def report(tally: Tally, days: int) -> Iterable[str]:
    """The rehearsal for a reader, part by part; empty parts are left out."""
    total = sum(tally.mails.values())
    yield f"{tally.people} contacts, {days} days ahead: {total} mails, {tally.tasks} tasks."
    yield from _mails(tally, days)
    yield from _part("Stage moves", ((f"{frm} → {to}", n) for (frm, to), n in tally.moves.items()))
    yield from _part("Entered", ((key, n) for key, n in tally.entered.items()))
    yield from _part(
        "Did not enter", ((f"{key}: {_said(code)}", n) for (key, code), n in tally.refused.items())
    )
    yield from _part(
        "Cap conflicts", ((f"{key}: {way} ({cap})", n) for (key, way, cap), n in tally.capped.items())
    )
    yield from _part(
        "Mails held back", ((f"{key}: {_said(code)}", n) for (key, code), n in tally.held.items())
    )
    yield from _part(
        "Mails not sent",
        ((f"{key}: {state}, {_said(code)}", n) for (key, state, code), n in tally.lost.items()),
    )
    yield from _waits(tally)
    yield from _part(
        "Exhausted: nothing of the choice was new to them",
        ((f"{key}, {step}", n) for (key, step), n in tally.exhausted.items()),
    )
    yield from _part("Parked", ((f"{key}: {_said(code)}", n) for (key, code), n in tally.parked.items()))
    yield from _part("People at the end", ((f"{key}, {step}", n) for (key, step), n in tally.inside.items()))
    yield from _part(
        "Dead ends: no sequence follows",
        ((f"after {key}, as {stage}", n) for (key, stage), n in tally.dead_ends.items()),
    )


def _mails(tally: Tally, days: int) -> Iterable[str]:
    by_day: Counter[str] = Counter()
    for (day, _, _), n in tally.mails.items():
        by_day[day.isoformat() if days <= MOST_DAYS_SHOWN else f"week of {_monday(day)}"] += n
    yield from _part(f"Mails a {'day' if days <= MOST_DAYS_SHOWN else 'week'}", by_day.items(), by_name=True)
    most = Counter[str]()
    for (day, _, _), n in tally.mails.items():
        most[day.isoformat()] += n
    if most:
        busiest, n = most.most_common(1)[0]
        yield f"  the most on one day: {n}, on {busiest}"


def _waits(tally: Tally) -> Iterable[str]:
    """Which limits are too tight for the plan, with figures."""
    if tally.waits:
        yield "\nWould wait for their turn (the days above do not count it)"
    for one in tally.waits:
        limit = f", {one.limit:,} a day" if one.limit is not None else ""
        until = f"the last leave on {one.until}" if one.until else "some still wait at the end"
        yield f"  {one.mails:,} of these: {LIMITS[one.code]} {one.name}{limit}; {one.most:,} at once, {until}"


def _monday(day: date) -> str:
    return (day - timedelta(days=day.weekday())).isoformat()


def _part(title: str, rows: Iterable[tuple[str, int]], *, by_name: bool = False) -> Iterable[str]:
    found = sorted(rows) if by_name else sorted(rows, key=lambda row: (-row[1], row[0]))
    if found:
        yield f"\n{title}"
        width = max(len(str(n)) for _, n in found)
        for name, n in found:
            yield f"  {n:>{width}}  {name}"


def _said(code: str) -> str:
    return say(code, {})
