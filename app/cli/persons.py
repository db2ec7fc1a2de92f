"""`trellis contacts export` and `trellis contacts erase`: what a person may ask of us, done by the team."""

from pathlib import Path

import click

from app.cli.shell import Shell
from app.cli.telling import BY, as_json, contact_named, print_json, refuse
from app.services import privacy


@click.command("export")
@click.argument("who")
@click.option(
    "--to", "target", type=click.Path(dir_okay=False, path_type=Path), help="The archive; my-data.zip."
)
@click.option("--locale", default=None, help="Language of the page in it; the contact's own.")
@as_json
@click.pass_obj
def export_command(shell: Shell, who: str, target: Path | None, locale: str | None, as_json: bool) -> None:
    """Everything kept about a contact, as JSON and as a page to read, in a ZIP file. WHO: an address or an id."""
    contact_id = contact_named(shell, who, as_json)
    found = privacy.export(shell.world(), contact_id, shell.now())
    if found is None:
        refuse("contact.unknown", {"contact": who}, as_json)
    if as_json:
        click.echo(found.as_json())
        return
    wanted = locale or found.tables["contacts"][0].get("locale") or shell.settings.default_locale
    target = target or Path("my-data.zip")
    target.touch(0o600)
    target.write_bytes(found.as_archive(str(wanted)))
    rows = sum(map(len, found.tables.values()))
    click.echo(
        f"{rows} rows of {len(found.tables)} tables are in {target}. Give it to nobody but the person."
    )


@click.command("erase")
@click.argument("who")
@click.option("--reason", "why", default="", help="Why, for the audit log; name nobody in it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@click.pass_obj
def erase_command(shell: Shell, who: str, why: str, yes: bool, as_json: bool) -> None:
    """Forget a contact: counts stay, the person goes. WHO: an address or an id."""
    contact_id = contact_named(shell, who, as_json)
    if not why.strip():
        refuse("erase.why_missing", {}, as_json)
    if not yes and not as_json:
        click.confirm("Nothing of it can be brought back. Erase this person?", abort=True)
    erased = privacy.erase(shell.world(), contact_id, by=BY, why=why, now=shell.now())
    if erased is None:
        refuse("contact.unknown", {"contact": who}, as_json)
    if as_json:
        print_json({"contact": erased.contact_id, "rows": erased.rows, "files_left": list(erased.left)})
        return
    click.echo(f"Erased: {erased.rows} rows. The job `forget` looks once more in ten minutes.")
    for name in erased.left:
        click.echo(f"Still named in {name}: look at it and remove it by hand.")


COMMANDS = (export_command, erase_command)
