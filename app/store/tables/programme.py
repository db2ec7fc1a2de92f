"""What is planned: definitions and their versions, people in sequences, mails on their way."""

from sqlalchemy import Boolean, PrimaryKeyConstraint, Table, UniqueConstraint, text

from app.store.tables.columns import (
    Float,
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
    personal,
    plain,
    pseudonymous,
    reason,
    workspace,
)  # fmt: skip

definitions = Table(
    "definitions",
    metadata,
    key(),
    workspace(),
    plain("kind", Text),  # sequence / template / partial / layout / piece / lifecycle / scoring / segment
    plain("key", Text),
    plain("state", Text),  # draft / live / paused / archived
    plain("live_version_id", Id, nullable=True),
    plain("draft_source", Text, nullable=True),
    plain("draft_base_id", Id, nullable=True),
    plain("draft_by", Id, nullable=True),
    plain("draft_at", Instant, nullable=True),
    plain("paused_at", Instant, nullable=True),
    plain("created_at", Instant),
    UniqueConstraint("workspace_id", "kind", "key"),
)

definition_versions = Table(
    "definition_versions",
    metadata,
    key(),
    workspace(),
    plain("definition_id", Id, ForeignKey("definitions.id")),
    plain("number", Integer),
    plain("source", Text),  # byte for byte
    plain("digest", Text),
    plain("base_version_id", Id, nullable=True),
    pseudonymous("author_id", Id, nullable=True),
    plain("note", Text, nullable=True),
    plain("published_at", Instant),
    UniqueConstraint("definition_id", "number"),
)

template_variants = Table(
    "template_variants",
    metadata,
    key(),
    workspace(),
    plain("version_id", Id, ForeignKey("definition_versions.id")),
    plain("locale", Text),  # empty: the original
    plain("source", Text),
    plain("digest", Text),  # of everything it was compiled from, layout and partials included
    plain("compiled", Text),
    plain("compiled_at", Instant),
    UniqueConstraint("version_id", "locale", "digest"),
)

