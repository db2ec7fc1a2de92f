"""What the gate and the renderer must know of a batch of mails, with a fixed number of statements."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from app.core.conditions import Needs, holds, needs, with_segments
from app.core.facts import Facts
from app.core.gate import MailFacts, expiry
from app.core.reasons import Reason
from app.core.senders import From, Senders
from app.core.sequences import Sequence
from app.core.steps import Manner
from app.services import tasks_mail
from app.services.library import Catalogue
from app.services.senders.book import senders_of
from app.services.suppressing import ValueHash, parts_of
from app.services.world import World
from app.store import sending
from app.store.contacts import live_suppressions
from app.store.facts import load_facts
from app.store.plain_rows import plain_rows
from app.store.tables import companies, contacts, identities, users

# What a broadcast that does not go on says to the gate.
HELD_BROADCASTS = {"paused": "broadcast_paused", "cancelled": "broadcast_cancelled"}
# Of the contact: what gate and renderer read.
READ = (
    "id", "first_name", "last_name", "job_title", "city", "country", "persona", "locale", "fields", "tracking",
    "mails_a_week", "mails_a_month", "paused_until", "away_until", "judge_due_at", "company_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """The contact's columns, their company's and their owner's, and the address mail goes to."""

    row: Row[Any]
    address: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Claimed mails with everything about them. `facts` and `people` are by contact."""

    rows: list[Row[Any]]
    facts: dict[UUID, Facts]
    people: dict[UUID, Person]
    sent: dict[UUID, list[tuple[str, str, datetime]]]
    suppressed: dict[str, list[tuple[str, str, str]]]
    recipients: dict[UUID, Row[Any]]
    tasks: dict[UUID, dict[str, Any]]
    problems: dict[str, Row[Any]]
    senders: Senders

    def from_of(self, row: Row[Any]) -> From:
        """From whom a mail comes; internal mail from nobody's owner."""
        if row.recipient_user_id in self.recipients:
            return self.senders.choose(None, None, "internal", "")
        who = self.people[row.contact_id].row
        return self.senders.choose(who.owner_email, who.owner_name, row.message_class, row.content_kind)

    def address_of(self, row: Row[Any]) -> str:
        """Where a mail goes: to the contact, or to the colleague it is for. Empty where there is no address."""
        recipient = self.recipients.get(row.recipient_user_id) if row.recipient_user_id else None
        return (recipient.email if recipient else self.people[row.contact_id].address) or ""


def load_batch(
    connection: Connection, world: World, catalogue: Catalogue, rows: list[Row[Any]], now: datetime
) -> Batch:
    contact_ids = list({row.contact_id for row in rows})
    people = load_people(connection, contact_ids)
    wanted = Needs(consents=frozenset(row.topic for row in rows if row.topic))
    for sequence in {row.sequence_version_id for row in rows if row.sequence_version_id}:
        wanted = wanted | _leaving_needs(world.library.pinned(sequence).sequence)
    wanted = with_segments(wanted, catalogue.setting.segments)
    hashed = ValueHash(world.settings)
    parts = {
        part: hashed(part)
        for person in people.values()
        for part in parts_of(person.address, person.row.company_id)
    }
    found = live_suppressions(connection, world.workspace_id, set(parts.values()))
    return Batch(
        rows=rows,
        facts=load_facts(
            connection, world.workspace_id, catalogue.rules.lifecycle.key, contact_ids, wanted, now
        ),
        people=people,
        sent=sending.sent_before(connection, contact_ids),
        suppressed={part: found[digest] for part, digest in parts.items() if digest in found},
        recipients=_recipients(connection, rows),
        tasks=tasks_mail.contexts(
            connection,
            rows,
            catalogue.rules.lifecycle,
            world.settings.default_zone,
            world.settings.public_url,
        ),
        problems=sending.sender_problems(connection, world.workspace_id, now),
        senders=senders_of(connection, world),
    )


def _leaving_needs(sequence: Sequence) -> Needs:
    total = Needs()
    for condition in (sequence.goal, sequence.exit_if):
        if condition is not None:
            total = total | needs(condition)
    return total


def load_people(connection: Connection, contact_ids: list[UUID]) -> dict[UUID, Person]:
    query = (
        select(
            *(contacts.c[name] for name in READ),
            companies.c.name.label("company_name"),
            companies.c.domain.label("company_domain"),
            companies.c.fields.label("company_fields"),
            users.c.name.label("owner_name"),
            users.c.email.label("owner_email"),
            users.c.title.label("owner_title"),
            users.c.signature.label("owner_signature"),
            identities.c.value.label("address"),
        )
        .join(companies, companies.c.id == contacts.c.company_id, isouter=True)
        .join(users, users.c.id == contacts.c.owner_id, isouter=True)
        .join(
            identities,
            (identities.c.contact_id == contacts.c.id)
            & (identities.c.kind == "email")
            & identities.c.is_primary.is_(True),
            isouter=True,
        )
        .where(contacts.c.id.in_(contact_ids))
    )
    return {row.id: Person(row, row.address) for row in plain_rows(connection.execute(query))}


