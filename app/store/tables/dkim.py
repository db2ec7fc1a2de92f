"""The keys that sign our mail."""

from sqlalchemy import Table, UniqueConstraint

from app.store.tables.columns import Instant, Sealed, Text, key, metadata, plain, workspace

dkim_keys = Table(
    "dkim_keys",
    metadata,
    key(),
    workspace(),
    plain("domain", Text),  # in A-labels; that of From, or one above it
    plain("selector", Text),
    plain("algorithm", Text),  # rsa / ed25519
    plain("private_key", Sealed),  # PEM, PKCS 8
    plain("public_key", Text),  # what the record says behind p=
    plain("state", Text),  # new / active / retired
    plain("created_at", Instant),
    plain("activated_at", Instant, nullable=True),
    plain("retired_at", Instant, nullable=True),
    UniqueConstraint("workspace_id", "domain", "selector"),
)
