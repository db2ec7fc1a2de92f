"""Contacts and what hangs on them: looked up and written by the hundred, one statement a table."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Select, bindparam, delete, func, insert, select, update

from app.core.contacts import COLUMNS, FieldType, Known, nameless_key
from app.store.bulk import Row, insert_many, insert_missing
from app.store.tables import (
    admissions,
    companies,
    consent_entries,
    consents,
    contact_stages,
    contact_tags,
    contacts,
    deliveries,
    fact_changes,
    field_definitions,
    identities,
    suppressions,
    timeline,
    users,
)  # fmt: skip

CONTACT = (
    "id", "workspace_id", "company_id", "owner_id", *COLUMNS, "fields", "revision", "created_at", "updated_at",
    "judge_due_at",
)  # fmt: skip
IDENTITY = ("id", "workspace_id", "contact_id", "kind", "value", "shown_as", "is_primary", "created_at")
STAGE = (
    "contact_id",
    "lifecycle",
    "workspace_id",
    "stage",
    "since",
    "reason_code",
    "reason_params",
    "revision",
)
TAG = ("contact_id", "tag", "workspace_id", "added_at")
CONSENT = ("contact_id", "purpose", "workspace_id", "state", "basis", "at")
CONSENT_ENTRY = ("id", "workspace_id", "contact_id", "purpose", "state", "basis", "source", "at", "detail")
FACT = (
    "id", "workspace_id", "contact_id", "kind", "name", "old", "new", "source", "reason_code", "reason_params", "at",
)  # fmt: skip
TIMELINE = ("id", "workspace_id", "contact_id", "at", "kind", "code", "params", "actor")
ADMISSION = (
    "id", "workspace_id", "contact_id", "definition_id", "due_at", "state", "dedupe_key", "trigger",
    "reason_code", "reason_params", "created_at",
)  # fmt: skip

# SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535.
_AT_ONCE = 10_000


@dataclass(slots=True)
class Batch:
    """New rows by table, in the column orders above, and contacts to be brought up to date."""

    contacts: list[Row] = field(default_factory=list)
    identities: list[Row] = field(default_factory=list)
    stages: list[Row] = field(default_factory=list)
    tags: list[Row] = field(default_factory=list)
    consents: list[Row] = field(default_factory=list)
    consent_entries: list[Row] = field(default_factory=list)
    facts: list[Row] = field(default_factory=list)
    timeline: list[Row] = field(default_factory=list)
    admissions: list[Row] = field(default_factory=list)
    updates: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    def write(self, connection: Connection) -> None:
        """All of it, in this transaction. Raises IntegrityError when another writer took an address first."""
        insert_many(connection, contacts, CONTACT, self.contacts)
        insert_many(connection, identities, IDENTITY, self.identities)
        insert_many(connection, contact_stages, STAGE, self.stages)
        insert_many(connection, contact_tags, TAG, self.tags)
        insert_missing(connection, consents, CONSENT, self.consents)
        insert_many(connection, consent_entries, CONSENT_ENTRY, self.consent_entries)
        insert_many(connection, fact_changes, FACT, self.facts)
        insert_many(connection, timeline, TIMELINE, self.timeline)
        insert_missing(connection, admissions, ADMISSION, self.admissions)
        _update(connection, self.updates)


def contacts_of(connection: Connection, workspace_id: UUID, addresses: Collection[str]) -> dict[str, UUID]:
    """Whose the normalised addresses are; unknown ones are absent."""
    found: dict[str, UUID] = {}
    for part in _parts(addresses):
        rows = connection.execute(
            select(identities.c.value, identities.c.contact_id).where(
                identities.c.workspace_id == workspace_id,
                identities.c.kind == "email",
                identities.c.value.in_(part),
            )
        )
        found.update((value, contact_id) for value, contact_id in rows)
    return found


def load_known(
    connection: Connection, ids: Collection[UUID], lifecycle: str, lock: bool = False
) -> dict[UUID, Known]:
    """The contacts as they stand. `lock` keeps others from changing them until this transaction ends."""
    known: dict[UUID, Known] = {}
    for part in _parts(ids):
        mine = contacts.c.id.in_(part)
        query = select(*(contacts.c[name] for name in ("id", "owner_id", "revision", "fields", *COLUMNS)))
        query = query.where(mine).order_by(contacts.c.id)
        for row in connection.execute(query.with_for_update(key_share=True) if lock else query).mappings():
            known[row["id"]] = _known(row)
        _add_companies(connection, part, known)
        _add_addresses(connection, part, known)
        _add_tags(connection, part, known)
        of_lifecycle = contact_stages.c.lifecycle == lifecycle
        stage_rows = select(contact_stages.c.contact_id, contact_stages.c.stage).where(of_lifecycle)
        for contact_id, stage in connection.execute(stage_rows.where(contact_stages.c.contact_id.in_(part))):
            known[contact_id].stage = stage
        _add_consents(connection, part, known)
    return known


def is_tagged(connection: Connection, workspace_id: UUID, tag: str) -> bool:
    """Whether anybody who is there has the tag: neither merged into another nor erased."""
    query = select(contact_tags.c.contact_id).join(contacts, contacts.c.id == contact_tags.c.contact_id)
    mine = (contact_tags.c.workspace_id == workspace_id) & (contact_tags.c.tag == tag)
    there = contacts.c.merged_into.is_(None) & contacts.c.erased_at.is_(None)
    return connection.execute(query.where(mine, there).limit(1)).first() is not None


def any_suppressed(connection: Connection, workspace_id: UUID) -> bool:
    """Whether there is any suppression that holds, before thousands of hashes are made to ask for them."""
    live = (suppressions.c.workspace_id == workspace_id) & suppressions.c.lifted_at.is_(None)
    return connection.execute(select(suppressions.c.id).where(live).limit(1)).first() is not None


def live_suppressions(
    connection: Connection, workspace_id: UUID, hashes: Collection[str]
) -> dict[str, list[tuple[str, str, str]]]:
    """By keyed hash of an address or a domain: (scope, topic, source) of each suppression that holds."""
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    if not any_suppressed(connection, workspace_id):
        return found
    live = (suppressions.c.workspace_id == workspace_id) & suppressions.c.lifted_at.is_(None)
    columns = (suppressions.c.value_hash, suppressions.c.scope, suppressions.c.topic, suppressions.c.source)
    scopes = suppressions.c.scope.in_(("topic", "marketing", "address", "domain", "company"))
    for part in _parts(hashes):
        for value, *rest in connection.execute(
            select(*columns).where(live, scopes, suppressions.c.value_hash.in_(part))
        ):
            found[value].append((rest[0], rest[1], rest[2]))
    return found


def owners_by_email(connection: Connection, workspace_id: UUID) -> dict[str, UUID]:
    """Everybody who may own contacts, by address in lower case."""
    rows = connection.execute(
        select(users.c.email, users.c.id).where(
            users.c.workspace_id == workspace_id, users.c.disabled_at.is_(None)
        )
    )
    return {email.lower(): user_id for email, user_id in rows}


def owners(connection: Connection, workspace_id: UUID) -> list[Any]:
    """Everybody who may own contacts, by name."""
    query = select(users.c.id, users.c.name, users.c.email)
    mine = query.where(users.c.workspace_id == workspace_id, users.c.disabled_at.is_(None))
    return list(connection.execute(mine.order_by(users.c.name).limit(500)))


def field_types(connection: Connection, workspace_id: UUID) -> list[RowMapping]:
    """The custom fields: subject, key, label, type, choices."""
    query = select(field_definitions).where(field_definitions.c.workspace_id == workspace_id)
    return list(
        connection.execute(query.order_by(field_definitions.c.subject, field_definitions.c.key)).mappings()
    )


def remove_tag(connection: Connection, contact_id: UUID, tag: str) -> bool:
    mine = (contact_tags.c.contact_id == contact_id) & (contact_tags.c.tag == tag)
    return connection.execute(delete(contact_tags).where(mine)).rowcount > 0


def set_consent(
    connection: Connection, workspace_id: UUID, contact_id: UUID, values: Mapping[str, Any]
) -> None:
    """Write the current state of a purpose: `values` has purpose, state, basis and at."""
    mine = (consents.c.contact_id == contact_id) & (consents.c.purpose == values["purpose"])
    if connection.execute(update(consents).where(mine).values(**values)).rowcount == 0:
        row = (contact_id, values["purpose"], workspace_id, values["state"], values["basis"], values["at"])
        insert_missing(connection, consents, CONSENT, [row])


def exists(connection: Connection, workspace_id: UUID, contact_id: UUID) -> bool:
    query = select(contacts.c.id).where(
        contacts.c.workspace_id == workspace_id, contacts.c.id == contact_id, contacts.c.erased_at.is_(None)
    )
    return connection.execute(query).first() is not None


def listing(
    connection: Connection, workspace_id: UUID, lifecycle: str, stage: str | None, tag: str | None, limit: int
) -> list[RowMapping]:
    """The newest contacts with their primary address and stage, cut by stage and tag."""
    address = _primary_address().label("email")
    query: Select[Any] = (
        select(
            contacts.c.id, contacts.c.first_name, contacts.c.last_name, contacts.c.country, contacts.c.created_at,
            contact_stages.c.stage, address,
        )
        .outerjoin(
            contact_stages,
            (contact_stages.c.contact_id == contacts.c.id) & (contact_stages.c.lifecycle == lifecycle),
        )
        .where(
            contacts.c.workspace_id == workspace_id, contacts.c.erased_at.is_(None), contacts.c.merged_into.is_(None)
        )
        .order_by(contacts.c.created_at.desc(), contacts.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    if stage is not None:
        query = query.where(contact_stages.c.stage == stage)
    if tag is not None:
        tagged = select(contact_tags.c.contact_id).where(
            contact_tags.c.workspace_id == workspace_id, contact_tags.c.tag == tag
        )
        query = query.where(contacts.c.id.in_(tagged))
    return list(connection.execute(query).mappings())


def history(connection: Connection, contact_id: UUID, limit: int = 200) -> list[RowMapping]:
    """The changes of a contact's facts, newest first."""
    query = select(fact_changes).where(fact_changes.c.contact_id == contact_id)
    ordered = query.order_by(fact_changes.c.at.desc(), fact_changes.c.id.desc()).limit(limit)
    return list(connection.execute(ordered).mappings())


