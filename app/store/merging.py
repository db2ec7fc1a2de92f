"""Two contacts made one, and one made two again: what hangs on them, and how its rows change hands."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from app.store.claims import RELEASED
from app.store.tables import (
    admissions,
    companies,
    consent_entries,
    consents,
    contact_criteria,
    contact_stages,
    contact_tags,
    contacts,
    definitions,
    deliveries,
    enrollments,
    events,
    identities,
    interests,
    merges,
    score_entries,
    scores,
    suppressions,
    tasks,
    timeline,
    users,
)  # fmt: skip

WAITING_MAIL = ("queued", "deferred", "claimed")
# What decides later belongs to the survivor from now on. Sent mails stay with whom they were sent to: the
# ledger of what went where is history, and who asks for it asks for both.
_MOVED: Mapping[str, Table] = {
    each.name: each for each in (events, timeline, tasks, score_entries, enrollments)
}
_AT_ONCE = 500


def pair(
    connection: Connection, workspace_id: UUID, ids: Collection[UUID], *, hold: bool = False
) -> dict[UUID, Row[Any]]:
    """The contacts with the names of company and owner. `hold`: nobody else changes or mails them until we commit."""
    c = contacts.c
    if hold:
        # In one order for all, so that two who merge the same people never wait for each other.
        connection.execute(select(c.id).where(c.id.in_(ids)).order_by(c.id).with_for_update(key_share=True))
    query = (
        select(
            contacts,
            companies.c.name.label("company"),
            companies.c.domain.label("company_domain"),
            users.c.name.label("owner"),
        )
        .outerjoin(companies, companies.c.id == c.company_id)
        .outerjoin(users, users.c.id == c.owner_id)
        .where(c.workspace_id == workspace_id, c.id.in_(ids))
    )
    return {row.id: row for row in connection.execute(query)}


def of_each(
    connection: Connection, table: Table, ids: Collection[UUID], *order: ColumnElement[Any]
) -> dict[UUID, list[Row[Any]]]:
    """The rows of a small table, by contact."""
    found: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(select(table).where(table.c.contact_id.in_(ids)).order_by(*order)):
        found[row.contact_id].append(row)
    return found


def addresses(connection: Connection, ids: Collection[UUID]) -> dict[UUID, list[Row[Any]]]:
    """Every identity of each, the first address before the others."""
    return of_each(connection, identities, ids, identities.c.is_primary.desc(), identities.c.id)


def stages(connection: Connection, ids: Collection[UUID]) -> dict[UUID, list[Row[Any]]]:
    return of_each(connection, contact_stages, ids, contact_stages.c.lifecycle)


def tags(connection: Connection, ids: Collection[UUID]) -> dict[UUID, list[Row[Any]]]:
    return of_each(connection, contact_tags, ids, contact_tags.c.tag)


def criteria(connection: Connection, ids: Collection[UUID]) -> dict[UUID, list[Row[Any]]]:
    return of_each(connection, contact_criteria, ids, contact_criteria.c.criterion)


def agreements(connection: Connection, ids: Collection[UUID]) -> dict[UUID, list[Row[Any]]]:
    return of_each(connection, consents, ids, consents.c.purpose)


def interests_of(connection: Connection, contact_id: UUID) -> list[Row[Any]]:
    return list(connection.execute(select(interests).where(interests.c.contact_id == contact_id)))


def stays(connection: Connection, ids: Collection[UUID]) -> list[Row[Any]]:
    """Who stands in which sequence, or waits at its door, by its key."""
    e, a, d = enrollments.c, admissions.c, definitions.c
    inside = (
        select(e.contact_id, d.key)
        .join(definitions, d.id == e.definition_id)
        .where(e.contact_id.in_(ids), e.state != "ended")
    )
    asking = (
        select(a.contact_id, d.key)
        .join(definitions, d.id == a.definition_id)
        .where(a.contact_id.in_(ids), a.state == "waiting")
    )
    return sorted(connection.execute(inside.union(asking)), key=lambda row: row.key)


def waiting_mails(connection: Connection, contact_id: UUID) -> int:
    query = select(func.count()).where(_waiting(contact_id))
    return connection.execute(query).scalar_one()


def mails_sent(connection: Connection, contact_id: UUID) -> int:
    d = deliveries.c
    query = select(func.count()).where(
        d.contact_id == contact_id, d.accepted_at.is_not(None), d.recipient_user_id.is_(None)
    )
    return connection.execute(query).scalar_one()


def leaving(connection: Connection, ids: Collection[UUID]) -> bool:
    """Whether a mail to one of them is being handed over at this moment."""
    d = deliveries.c
    query = select(d.id).where(d.contact_id.in_(ids), d.state == "intent").limit(1)
    return connection.execute(query).first() is not None


def open_tasks(connection: Connection, contact_id: UUID) -> int:
    query = select(func.count()).where(tasks.c.contact_id == contact_id, tasks.c.state == "open")
    return connection.execute(query).scalar_one()


def stops(
    connection: Connection, workspace_id: UUID, contact_id: UUID, hashes: Collection[str]
) -> list[Row[Any]]:
    """What keeps marketing from this contact as a person: not a dead address, nor a whole domain or company."""
    s = suppressions.c
    query = select(suppressions).where(
        s.workspace_id == workspace_id,
        s.lifted_at.is_(None),
        s.scope.in_(("marketing", "topic")),
        or_(s.contact_id == contact_id, s.value_hash.in_(hashes)),
    )
    return list(connection.execute(query.order_by(s.at, s.id)))


def stops_written(connection: Connection, contact_id: UUID, code: str, at: datetime) -> list[UUID]:
    s = suppressions.c
    query = select(s.id).where(s.contact_id == contact_id, s.reason_code == code, s.at == at)
    return list(connection.execute(query.order_by(s.id)).scalars())


def move(
    connection: Connection, frm: UUID, to: UUID, now: datetime, most: int
) -> dict[str, list[UUID]] | None:
    """Give the rows of one contact to another; which they were, by table. None: more than `most`, nothing done."""
    found = {name: _ids(connection, table, frm, to, now, most) for name, table in _MOVED.items()}
    if sum(map(len, found.values())) > most:
        return None
    for name, ids in found.items():
        hand_over(connection, name, ids, frm, to)
    return {name: ids for name, ids in found.items() if ids}


def _ids(connection: Connection, table: Table, frm: UUID, to: UUID, now: datetime, most: int) -> list[UUID]:
    query = (
        select(table.c.id).where(table.c.contact_id == frm, *_movable(table, to, now)).order_by(table.c.id)
    )
    return list(connection.execute(query.limit(most + 1)).scalars())


def _movable(table: Table, to: UUID, now: datetime) -> list[ColumnElement[bool]]:
    """Fit is judged anew from the facts, so its entries stay. A stay that was over moves where the survivor had
    none of its own; one that ends now does not count as theirs, so that a colleague may take them in there.
    """
    other = table.alias("other")
    if table is score_entries:
        same = and_(*(other.c[name] == table.c[name] for name in ("rule", "model_version", "occasion")))
        there = select(other.c.id).where(other.c.contact_id == to, same)
        return [table.c.measure != "fit", ~there.exists()]
    if table is enrollments:
        own = select(other.c.id).where(
            other.c.contact_id == to, other.c.definition_id == table.c.definition_id
        )
        return [table.c.state == "ended", table.c.ended_at < now, ~own.exists()]
    return []


def hand_over(connection: Connection, name: str, ids: Sequence[UUID], frm: UUID, to: UUID) -> int:
    """Rows that are still `frm`'s; how many changed hands."""
    table, moved = _MOVED[name], 0
    for start in range(0, len(ids), _AT_ONCE):
        mine = table.c.id.in_(ids[start : start + _AT_ONCE]) & (table.c.contact_id == frm)
        moved += connection.execute(update(table).where(mine).values(contact_id=to)).rowcount
    return moved


