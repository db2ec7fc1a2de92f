"""What mail providers tell by web hooks: where they call, what they sent, what it said, and what became of mails."""

from sqlalchemy import Boolean, Table, UniqueConstraint, text

from app.store.tables.columns import (
    ForeignKey,
    Id,
    Index,
    Instant,
    Integer,
    Json,
    Sealed,
    Text,
    contact,
    key,
    metadata,
    personal,
    plain,
    pseudonymous,
    workspace,
)  # fmt: skip

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    key(),
    workspace(),
    plain("provider", Text),
    plain("name", Text),
    plain("key_hash", Text),  # of the unguessable part of its address
    plain("sealed", Sealed),  # that part, and what the provider proves itself with
    plain("allowed", Json),  # topics and certificates of SNS, networks it may call from
    plain("enabled", Boolean),
    plain("pending", Json, nullable=True),  # a subscription that waits for a person: topic, token
    plain("created_at", Instant),
    plain("last_at", Instant, nullable=True),  # the last call that was taken
    plain("counts", Json),  # events by kind
    plain("refused", Integer),
    plain("refused_at", Instant, nullable=True),
    plain("refusal", Text, nullable=True),  # the code of the last one
    UniqueConstraint("workspace_id", "key_hash"),
    UniqueConstraint("workspace_id", "name"),
)

webhook_calls = Table(
    "webhook_calls",
    metadata,
    key(),
    workspace(),
    plain("endpoint_id", Id, ForeignKey("webhook_endpoints.id", ondelete="CASCADE")),
    plain("once", Text),  # what a repeated call repeats: the provider's token, or a digest of the body
    plain("digest", Text),
    personal("body", Text, nullable=True),  # as it came; emptied after a while
    plain("received_at", Instant),
    plain("state", Text),  # waiting / done / failed
    plain("due_at", Instant),
    plain("failures", Integer),
    personal("problem", Text, nullable=True),
    plain("told", Integer),  # events in it
    plain("new", Integer),  # of which were not known
    plain("ended_at", Instant, nullable=True),
    UniqueConstraint("endpoint_id", "once"),
    Index(
        "ix_webhook_calls_waiting",
        "due_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(
        "ix_webhook_calls_kept",
        "received_at",
        sqlite_where=text("body IS NOT NULL"),
        postgresql_where=text("body IS NOT NULL"),
    ),
    info={"whose": "named"},
)

provider_events = Table(
    "provider_events",
    metadata,
    key(),  # made of its time, the provider and its content
    workspace(),
    pseudonymous("call_id", Id, nullable=True),
    plain("endpoint_id", Id, nullable=True),
    plain("provider", Text),
    plain("kind", Text),  # the one vocabulary
    plain("occurred_at", Instant),
    plain("received_at", Instant),
    contact(nullable=True),
    plain("delivery_id", Id, nullable=True),
    personal("recipient", Text, nullable=True),
    plain("bounce_class", Text, nullable=True),
    plain("enhanced", Text, nullable=True),
    plain("code", Integer, nullable=True),
    personal("text", Text),
    plain("result", Text),  # waiting / applied / known / kept / unmatched / failed
    plain("due_at", Instant),
    plain("failures", Integer),
    Index(None, "workspace_id", "received_at"),
    Index(None, "contact_id"),
    Index(None, "call_id"),
    Index(
        "ix_provider_events_waiting",
        "due_at",
        sqlite_where=text("result = 'waiting'"),
        postgresql_where=text("result = 'waiting'"),
    ),
)

mail_outcomes = Table(
    "mail_outcomes",
    metadata,
    key(),  # the delivery's; of a bounce without one it is made of address and day
    workspace(),
    plain("delivery_id", Id, nullable=True),
    contact(nullable=True),
    pseudonymous("address_hash", Text, nullable=True),
    plain("taken_at", Instant, nullable=True),  # by the provider
    plain("delivered_at", Instant, nullable=True),  # to the recipient's server
    plain("bounced_at", Instant, nullable=True),
    plain("bounce_class", Text, nullable=True),
    plain("enhanced", Text, nullable=True),
    plain("code", Integer, nullable=True),
    personal("text", Text, nullable=True),
    plain("told_at", Instant, nullable=True),  # when the bounce became an event
    plain("complained_at", Instant, nullable=True),
    Index(None, "workspace_id", "address_hash"),
    Index(None, "contact_id"),
)