def last_change(connection: Connection, contact_id: UUID, kind: str, name: str) -> RowMapping | None:
    """The newest change of one fact."""
    mine = (
        (fact_changes.c.contact_id == contact_id)
        & (fact_changes.c.kind == kind)
        & (fact_changes.c.name == name)
    )
    ordered = select(fact_changes).where(mine).order_by(fact_changes.c.at.desc(), fact_changes.c.id.desc())
    return connection.execute(ordered.limit(1)).mappings().first()


def lock(connection: Connection, workspace_id: UUID, contact_id: UUID) -> bool:
    """Hold one contact until the transaction ends, so that two who act on it take turns; False: it is not there.

    Rows that refer to the contact do not wait: the sender writes them with the contact's mails in its hands.
    """
    query = select(contacts.c.id).where(
        contacts.c.workspace_id == workspace_id,
        contacts.c.id == contact_id,
        contacts.c.erased_at.is_(None),
        contacts.c.merged_into.is_(None),
    )
    return connection.execute(query.with_for_update(key_share=True)).first() is not None


def rests_until(connection: Connection, contact_id: UUID) -> datetime | None:
    return connection.execute(select(contacts.c.paused_until).where(contacts.c.id == contact_id)).scalar()


def rest(connection: Connection, contact_id: UUID, until: datetime | None, now: datetime) -> None:
    """No marketing mail before `until`; None: the rest is over."""
    mine = update(contacts).where(contacts.c.id == contact_id)
    connection.execute(mine.values(paused_until=until, updated_at=now, revision=contacts.c.revision + 1))


