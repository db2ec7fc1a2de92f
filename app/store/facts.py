"""Loading what is known of many contacts: a handful of statements a chunk, only what is needed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    CompoundSelect,
    Connection,
    FromClause,
    LargeBinary,
    Select,
    bindparam,
    func,
    select,
    type_coerce,
)
from sqlalchemy import Uuid as NativeUuid

from app.core.conditions import Needs
from app.core.facts import CriterionFact, Facts, Happening, Measure
from app.store.contact_rows import ContactRows
from app.store.fields import from_json
from app.store.tables import (
    consents,
    contact_criteria,
    contact_tags,
    contacts,
    deliveries,
    events,
    interests,
    scores,
)
from app.store.typed_sql import start_of

CHUNK = 500
MOST_HAPPENINGS = 1000
EVERY = "*"

# How a delivery ends that did not reach the contact.
NOT_HAD = ("failed", "suppressed", "expired", "cancelled")


def load_facts(
    connection: Connection,
    workspace_id: UUID,
    lifecycle: str,
    ids: Iterable[UUID],
    needs: Needs | None,
    now: datetime,
) -> dict[UUID, Facts]:
    """The facts of the workspace's contacts among `ids`; without `needs` all of them.

    Stage, zone and country are always there; of the other families only the keys that `needs` names.
    Happenings reach up to `now`, newest last, at most 1,000 of a contact (the newest).
    """
    wanted = list(dict.fromkeys(ids))
    rows = ContactRows(connection, workspace_id, lifecycle, needs.fields if needs else None)
    found: dict[UUID, Facts] = {}
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        loaded = rows.load(chunk)
        _Families(connection, chunk, _by_raw_id(connection, loaded), needs, now).add()
        found.update(loaded)
    return found


def _by_raw_id(connection: Connection, loaded: dict[UUID, Facts]) -> dict[Any, Facts]:
    """By the id as the driver gives it: making a UUID of each row's bytes would cost more than the rest."""
    if connection.dialect.name != "sqlite":
        return dict(loaded)
    return {contact_id.bytes: facts for contact_id, facts in loaded.items()}


@dataclass(frozen=True, slots=True)
class _Families:
    """Adds the families that lie in rows of their own to the facts of one chunk."""

    connection: Connection
    ids: list[UUID]
    found: dict[Any, Facts]
    needs: Needs | None
    now: datetime

    def add(self) -> None:
        needs = self.needs
        self.keyed("tags", contact_tags.c.tag, (), needs.tags if needs else None)
        self.keyed("measures", scores.c.measure, MEASURE, needs.measures if needs else None)
        self.keyed("interests", interests.c.topic, MEASURE, needs.interests if needs else None)
        self.keyed("criteria", contact_criteria.c.criterion, CRITERION, needs.criteria if needs else None)
        self.keyed("consents", consents.c.purpose, ("state",), needs.consents if needs else None)
        if needs is None or needs.happenings:
            self.happenings(needs.window if needs else None)
        if needs is None or needs.had:
            self.had()
            self.read()

    def keyed(
        self, family: str, key: Column[Any], columns: tuple[str, ...], wanted: frozenset[str] | None
    ) -> None:
        """Rows (contact, key, columns…) of one table; `wanted` are the keys, None: all of them."""
        if wanted is not None and not wanted:
            return
        make = MAKERS[family]
        grouped: dict[Any, dict[str, Any]] = defaultdict(dict)
        for row in self.rows(_keyed(self.dialect, key, columns, wanted)):
            grouped[row[0]][row[1]] = make(row)
        for contact_id, values in grouped.items():
            if contact_id in self.found:
                setattr(self.found[contact_id], family, frozenset(values) if family == "tags" else values)

    def happenings(self, window: timedelta | None) -> None:
        since = start_of(self.now, window)
        statement = _happenings(self.dialect, since is not None)
        grouped: dict[Any, list[Happening]] = defaultdict(list)
        for contact_id, kind, subject, at, topics, verdict, *_ in self.rows(
            statement, now=self.now, since=since
        ):
            names = tuple(topic for topic in topics.split(",") if topic)
            grouped[contact_id].append(Happening(kind, subject, at, names, verdict))
        for contact_id, happenings in grouped.items():
            if contact_id in self.found:
                self.found[contact_id].happenings = happenings

    def had(self) -> None:
        """Templates of mails that reached the contact or are on their way; not of mails to the team."""
        grouped: dict[Any, set[str]] = defaultdict(set)
        for contact_id, template in self.rows(_had(self.dialect)):
            grouped[contact_id].add(template)
        for contact_id, templates in grouped.items():
            if contact_id in self.found:
                self.found[contact_id].had = frozenset(templates)

    def read(self) -> None:
        """What the contact opened of the library, up to now, and when first. Only what a person did counts."""
        grouped: dict[Any, dict[str, datetime]] = defaultdict(dict)
        for contact_id, piece, at in self.rows(_read(self.dialect), now=self.now):
            grouped[contact_id][piece] = at
        for contact_id, pieces in grouped.items():
            if contact_id in self.found:
                self.found[contact_id].read = pieces

    @property
    def dialect(self) -> str:
        return self.connection.dialect.name

    def rows(self, statement: Select[Any] | CompoundSelect[Any], **values: Any) -> Iterable[Any]:
        return self.connection.execute(statement, {"ids": self.ids, **values})


