"""`trellis doctor`: is everything as it should be, and if not, what to do."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from app.cli import doctor_returned
from app.cli.domain import MARKS, look_at_domain, wish_of
from app.cli.faults import database_fault
from app.cli.shell import open_shell
from app.mail.smtp import SmtpConnection
from app.runtime import clock
from app.runtime.engine import route_of
from app.services import demo, health, invariants, secrets
from app.services.domains import keys_for
from app.services.importing import keeping
from app.services.reading import Unreadable
from app.services.sentences import say
from app.services.starting import NewerDatabase, is_current
from app.services.world import World, open_world
from app.store.database import Database
from config import Settings


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at. `remedy` is empty only where all is well."""

    what: str
    state: str
    found: str
    remedy: str = ""


@click.command()
@click.option("--domain", help="Look at what this From domain publishes instead: SPF, DKIM, DMARC, MX.")
@click.option("--selector", "selectors", multiple=True, help="With --domain: a DKIM key that is not ours.")
@click.option("--address", help="With --domain: the IP address that mail leaves from.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def doctor(
    settings: Settings, domain: str | None, selectors: tuple[str, ...], address: str | None, as_json: bool
) -> None:
    """Look at settings, database, migrations, SMTP and what must always be true; or at a domain's records."""
    if domain is not None:
        look_at_domain(settings, wish_of(domain, selectors, address), as_json)
        return
    if selectors or address:
        raise click.UsageError("--selector and --address go with --domain.")
    lines = list(examine(settings))
    if as_json:
        click.echo(json.dumps([asdict(line) for line in lines], indent=2))
    else:
        for line in lines:
            click.echo(f"{MARKS[line.state]}  {line.what}: {line.found}")
            if line.remedy:
                click.echo(f"      {line.remedy}")
    if any(line.state == "stop" for line in lines):
        raise SystemExit(1)


def examine(settings: Settings) -> Iterator[Line]:
    """Every finding, in the order in which to mend them."""
    yield from _settings(settings)
    try:
        database = Database(settings.url_of_database)
        current = is_current(database)
    except NewerDatabase as error:
        yield Line("Database", "stop", str(error), "Install that release, or go back to a backup.")
        return
    except Exception as error:
        yield Line(
            "Database", "stop", database_fault(error), "Check TRELLIS_DATA_DIR and TRELLIS_DATABASE_URL."
        )
        return
    shown = (
        database.url.render_as_string(hide_password=True)
        if not database.is_sqlite
        else "SQLite in the data folder"
    )
    yield Line("Database", "ok", shown)
    if not current:
        yield Line("Migrations", "stop", "the schema is not that of this release", "Run `trellis migrate`.")
        return
    yield Line("Migrations", "ok", "up to date")
    yield _smtp(settings)
    yield from (Line(*finding) for finding in doctor_returned.findings(settings))
    try:
        shell = open_shell(settings)
    except click.ClickException as error:
        yield Line("Workspace", "stop", error.message, "Run `trellis init`.")
        return
    world = open_world(database, shell.workspace_id, settings)
    yield from _secrets(world)
    try:
        catalogue = world.library.catalogue(clock.now())
        found = f"{len(catalogue.sequences)} sequences, {len(catalogue.templates)} templates in force"
        yield Line("Programme", "ok", found)
    except Unreadable as error:
        yield Line("Programme", "stop", str(error), "Mend the file and run `trellis sequences apply`.")
    yield from _uploads(settings)
    yield from _invariants(world)
    yield from _demo(database, settings)
    database.close()


def _uploads(settings: Settings) -> Iterator[Line]:
    """Files of imports hold addresses of strangers: the engine removes them, and it is told where it did not."""
    old = keeping.overdue(settings, clock.now())
    if old:
        found = f"{len(old)} files in {settings.data_dir / keeping.FOLDER} are older than a week"
        yield Line("Imported files", "warn", found, "Let the engine run (`trellis run`), or remove them.")
    else:
        yield Line("Imported files", "ok", "none stays longer than a week")


