"""`trellis contacts merge`: two contacts made one, and with --undo made two again."""

from uuid import UUID

import click

from app.cli.shell import Shell
from app.cli.telling import BY, as_json, contact_named, print_json, refuse
from app.services import merging
from app.services.contacts import ContactFault
from app.services.world import World


@click.command("merge")
@click.argument("kept")
@click.argument("other")
@click.option("--undo", is_flag=True, help="Make them two again.")
@as_json
@click.pass_obj
def merge_command(shell: Shell, kept: str, other: str, undo: bool, as_json: bool) -> None:
    """Make OTHER a part of KEPT; both by address or id. KEPT's facts stay, and gaps are filled from OTHER."""
    world, now = shell.world(), shell.now()
    kept_id = contact_named(shell, kept, as_json)
    try:
        if undo:
            done = merging.undo(world, kept_id, _merge_of(world, kept_id, other, as_json), BY, now)
            told = {
                "kept": kept_id,
                "other": done.other_id,
                "stayed": list(done.stayed),
                "left": list(done.left),
            }
        else:
            other_id = contact_named(shell, other, as_json)
            told = {
                "kept": kept_id,
                "other": other_id,
                "merge": merging.merge(world, kept_id, other_id, BY, now),
            }
    except ContactFault as fault:
        refuse(fault.reason.code, fault.reason.params, as_json)
    if as_json:
        print_json(told)
    elif undo:
        stayed = ", ".join(done.stayed)
        click.echo(
            "They are two again." + (f" Changed since, and therefore as it is: {stayed}." if stayed else "")
        )
    else:
        click.echo("They are one. `--undo` makes them two again.")


def _merge_of(world: World, kept_id: UUID, other: str, as_json: bool) -> UUID:
    """The merge that brought this id or address; where there is none, the command ends here."""
    for row in merging.merged(world, kept_id):
        if other.strip().lower() in (str(row.merged_id), *(row.before or {}).get("mails", ())):
            found: UUID = row.id
            return found
    refuse("merge.unknown", {}, as_json)
