"""`trellis sequences`: the files and what is in force. Exit codes: 0 fine, 1 faults, 2 wrong use."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import click

from app.cli.shell import Shell
from app.files.findings import FileFinding
from app.services import authoring
from app.services.authoring.applying import Inside
from app.services.authoring.pausing import Way

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
MARKS = {"new": "+", "changed": "~", "unchanged": "=", "put away": "-", "database only": "?"}


@click.group("sequences")
def sequences() -> None:
    """Lifecycle, scoring, sequences and mail templates as files."""


@sequences.command("lint")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--notes", is_flag=True, help="Also tell what only looks plainer in some mail programs.")
@click.option("--spam", is_flag=True, help="Also let SpamAssassin, where it is installed, score every mail.")
@as_json
@click.pass_obj
def lint_command(shell: Shell, paths: tuple[Path, ...], notes: bool, spam: bool, as_json: bool) -> None:
    """Name the line of every fault. PATHS: tell only those in these files or folders."""
    root = shell.settings.content_dir
    sources = authoring.load_folder(root)
    fields = authoring.custom_fields(shell.database, shell.workspace_id)
    checked = authoring.check(sources, shell.settings, shell.now(), fields=fields)
    found = list(checked.findings if notes else checked.faults)
    found += authoring.gaps(shell.database, shell.workspace_id, checked, shell.now())
    if spam:
        found += _spam(shell, checked, as_json)
    found.sort()
    told = [finding for finding in found if not paths or _below(root / finding.file, paths)]
    _tell(told, as_json)
    if not told and not as_json:
        files = [file for source in sources.by_name.values() for file in source.files.values()]
        count = sum(not paths or _below(root / file, paths) for file in files)
        click.echo(f"{count} {'text' if count == 1 else 'texts'}, nothing to mend.")
    raise SystemExit(1 if any(finding.level == "error" for finding in told) else 0)


@sequences.command("plan")
@as_json
@click.pass_obj
def plan_command(shell: Shell, as_json: bool) -> None:
    """Check the files, then show what applying them would change, and for how many people."""
    sources = authoring.load_folder(shell.settings.content_dir)
    looked = authoring.look_at_files(shell.database, shell.workspace_id, sources, shell.settings, shell.now())
    planned = authoring.plan(shell.database, shell.workspace_id, sources)
    if as_json:
        _print_json(
            {
                "items": [_item_json(item) for item in planned.items],
                "errors": [asdict(finding) for finding in looked.errors],
                "warnings": [asdict(finding) for finding in looked.warnings],
            }
        )
    else:
        _tell(looked.errors, False)
        for item in planned.items:
            if item.state != "unchanged":
                _print_item(item)
        same = len(planned.of("unchanged"))
        click.echo(f"{same} unchanged. " + ("Nothing to apply." if not planned.of("new", "changed") else ""))
        if looked.findings:
            click.echo(_outlook(looked))
    raise SystemExit(1 if planned.conflicts or looked.errors else 0)


@sequences.command("apply")
@click.option("--inside", type=click.Choice(["stay", "move"]), default="stay", show_default=True,
              help="People inside: stay on the version they began, or move at the same step.")  # fmt: skip
@click.option("--base", type=int, help="Publish only if this version is in force.")
@click.option("--force", is_flag=True, help="Publish over what others published since.")
@click.option("--note", help="Why, in a few words, for those who read the history.")
@as_json
@click.pass_obj
def apply_command(
    shell: Shell, inside: str, base: int | None, force: bool, note: str | None, as_json: bool
) -> None:
    """Publish what is new or changed in the files."""
    sources = authoring.load_folder(shell.settings.content_dir)
    progress = (lambda line: None) if as_json else click.echo
    try:
        applied = authoring.apply(
            shell.database, shell.workspace_id, sources, shell.settings, shell.now(),
            note=note, rule=cast(Inside, inside), base=base, force=force, progress=progress,
        )  # fmt: skip
    except authoring.Refused as refused:
        _refuse(refused, as_json)
        return
    if as_json:
        _print_json(asdict(applied))
        return
    _tell(applied.findings, False)
    for one in applied.published:
        if one.moved or one.stayed:
            click.echo(
                f"{one.key}: {len(one.moved)} moved to version {one.number}, {len(one.stayed)} stay where they began."
            )
    click.echo(f"{len(applied.published)} published, {len(applied.recompiled)} mails compiled anew.")


@sequences.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Write over files that were changed and not applied.")
@as_json
@click.pass_obj
def export_command(shell: Shell, folder: Path, force: bool, as_json: bool) -> None:
    """Write what is in force into FOLDER, byte for byte."""
    of_record = folder.resolve() == shell.settings.content_dir.resolve()
    try:
        written = authoring.export(
            shell.database, shell.workspace_id, folder, shell.now(), of_record=of_record, force=force
        )
    except authoring.Refused as refused:
        _refuse(refused, as_json)
        return
    except OSError as error:
        raise click.ClickException(
            f"{error.filename}: {error.strerror}. Name a folder you may write to."
        ) from None
    if as_json:
        _print_json(written)
        return
    for path in written:
        click.echo(path)
    click.echo(f"{len(written)} files written.")


@sequences.command("pause")
@click.argument("key")
@as_json
@click.pass_obj
def pause_command(shell: Shell, key: str, as_json: bool) -> None:
    """Hold a sequence: nobody in it moves, none of its mails leaves."""
    try:
        held = authoring.pause(shell.database, shell.workspace_id, key, shell.now())
    except authoring.NoSuchSequence:
        raise _unknown(key) from None
    if as_json:
        _print_json(asdict(held))
    else:
        click.echo(f"{key} is paused: {held.inside} people inside wait, {held.mails} mails are held.")


@sequences.command("resume")
@click.argument("key")
@click.option("--overdue", "way", type=click.Choice(authoring.WAYS),
              help="What becomes of mails that should have left: send them spread over --days, send those that are "
              "not late yet, or send none of them.")  # fmt: skip
@click.option("--days", type=click.IntRange(1, 60), default=3, show_default=True, help="With re-space.")
@as_json
@click.pass_obj
def resume_command(shell: Shell, key: str, way: str | None, days: int, as_json: bool) -> None:
    """Let a paused sequence go on. Without --overdue: only count what has to be decided."""
    try:
        held = authoring.overdue(shell.database, shell.workspace_id, key, shell.now())
        if not as_json:
            click.echo(
                f"{held.inside} people inside. {held.mails} mails should have left, {held.waits} waits are over."
            )
        if way is None and held.mails + held.waits:
            raise click.UsageError(
                f"Say what becomes of them: --overdue {' | '.join(map(repr, authoring.WAYS))}."
            )
        chosen = cast(Way, way or "newest only")
        done = authoring.resume(shell.database, shell.workspace_id, key, chosen, shell.now(), days=days)
    except authoring.NoSuchSequence:
        raise _unknown(key) from None
    if as_json:
        _print_json({**asdict(held), **asdict(done)})
    else:
        click.echo(f"{key} goes on: {done.sent} are sent, {done.passed_over} are passed over.")


def _outlook(looked: authoring.Looked) -> str:
    """What would come of applying, in a line."""
    if looked.errors:
        return f"`apply` would be refused: {authoring.heads(looked.findings)}. Nothing would be published."
    return f"{authoring.heads(looked.warnings)}; `trellis sequences lint` tells them. Nothing stops `apply`."


def _spam(shell: Shell, checked: authoring.Checked, as_json: bool) -> list[FileFinding]:
    try:
        scored = authoring.score_mails(checked, shell.settings, shell.now())
    except authoring.NoSpamAssassin as error:
        raise click.ClickException(str(error)) from None
    if not as_json:
        for one in scored:
            click.echo(str(one))
    return [finding for one in scored if (finding := one.finding())]


def _below(path: Path, paths: Iterable[Path]) -> bool:
    return any(path.resolve().is_relative_to(one.resolve()) for one in paths)


def _unknown(key: str) -> click.ClickException:
    return click.ClickException(
        f"There is no published sequence “{key}”. `trellis sequences plan` lists them."
    )


def _refuse(refused: authoring.Refused, as_json: bool) -> None:
    _tell(refused.findings, as_json)
    if not as_json:
        click.echo("Nothing was changed.")
    raise SystemExit(1)


def _tell(findings: Iterable[FileFinding], as_json: bool) -> None:
    if as_json:
        _print_json([asdict(finding) for finding in findings])
        return
    for finding in findings:
        click.echo(str(finding))


def _item_json(item: authoring.Item) -> dict[str, Any]:
    return {**asdict(item), "inside": item.inside}


def _print_item(item: authoring.Item) -> None:
    version = f", version {item.base} is in force" if item.base else ""
    click.echo(f"{MARKS[item.state]} {item.kind} {item.key}: {item.state}{version}")
    if item.conflict:
        click.echo("    published by somebody else since: export it, or apply with --force")
    if item.diff is not None:
        for word in item.diff.head:
            click.echo(f"    ~ {word}")
        for step in item.diff.steps:
            people = item.people.get(step.key, 0)
            heads = f", {people} {'person' if people == 1 else 'people'} there" if people else ""
            what = f" ({', '.join(step.what)})" if step.what else ""
            click.echo(f"    {step.key} {step.how}{what}{heads}")
    if item.inside and item.state == "changed":
        click.echo(f"    {item.inside} people inside")


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
