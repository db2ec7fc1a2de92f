"""What comes back, what is written down about it, and how the machine itself is doing.

`hits`, `events` and `timeline` (and `attempts`) are partitioned by time on PostgreSQL: their ids
start with their time, so the id is the partition key and a duplicate is still one conflict.
"""

from sqlalchemy import Table, text

from app.store.tables.columns import (
    Float,
    Id,
    Index,
    Instant,
    Integer,
    Json,
    Text,
    contact,
    key,
    metadata,
    personal,
    plain,
    pseudonymous,
    workspace,
)  # fmt: skip

hits = Table(
    "hits",
    metadata,
    key(),
    workspace(),
    plain("kind", Text),  # open / click / page / read / file
    plain("method", Text),
    pseudonymous("contact_id", Id, nullable=True),  # null where only an aggregate was consented to
    plain("delivery_id", Id, nullable=True),
    plain("variant_id", Id, nullable=True),
    plain("link", Integer, nullable=True),
    plain("at", Instant),
    plain("received_at", Instant),
    personal("address", Text, nullable=True),
    personal("user_agent", Text),
    personal("headers", Json),
    plain("tracking", Text),  # the consent mode when it arrived
    plain("verdict", Text, nullable=True),  # human / machine / unknown; null: not judged yet
    plain("score", Float, nullable=True),
    plain("reasons", Json, nullable=True),
    plain("classifier", Integer, nullable=True),
    plain("judged_at", Instant, nullable=True),
    Index(
        "ix_hits_unjudged",
        "received_at",
        sqlite_where=text("verdict IS NULL"),
        postgresql_where=text("verdict IS NULL"),
    ),
    Index(
        "ix_hits_pending",
        "contact_id",
        sqlite_where=text("verdict IS NULL"),
        postgresql_where=text("verdict IS NULL"),
    ),
    Index(None, "delivery_id"),
    Index(None, "address", "at"),
)

events = Table(
    "events",
    metadata,
    key(),  # made of its time of occurrence, its source and its content
    workspace(),
    contact(),
    plain("kind", Text),
    personal(
        "subject", Text, known=True
    ),  # what it happened to: a template, a page, a form, a stage, an answer
    plain("topics", Text),  # ",pricing,demo,": one LIKE finds a topic on both databases
    plain("verdict", Text),
    plain("source", Text),
    plain("occurred_at", Instant),
    plain("received_at", Instant),
    plain("processed_at", Instant, nullable=True),
    plain("failures", Integer),
    personal("payload", Json),
    plain("delivery_id", Id, nullable=True),
    plain("enrollment_id", Id, nullable=True),
    plain("hit_id", Id, nullable=True),
    Index(None, "contact_id", "kind", "occurred_at"),
    Index(
        "ix_events_pending",
        "contact_id",
        sqlite_where=text("processed_at IS NULL"),
        postgresql_where=text("processed_at IS NULL"),
    ),
    Index(
        "ix_events_unprocessed",
        "received_at",
        sqlite_where=text("processed_at IS NULL"),
        postgresql_where=text("processed_at IS NULL"),
    ),
    # Who read what of the library.
    Index(
        "ix_events_read",
        "subject",
        "verdict",
        sqlite_where=text("kind IN ('visited', 'downloaded')"),
        postgresql_where=text("kind IN ('visited', 'downloaded')"),
    ),
)

timeline = Table(
    "timeline",
    metadata,
    key(),
    workspace(),
    contact(),
    plain("at", Instant),
    plain("kind", Text),
    plain("code", Text),
    personal("params", Json),
    plain("actor", Text),  # engine / user:<id> / contact / import / system
    plain("enrollment_id", Id, nullable=True),
    plain("delivery_id", Id, nullable=True),
    plain("event_id", Id, nullable=True),
    Index(None, "contact_id", "at"),
    # For whom nothing was left to choose from.
    Index(
        "ix_timeline_all_seen",
        "enrollment_id",
        sqlite_where=text("code = 'send.all_seen'"),
        postgresql_where=text("code = 'send.all_seen'"),
    ),
)

job_runs = Table(
    "job_runs",
    metadata,
    plain("job", Text, primary_key=True),
    plain("last_started_at", Instant, nullable=True),
    plain("last_finished_at", Instant, nullable=True),
    plain("last_error_at", Instant, nullable=True),
    personal("last_error", Text, nullable=True),
    plain("handled", Integer),
    plain("every", Float),  # seconds between two ticks
    plain("worker", Text),
    info={"whose": "named"},
)

__all__ = ["events", "hits", "job_runs", "timeline"]