def wake_mails(connection: Connection, contact_id: UUID, code: str, now: datetime) -> None:
    """Mails that were put off for this reason ask the gate again now."""
    waiting = (deliveries.c.contact_id == contact_id) & (deliveries.c.state == "deferred")
    put_off = waiting & (deliveries.c.reason_code == code) & (deliveries.c.due_at > now)
    connection.execute(update(deliveries).where(put_off).values(due_at=now))


def count(connection: Connection, workspace_id: UUID) -> int:
    query = select(func.count()).select_from(contacts).where(contacts.c.workspace_id == workspace_id)
    return connection.execute(query).scalar_one()


def _primary_address() -> Any:
    return (
        select(identities.c.shown_as)
        .where(identities.c.contact_id == contacts.c.id, identities.c.kind == "email")
        .order_by(identities.c.is_primary.desc(), identities.c.id)
        .limit(1)
        .scalar_subquery()
    )


def _update(connection: Connection, changed: Mapping[UUID, Mapping[str, Any]]) -> None:
    """Contacts that change the same columns share a statement."""
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for contact_id, values in changed.items():
        by_columns[tuple(sorted(values))].append({**values, "this_contact": contact_id})
    for names, rows in by_columns.items():
        statement = update(contacts).where(contacts.c.id == bindparam("this_contact"))
        connection.execute(statement.values({name: bindparam(name) for name in names}), rows)