def _demo(database: Database, settings: Settings) -> Iterator[Line]:
    """Whether the demo is whole, if there is one: the same truths hold for made-up people."""
    there = demo.workspace_of(database)
    if there is None:
        if demo.state(database) != "none":
            yield Line("Demo", "warn", "a part of one is left", "Run `trellis demo remove`.")
        return
    apart = open_world(database, there, demo.demo_settings(settings))
    found = [invariant for invariant in invariants.check_all(apart, clock.now()) if not invariant.ok]
    if not found:
        yield Line("Demo", "ok", "all that must be true is true of it")
    for invariant in found:
        words = "; ".join(say(finding.code, finding.params) for finding in invariant.findings)
        yield Line("Demo", "stop", words, "Run `trellis demo remove`, and `trellis demo` for a new one.")


def _settings(settings: Settings) -> Iterator[Line]:
    folder = Path(settings.data_dir)
    if os.access(folder if folder.exists() else folder.parent, os.W_OK):
        yield Line("Data folder", "ok", "writable")
    else:
        yield Line(
            "Data folder", "stop", f"{folder} cannot be written", "Set TRELLIS_DATA_DIR to a folder of yours."
        )
    if settings.public_url.startswith("https://"):
        yield Line("Public address", "ok", settings.public_url)
    elif settings.uses_catcher:
        yield Line("Public address", "ok", f"{settings.public_url}, for this machine only")
    else:
        remedy = "Set TRELLIS_BASE_URL to the https address that recipients reach."
        yield Line("Public address", "stop", f"{settings.public_url} is not https", remedy)
    if not settings.uses_catcher and settings.smtp_security == "none" and settings.smtp_username:
        yield Line(
            "SMTP sign-in",
            "warn",
            "the password travels in the clear",
            "Set TRELLIS_SMTP_SECURITY to starttls or tls.",
        )
    sample = settings.sender_address.endswith("@halden.example")
    if sample and not settings.uses_catcher:
        yield Line(
            "Sender",
            "stop",
            "mail would leave as the sample company",
            "Set TRELLIS_SENDER_ADDRESS and its kin.",
        )


def _secrets(world: World) -> Iterator[Line]:
    """Whether what is sealed can be opened, and whether our mail is signed."""
    found = secrets.check(world.database, secrets.Vault(world.settings))
    kept = sum(each.sealed + each.older + each.open + each.lost for each in found)
    if any(each.lost or each.open for each in found):
        remedy = "Run `trellis secrets check`; it names them and says what to do."
        yield Line("Secrets", "stop", "some are not sealed, or no key opens them", remedy)
    else:
        yield Line("Secrets", "ok", f"{kept} kept, all sealed")
    domain = world.settings.sender_address.rpartition("@")[2]
    if world.settings.uses_catcher:
        return
    if any(key.state == "active" for key in keys_for(world, domain)):
        yield Line(
            "DKIM", "ok", f"mail from {domain} is signed; `trellis doctor --domain {domain}` says more"
        )
    else:
        yield Line(
            "DKIM", "warn", f"no key of ours signs mail from {domain}", f"Run `trellis dkim new {domain}`."
        )


def _smtp(settings: Settings) -> Line:
    route = route_of(settings, None)
    connection = SmtpConnection(route)
    refused = connection.open()
    connection.close()
    where = f"{route.host}:{route.port}"
    if refused is None:
        return Line("SMTP", "ok", f"{where} answers")
    if settings.uses_catcher:
        return Line("SMTP", "warn", "the built-in mail catcher is not running", "It runs with `trellis run`.")
    remedies = {
        "auth": "Enter TRELLIS_SMTP_USERNAME and TRELLIS_SMTP_PASSWORD again.",
        "tls": "Check the certificate, or TRELLIS_SMTP_SECURITY.",
    }
    remedy = remedies.get(refused.phase, "Check TRELLIS_SMTP_HOST and TRELLIS_SMTP_PORT.")
    return Line("SMTP", "stop", f"{where} does not take us ({refused.phase}): {refused.text}", remedy)


def _invariants(world: World) -> Iterator[Line]:
    with world.database.read() as connection:
        waiting = health.due_work(connection, world.workspace_id, clock.now())
    taken = health.due_work_is_taken(waiting, clock.now())
    for invariant in (*invariants.check_all(world, clock.now()), taken):
        name = say(f"doctor.{invariant.code}", {})
        if invariant.ok:
            yield Line(name, "ok", f"holds for {invariant.checked}")
        for finding in invariant.findings:
            yield Line(
                name,
                "stop",
                say(finding.code, finding.params),
                "The page “Always true” lists whom it concerns and what to do.",
            )
