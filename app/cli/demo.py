"""`trellis demo`: a workspace full of made-up people, alive and apart from real data. Exit codes: 0 fine, 1 refused."""

import json
import sys
import time
from collections.abc import Callable

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.cli.demo_making import MOST_DAYS, MOST_PEOPLE, Made, NotWhole, Wish, make
from app.cli.shell import Shell
from app.runtime import clock
from app.runtime.logs import quiet_logs
from app.services import demo as service
from app.services.authoring.applying import Refused
from app.store.database import Database
from config import Settings

BUSY = "Another process is making or removing the demo; wait for it."
THERE = "The demo is there already. `trellis run` shows it; `trellis demo remove` takes it away."
Say = Callable[[str], None]


class Stopped(click.ClickException):
    """Somebody pressed Ctrl-C: what was to come after the demo does not come either."""


@click.group("demo", invoke_without_command=True)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="The same seed on the same day tells the same story.")  # fmt: skip
@click.option(
    "--people", default=500, show_default=True, type=click.IntRange(10, MOST_PEOPLE), help="Contacts."
)
@click.option("--days", default=120, show_default=True, type=click.IntRange(7, MOST_DAYS), help="How far back it begins.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Say nothing when all is well.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.pass_context
def demo(context: click.Context, seed: int, people: int, days: int, quiet: bool, as_json: bool) -> None:
    """Make a demo: 500 made-up contacts and what they did in the last 120 days, through the real engine.

    It lives in a workspace of its own, its mail goes to a catcher of its own and nowhere else, and real data
    is not touched. `trellis run` shows it at /demo, and it goes on living there.
    """
    if context.invoked_subcommand is not None:
        return
    quiet_logs()
    shell: Shell = context.obj
    say: Say = (lambda line: None) if quiet or as_json else click.echo
    began = time.monotonic()
    made = build(shell.database, shell.settings, Wish(seed, people, days), say)
    if as_json:
        told = {
            "new": made is not None,
            **({"mails": made.mails, "stages": made.stages, "doors": made.told} if made else {}),
        }
        click.echo(json.dumps(told, indent=2))
    elif made is None:
        say(THERE)
    else:
        tell(made, say, time.monotonic() - began)


@demo.command("remove")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def remove(shell: Shell, as_json: bool) -> None:
    """Take the demo away, rows, files and caught mails. Real data is not touched."""
    try:
        with service.held(shell.settings.data_dir, wait=True) as lock:
            gone = service.remove(shell.database, shell.settings)
            lock.unlink(missing_ok=True)
    except service.DemoBusy:
        raise click.ClickException(BUSY) from None
    if as_json:
        click.echo(json.dumps({"removed": gone}))
    else:
        click.echo("The demo is gone; nothing of it is left." if gone else "There is no demo.")


def bring(database: Database, settings: Settings, wish: Wish | None, say: Say) -> None:
    """On a start: make the demo, or (without a wish) only take away what a broken-off one has left."""
    if wish is None:
        with service.held(settings.data_dir, wait=True) as lock:
            service.remove(database, settings, say)
            lock.unlink(missing_ok=True)
        return
    say("A demo comes first, so that there is something to look at. TRELLIS_DEMO=off starts without it.")
    began = time.monotonic()
    made = build(database, settings, wish, say)
    if made is not None:
        tell(made, say, time.monotonic() - began)


def build(database: Database, settings: Settings, wish: Wish, say: Say) -> Made | None:
    """Make the demo, after what a broken-off one has left is removed. None: it is there already."""
    try:
        with service.held(settings.data_dir):
            state = service.state(database)
            if state == "there":
                return None
            if state == "half":
                say("A demo was broken off half-way. It is removed and made anew.")
            service.remove(database, settings)
            with _progress(say, wish) as progress:
                return make(database, settings, wish, clock.now(), progress.tell)
    except service.DemoBusy:
        raise click.ClickException(BUSY) from None
    except KeyboardInterrupt:
        raise Stopped("Stopped. The half demo is not shown; the next start makes it anew.") from None
    except Refused as refused:
        lines = "\n".join(str(finding) for finding in refused.findings)
        raise click.ClickException(
            f"The starter files have errors; there is no demo without them.\n{lines}"
        ) from None
    except NotWhole as fault:
        raise click.ClickException(f"The demo is not as it must be, so it is not shown:\n{fault}") from None


def tell(made: Made, say: Say, seconds: float) -> None:
    """What there is to see, in a few lines."""
    stages = ", ".join(f"{count} {stage}" for stage, count in made.stages.items() if count)
    say(f"The demo is ready after {seconds:.0f} s: {stages}.")
    say(f"{made.mails} mails were sent, all of them to its own catcher. `trellis demo remove` takes it away.")


class _progress:
    """A bar where somebody looks, a line now and then where not."""

    def __init__(self, say: Say, wish: Wish) -> None:
        self._say, self._wish = say, wish
        self._bar: Progress | None = None

    def __enter__(self) -> "_progress":
        self._say(
            f"Making the demo: {self._wish.people} made-up people live through {self._wish.days} days. "
            "It takes about a minute."
        )
        if sys.stderr.isatty():
            columns = (TextColumn("  {task.description}"), BarColumn(40), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("Reading the texts")
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def tell(self, what: str, done: int, whole: int) -> None:
        if what != "days":
            return
        if self._bar is not None:
            self._bar.update(self._task, description=f"Day {done} of {whole}", completed=done, total=whole)
        elif done and done % 30 == 0 and done < whole:
            self._say(f"  day {done} of {whole}")
