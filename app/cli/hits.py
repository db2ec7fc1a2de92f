"""`trellis hits`: was it a person? Judges hits told from outside, and judges kept ones again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

import click

from app.cli.shell import Shell, open_shell, settings_or_fault
from app.cli.telling import as_json, contact_named, print_json
from app.inbound.judging import VERSION, Hit, Judged, judge_all
from app.inbound.judging.lines import BadLine, read_line
from app.services.signals.rejudging import Promoted, promoted, rejudge
from app.store.hits import newest

SHOWN_REASONS = 4


@click.group("hits")
def hits() -> None:
    """Opens and clicks: judge, rejudge, list, promoted."""


@hits.command("judge")
@click.argument("file", type=click.File("rb"), default="-")
@as_json
def judge_command(file: BinaryIO, as_json: bool) -> None:
    """Judge the hits of FILE (standard input), one JSON object a line. Needs no database.

    \b
    {"at": "2026-11-24T10:00:07Z", "method": "GET", "kind": "click", "user_agent": "…", "headers": {},
     "ip": "203.0.113.7", "delivery": "a mail's id", "accepted_at": "2026-11-24T10:00:00Z",
     "recipient_domain": "example.com"}
    Any member may be missing; `link` tells links of one mail apart. All lines together are the context.
    Prints verdict, score (above 0 speaks for a machine) and reasons of each, in the order of the lines.
    A line that is no hit is told with an `error`. Exit code 2: no line was a hit.
    """
    read = list(_read(file))
    told = [hit for _, _, hit in read if isinstance(hit, Hit)]
    verdicts = {hit.id: one for hit, one in zip(told, judge_all(told), strict=True)}
    for number, given_id, hit in read:
        judged = verdicts[hit.id] if isinstance(hit, Hit) else hit
        click.echo(_as_json(number, given_id, judged) if as_json else _as_text(number, judged))
    if read and not told:
        raise SystemExit(2)


def _read(file: BinaryIO) -> Iterator[tuple[int, object, Hit | str]]:
    """Number, own id and hit of each line, or what is wrong with it; empty lines are passed over."""
    for number, raw in enumerate(file, start=1):
        line = raw.decode("utf-8-sig" if number == 1 else "utf-8", "replace")
        if not line.strip():
            continue
        try:
            yield number, _own_id(line), read_line(line, number)
        except BadLine as fault:
            yield number, None, str(fault)


def _own_id(line: str) -> object:
    try:
        data = json.loads(line) if '"id"' in line else None
    except (ValueError, RecursionError):
        return None
    return data.get("id") if isinstance(data, dict) else None


def _as_json(number: int, given_id: object, judged: Judged | str) -> str:
    told: dict[str, Any] = {"line": number} if given_id is None else {"line": number, "id": given_id}
    if isinstance(judged, str):
        told["error"] = judged
    else:
        told |= {
            "verdict": judged.verdict,
            "score": judged.score,
            "reasons": judged.reasons,
            "classifier": judged.version,
        }
    return json.dumps(told)


def _as_text(number: int, judged: Judged | str) -> str:
    if isinstance(judged, str):
        return f"{number:>6}  {'–':8} {'':>6}  {judged}"
    reasons = ", ".join(reason.replace("_", " ") for reason in judged.reasons[:SHOWN_REASONS])
    return f"{number:>6}  {judged.verdict:8} {judged.score:>6.2f}  {reasons}"


@hits.command("rejudge")
@click.option(
    "--since", "since_text", help="Only hits from then on, such as 2026-11-01 or 2026-11-01T08:00:00Z."
)
@click.option("--dry-run", is_flag=True, help="Write nothing; tell what would change.")
@as_json
@click.pass_obj
def rejudge_command(shell: Shell | None, since_text: str | None, dry_run: bool, as_json: bool) -> None:
    """Judge kept hits again that an older classifier judged.

    Where a verdict turns, points are taken back by entries that say so, statistics follow, and what is a
    person's after all is reacted to. No stage moves back: who was promoted by what was no person is
    listed with a proposal. It may be interrupted, and called again; done, it does nothing more.
    """
    shell = _shell(shell)
    since = _since(since_text)
    done, found = rejudge(shell.world(), shell.now(), since, dry_run=dry_run)
    if as_json:
        turned = [
            {"from": before, "to": after, "hits": count}
            for (before, after), count in sorted(done.turned.items())
        ]
        print_json(
            {
                "dry_run": dry_run, "classifier": VERSION, "judged": done.judged, "turned": turned,
                "points_taken_back": round(done.points, 2), "reacted_to_again": done.opened_again,
                "promoted": [_told(shell, one) for one in found],
            }
        )  # fmt: skip
        return
    click.echo(f"{done.judged} hits {'would be' if dry_run else 'were'} judged by version {VERSION}.")
    for (before, after), count in sorted(done.turned.items()):
        click.echo(f"  {before} → {after}: {count}")
    click.echo(f"{done.points:g} points taken back, {done.opened_again} events reacted to again.")
    _tell_promoted(shell, found)


@hits.command("promoted")
@as_json
@click.pass_obj
def promoted_command(shell: Shell | None, as_json: bool) -> None:
    """Who stands in a stage entered after signals that turned out to be no person's, and what to do."""
    shell = _shell(shell)
    found = promoted(shell.world(), shell.now())
    if as_json:
        print_json([_told(shell, one) for one in found])
    else:
        _tell_promoted(shell, found)


@hits.command("list")
@click.argument("contact", required=False)
@click.option("--verdict", type=click.Choice(["human", "machine", "unknown"]), help="Only these.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
@click.pass_obj
def list_command(shell: Shell | None, contact: str | None, verdict: str | None, limit: int, as_json: bool) -> None:  # fmt: skip
    """The newest kept hits (of CONTACT, an address or an id) with verdict, score and reasons."""
    shell = _shell(shell)
    contact_id = contact_named(shell, contact, as_json) if contact is not None else None
    with shell.database.read() as connection:
        rows = newest(connection, shell.workspace_id, contact_id, verdict, limit)
    if as_json:
        names = ("id", "at", "kind", "method", "contact_id", "delivery_id", "link", "address", "user_agent", "tracking",
                 "verdict", "score", "reasons", "classifier", "judged_at")  # fmt: skip
        print_json([{name: getattr(row, name) for name in names} for row in rows])
        return
    for row in rows:
        reasons = ", ".join(reason.replace("_", " ") for reason in (row.reasons or ())[:SHOWN_REASONS])
        click.echo(f"{row.at:%Y-%m-%d %H:%M:%S}  {row.kind:6} {row.verdict or 'not judged yet':8}  {reasons}")
    if not rows:
        click.echo("No hit is kept.")


def _shell(given: Shell | None) -> Shell:
    return given if isinstance(given, Shell) else open_shell(settings_or_fault())


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise click.UsageError(f"--since “{text}” is no time. Write such as 2026-11-01.") from None


def _told(shell: Shell, one: Promoted) -> dict[str, Any]:
    back = f'trellis contacts move {one.contact_id} {one.frm} --reason "a machine clicked"'
    told = {"contact": one.contact_id, "from": one.frm, "to": one.to, "at": one.at, "action": one.action}
    return told | ({} if one.earned else {"command": back})


def _tell_promoted(shell: Shell, found: list[Promoted]) -> None:
    for one in found:
        told = _told(shell, one)
        why = "the rule holds without them too" if one.earned else told["command"]
        click.echo(f"{one.contact_id}  {one.frm} → {one.to}, {one.at:%Y-%m-%d %H:%M}: {one.action} ({why})")
    if not found:
        click.echo("Nobody was promoted by what was no person.")