admissions = Table(
    "admissions",
    metadata,
    key(),
    workspace(),
    contact(),
    plain("definition_id", Id, ForeignKey("definitions.id")),
    plain("due_at", Instant),
    plain("state", Text),  # waiting / admitted / refused
    plain("dedupe_key", Text),
    plain("trigger", Text),
    *reason(),
    plain("created_at", Instant),
    plain("ended_at", Instant, nullable=True),
    UniqueConstraint("workspace_id", "dedupe_key"),
    Index(
        "ix_admissions_due",
        "due_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(None, "contact_id"),
)

enrollments = Table(
    "enrollments",
    metadata,
    key(),
    workspace(),
    plain("definition_id", Id, ForeignKey("definitions.id")),
    plain("version_id", Id, ForeignKey("definition_versions.id")),
    contact(),
    plain("entry_number", Integer),
    plain("state", Text),  # due / waiting / sending / parked / ended
    plain("step", Text),
    plain("visit", Integer),  # grows with every arrival at a step
    plain("inside", Boolean),  # the step was entered; what is due is its end
    plain("since", Instant),  # when the step was reached
    plain("due_at", Instant, nullable=True),  # next instant; of a waiting one its time-out
    plain("local_due", Text, nullable=True),  # wall-clock intent beside the derived instant
    plain("zone", Text, nullable=True),
    plain("waiting_for", Json, nullable=True),
    plain("outcome", Text, nullable=True),  # how the step's delivery or wait ended, until it is read
    plain("visits", Json),  # times each step was reached
    plain("failures", Integer),
    plain("entered_at", Instant),
    plain("entered_by", Text),
    plain("ended_at", Instant, nullable=True),
    *reason(),  # why it is where it is: entered, waits, parked, ended
    plain("claimed_by", Text, nullable=True),
    plain("claim_token", Id, nullable=True),
    plain("claimed_until", Instant, nullable=True),
    plain("revision", Integer),
    UniqueConstraint("definition_id", "contact_id", "entry_number"),
    Index(
        "uq_enrollments_active",
        "definition_id",
        "contact_id",
        unique=True,
        sqlite_where=text("state <> 'ended'"),
        postgresql_where=text("state <> 'ended'"),
    ),
    Index(
        "ix_enrollments_due",
        "due_at",
        sqlite_where=text("state IN ('due', 'waiting')"),
        postgresql_where=text("state IN ('due', 'waiting')"),
    ),
    Index(None, "contact_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    key(),
    workspace(),
    contact(),
    pseudonymous("recipient_user_id", Id, ForeignKey("users.id"), nullable=True),  # of internal mail
    plain("enrollment_id", Id, ForeignKey("enrollments.id"), nullable=True),
    plain("definition_id", Id, nullable=True),  # the sequence's
    plain("broadcast_id", Id, nullable=True),
    plain("step", Text, nullable=True),
    plain("visit", Integer, nullable=True),
    plain("dedupe_key", Text),
    plain("message_class", Text),  # marketing / service / internal
    plain("content_kind", Text),
    plain("topic", Text, nullable=True),
    plain("template", Text),
    plain("template_version_id", Id, nullable=True),
    plain("variant_id", Id, nullable=True),
    plain("arm", Text, nullable=True),
    plain("sender", Text, nullable=True),
    plain("provider", Text, nullable=True),
    plain("priority", Integer),
    plain("once", Boolean),  # the template reaches a contact once, ever
    plain("when_capped", Text, nullable=True),  # defer, drop, or the template that goes instead
    personal("address", Text, nullable=True),  # the one it went to
    personal("context", Json, nullable=True),  # of a task's mail: which task
    plain("state", Text),
    plain("due_at", Instant),
    plain("expires_at", Instant, nullable=True),
    plain("planned_at", Instant),
    plain("intent_at", Instant, nullable=True),
    plain("accepted_at", Instant, nullable=True),
    plain("ended_at", Instant, nullable=True),
    plain("attempts", Integer),
    personal("response", Text, nullable=True),  # servers repeat the address
    *reason(),
    plain("claimed_by", Text, nullable=True),
    plain("claim_token", Id, nullable=True),
    plain("claimed_until", Instant, nullable=True),
    UniqueConstraint("workspace_id", "dedupe_key"),
    Index(
        "ix_deliveries_due",
        "due_at",
        sqlite_where=text("state IN ('queued', 'deferred')"),
        postgresql_where=text("state IN ('queued', 'deferred')"),
    ),
    Index(
        "ix_deliveries_waiting",
        "contact_id",
        sqlite_where=text("state IN ('queued', 'deferred')"),
        postgresql_where=text("state IN ('queued', 'deferred')"),
    ),
    Index(
        "ix_deliveries_in_hand",
        "contact_id",
        sqlite_where=text("state IN ('claimed', 'intent')"),
        postgresql_where=text("state IN ('claimed', 'intent')"),
    ),
    # What somebody just asked for goes first.
    Index(
        "ix_deliveries_first",
        "due_at",
        sqlite_where=text("state IN ('queued', 'deferred') AND message_class <> 'marketing'"),
        postgresql_where=text("state IN ('queued', 'deferred') AND message_class <> 'marketing'"),
    ),
    Index(None, "contact_id", "planned_at"),
    Index(
        "ix_deliveries_enrollment",
        "enrollment_id",
        sqlite_where=text("enrollment_id IS NOT NULL"),
        postgresql_where=text("enrollment_id IS NOT NULL"),
    ),
    # What each sequence has sent, for its figures.
    Index(
        "ix_deliveries_taken",
        "definition_id",
        "step",
        sqlite_where=text("state = 'accepted' AND enrollment_id IS NOT NULL"),
        postgresql_where=text("state = 'accepted' AND enrollment_id IS NOT NULL"),
    ),
    Index(
        "ix_deliveries_broadcast",
        "broadcast_id",
        sqlite_where=text("broadcast_id IS NOT NULL"),
        postgresql_where=text("broadcast_id IS NOT NULL"),
    ),
    Index(
        "ix_deliveries_uncertain",
        "workspace_id",
        "intent_at",
        sqlite_where=text("state IN ('intent', 'uncertain')"),
        postgresql_where=text("state IN ('intent', 'uncertain')"),
    ),
)

sender_states = Table(
    "sender_states",
    metadata,
    workspace(),
    plain("sender", Text),  # the From address
    plain("problem_until", Instant),
    plain("problems", Integer),
    *reason(),
    plain("at", Instant),
    plain("held_by", Text, nullable=True),  # person / breaker; null: a problem that ends by itself
    plain("held_since", Instant, nullable=True),
    plain("probe_at", Instant, nullable=True),  # when the breaker lets a few mails out to see
    PrimaryKeyConstraint("workspace_id", "sender"),
    info={"whose": "named"},
)

attempts = Table(
    "attempts",
    metadata,
    key(),
    workspace(),
    plain("delivery_id", Id),
    plain("number", Integer),
    plain("at", Instant),
    plain("worker", Text),
    plain("phase", Text),
    plain("outcome", Text),
    plain("code", Integer, nullable=True),
    plain("enhanced", Text, nullable=True),
    personal("response", Text),
    Index(None, "delivery_id"),
)

score_entries = Table(
    "score_entries",
    metadata,
    key(),
    workspace(),
    contact(),
    plain("measure", Text),
    plain("rule", Text),
    plain("model_version", Integer),
    plain("occasion", Text),  # the event's id, or what of the contact the rule looked at
    plain("points", Float),
    plain("at", Instant),
    plain("compensates", Id, nullable=True),
    *reason(),
    UniqueConstraint("contact_id", "rule", "model_version", "occasion"),
    Index(None, "contact_id", "measure", "at"),
)

tasks = Table(
    "tasks",
    metadata,
    key(),
    workspace(),
    contact(),
    pseudonymous("owner_id", Id, ForeignKey("users.id"), nullable=True),
    plain("kind", Text),
    personal("title", Text),
    personal("body", Text),
    plain("due_at", Instant, nullable=True),
    plain("state", Text),  # open / done / dropped
    plain("dedupe_key", Text),
    plain("enrollment_id", Id, nullable=True),
    *reason(),
    plain("assigned_code", Text, nullable=True),  # why it is whose it is
    plain("assigned_rule", Text, nullable=True),  # the name of the rule that said so
    plain("created_at", Instant),
    plain("ended_at", Instant, nullable=True),
    UniqueConstraint("workspace_id", "dedupe_key"),
    Index(None, "workspace_id", "state", "due_at"),
    Index(None, "contact_id"),
)

# Whose turn it is by the rules of several colleagues. One row, so that whoever looks at two rules waits for one lock.
task_turns = Table(
    "task_turns",
    metadata,
    plain("workspace_id", Id, ForeignKey("workspaces.id"), primary_key=True),
    pseudonymous("turns", Json),  # by rule: the number of its last turn, and by colleague that of their own
)

web_calls = Table(
    "web_calls",
    metadata,
    key(),
    workspace(),
    contact(),
    plain("dedupe_key", Text),
    plain("url", Text),
    personal("payload", Json),
    plain("state", Text),  # queued / done / dead
    plain("due_at", Instant),
    plain("attempts", Integer),
    personal("response", Text, nullable=True),  # status and the first words of what came back
    *reason(),
    plain("created_at", Instant),
    plain("ended_at", Instant, nullable=True),
    plain("claimed_by", Text, nullable=True),
    plain("claim_token", Id, nullable=True),
    plain("claimed_until", Instant, nullable=True),
    # Of a receiver that asked for events; null: a step of a sequence tells. One that was removed may stand here still.
    plain("subscription_id", Id, nullable=True),
    UniqueConstraint("workspace_id", "dedupe_key"),
    Index(
        "ix_web_calls_dead",
        "workspace_id",
        "ended_at",
        sqlite_where=text("state = 'dead'"),
        postgresql_where=text("state = 'dead'"),
    ),
    Index(
        "ix_web_calls_due",
        "due_at",
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
    Index(
        "ix_web_calls_done",
        "workspace_id",
        "ended_at",
        sqlite_where=text("state = 'done'"),
        postgresql_where=text("state = 'done'"),
    ),
    Index(
        "ix_web_calls_subscribed",
        "subscription_id",
        sqlite_where=text("subscription_id IS NOT NULL"),
        postgresql_where=text("subscription_id IS NOT NULL"),
    ),
)

# Other systems that want to hear of events, whichever sequence somebody is in.
hook_subscriptions = Table(
    "hook_subscriptions",
    metadata,
    key(),
    workspace(),
    plain("title", Text),
    plain("url", Text),
    plain("events", Json),
    plain("paused_at", Instant, nullable=True),
    pseudonymous("made_by", Id, nullable=True),
    plain("created_at", Instant),
    plain("revision", Integer),
    plain("tested_at", Instant, nullable=True),
    plain("test_code", Text, nullable=True),
    plain("test_params", Json, nullable=True),  # host, status or error; nobody is in a test call
    UniqueConstraint("workspace_id", "title"),
)
