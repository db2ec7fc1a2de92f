"""Programs that come in by the API: their tokens, and the answers kept for requests that are made twice."""

from sqlalchemy import PrimaryKeyConstraint, Table

from app.store.tables.columns import (
    ForeignKey,
    Id,
    Index,
    Instant,
    Integer,
    Json,
    Text,
    key,
    metadata,
    plain,
    pseudonymous,
    workspace,
)  # fmt: skip

api_tokens = Table(
    "api_tokens",
    metadata,
    key(),
    workspace(),
    plain("name", Text),
    plain("scopes", Json),
    plain("token_hash", Text, unique=True),  # SHA-256; the token itself is shown once and kept nowhere
    plain("hint", Text),  # its last signs, so that a person knows it again
    pseudonymous("made_by", Id, nullable=True),  # null: at the shell
    plain("created_at", Instant),
    plain("expires_at", Instant, nullable=True),
    plain("last_used_at", Instant, nullable=True),  # written once a day
    plain("revoked_at", Instant, nullable=True),
    Index(None, "workspace_id"),
)

# What was answered may name people, so it is sealed with the caller's own key: without it nobody opens it, neither we.
api_answers = Table(
    "api_answers",
    metadata,
    plain("token_id", Id, ForeignKey("api_tokens.id")),
    plain("key_hash", Text),
    workspace(),
    plain("request_hash", Text),
    plain("started_at", Instant),
    plain("status", Integer, nullable=True),  # null: still at work
    plain("answer", Text, nullable=True),
    PrimaryKeyConstraint("token_id", "key_hash"),
    Index(None, "started_at"),
)
