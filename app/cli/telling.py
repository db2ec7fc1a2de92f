"""How commands tell what they found: sentences for people, JSON for programs, exit code 1 for a refusal.

What asks the database is loaded when it is called: commands that need none start in half the time.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

import click

if TYPE_CHECKING:
    from app.cli.shell import Shell

BY = "system"
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")


def sentence(code: str, params: Mapping[str, Any]) -> str:
    """A sentence, also of a code whose text is a clause."""
    from app.services.sentences import say

    text = say(code, params)
    return text if text.endswith(".") else f"{text[:1].upper()}{text[1:]}."


def print_json(value: Any) -> None:
    def plain(found: Any) -> str:
        return found.isoformat() if isinstance(found, datetime) else str(found)

    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=plain))


def refuse(code: str, params: Mapping[str, Any], as_json: bool) -> NoReturn:
    if as_json:
        print_json({"problem": sentence(code, params), "code": code})
    else:
        click.echo(sentence(code, params), err=True)
    raise SystemExit(1)


def contact_named(shell: "Shell", who: str, as_json: bool) -> UUID:
    """The contact with this address or id; where there is none, the command ends here."""
    from app.services.contacts import find_contact

    contact_id = find_contact(shell.database, shell.workspace_id, who)
    if contact_id is None:
        refuse("contact.unknown", {"contact": who}, as_json)
    return contact_id
