"""Mails to colleagues about their accounts with the one link each may hold; the second step of a sign-in."""

from sqlalchemy import ForeignKey, Index, Table

from app.store.tables.columns import (
    Id,
    Instant,
    Integer,
    Json,
    Sealed,
    Text,
    key,
    metadata,
    personal,
    plain,
    pseudonymous,
    workspace,
)

account_mails = Table(
    "account_mails",
    metadata,
    key(),
    workspace(),
    plain("kind", Text),  # invite / reset / notice
    pseudonymous("user_id", Id, nullable=True),  # whose account; of an invitation: who took it up
    personal("email", Text),  # empty where an unknown address asked for a new password
    pseudonymous("address_hash", Text),
    pseudonymous("network_hash", Text),
    personal("detail", Json),
    pseudonymous("asked_by", Id, nullable=True),
    plain("asked_at", Instant),
    plain("expires_at", Instant),
    plain("token_hash", Text, nullable=True),  # SHA-256, from the moment the mail is written
    plain("used_at", Instant, nullable=True),
    plain("ended_at", Instant, nullable=True),  # withdrawn, or made void by a newer one
    plain("due_at", Instant, nullable=True),  # when the mail is handed over or tried again; null: never
    plain("tries", Integer),
    plain("sent_at", Instant, nullable=True),
    personal("said", Text),  # what the relay said last
    Index(None, "token_hash"),
    Index(None, "due_at"),
    Index(None, "workspace_id", "kind", "asked_at"),
    info={"whose": "colleague"},
)

second_factors = Table(
    "second_factors",
    metadata,
    pseudonymous("user_id", Id, ForeignKey("users.id"), primary_key=True),
    plain("secret", Sealed),
    plain("created_at", Instant),
    plain("confirmed_at", Instant, nullable=True),  # null: shown, and not proved yet
    plain("last_step", Integer),  # the newest code that was used; none counts twice
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    pseudonymous("user_id", Id, ForeignKey("users.id"), primary_key=True),
    plain("code_hash", Text, primary_key=True),
    plain("used_at", Instant, nullable=True),
)

account_rules = Table(
    "account_rules",
    metadata,
    plain("workspace_id", Id, ForeignKey("workspaces.id"), primary_key=True),
    plain("second_step_since", Instant, nullable=True),  # everybody needs one from then on
)