def give_addresses(connection: Connection, frm: UUID, to: UUID, first: bool) -> None:
    """All of them; `first`: the survivor had none, so that theirs stays the first."""
    values: dict[str, Any] = {"contact_id": to} if first else {"contact_id": to, "is_primary": False}
    connection.execute(update(identities).where(identities.c.contact_id == frm).values(**values))


def give_back_address(
    connection: Connection, identity_id: UUID, frm: UUID, to: UUID, is_primary: bool
) -> bool:
    mine = (identities.c.id == identity_id) & (identities.c.contact_id == frm)
    change = update(identities).where(mine).values(contact_id=to, is_primary=is_primary)
    return connection.execute(change).rowcount == 1


def settle_first(connection: Connection, contact_id: UUID) -> None:
    """Of several addresses one is the first: the oldest, where none or two are."""
    i = identities.c
    mine = (i.contact_id == contact_id) & (i.kind == "email")
    rows = connection.execute(
        select(i.id, i.is_primary).where(mine).order_by(i.is_primary.desc(), i.id)
    ).all()
    if rows and sum(row.is_primary for row in rows) != 1:
        connection.execute(update(identities).where(mine).values(is_primary=i.id == rows[0].id))


def stop_asking(
    connection: Connection, contact_id: UUID, code: str, params: dict[str, Any], now: datetime
) -> None:
    """Who waits at a door is called off."""
    mine = (admissions.c.contact_id == contact_id) & (admissions.c.state == "waiting")
    off = {"state": "refused", "ended_at": now, "reason_code": code, "reason_params": params}
    connection.execute(update(admissions).where(mine).values(**off))


