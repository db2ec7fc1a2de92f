"""Facts that the engine sets: fields, tags, criteria. Each change has its line of history and its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from app.core.contacts import COLUMNS
from app.core.effects import SetCriterion, SetField, SetTag
from app.core.facts import Value
from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.timeline import line
from app.store import ledger
from app.store.prepared import Prepared
from app.store.tables import contact_criteria, contact_tags, contacts


@dataclass(frozen=True, slots=True)
class Author:
    """Whose change it is: the workspace, the contact, who did it, the event behind it, and when."""

    workspace_id: UUID
    contact_id: UUID
    actor: str
    event_id: UUID | None
    now: datetime


def set_field(connection: Connection, by: Author, effect: SetField) -> None:
    """Set a built-in column or a custom field; None clears it."""
    query = select(contacts).where(contacts.c.id == by.contact_id)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(key_share=True)
    row = connection.execute(query).one()
    name, new = effect.field, _plain(effect.value)
    own = dict(row.fields)
    old = row._mapping[name] if name in COLUMNS else own.get(name)
    if old == new:
        return
    values: dict[str, Any] = {name: new}
    if name not in COLUMNS:
        own.pop(name, None)
        values = {"fields": own if new is None else {**own, name: new}}
    _changed(connection, by, **values)
    _history(connection, [(by, "field", name, old, new, effect.reason)])


def set_tags(connection: Connection, wanted: Sequence[tuple[Author, SetTag]]) -> None:
    """Add and take away tags, in their order; what is so already changes nothing."""
    if not wanted:
        return
    table = contact_tags.c
    query = select(table.contact_id, table.tag).where(
        table.contact_id.in_({by.contact_id for by, _ in wanted}),
        table.tag.in_({each.tag for _, each in wanted}),
    )
    there = {(contact_id, tag) for contact_id, tag in connection.execute(query)}
    changes: dict[tuple[UUID, str], tuple[Author, SetTag]] = {}
    lines: list[_Line] = []
    for by, effect in wanted:
        key = (by.contact_id, effect.tag)
        if (key in there) == effect.present:
            continue
        there ^= {key}
        changes[key] = (by, effect)
        lines.append(
            (by, "tag", effect.tag, not effect.present or None, effect.present or None, effect.reason)
        )
    added = [
        {"contact_id": who, "tag": tag, "workspace_id": by.workspace_id, "added_at": by.now}
        for (who, tag), (by, effect) in changes.items()
        if effect.present
    ]
    ledger.insert_new(connection, contact_tags, added)
    for (who, tag), (_, effect) in changes.items():
        if not effect.present:
            connection.execute(delete(contact_tags).where(table.contact_id == who, table.tag == tag))
    _touched.run(
        connection, [{"row_id": by.contact_id, "new_at": by.now, "new_judge": by.now} for by, *_ in lines]
    )
    _history(connection, lines)


def set_criterion(connection: Connection, by: Author, effect: SetCriterion) -> None:
    """Write what is known of a criterion, with its evidence; the older answer stays in the history."""
    mine = (contact_criteria.c.contact_id == by.contact_id, contact_criteria.c.criterion == effect.criterion)
    before = connection.execute(select(contact_criteria).where(*mine)).one_or_none()
    values = {
        "state": effect.state,
        "value": _plain(effect.value),
        "evidence": dict(effect.evidence),
        "changed_at": by.now,
    }
    if before is None:
        connection.execute(
            insert(contact_criteria).values(
                contact_id=by.contact_id, criterion=effect.criterion, workspace_id=by.workspace_id, **values
            )
        )
    else:
        connection.execute(update(contact_criteria).where(*mine).values(**values))
    old = {"state": before.state, "value": before.value} if before is not None else None
    new = {"state": effect.state, "value": values["value"]}
    _changed(connection, by)
    _history(connection, [(by, "criterion", effect.criterion, old, new, effect.reason)])


def _plain(value: Value) -> str | float | bool | None:
    return value.isoformat() if isinstance(value, date) else value


def _changed(connection: Connection, by: Author, **values: Any) -> None:
    connection.execute(
        update(contacts)
        .where(contacts.c.id == by.contact_id)
        .values(revision=contacts.c.revision + 1, updated_at=by.now, judge_due_at=by.now, **values)
    )


_touched = Prepared(
    update(contacts)
    .where(contacts.c.id == bindparam("row_id"))
    .values(
        revision=contacts.c.revision + 1, updated_at=bindparam("new_at"), judge_due_at=bindparam("new_judge")
    )
)

# Whose change it is, kind of fact, its name, old and new value, and why.
_Line = tuple[Author, str, str, Any, Any, Reason]


def _history(connection: Connection, lines: Sequence[_Line]) -> None:
    changes, notes = [], []
    for by, kind, name, old, new, reason in lines:
        changes.append(
            {
                "id": new_id(by.now), "workspace_id": by.workspace_id, "contact_id": by.contact_id, "kind": kind,
                "name": name, "old": old, "new": new, "source": by.actor, "reason_code": reason.code,
                "reason_params": dict(reason.params), "at": by.now,
            }
        )  # fmt: skip
        told = Reason(reason.code, {**reason.params, "name": name, "old": old, "new": new})
        notes.append(
            line(
                by.workspace_id, by.contact_id, kind, told, by.now, actor=by.actor, event_id=by.event_id
            )
        )  # fmt: skip
    ledger.add_fact_changes(connection, changes)
    ledger.add_timeline(connection, notes)
