"""`trellis contacts`: people in, looked at and changed. Exit codes: 0 fine, 1 refused or failed, 2 wrong use."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from app.cli import merging, persons, stays
from app.cli.shell import Shell
from app.cli.telling import BY, as_json, contact_named, print_json, refuse, sentence
from app.services import contacts as service
from app.services import importing
from app.services.importing import ImportFault, ImportOptions, ImportSummary
from app.services.importing.around import surroundings
from app.services.moving import move_by_person
from app.store import contacts as store

SHOWN_REMARKS = 20
FLAG_WORDS = {
    "role": "of a role", "disposable": "thrown away after use", "no_mail": "at a domain without mail", "typo": "mistyped",
}  # fmt: skip
STOPPED = "Stopped. What was taken in stays; `trellis contacts resume` goes on with the rest."


@click.group("contacts")
def contacts() -> None:
    """Contacts: import, show, list, set, tag; into sequences and out of them by hand."""


for command in (*stays.COMMANDS, *persons.COMMANDS, merging.merge_command):
    contacts.add_command(command)


@contacts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "mapped", multiple=True, metavar="COLUMN=PLACE",
              help="Where a column goes, such as \"E-Mail Adresse=email\", or =ignore.")  # fmt: skip
@click.option("--new-field", "new_fields", multiple=True, metavar="COLUMN=KEY:TYPE",
              help="Make a custom field of a column: \"Flats=flats:number\", \"Size=company.size:choice(s|l)\".")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Count what would happen and write nothing.")
@click.option("--stage", "default_stage", help="Stage of new contacts whose row names none.")
@click.option("--unknown-stage", type=click.Choice(["reject", "default"]), default="reject", show_default=True,
              help="What becomes of a row whose stage is not known.")  # fmt: skip
@click.option("--enroll", default="no", show_default=True, help='no, now, or a pace such as "25 a day".')
@click.option(
    "--consent", "consents", multiple=True, metavar="TOPIC", help="These people agreed to this topic."
)
@click.option("--basis", default="", help='What the consent rests on, such as "asked at the fair, 12 Nov".')
@click.option("--source", default=None, help="Where these people come from, such as fair-2026.")
@click.option("--origin", default="import", show_default=True, help="inbound, outbound, referral or import.")
@click.option("--tag", "tags", multiple=True, help="A tag for every row.")
@click.option("--owner", default=None, help="Address of the user who gets those without an owner.")
@click.option("--dates", type=click.Choice(["day-first", "month-first"]), help="How 03/04/2026 is meant.")
@click.option("--encoding", default=None, help="Where it is not found right, such as cp1251.")
@as_json
@click.pass_obj
def import_command(
    shell: Shell, /, file: Path, mapped: tuple[str, ...], new_fields: tuple[str, ...], dry_run: bool,
    dates: str | None, encoding: str | None, as_json: bool, **chosen: Any,
) -> None:  # fmt: skip
    """Import a CSV file. What a run did not finish goes on with `trellis contacts resume`."""
    day_first = None if dates is None else dates == "day-first"
    options = ImportOptions(**_options(chosen), consent_source=chosen["source"] or "", day_first=day_first)
    now = shell.now()
    try:
        around = surroundings(shell.world(), now)
        table = importing.read_table(file, encoding)
        fields = [importing.read_new_field(text) for text in new_fields]
        with shell.database.read() as connection:
            own = store.field_types(connection, shell.workspace_id)
        mapping = importing.resolve_mapping(
            table.header, importing.suggest_mapping(table.header, own), _pairs(mapped), fields,
            importing.own_fields(own),
        )  # fmt: skip
        if not as_json:
            _print_mapping(table.header, mapping)
        job = (shell.database, shell.workspace_id, file, mapping, options, around, now, fields)
        if dry_run:
            summary = importing.rehearse_import(*job, table=table)
        else:
            import_id = importing.start_import(*job, table=table)
            summary = importing.run_import(shell.database, import_id, around, now, _progress(as_json))
    except ImportFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    except KeyboardInterrupt:
        raise click.ClickException(STOPPED) from None
    _print_summary(summary, as_json)


@contacts.command("resume")
@as_json
@click.pass_obj
def resume_command(shell: Shell, as_json: bool) -> None:
    """Go on with imports that were begun and not ended."""
    now = shell.now()
    around = surroundings(shell.world(), now)
    summaries = importing.resume_imports(shell.database, shell.workspace_id, around, now)
    if not summaries and not as_json:
        click.echo("No import is waiting.")
    for summary in summaries:
        _print_summary(summary, as_json)


@contacts.command("list")
@click.option("--stage", help="Only those at this stage.")
@click.option("--tag", help="Only those with this tag.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
@click.pass_obj
def list_command(shell: Shell, stage: str | None, tag: str | None, limit: int, as_json: bool) -> None:
    """The newest contacts, cut by stage or tag."""
    lifecycle = shell.world().library.catalogue(shell.now()).rules.lifecycle
    if stage is not None and stage not in lifecycle.stages:
        raise click.UsageError(f"“{stage}” is no stage. Known: {', '.join(lifecycle.stages)}.")
    with shell.database.read() as connection:
        rows = store.listing(connection, shell.workspace_id, lifecycle.key, stage, tag, limit)
    if as_json:
        print_json([dict(row) for row in rows])
        return
    for row in rows:
        name = " ".join(filter(None, (row["first_name"], row["last_name"])))
        click.echo(f"{row['stage'] or '–':14} {row['email'] or '–':40} {name}")
    if not rows:
        click.echo("Nobody yet. Bring people in with `trellis contacts import FILE`.")


@contacts.command("show")
@click.argument("who")
@as_json
@click.pass_obj
def show_command(shell: Shell, who: str, as_json: bool) -> None:
    """Facts and history of one contact. WHO: an address or an id."""
    contact_id = contact_named(shell, who, as_json)
    lifecycle = shell.world().library.catalogue(shell.now()).rules.lifecycle
    with shell.database.read() as connection:
        known = store.load_known(connection, [contact_id], lifecycle.key)[contact_id]
        changes = store.history(connection, contact_id)
    told = {
        "id": contact_id, "stage": known.stage, "addresses": list(known.addresses), "company": known.company,
        "owner": known.owner, "tags": sorted(known.tags), "consents": dict(known.consents), "facts": dict(known.facts),
        "history": [
            {name: row[name] for name in ("at", "kind", "name", "old", "new", "source")} for row in changes
        ],
    }  # fmt: skip
    if as_json:
        print_json(told)
        return
    for name in ("id", "stage", "addresses", "company", "owner", "tags", "consents"):
        click.echo(f"{name:12} {_shown(told[name])}")
    for name, value in sorted(known.facts.items()):
        click.echo(f"{name:12} {value}")
    for row in changes:
        click.echo(
            f"{row['at']:%Y-%m-%d %H:%M}  {row['name']}: {_shown(row['old'])} → {_shown(row['new'])} ({row['source']})"
        )


@contacts.command("set")
@click.argument("who")
@click.argument("field")
@click.argument("value")
@as_json
@click.pass_obj
def set_command(shell: Shell, who: str, field: str, value: str, as_json: bool) -> None:
    """Set one FIELD of a contact; an empty VALUE clears it."""
    contact_id, now = contact_named(shell, who, as_json), shell.now()
    around = surroundings(shell.world(), now)
    try:
        changes = service.set_field(
            shell.database, shell.workspace_id, around, contact_id, field, value, BY, now
        )
    except service.ContactFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    _print_changes(changes, as_json)


@contacts.command("tag")
@click.argument("who")
@click.argument("tags", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Take the tags away.")
@as_json
@click.pass_obj
def tag_command(shell: Shell, who: str, tags: tuple[str, ...], remove: bool, as_json: bool) -> None:
    """Give a contact TAGS, or take them away."""
    contact_id, now = contact_named(shell, who, as_json), shell.now()
    around = surroundings(shell.world(), now)
    wished = {"remove": tags} if remove else {"add": tags}
    changes = service.tag_contact(shell.database, shell.workspace_id, around, contact_id, BY, now, **wished)
    _print_changes(changes, as_json)


@contacts.command("move")
@click.argument("who")
@click.argument("stage")
@click.option("--reason", "why", required=True, help="Why, for those who read the contact's story.")
@as_json
@click.pass_obj
def move_command(shell: Shell, who: str, stage: str, why: str, as_json: bool) -> None:
    """Move a contact to STAGE by hand; a way the lifecycle does not declare is recorded as a leap."""
    contact_id = contact_named(shell, who, as_json)
    try:
        frm, to = move_by_person(shell.world(), contact_id, stage, why, BY, shell.now())
    except service.ContactFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json({"contact": contact_id, "from": frm, "to": to, "changed": frm != to})
    else:
        click.echo("It was so already." if frm == to else f"stage: {_shown(frm or None)} → {to}")


def _options(chosen: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in chosen.items() if value is not None}


def _pairs(mapped: Iterable[str]) -> dict[str, str]:
    pairs = {}
    for text in mapped:
        column, equals, place = text.rpartition("=")
        if not equals or not column.strip():
            raise click.UsageError(
                f'--map “{text}” names no column. Write it as --map "E-Mail Adresse=email".'
            )
        pairs[column.strip()] = place.strip()
    return pairs


def _progress(as_json: bool) -> importing.Progress | None:
    if as_json or not sys.stderr.isatty():
        return None

    def say_how_far(position: int, total: int, _counts: Mapping[str, int]) -> None:
        click.echo(f"\r{position} of {total} rows", nl=position >= total, err=True)

    return say_how_far


def _print_mapping(header: Iterable[str], mapping: importing.Mapped) -> None:
    for title, target in zip(header, mapping, strict=True):
        click.echo(f"  {title} → {target or 'left out'}")


def _print_summary(summary: ImportSummary, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "import": summary.import_id, "state": summary.state, "flags": summary.flags,
                "counts": {name: summary.counts[name] for name in importing.COUNTS},
                "problem": sentence(summary.problem.code, summary.problem.params) if summary.problem else None,
                "results": str(summary.results) if summary.results else None,
                "remarks": [
                    {"row": r.row, "result": r.result, "reason": r.reason.code,
                     "explanation": importing.explained(r.reason.code, r.reason.params)}
                    for r in summary.remarks
                ],
            }
        )  # fmt: skip
    else:
        click.echo(", ".join(_counted(summary)) + ".")
        for remark in summary.remarks[:SHOWN_REMARKS]:
            told = importing.explained(remark.reason.code, remark.reason.params)
            click.echo(f"  row {remark.row}, {remark.result}: {told}")
        if summary.problem is not None:
            click.echo(sentence(summary.problem.code, summary.problem.params), err=True)
        elif summary.state == "rehearsed":
            click.echo("Nothing was written.")
        elif summary.results is not None and (summary.counts["rejected"] or summary.counts["noted"]):
            click.echo(f"Each of these rows with its reason: {summary.results}")
    if summary.state == "failed":
        raise SystemExit(1)


def _counted(summary: ImportSummary) -> Iterator[str]:
    yield from (f"{summary.counts[name]} {name}" for name in importing.COUNTS if name != "enrolled")
    yield from (f"{count} {FLAG_WORDS[kind]}" for kind, count in summary.flags.items() if count)
    first, later = summary.entering
    if first == 0:
        yield "nobody to enter a sequence"
    else:
        turn = f", {later} later ({summary.a_day} a day)" if later else ""
        yield f"{first} to enter a sequence now{turn}"


def _print_changes(changes: Iterable[Any], as_json: bool) -> None:
    rows = [{"kind": c.kind, "name": c.name, "old": c.old, "new": c.new} for c in changes]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['name']}: {_shown(row['old'])} → {_shown(row['new'])}")
    if not rows:
        click.echo("It was so already.")


def _shown(value: Any) -> str:
    if value is None or value == [] or value == {}:
        return "–"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(found)}" for key, found in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
