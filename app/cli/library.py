"""`trellis library`: the pieces that mails lead to, who read them, and who has seen everything."""

from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from app.cli.shell import Shell
from app.cli.telling import as_json, print_json
from app.services.viewing import Place
from app.services.viewing import library as view
from app.services.viewing.library import PieceLine, SeenStep


@click.group("library")
def library() -> None:
    """Pieces that mails lead to: guides, cases, checklists."""


@library.command("list")
@as_json
@click.pass_obj
def list_command(shell: Shell, as_json: bool) -> None:
    """Every piece in force, with the mails that lead to it and the people who read it."""
    lines = view.list_pieces(_place(shell))
    if as_json:
        print_json([_plain(shell, line) for line in lines])
        return
    if not lines:
        click.echo(
            "Nothing yet. A piece is a text in sequences/library; `trellis sequences apply` publishes it."
        )
        return
    table = Table(box=None, pad_edge=False)
    # Its key is what the other commands ask for.
    table.add_column("piece", no_wrap=True, min_width=max(len(line.key) for line in lines))
    for column in ("kind", "content", "about", "languages"):
        table.add_column(column)
    for column in ("mails", "people", "machines"):
        table.add_column(column, justify="right")
    for line in lines:
        told = (", ".join(line.topics), ", ".join(_locales(shell, line)))
        table.add_row(
            line.key,
            line.kind,
            line.content_kind,
            *told,
            str(len(line.mails)),
            str(line.people),
            str(line.machines),
        )
    Console().print(table)


@library.command("show")
@click.argument("piece")
@as_json
@click.pass_obj
def show_command(shell: Shell, piece: str, as_json: bool) -> None:
    """One piece: its languages and files, the mails that lead to it, its last readers."""
    page = view.look_at(_place(shell), piece)
    if page is None:
        raise click.ClickException(f"There is no piece “{piece}”. `trellis library list` names them all.")
    line = page.line
    if as_json:
        rest = {name: value for name, value in asdict(page).items() if name not in ("line", "titles")}
        print_json({**_plain(shell, line), **rest, "address_here": _address(shell, piece)})
        return
    click.echo(f"{line.title}\n{page.summary}\n")
    click.echo(f"{line.kind}, {line.content_kind}; about {', '.join(line.topics) or 'nothing named'}")
    click.echo(f"page        {_address(shell, piece)}")
    click.echo(f"languages   {', '.join(_locales(shell, line))}")
    for file in page.files:
        size = (
            f"{file.size:,} bytes" if file.size is not None else "not kept any more: publish the piece again"
        )
        click.echo(f"file        {file.name}, {size}")
    click.echo(f"mails       {', '.join(line.mails) or 'none lead here yet'}")
    click.echo(
        f"read by     {_people(line.people)}, {line.files} opened the file; {line.machines} visits of machines beside them"
    )
    for reader in page.readers[:10]:
        click.echo(f"            {reader.name}, last {reader.last_at:%d %B %Y, %H:%M} UTC")


@library.command("seen")
@click.argument("sequence", required=False)
@as_json
@click.pass_obj
def seen_command(shell: Shell, sequence: str | None, as_json: bool) -> None:
    """For whom the steps that choose a mail had nothing left, in SEQUENCE or in all."""
    try:
        steps = view.seen(_place(shell), sequence)
    except LookupError:
        raise click.ClickException(f"There is no sequence “{sequence}”.") from None
    if as_json:
        print_json([asdict(step) for step in steps])
        return
    if not steps:
        click.echo("Nobody has seen everything.")
    for step in steps:
        _tell(step)


def _tell(step: SeenStep) -> None:
    click.echo(f"{step.sequence}, {step.step}: {_people(step.people)}")
    for one in step.who:
        click.echo(f"  {one.at:%Y-%m-%d}  {one.name or one.contact_id}")


def _place(shell: Shell) -> Place:
    return Place(shell.database, shell.workspace_id, shell.settings.lifecycle_preset or None)


def _people(count: int) -> str:
    return f"{count} {'person' if count == 1 else 'people'}"


def _address(shell: Shell, piece: str) -> str:
    return f"{shell.settings.public_url}/library/{piece}"


def _locales(shell: Shell, line: PieceLine) -> list[str]:
    return [locale or shell.settings.default_locale for locale in line.locales]


def _plain(shell: Shell, line: PieceLine) -> dict[str, Any]:
    return {**asdict(line), "locales": _locales(shell, line)}
