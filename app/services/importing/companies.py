"""The companies that a chunk speaks of: found, or made; what is known of one is never replaced."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping

from app.core.contacts import CompanyWish, Wanted
from app.services.ids import new_id
from app.store import companies

_MOST_MET = 50_000


@dataclass(frozen=True, slots=True)
class _Met:
    """What a company need not be told again."""

    company_id: UUID
    named: bool
    fields: frozenset[str]

    def knows(self, wish: CompanyWish) -> bool:
        return (self.named or not wish.name) and wish.fields.keys() <= self.fields


class Companies:
    """The companies that rows speak of, each looked up once for as long as nothing new is said of it."""

    def __init__(self, workspace_id: UUID, now: datetime) -> None:
        self._workspace_id, self._now = workspace_id, now
        self._met: dict[str, _Met] = {}

    def of(self, connection: Connection, wanted: Iterable[Wanted]) -> dict[str, UUID]:
        """The id of each company by its key; missing ones are inserted, empty places of others filled."""
        wishes = _together(row.company for row in wanted if row.company is not None)
        known = {
            key: met.company_id for key in wishes if (met := self._met.get(key)) and met.knows(wishes[key])
        }
        new = {key: wish for key, wish in wishes.items() if key not in known}
        if not new:
            return known
        if len(self._met) > _MOST_MET:
            self.forget()
        return known | self._look_up(connection, new)

    def forget(self) -> None:
        """What was met in a transaction that failed may not be there."""
        self._met.clear()

    def _look_up(self, connection: Connection, wishes: dict[str, CompanyWish]) -> dict[str, UUID]:
        workspace_id = self._workspace_id
        found = _find(connection, workspace_id, wishes)
        missing = [wishes[key] for key in sorted(wishes.keys() - found.keys())]
        if missing:
            companies.add_missing(connection, [_row(workspace_id, wish, self._now) for wish in missing])
            found |= _find(connection, workspace_id, {wish.key: wish for wish in missing})
        for key, row in found.items():
            wish = wishes[key]
            values = _to_fill(wish, row)
            if values:
                companies.fill(connection, row["id"], values)
            named = bool(wish.name) or row["name"] != row["domain"]
            self._met[key] = _Met(row["id"], named, frozenset(row["fields"]).union(wish.fields))
        return {key: row["id"] for key, row in found.items()}


def companies_of(
    connection: Connection, workspace_id: UUID, wanted: Iterable[Wanted], now: datetime
) -> dict[str, UUID]:
    """`Companies.of` for one time."""
    return Companies(workspace_id, now).of(connection, wanted)


def _together(wishes: Iterable[CompanyWish]) -> dict[str, CompanyWish]:
    """One wish a company; the first that says something has it."""
    by_key: dict[str, CompanyWish] = {}
    for wish in wishes:
        first = by_key.get(wish.key)
        if first is None:
            by_key[wish.key] = wish
        elif wish.fields or (wish.name and not first.name):
            by_key[wish.key] = replace(
                first, name=first.name or wish.name, fields={**wish.fields, **first.fields}
            )
    return by_key


def _find(
    connection: Connection, workspace_id: UUID, wishes: dict[str, CompanyWish]
) -> dict[str, RowMapping]:
    """By the key of the wish: one that was made of a name is found by it also after somebody renamed it."""
    domains = [key for key, wish in wishes.items() if wish.domain]
    ids = {companies.nameless_id(workspace_id, key): key for key, wish in wishes.items() if not wish.domain}
    rows = companies.find(connection, workspace_id, domains, ids)
    found = {row["domain"]: row for row in rows if row["domain"] in wishes}
    return found | {ids[row["id"]]: row for row in rows if row["id"] in ids}


def _row(workspace_id: UUID, wish: CompanyWish, now: datetime) -> tuple[Any, ...]:
    company_id = new_id(now) if wish.domain else companies.nameless_id(workspace_id, wish.key)
    return (company_id, workspace_id, wish.domain, wish.name or wish.key, dict(wish.fields), now)


def _to_fill(wish: CompanyWish, row: RowMapping) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if wish.name and row["name"] == row["domain"]:
        values["name"] = wish.name
    fields = {**wish.fields, **row["fields"]}
    if fields != row["fields"]:
        values["fields"] = fields
    return values
