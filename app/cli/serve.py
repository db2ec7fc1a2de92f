"""Starting: `run` (everything), `init` (database and starters only), `migrate`."""

import click

from app.factory import create_app
from app.mail.journal import JournalBusy
from app.runtime import clock
from app.runtime.logs import quiet_logs
from app.runtime.serving import House, NoPort, free_port
from app.services.authoring.applying import Refused
from app.services.demo import state as demo_state
from app.services.starting import Started, start
from app.services.starting import migrate as migrate_database
from app.services.world import open_world
from app.store.database import Database
from config import Settings

ADMIN = "admin@localhost"


@click.command()
@click.option(
    "--admin", default=ADMIN, show_default=True, help="Address of the admin made on an empty database."
)
@click.pass_obj
def run(settings: Settings, admin: str) -> None:
    """Start everything in one process: web pages, ticks, and the built-in mail catcher."""
    quiet_logs()
    try:
        settings.port = free_port(settings.host, settings.port, "the pages", click.echo)
        _serve(settings, admin)
    except NoPort as fault:
        raise click.ClickException(str(fault)) from None
    except JournalBusy as fault:
        raise click.ClickException(f"{fault} It is named by TRELLIS_WORKER_NAME.") from None


def _serve(settings: Settings, admin: str) -> None:
    database = Database(settings.url_of_database)
    started = _start(database, settings, admin)
    _tell_password(started)
    _show_demo(database, settings, is_first=started.password is not None)
    world = open_world(database, started.workspace_id, settings)
    app = create_app(settings, world=world)
    House(world, app, app.extensions["spool"], app.extensions["link_maps"], click.echo).serve(
        settings.public_url
    )
    database.close()


def _show_demo(database: Database, settings: Settings, *, is_first: bool) -> None:
    """On an empty database without a relay there is a demo to look at; a broken-off one is made anew.

    Whatever is wrong with it, the real workspace is served.
    """
    state = demo_state(database)
    wanted = settings.demo and (state == "half" or (is_first and settings.uses_catcher))
    if not wanted and state in ("none", "there"):
        return
    from app.cli.demo import Stopped, bring
    from app.cli.demo_making import Wish

    try:
        bring(database, settings, Wish() if wanted else None, click.echo)
    except Stopped:
        raise
    except click.ClickException as fault:
        click.echo(fault.message, err=True)


@click.command()
@click.option(
    "--admin", default=ADMIN, show_default=True, help="Address of the admin made on an empty database."
)
@click.pass_obj
def init(settings: Settings, admin: str) -> None:
    """Make the database ready: schema, admin, starter lifecycle, scoring, sequences and templates."""
    database = Database(settings.url_of_database)
    _tell_password(_start(database, settings, admin))
    click.echo("Ready. `trellis run` starts it.")


@click.command()
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Bring the database schema up to date."""
    done = migrate_database(Database(settings.url_of_database))
    click.echo("The database is up to date now." if done else "The database was up to date already.")


def _start(database: Database, settings: Settings, admin: str) -> Started:
    try:
        return start(database, settings, admin, clock.now(), click.echo)
    except Refused as refused:
        lines = "\n".join(str(finding) for finding in refused.findings)
        raise click.ClickException(
            f"The starter files have errors; nothing was published.\n{lines}"
        ) from None


def _tell_password(started: Started) -> None:
    if started.password is not None:
        click.echo(
            f"\nSign in as  {started.admin}\nPassword    {started.password}   (once; you choose your own then)\n"
        )
