"""`trellis backup` and `trellis restore`: the embedded database and what lies beside it. Exit codes: 0 fine, 1 refused."""

import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from app.cli.telling import as_json, print_json
from app.runtime import clock
from app.services import backup as service
from app.services.starting import knows_schema
from app.services.starting import migrate as migrate_database
from app.store.database import Database
from config import Settings

WIDTH = 30
ELSEWHERE = (
    "This installation uses {url}. Use that database's own tools (PostgreSQL: `pg_dump -Fc -f trellis.dump` and "
    "`pg_restore --clean -d`), and copy the data folder besides."
)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--with-keys", is_flag=True, help="Take the secret keys along; keep the file as safe as them.")
@as_json
@click.pass_obj
def backup(settings: Settings, file: Path, with_keys: bool, as_json: bool) -> None:
    """Write database, journal, imports, links and spool into one FILE, also while Trellis runs."""
    _embedded(settings, as_json)
    try:
        manifest = service.back_up(settings.data_dir, file, clock.now(), keys=with_keys, step=_step(as_json))
    except service.BackupFault as fault:
        _refuse(str(fault), as_json)
    size = file.stat().st_size
    if as_json:
        print_json(
            {"file": str(file), "bytes": size, "schema": manifest["schema"], "files": len(manifest["files"])}
        )
        return
    click.echo(f"{file}: {len(manifest['files'])} files, {size:,} bytes.")
    if not with_keys:
        click.echo(
            "The secret keys are not in it. Keep secret.key and encryption.key apart, or say --with-keys."
        )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Put what is there aside and restore in its place.")
@as_json
@click.pass_obj
def restore(settings: Settings, file: Path, replace: bool, as_json: bool) -> None:
    """Prove that FILE is whole, put it in place of what is there, and bring the schema up to date."""
    _embedded(settings, as_json)
    try:
        manifest, kept = service.restore(
            settings.data_dir, file, clock.now(), replace=replace, knows=knows_schema, step=_step(as_json)
        )
    except service.BackupFault as fault:
        _refuse(str(fault), as_json)
    migrated = migrate_database(Database(settings.url_of_database))
    if as_json:
        print_json(
            {"made_at": manifest["made_at"], "kept": str(kept) if kept else None, "migrated": migrated}
        )
        return
    click.echo(f"Restored as it was at {manifest['made_at']}.")
    if kept is not None:
        click.echo(f"What was there before is kept in {kept}.")


def _embedded(settings: Settings, as_json: bool) -> None:
    if settings.database_url:
        from sqlalchemy import make_url

        shown = make_url(settings.database_url).render_as_string(hide_password=True)
        _refuse(ELSEWHERE.format(url=shown), as_json)


def _refuse(text: str, as_json: bool) -> NoReturn:
    if as_json:
        print_json({"problem": text})
    else:
        click.echo(text, err=True)
    raise SystemExit(1)


def _step(as_json: bool) -> Any:
    """A bar on a terminal, nothing for a program."""
    shows = not as_json and sys.stderr.isatty()

    def told(what: str, done: int, of_all: int) -> None:
        if shows:
            share = done / of_all if of_all else 1.0
            filled = "█" * int(share * WIDTH)
            end = "\n" if done >= of_all else ""
            click.echo(f"\r{what:12} {filled:{WIDTH}} {share:4.0%}{end}", nl=False, err=True)

    return told