def _known(row: RowMapping) -> Known:
    facts = {name: row[name] for name in COLUMNS if row[name] is not None}
    return Known(row["id"], row["revision"], facts | row["fields"], owner=row["owner_id"])


def _add_companies(connection: Connection, ids: Sequence[UUID], known: Mapping[UUID, Known]) -> None:
    from_both = select(contacts.c.id, companies.c.domain, companies.c.name).join(
        companies, companies.c.id == contacts.c.company_id
    )
    for contact_id, domain, name in connection.execute(from_both.where(contacts.c.id.in_(ids))):
        known[contact_id].company = domain or nameless_key(name)


def _add_addresses(connection: Connection, ids: Sequence[UUID], known: Mapping[UUID, Known]) -> None:
    query = select(identities.c.contact_id, identities.c.value).where(identities.c.kind == "email")
    ordered = query.order_by(identities.c.is_primary.desc(), identities.c.id)
    for contact_id, value in connection.execute(ordered.where(identities.c.contact_id.in_(ids))):
        known[contact_id].addresses = (*known[contact_id].addresses, value)


def _add_tags(connection: Connection, ids: Sequence[UUID], known: Mapping[UUID, Known]) -> None:
    tags: dict[UUID, list[str]] = defaultdict(list)
    query = select(contact_tags.c.contact_id, contact_tags.c.tag).where(contact_tags.c.contact_id.in_(ids))
    for contact_id, tag in connection.execute(query):
        tags[contact_id].append(tag)
    for contact_id, found in tags.items():
        known[contact_id].tags = frozenset(found)


def _add_consents(connection: Connection, ids: Sequence[UUID], known: Mapping[UUID, Known]) -> None:
    states: dict[UUID, dict[str, str]] = defaultdict(dict)
    query = select(consents.c.contact_id, consents.c.purpose, consents.c.state)
    for contact_id, purpose, state in connection.execute(query.where(consents.c.contact_id.in_(ids))):
        states[contact_id][purpose] = state
    for contact_id, found in states.items():
        known[contact_id].consents = found


def _parts(values: Iterable[Any]) -> Iterable[list[Any]]:
    everything = list(values)
    for start in range(0, len(everything), _AT_ONCE):
        yield everything[start : start + _AT_ONCE]


def timeline_of(connection: Connection, contact_id: UUID, since: datetime | None = None) -> list[RowMapping]:
    """The timeline, oldest first."""
    query = select(timeline).where(timeline.c.contact_id == contact_id)
    if since is not None:
        query = query.where(timeline.c.at >= since)
    return list(connection.execute(query.order_by(timeline.c.at, timeline.c.id)).mappings())


def add_field(
    connection: Connection, field_id: UUID, workspace_id: UUID, subject: str, field_type: FieldType, label: str,
    now: datetime,
) -> None:  # fmt: skip
    """Declare a custom field of contacts or companies."""
    connection.execute(
        insert(field_definitions).values(
            id=field_id, workspace_id=workspace_id, subject=subject, key=field_type.key, label=label,
            type=field_type.kind, choices=list(field_type.choices), created_at=now,
        )
    )  # fmt: skip


def add_consent_entry(connection: Connection, row: Row) -> None:
    """One line of the ledger, in the order of CONSENT_ENTRY and then its text version."""
    insert_many(connection, consent_entries, (*CONSENT_ENTRY, "text_version"), [row])
