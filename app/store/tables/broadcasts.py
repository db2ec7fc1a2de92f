"""One mail to the people of a segment: what was decided, and whom it was frozen for."""

from sqlalchemy import PrimaryKeyConstraint, Table

from app.store.tables.columns import (
    ForeignKey,
    Id,
    Index,
    Instant,
    Integer,
    Text,
    contact,
    key,
    metadata,
    plain,
    pseudonymous,
    reason,
    workspace,
)  # fmt: skip

broadcasts = Table(
    "broadcasts",
    metadata,
    key(),
    workspace(),
    plain("title", Text),
    plain("template", Text),
    plain("segment", Text),
    plain("topic", Text),
    plain("way", Text),  # now / at / local
    plain("wall", Text, nullable=True),  # wall-clock intent, ISO without a zone; null: now
    plain("zone", Text, nullable=True),  # of `at`; with `local` it is each contact's own
    plain("pace", Integer, nullable=True),  # mails an hour; null: as fast as they can be sent
    plain("state", Text),  # draft / freezing / ready / sending / paused / done / cancelled
    plain("revision", Integer),  # moved on by people
    plain("turn", Integer),  # moved on by the engine with each batch
    plain("frozen_at", Instant, nullable=True),
    pseudonymous("frozen_to", Id, nullable=True),  # the contact up to whom the audience is written down
    pseudonymous("made_by", Id, nullable=True),
    plain("made_at", Instant),
    pseudonymous("confirmed_by", Id, nullable=True),
    plain("confirmed_at", Instant, nullable=True),
    plain("why", Text, nullable=True),
    plain("ended_at", Instant, nullable=True),
    Index(None, "workspace_id", "state"),
)

broadcast_people = Table(
    "broadcast_people",
    metadata,
    workspace(),
    plain("broadcast_id", Id, ForeignKey("broadcasts.id")),
    contact(),
    plain("state", Text),  # waiting / queued / held
    plain("due_at", Instant),
    plain("queued_at", Instant, nullable=True),
    *reason(),
    PrimaryKeyConstraint("broadcast_id", "contact_id"),
    Index(None, "broadcast_id", "state", "due_at"),
    Index(None, "contact_id"),
)

__all__ = ["broadcast_people", "broadcasts"]
