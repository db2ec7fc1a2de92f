"""`trellis events`: what happened elsewhere, told one at a time or by the file. Exit codes: 0 fine, 1 refused."""

import json
from typing import Any, BinaryIO

import click

from app.cli.shell import Shell
from app.cli.telling import as_json, contact_named, print_json, refuse, sentence
from app.services import events as service

SHOWN_PROBLEMS = 50


@click.group("events")
def events() -> None:
    """What happened to contacts: add one event, import a file of them."""


@events.command("add")
@click.argument("contact")
@click.argument("kind")
@click.option("--subject", default="", help="What it is about: a page, a form, a template.")
@click.option("--topics", default="", metavar="A,B", help="Topics it shows interest in.")
@click.option("--at", "at_text", help="When, such as 2026-11-24T10:00:00Z; left out: now.")
@click.option(
    "--key", default="", help="Its key at its source: told twice with the same time, it is one event."
)
@click.option(
    "--data", "data_text", default="", metavar="JSON", help="What else is known of it, as a JSON object."
)
@click.option("--source", default="cli", show_default=True, help="Who tells it.")
@as_json
@click.pass_obj
def add_command(
    shell: Shell, contact: str, kind: str, subject: str, topics: str, at_text: str | None, key: str, data_text: str,
    source: str, as_json: bool,
) -> None:  # fmt: skip
    """Write down that KIND happened to CONTACT (an address or an id)."""
    now = shell.now()
    contact_id = contact_named(shell, contact, as_json)
    data = _data(data_text)
    try:
        at = service.read_time(at_text) if at_text else now
        named = [topic for topic in topics.split(",") if topic.strip()]
        told = service.Told(contact, kind, at, subject, named, key, data)
        is_new = service.record(
            shell.world(), contact_id, kind, subject=subject, topics=named, occurred_at=at, source=source,
            key=key or service.content_key(contact_id, told), payload=data, now=now,
        )  # fmt: skip
    except service.EventFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"contact": contact_id, "kind": kind, "at": at, "new": is_new})
    else:
        click.echo("Written down; the engine reacts to it." if is_new else "It was known already.")


@events.command("import")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--source", default="file", show_default=True, help="Who tells them; their keys are this source's."
)
@as_json
@click.pass_obj
def import_command(shell: Shell, file: BinaryIO, source: str, as_json: bool) -> None:
    """Write down the events of FILE (- for standard input), one JSON object a line.

    \b
    {"contact": "anna@example.com", "kind": "visited", "subject": "pricing", "topics": ["pricing"],
     "at": "2026-11-24T10:00:00Z", "key": "visit-77", "data": {}}
    Doing it again adds only what is missing.
    """
    summary = service.import_lines(shell.world(), service.lines_of(file), source, shell.now())
    problems = [
        {
            "line": each.line,
            "code": each.reason.code,
            "problem": sentence(each.reason.code, each.reason.params),
        }
        for each in summary.problems
    ]
    if as_json:
        print_json(
            {"new": summary.new, "known": summary.known, "refused": len(problems), "problems": problems}
        )
    else:
        click.echo(f"{summary.new} new, {summary.known} known already, {len(problems)} refused.")
        for problem in problems[:SHOWN_PROBLEMS]:
            click.echo(f"  line {problem['line']}: {problem['problem']}", err=True)
        if len(problems) > SHOWN_PROBLEMS:
            click.echo(f"  … and {len(problems) - SHOWN_PROBLEMS} more; --json tells all.", err=True)
    if problems:
        raise SystemExit(1)


def _data(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f'--data is no JSON: {error}. Write it as \'{{"plan": "pro"}}\'.') from None
    if not isinstance(data, dict):
        raise click.UsageError('--data is no JSON object. Write it as \'{"plan": "pro"}\'.')
    return data