def call_back(
    connection: Connection, contact_id: UUID, code: str, params: dict[str, Any], now: datetime
) -> int:
    """Mails that have not left are cancelled, whatever asked for them; those to colleagues go on. How many."""
    values: dict[str, Any] = {
        "state": "cancelled",
        "ended_at": now,
        "reason_code": code,
        "reason_params": params,
    }
    change = update(deliveries).where(_waiting(contact_id)).values(**values, **RELEASED)
    return connection.execute(change).rowcount


def _waiting(contact_id: UUID) -> ColumnElement[bool]:
    d = deliveries.c
    return and_(d.contact_id == contact_id, d.state.in_(WAITING_MAIL), d.recipient_user_id.is_(None))


def take_stages(connection: Connection, contact_id: UUID) -> None:
    """Who is merged stands at no stage: the funnel counts heads."""
    connection.execute(delete(contact_stages).where(contact_stages.c.contact_id == contact_id))


def put_stage(connection: Connection, row: Mapping[str, Any]) -> None:
    connection.execute(insert(contact_stages).values(**row))


def set_criterion(connection: Connection, key: Mapping[str, Any], values: Mapping[str, Any] | None) -> None:
    """`key` has contact, criterion and workspace; None: nothing is known of it."""
    c = contact_criteria.c
    mine = (c.contact_id == key["contact_id"]) & (c.criterion == key["criterion"])
    if values is None:
        connection.execute(delete(contact_criteria).where(mine))
    elif connection.execute(update(contact_criteria).where(mine).values(**values)).rowcount == 0:
        connection.execute(insert(contact_criteria).values(**key, **values))


def set_columns(connection: Connection, contact_id: UUID, values: Mapping[str, Any], now: datetime) -> None:
    mine = update(contacts).where(contacts.c.id == contact_id)
    connection.execute(mine.values(**values, updated_at=now, revision=contacts.c.revision + 1))


def follow(connection: Connection, column: str, frm: UUID, to: UUID) -> list[UUID]:
    """Contacts who refer to one refer to the other: those merged into them, or whom they recommended us to."""
    mine = (contacts.c[column] == frm) & (contacts.c.id != to)
    ids = list(connection.execute(select(contacts.c.id).where(mine).order_by(contacts.c.id)).scalars())
    point(connection, column, ids, frm, to)
    return ids


