"""`trellis ledger check`: what must always be true, asked of every row. Exit codes: 0 it holds, 1 it does not."""

from dataclasses import asdict

import click

from app.cli.shell import Shell
from app.cli.telling import as_json, print_json
from app.services import health, invariants
from app.services.sentences import say


@click.group("ledger")
def ledger() -> None:
    """The ledger of mails, people and consents: check."""


@ledger.command("check")
@as_json
@click.pass_obj
def check_command(shell: Shell, as_json: bool) -> None:
    """Ask every rule of every row, and write down what is found for the page “Always true”."""
    world, now = shell.world(), shell.now()
    with shell.database.read() as connection:
        taken = health.due_work_is_taken(health.due_work(connection, shell.workspace_id, now), now)
    rules = (*invariants.check_all(world, now), taken)
    rows = invariants.findings(shell.database, shell.workspace_id)
    if as_json:
        told = [
            {
                "rule": rule.code, "holds": rule.ok, "checked": rule.checked,
                "faults": [{"code": one.code, "text": say(one.code, one.params), **one.params} for one in rule.findings],
                "rows": [asdict(row) for row in rows if row.rule == rule.code],
            }
            for rule in rules
        ]  # fmt: skip
        print_json(told)
    else:
        for rule in rules:
            click.echo(
                f"{'ok  ' if rule.ok else 'STOP'}  {say(f'invariant.{rule.code}', {})}: {rule.checked} looked at"
            )
            for one in rule.findings:
                click.echo(f"      {say(one.code, one.params)}")
            if not rule.ok:
                click.echo(f"      {say(f'remedy.{rule.code}', {})}")
    if not all(rule.ok for rule in rules):
        raise SystemExit(1)
