"""Custom fields in people's hands: what they hold, where rules and mails use them, added, renamed, taken out of use."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.assignment import needs_of
from app.core.conditions import Needs, needs
from app.core.contacts import TYPES
from app.core.reasons import Reason
from app.core.steps import SetFact
from app.services.ids import new_id
from app.services.importing.options import FIELD_KEY, is_reserved
from app.services.library import Catalogue
from app.services.reading import Unreadable
from app.services.world import World
from app.store import accounts, definitions
from app.store import custom_fields as store

SUBJECTS = ("contact", "company")
LONGEST_LABEL, LONGEST_CHOICE, MOST_CHOICES, MOST_FIELDS = 80, 80, 200, 400
# Their sources are texts in which a field stands as `contact.flats` or `company.size`.
TEXTS = ("layout", "partial", "template", "piece")
_NAMED = re.compile(r"\b(contact|company)\.([a-z][a-z0-9_]*)")


class FieldFault(Exception):
    """What was asked cannot be done; nothing was written. `field` names the part of the form."""

    def __init__(self, code: str, field: str = "", **params: Any) -> None:
        super().__init__(code)
        self.reason, self.field = Reason(code, params), field


@dataclass(frozen=True, slots=True)
class Use:
    """A text in force that names the field."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Field:
    """`name` is how rules name it. Of the `looked` newest people or companies `filled` have a value; `held` counts
    them by choice.
    """

    id: UUID
    subject: str
    key: str
    label: str
    type: str
    choices: tuple[str, ...]
    created_at: datetime
    retired_at: datetime | None
    uses: tuple[Use, ...] = ()
    filled: int = 0
    looked: int = 0
    held: Mapping[str, int] | None = None

    @property
    def name(self) -> str:
        return f"company.{self.key}" if self.subject == "company" else self.key

    @property
    def look(self) -> str:
        """Names what a form showed of it, to see whether somebody changed it meanwhile."""
        return blake2b("\n".join((self.label, *self.choices)).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Listing:
    """`fault`: why it cannot be said where they are used."""

    fields: tuple[Field, ...]
    fault: Reason | None = None

    def field(self, field_id: UUID) -> Field | None:
        return next((one for one in self.fields if one.id == field_id), None)


def listed(world: World, now: datetime) -> Listing:
    """Every field, with what is in it and where it is used."""
    fault: Reason | None = None
    used: Mapping[str, Sequence[Use]] = {}
    with world.database.read() as connection:
        rows = store.listing(connection, world.workspace_id)
        counted = {subject: store.filled(connection, world.workspace_id, subject) for subject in SUBJECTS}
        try:
            used = _uses(connection, world, now)
        except FieldFault as error:
            fault = error.reason
    return Listing(tuple(_counted(_field(row, used), *counted[row.subject]) for row in rows), fault)


def add(
    world: World,
    wish: Mapping[str, str],
    now: datetime,
    by: UUID | None,
) -> Field:
    """A new field from a form: subject, key, label, type and, one a line, choices. Raises FieldFault."""
    subject, kind = wish["subject"], wish["type"]
    if subject not in SUBJECTS or kind not in TYPES:
        raise FieldFault("fields.form")
    label = _label(wish["label"])
    key = wish["key"].strip() or key_of(label)
    if not FIELD_KEY.fullmatch(key):
        raise FieldFault("fields.key", "key", key=key[:60])
    if is_reserved(subject, key):
        raise FieldFault("fields.reserved", "key", key=key)
    choices = _choices(kind, wish["choices"])
    field_id = new_id(now)
    row = {
        "id": field_id, "workspace_id": world.workspace_id, "subject": subject, "key": key, "label": label,
        "type": kind, "choices": list(choices), "created_at": now, "retired_at": None,
    }  # fmt: skip
    with world.database.write() as connection:
        accounts.lock_workspace(connection, world.workspace_id)
        there = store.listing(connection, world.workspace_id)
        if len(there) >= MOST_FIELDS:
            raise FieldFault("fields.many", "key", most=MOST_FIELDS)
        if any(one.subject == subject and one.label.casefold() == label.casefold() for one in there):
            raise FieldFault("fields.label_taken", "label", label=label)
        if not store.add(connection, row):
            raise FieldFault("fields.taken", "key", key=key)
        told = {"key": key, "subject": subject, "label": label, "type": kind}
        _audit(connection, world, field_id, "field.added", told, now, by)
    return Field(field_id, subject, key, label, kind, choices, now, None)


def change(
    world: World,
    field_id: UUID,
    wish: Mapping[str, str],
    seen: str,
    now: datetime,
    by: UUID | None,
    *,
    sure: bool = False,
) -> None:
    """Another title, other choices. `seen` is the look the form showed. Raises FieldFault.

    A choice that people have stays with them when it is taken off the list, so that is asked for (`sure`).
    """
    with world.database.write() as connection:
        accounts.lock_workspace(connection, world.workspace_id)
        field = _found(connection, world, field_id)
        if seen != field.look:
            raise FieldFault("fields.stale")
        label, choices = _label(wish["label"]), _choices(field.type, wish["choices"])
        others = [one for one in store.listing(connection, world.workspace_id) if one.id != field_id]
        if any(one.subject == field.subject and one.label.casefold() == label.casefold() for one in others):
            raise FieldFault("fields.label_taken", "label", label=label)
        gone = [one for one in field.choices if one not in choices]
        if gone and not sure:
            held = _counted(field, *store.filled(connection, world.workspace_id, field.subject)).held or {}
            if kept := {one: held[one] for one in gone if held.get(one)}:
                raise FieldFault("fields.held", "choices", choices=list(kept), count=sum(kept.values()))
        changed: dict[str, Any] = {}
        if label != field.label:
            changed["label"] = label
        if choices != field.choices:
            changed["choices"] = list(choices)
        if changed:
            store.change(connection, field_id, **changed)
            _audit(connection, world, field_id, "field.changed", {"key": field.name, **changed}, now, by)


def retire(world: World, field_id: UUID, now: datetime, by: UUID | None) -> None:
    """Take a field out of use: nothing may name it any more, and what people have in it stays. Raises FieldFault."""
    with world.database.write() as connection:
        accounts.lock_workspace(connection, world.workspace_id)
        field = _found(connection, world, field_id, _uses(connection, world, now))
        if field.retired_at is not None:
            return
        if field.uses:
            raise FieldFault("fields.in_use", uses=[f"{use.kind} {use.key}" for use in field.uses])
        store.change(connection, field_id, retired_at=now)
        _audit(connection, world, field_id, "field.retired", {"key": field.name}, now, by)


def bring_back(world: World, field_id: UUID, now: datetime, by: UUID | None) -> None:
    """Let rules and mails name a field again. Raises FieldFault."""
    with world.database.write() as connection:
        field = _found(connection, world, field_id)
        if field.retired_at is not None:
            store.change(connection, field_id, retired_at=None)
            _audit(connection, world, field_id, "field.brought_back", {"key": field.name}, now, by)


def key_of(label: str) -> str:
    """A key for a title: its letters and digits in ASCII, such as `number_of_flats`."""
    plain = re.sub(r"[^a-z0-9]+", "_", label.casefold().encode("ascii", "ignore").decode()).strip("_")
    return plain[:40].rstrip("_")


def _label(text: str) -> str:
    label = " ".join(text.split())
    if not label:
        raise FieldFault("fields.no_label", "label")
    if len(label) > LONGEST_LABEL or not label.isprintable():
        raise FieldFault("fields.label", "label", most=LONGEST_LABEL)
    return label


def _choices(kind: str, text: str) -> tuple[str, ...]:
    choices = tuple(dict.fromkeys(filter(None, (" ".join(line.split()) for line in text.splitlines()))))
    if kind != "choice":
        return ()
    if not choices:
        raise FieldFault("fields.no_choices", "choices")
    if len(choices) > MOST_CHOICES or not all(len(one) <= LONGEST_CHOICE for one in choices):
        raise FieldFault("fields.choices", "choices", most=MOST_CHOICES, longest=LONGEST_CHOICE)
    if not all(one.isprintable() for one in choices):
        raise FieldFault("fields.choices", "choices", most=MOST_CHOICES, longest=LONGEST_CHOICE)
    return choices


def _found(
    connection: Connection,
    world: World,
    field_id: UUID,
    used: Mapping[str, Sequence[Use]] | None = None,
) -> Field:
    row = store.find(connection, world.workspace_id, field_id)
    if row is None:
        raise FieldFault("fields.gone")
    return _field(row, used or {})


def _field(row: Row[Any], used: Mapping[str, Sequence[Use]]) -> Field:
    field = Field(
        row.id, row.subject, row.key, row.label, row.type, tuple(row.choices), row.created_at, row.retired_at
    )
    return replace(field, uses=tuple(used.get(field.name, ())))


def _counted(field: Field, counted: Mapping[tuple[str, str], int], looked: int) -> Field:
    held = {value: count for (key, value), count in counted.items() if key == field.key}
    choices = held if field.type == "choice" else None
    return replace(field, filled=sum(held.values()), looked=looked, held=choices)


def _uses(connection: Connection, world: World, now: datetime) -> dict[str, list[Use]]:
    """By the name of the field: every text in force that names it. Raises FieldFault where one cannot be read."""
    found: dict[str, dict[Use, None]] = defaultdict(dict)
    live = [row for row in definitions.live(connection, world.workspace_id) if row.version_id is not None]
    for row in live:
        if row.kind in TEXTS and row.state != "archived":
            for root, key in _NAMED.findall(row.source):
                found[f"company.{key}" if root == "company" else key][Use(row.kind, row.key)] = None
    if {row.kind for row in live} & {"lifecycle", "scoring", "sequence", "segment"}:
        try:
            catalogue = world.library.catalogue(now)
        except Unreadable as error:
            raise FieldFault("fields.unreadable", said=str(error)) from None
        for use, wanted in _rules(catalogue):
            for name in wanted:
                found[name][use] = None
    return {name: list(uses) for name, uses in found.items()}


def _rules(catalogue: Catalogue) -> Iterator[tuple[Use, frozenset[str]]]:
    """What each rule in force looks at or sets."""
    total = Needs()
    for entry in catalogue.rules.lifecycle.entries:
        total = total | needs(entry.condition) if entry.condition is not None else total
    total = total | (needs_of(catalogue.rules.programme.tasks) or Needs())
    forms = {name for form in catalogue.rules.programme.forms.values() for name in form.fields}
    yield Use("lifecycle", "lifecycle"), total.fields | forms
    for rule in (*catalogue.rules.scoring.fit, *catalogue.rules.scoring.engagement):
        if rule.condition is not None:
            yield Use("scoring", rule.key), needs(rule.condition).fields
    for key, condition in catalogue.setting.segments.items():
        yield Use("segment", key), needs(condition).fields
    for key, version in catalogue.sequences.items():
        if version.state != "archived":
            steps, trigger = version.sequence.steps.values(), version.sequence.trigger
            named = {step.name for step in steps if isinstance(step, SetFact) and step.what == "field"}
            if trigger.on == "date":
                named.add(trigger.name)
            yield Use("sequence", key), version.sequence.needs.fields | named


def _audit(
    connection: Connection,
    world: World,
    field_id: UUID,
    action: str,
    detail: dict[str, Any],
    now: datetime,
    by: UUID | None,
) -> None:
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": "field", "subject": str(field_id), "detail": detail,
        },
    )  # fmt: skip