def _recipients(connection: Connection, rows: list[Row[Any]]) -> dict[UUID, Row[Any]]:
    """The users that internal mails go to."""
    wanted = {row.recipient_user_id for row in rows if row.recipient_user_id is not None}
    if not wanted:
        return {}
    query = select(users.c.id, users.c.name, users.c.email, users.c.locale).where(users.c.id.in_(wanted))
    found: dict[UUID, Any] = {row.id: row for row in connection.execute(query)}
    return found


def mail_facts(batch: Batch, row: Row[Any], world: World, catalogue: Catalogue, now: datetime) -> MailFacts:
    """One claimed mail as the gate sees it."""
    person = batch.people[row.contact_id]
    facts = batch.facts[row.contact_id]
    setting = catalogue.setting
    sequence = world.library.pinned(row.sequence_version_id).sequence if row.sequence_version_id else None
    manner = _manner(sequence, row.step)
    info = setting.templates.get(row.template)
    own = batch.sent.get(row.contact_id, ())
    goal_holds, exit_holds = leaving(sequence, facts, catalogue, now)
    problem = batch.problems.get(batch.from_of(row).sender) if batch.problems else None
    recipient = batch.recipients.get(row.recipient_user_id) if row.recipient_user_id else None
    waits = setting.programme.wait_when_away and recipient is None
    away_until = person.row.away_until if waits else None
    return MailFacts(
        message_class=row.message_class,
        content_kind=info.content_kind if info else row.content_kind,
        topic=row.topic,
        template=row.template,
        stage=facts.stage,
        lifecycle=catalogue.rules.lifecycle,
        address=recipient.email if recipient else person.address,
        planned_at=row.planned_at,
        expires_at=expiry(row.planned_at, row.expires_at, away_until),
        consents=facts.consents,
        suppressed=()
        if recipient
        else suppressions_of(batch.suppressed, person.address, row.topic, person.row.company_id),
        enrollment_state=("ended" if row.enrollment_state == "ended" else "active")
        if row.enrollment_id
        else None,
        enrollment_reason=Reason(row.enrollment_code) if row.enrollment_code else None,
        sequence_state=HELD_BROADCASTS.get(row.broadcast_state, row.sequence_state),
        goal_holds=goal_holds,
        exit_holds=exit_holds,
        already_had_template=any(template == row.template for template, _, _ in own),
        repeat=not row.once or (info is not None and info.repeat),
        paused_until=person.row.paused_until,
        away_until=away_until,
        sender_problem_until=problem.problem_until if problem else None,
        sender_problem=Reason(problem.reason_code, problem.reason_params) if problem else None,
        caps=setting.programme.caps,
        own_cap=person.row.mails_a_week,
        own_month=person.row.mails_a_month,
        sent=[at for _, message_class, at in own if message_class == "marketing"],
        when_capped=row.when_capped or "defer",
        window=(manner.window if manner else None) or setting.programme.window,
        quiet=setting.programme.quiet,
        zone=setting.zone(facts),
        calendar=setting.programme.calendar,
        country=setting.country(facts),
    )


def _manner(sequence: Sequence | None, step: str | None) -> Manner | None:
    if sequence is None:
        return None
    return getattr(sequence.steps.get(step or ""), "manner", None) or sequence.manner


def leaving(
    sequence: Sequence | None, facts: Facts, catalogue: Catalogue, now: datetime
) -> tuple[Reason | None, Reason | None]:
    """Whether the sequence's goal and whether an exit condition holds at this moment."""
    if sequence is None:
        return None, None
    segments = catalogue.setting.segments
    names = {"sequence": sequence.key}
    goal, exit_if = sequence.goal, sequence.exit_if
    reached = goal is not None and holds(goal, facts, now, segments)
    left = exit_if is not None and holds(exit_if, facts, now, segments)
    return (
        Reason("goal.reached", names) if reached else None,
        Reason("exit.condition", names) if left else None,
    )


def suppressions_of(
    suppressed: dict[str, list[tuple[str, str, str]]],
    address: str | None,
    topic: str | None,
    company_id: UUID | None = None,
) -> tuple[Reason, ...]:
    """The suppressions that hit a mail about `topic` to `address`, of somebody in that company."""
    if not suppressed or address is None:
        return ()
    hits = []
    for part in parts_of(address, company_id):
        for scope, about, source in suppressed.get(part, ()):
            if scope != "topic" or about == topic:
                hits.append(Reason("gate.suppressed", {"scope": scope, "topic": about, "source": source}))
    return tuple(hits)
