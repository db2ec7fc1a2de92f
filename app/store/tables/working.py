"""What the team does with many people at once, and the lists it comes back to."""

from sqlalchemy import Boolean, PrimaryKeyConstraint, Table, UniqueConstraint

from app.store.tables.columns import (
    ForeignKey,
    Id,
    Index,
    Instant,
    Integer,
    Json,
    Text,
    contact,
    key,
    metadata,
    only,
    personal,
    plain,
    pseudonymous,
    workspace,
)  # fmt: skip

bulk_acts = Table(
    "bulk_acts",
    metadata,
    key(),
    workspace(),
    pseudonymous("user_id", Id, nullable=True),
    plain("form_key", Text),  # the form it came by: sent twice, it is one act
    plain("act", Text),  # tag / untag / owner / enroll / exit / undo
    plain("params", Json),  # tag, owner or sequence; of an undo the act it takes back
    personal("why", Text),
    # Who: the search that was asked, or the ids that were ticked. An erasure may empty the search: nobody, then.
    personal("query", Json, nullable=True),
    pseudonymous("ids", Json, nullable=True),
    plain("expected", Integer, nullable=True),  # how many were counted before; null: more than are counted
    plain("newest", Id, nullable=True),  # the newest contact there was: who comes later is not meant
    plain("state", Text),  # running / done / stopped
    plain("position", Id, nullable=True),  # the last contact dealt with; the next batch starts after it
    plain("counts", Json),
    plain("created_at", Instant),
    plain("finished_at", Instant, nullable=True),
    pseudonymous("stopped_by", Id, nullable=True),
    UniqueConstraint("workspace_id", "form_key"),
    Index(None, "workspace_id", "created_at"),
    Index("ix_bulk_acts_running", "id", **only("state = 'running'")),
    info={"whose": "named"},
)

# Whom an act changed, and what was there before: what an undo goes by.
bulk_changes = Table(
    "bulk_changes",
    metadata,
    plain("act_id", Id, ForeignKey("bulk_acts.id")),
    contact(),
    workspace(),
    pseudonymous("old_owner", Id, nullable=True),
    PrimaryKeyConstraint("act_id", "contact_id"),
    Index(None, "contact_id"),
)

saved_views = Table(
    "saved_views",
    metadata,
    key(),
    workspace(),
    pseudonymous("user_id", Id, ForeignKey("users.id")),
    personal("title", Text),
    personal("query", Json, nullable=True),
    plain("is_shared", Boolean),
    plain("created_at", Instant),
    plain("revision", Integer),
    Index(None, "workspace_id", "user_id"),
    info={"whose": "named"},
)
