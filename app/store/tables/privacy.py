"""What people ask of us about themselves: sign-ups to be confirmed, exports, erasures."""

from sqlalchemy import Table, text

from app.store.tables.columns import (
    Index,
    Instant,
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

confirmations = Table(
    "confirmations",
    metadata,
    key(),
    workspace(),
    contact(nullable=True),  # null where none was made: the try was held back
    plain("kind", Text),  # sign-up / export / erase
    pseudonymous("address_hash", Text),  # keyed, as in `suppressions`
    pseudonymous(
        "network_hash", Text
    ),  # keyed hash of the shortened address of the network; empty: not known
    personal("detail", Json),  # form, topics, the words agreed to, what was typed, the shortened address
    plain("asked_at", Instant),
    plain("expires_at", Instant),
    plain("done_at", Instant, nullable=True),
    Index(None, "workspace_id", "kind", "asked_at"),
    Index(None, "workspace_id", "address_hash", "asked_at"),
    Index(None, "workspace_id", "network_hash", "asked_at"),
    Index(None, "contact_id"),
)

erasures = Table(
    "erasures",
    metadata,
    key(),
    workspace(),
    contact(),
    plain("asked_by", Text),  # contact / user:<id> / system
    plain("at", Instant),
    # What files are searched for; emptied when nothing of the person can come in late any more.
    personal("traces", Json),
    plain("settled_at", Instant, nullable=True),
    Index(
        "ix_erasures_open",
        "at",
        sqlite_where=text("settled_at IS NULL"),
        postgresql_where=text("settled_at IS NULL"),
    ),
    Index(None, "contact_id"),
    info={"erase": "last"},
)