def point(connection: Connection, column: str, ids: Sequence[UUID], frm: UUID, to: UUID) -> None:
    for start in range(0, len(ids), _AT_ONCE):
        mine = contacts.c.id.in_(ids[start : start + _AT_ONCE]) & (contacts.c[column] == frm)
        connection.execute(update(contacts).where(mine).values({column: to}))


def drop_consent(connection: Connection, contact_id: UUID, purpose: str) -> None:
    """Nothing stands of the purpose any more; what the ledger says stays said."""
    mine = (consents.c.contact_id == contact_id) & (consents.c.purpose == purpose)
    connection.execute(delete(consents).where(mine))


def last_consent(connection: Connection, contact_id: UUID, purpose: str) -> Row[Any] | None:
    e = consent_entries.c
    query = select(consent_entries).where(e.contact_id == contact_id, e.purpose == purpose)
    return connection.execute(query.order_by(e.at.desc(), e.id.desc()).limit(1)).first()


def entries(connection: Connection, contact_id: UUID, measure: str) -> list[Row[Any]]:
    e = score_entries.c
    query = select(e.points, e.at).where(e.contact_id == contact_id, e.measure == measure)
    return list(connection.execute(query.order_by(e.at, e.id)))


def score_of(connection: Connection, ids: Collection[UUID], measure: str) -> list[Row[Any]]:
    query = select(scores).where(scores.c.contact_id.in_(ids), scores.c.measure == measure)
    return list(connection.execute(query))


def write_score(
    connection: Connection, contact_id: UUID, measure: str, values: Mapping[str, Any] | None
) -> None:
    mine = (scores.c.contact_id == contact_id) & (scores.c.measure == measure)
    connection.execute(delete(scores).where(mine))
    if values is not None:
        connection.execute(insert(scores).values(contact_id=contact_id, measure=measure, **values))


def add(connection: Connection, row: Mapping[str, Any]) -> None:
    connection.execute(insert(merges).values(**row))


def end(connection: Connection, merge_id: UUID, now: datetime) -> bool:
    """Note that a merge was undone. False: it was before."""
    mine = (merges.c.id == merge_id) & merges.c.undone_at.is_(None)
    return connection.execute(update(merges).where(mine).values(undone_at=now)).rowcount == 1


def find(connection: Connection, workspace_id: UUID, merge_id: UUID) -> Row[Any] | None:
    query = _merges().where(merges.c.workspace_id == workspace_id, merges.c.id == merge_id)
    return connection.execute(query).first()


def into(connection: Connection, workspace_id: UUID, survivor_id: UUID, most: int = 20) -> list[Row[Any]]:
    """The merges that made this contact what they are, the newest first; undone ones are over."""
    m = merges.c
    query = _merges().where(
        m.workspace_id == workspace_id, m.survivor_id == survivor_id, m.undone_at.is_(None)
    )
    return list(connection.execute(query.order_by(m.id.desc()).limit(most)))


def between(connection: Connection, workspace_id: UUID, survivor_id: UUID, merged_id: UUID) -> list[Row[Any]]:
    """Every merge of the one into the other, the newest first, undone ones too."""
    m = merges.c
    query = select(merges).where(
        m.workspace_id == workspace_id, m.survivor_id == survivor_id, m.merged_id == merged_id
    )
    return list(connection.execute(query.order_by(m.id.desc())))


def _merges() -> Select[Any]:
    return (
        select(
            merges,
            contacts.c.first_name,
            contacts.c.last_name,
            contacts.c.erased_at,
            users.c.name.label("by_name"),
        )
        .join(contacts, contacts.c.id == merges.c.merged_id)
        .outerjoin(users, users.c.id == merges.c.merged_by)
    )
