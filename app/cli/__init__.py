"""The command `trellis`. Each command's module is loaded when it is called, so that none waits for the others."""

import sys
from importlib import import_module
from typing import Any

import click

# Name → module and attribute.
COMMANDS = {
    "run": "app.cli.serve:run",
    "init": "app.cli.serve:init",
    "migrate": "app.cli.serve:migrate",
    "backup": "app.cli.backup:backup",
    "restore": "app.cli.backup:restore",
    "demo": "app.cli.demo:demo",
    "doctor": "app.cli.doctor:doctor",
    "contacts": "app.cli.contacts:contacts",
    "tasks": "app.cli.tasks:tasks",
    "deliveries": "app.cli.deliveries:deliveries",
    "ledger": "app.cli.ledger:ledger",
    "suppressions": "app.cli.suppressions:suppressions",
    "events": "app.cli.events:events",
    "sequences": "app.cli.sequences:sequences",
    "library": "app.cli.library:library",
    "rehearse": "app.cli.rehearse:rehearse",
    "explain": "app.cli.explain:explain",
    "pace": "app.cli.pace:pace",
    "hits": "app.cli.hits:hits",
    "hooks": "app.cli.hooks:hooks",
    "inbound": "app.cli.inbound:inbound",
    "webhooks": "app.cli.webhooks:webhooks",
    "users": "app.cli.users:users",
    "tokens": "app.cli.tokens:tokens",
    "senders": "app.cli.senders:senders",
    "secrets": "app.cli.secrets:secrets",
    "dkim": "app.cli.dkim:dkim",
}
# These make what the others need, so they open no shell.
ALONE = frozenset({"run", "init", "migrate", "doctor", "backup", "restore"})
# These open their own, if they need one: a new key is to be had while the one in the settings is spoilt.
ITS_OWN = frozenset({"inbound", "secrets", "hits"})
HELP = frozenset({"-h", "--help"})


class Commands(click.Group):
    """The commands by name, loaded one at a time."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Words that are no text would fail deep inside, where they are to be stored."""
        for word in args:
            if not word.isprintable() and any("\ud800" <= sign <= "\udfff" for sign in word):
                shown = word.encode("utf-8", "replace").decode()[:80]
                raise click.UsageError(f"“{shown}” is not UTF-8. Type it again, or rename the file.", context)
        return super().parse_args(context, args)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception:
            from app.cli.faults import told

            with told():
                raise

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        place = COMMANDS.get(name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": sorted(HELP)})
@click.pass_context
def main(context: click.Context) -> None:
    """Trellis takes people from first interest to customer, one respectful mail at a time."""
    # Help is to be had before there is a database.
    if context.resilient_parsing or context.obj is not None or not HELP.isdisjoint(sys.argv):
        return
    if context.invoked_subcommand in ITS_OWN:
        return
    # The database and all around it, which those that stand alone do without.
    from app.cli.shell import open_shell, settings_or_fault

    settings = settings_or_fault()
    context.obj = settings if context.invoked_subcommand in ALONE else open_shell(settings)
