"""The contacts' own rows as facts: stage and fields."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Select, and_, bindparam, select

from app.core.facts import Facts, Value
from app.store.fields import (
    BUILT_IN,
    COMPANY,
    COMPANY_COLUMNS,
    CONTACT_COLUMNS,
    CREATED,
    EMAIL,
    OWNER,
    from_json,
)
from app.store.hints import within
from app.store.tables import companies, contact_stages, contacts, field_definitions, identities, users

# Time and holidays are always asked for.
ALWAYS = frozenset({"zone", "country"})
COLUMNS: Mapping[str, Column[Any]] = {
    **CONTACT_COLUMNS,
    CREATED: contacts.c.created_at,
    OWNER: users.c.email,
    **COMPANY_COLUMNS,
}


class ContactRows:
    """One plan for all chunks of a load: which columns, joins and custom fields `wanted` (None: all) takes."""

    def __init__(
        self, connection: Connection, workspace_id: UUID, lifecycle: str, wanted: frozenset[str] | None
    ) -> None:
        names = tuple(name for name in COLUMNS if wanted is None or name in wanted or name in ALWAYS)
        custom = None if wanted is None else wanted - BUILT_IN
        self.connection = connection
        self.names = names
        self.custom = custom
        self.with_fields = custom is None or any(not key.startswith(COMPANY) for key in custom)
        self.with_company_fields = custom is None or any(key.startswith(COMPANY) for key in custom)
        self.with_address = wanted is None or EMAIL in wanted
        self.dates = _date_keys(connection, workspace_id) if custom is None or custom else frozenset()
        self.statement = _statement(names, self.with_fields, self.with_company_fields)
        self.asked = {"workspace": workspace_id, "lifecycle": lifecycle}

    def load(self, ids: list[UUID]) -> dict[UUID, Facts]:
        """Those of `ids` that are contacts of the workspace."""
        found: dict[UUID, Facts] = {}
        addresses = self._addresses(ids) if self.with_address else None
        first = 3 + self.with_fields + self.with_company_fields
        for row in self.connection.execute(self.statement, {**self.asked, "ids": ids}):
            contact_id = row[0]
            fields: dict[str, Value] = dict(zip(self.names, row[first:], strict=True))
            if CREATED in fields:
                fields[CREATED] = row[first + self.names.index(CREATED)].date()
            if addresses is not None:
                fields[EMAIL] = addresses.get(contact_id)
            if self.with_fields:
                self._add_custom(fields, "", row[3])
            if self.with_company_fields:
                self._add_custom(fields, COMPANY, row[first - 1])
            found[contact_id] = Facts(contact_id, row[1] or "", row[2], fields)
        return found

    def _add_custom(self, fields: dict[str, Value], prefix: str, stored: Mapping[str, Any] | None) -> None:
        for name, value in (stored or {}).items():
            key = prefix + name
            wanted = key not in BUILT_IN if self.custom is None else key in self.custom
            if wanted and (prefix or not name.startswith(COMPANY)):
                fields[key] = from_json(value, key in self.dates)

    def _addresses(self, ids: list[UUID]) -> dict[UUID, str]:
        rows = self.connection.execute(_addresses, {"ids": ids})
        return {row.contact_id: row.value for row in rows}


@lru_cache(maxsize=256)
def _statement(names: tuple[str, ...], with_fields: bool, with_company_fields: bool) -> Select[Any]:
    """Made once: for a few contacts making it takes longer than running it."""
    in_lifecycle = and_(
        contact_stages.c.contact_id == contacts.c.id, contact_stages.c.lifecycle == bindparam("lifecycle")
    )
    source = contacts.outerjoin(contact_stages, in_lifecycle)
    if with_company_fields or any(name in COMPANY_COLUMNS for name in names):
        source = source.outerjoin(companies, companies.c.id == contacts.c.company_id)
    if OWNER in names:
        source = source.outerjoin(users, users.c.id == contacts.c.owner_id)
    columns = [contacts.c.id, contact_stages.c.stage, contact_stages.c.since]
    columns += [contacts.c.fields] if with_fields else []
    columns += [companies.c.fields] if with_company_fields else []
    columns += [COLUMNS[name] for name in names]
    workspace: Any = bindparam("workspace")
    return (
        select(*columns)
        .select_from(source)
        .where(within(contacts, workspace), contacts.c.id.in_(bindparam("ids", expanding=True)))
    )


_addresses = (
    select(identities.c.contact_id, identities.c.value)
    .where(
        identities.c.contact_id.in_(bindparam("ids", expanding=True)),
        identities.c.kind == "email",
        identities.c.is_primary,
    )
    .order_by(identities.c.id.desc())  # of several the oldest stays
)
_dates = select(field_definitions.c.subject, field_definitions.c.key).where(
    field_definitions.c.workspace_id == bindparam("workspace"), field_definitions.c.type == "date"
)


def _date_keys(connection: Connection, workspace_id: UUID) -> frozenset[str]:
    found = connection.execute(_dates, {"workspace": workspace_id})
    return frozenset(COMPANY + key if subject == "company" else key for subject, key in found)
