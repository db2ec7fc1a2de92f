"""How columns are declared: each says beside its definition what it is to a person.

`plain` tells nothing about anybody, `pseudonymous` points at a person through an id or a keyed
hash, `personal` is about a person and goes with an erasure. An undeclared column fails a test.

A table with personal columns refers to its contact, or says under `info`: `whose="colleague"` (of
somebody who signs in here) or `whose="named"` (rows are found by the address in them).
`known=True`: an erasure keeps what is one of our own keys, such as a template's. `app.store.persons`
reads all this.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, Text, text

from app.store.types import Id, Instant, Json, Sealed

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _declared(data: str) -> Callable[..., Column[Any]]:
    def column(name: str, *args: Any, known: bool = False, **options: Any) -> Column[Any]:
        options.setdefault("nullable", False)
        return Column(name, *args, info={"data": data, "known": known}, **options)

    return column


plain = _declared("plain")
pseudonymous = _declared("pseudonymous")
personal = _declared("personal")


def key() -> Column[Any]:
    """The row's own id, a uuid7 made in the services."""
    return plain("id", Id, primary_key=True)


def workspace() -> Column[Any]:
    """Stands first in every unique key of a name or an address."""
    return plain("workspace_id", Id, ForeignKey("workspaces.id"))


def contact(**options: Any) -> Column[Any]:
    return pseudonymous("contact_id", Id, ForeignKey("contacts.id"), **options)


def reason() -> tuple[Column[Any], Column[Any]]:
    """A change carries why: a stable code and the parameters of its sentence, which may quote a person."""
    return plain("reason_code", Text), personal("reason_params", Json)


def only(condition: str) -> dict[str, Any]:
    """For an index over some rows alone, on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


__all__ = [
    "Float", "ForeignKey", "Id", "Index", "Instant", "Integer", "Json", "Sealed", "Text",
    "contact", "key", "metadata", "only", "personal", "plain", "pseudonymous", "reason", "workspace",
]  # fmt: skip