# The statements, each made once: for a few contacts making one takes longer than running it.


@lru_cache(maxsize=512)
def _keyed(
    dialect: str, key: Column[Any], columns: tuple[str, ...], wanted: frozenset[str] | None
) -> Select[Any]:
    statement = _of_ids(dialect, key.table, key, *(key.table.c[name] for name in columns))
    if wanted is not None and EVERY not in wanted:
        statement = statement.where(key.in_(sorted(wanted)))
    return statement


@cache
def _happenings(dialect: str, with_since: bool) -> Select[Any]:
    table = events.c
    newest_first = func.row_number().over(
        partition_by=table.contact_id, order_by=(table.occurred_at.desc(), table.id.desc())
    )
    numbered = _of_ids(
        dialect, events, table.kind, table.subject, table.occurred_at, table.topics, table.verdict, table.id,
        newest_first.label("place"),
    ).where(table.occurred_at <= bindparam("now"))  # fmt: skip
    if with_since:
        numbered = numbered.where(table.occurred_at >= bindparam("since"))
    newest = numbered.subquery()
    return select(newest).where(newest.c.place <= MOST_HAPPENINGS).order_by(newest.c.occurred_at, newest.c.id)


@cache
def _had(dialect: str) -> CompoundSelect[Any]:
    """What those who were merged into the contact had, the contact had."""
    table = deliveries.c
    reached = (table.state.not_in(NOT_HAD), table.recipient_user_id.is_(None))
    own = _of_ids(dialect, deliveries, table.template).where(*reached)
    into = contacts.c.merged_into
    merged = (
        select(_raw(dialect, into), table.template)
        .join(contacts, contacts.c.id == table.contact_id)
        .where(into.in_(bindparam("ids", expanding=True)), *reached)
    )
    return own.union(merged)


@cache
def _read(dialect: str) -> Select[Any]:
    table = events.c
    return (
        _of_ids(dialect, events, table.subject, func.min(table.occurred_at).label("at"))
        .where(
            table.kind.in_(("visited", "downloaded")), table.source == "hit", table.verdict == "human",
            table.occurred_at <= bindparam("now"),
        )
        .group_by(table.contact_id, table.subject)
    )  # fmt: skip


def _of_ids(dialect: str, table: FromClause, *columns: Any) -> Select[Any]:
    """The columns behind the contact's raw id."""
    contact = table.c.contact_id
    return select(_raw(dialect, contact), *columns).where(contact.in_(bindparam("ids", expanding=True)))


def _raw(dialect: str, column: Any) -> Any:
    native = NativeUuid() if dialect != "sqlite" else LargeBinary(16)
    return type_coerce(column, native).label("contact")


def _measure(row: Any) -> Measure:
    """A half-life of under a second counts as none, so that nothing divides by zero."""
    value, as_of, half_life = row[2:]
    return Measure(value, as_of, timedelta(seconds=half_life) if half_life and half_life >= 1 else None)


def _criterion(row: Any) -> CriterionFact:
    return CriterionFact(row[2], from_json(row[3], is_date=True))


MEASURE = ("value", "as_of", "half_life")
CRITERION = ("state", "value")
MAKERS: Mapping[str, Callable[[Any], Any]] = {
    "tags": lambda row: None,
    "measures": _measure,
    "interests": _measure,
    "criteria": _criterion,
    "consents": lambda row: row[2],
}
