"""Who: workspaces, accounts, companies, contacts and all that is known of them."""

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
    only,
    personal,
    plain,
    pseudonymous,
    reason,
    workspace,
)  # fmt: skip

workspaces = Table(
    "workspaces",
    metadata,
    key(),
    plain("key", Text, unique=True),
    plain("name", Text),
    plain("is_demo", Boolean),
    # The red button: while `stopped_at` is set nothing leaves, and everybody sees who and why.
    plain("stopped_at", Instant, nullable=True),
    plain("stopped_by", Id, nullable=True),
    plain("stopped_why", Text, nullable=True),
    plain("created_at", Instant),
)

users = Table(
    "users",
    metadata,
    key(),
    workspace(),
    personal("email", Text),
    personal("name", Text),
    personal("title", Text),
    personal("signature", Text),
    plain("password_hash", Text, nullable=True),
    plain("role", Text),
    plain("may_publish", Boolean),
    plain("may_send", Boolean),
    plain("locale", Text, nullable=True),
    plain("zone", Text, nullable=True),
    plain("must_change_password", Boolean),
    plain("failed_sign_ins", Integer),
    plain("locked_until", Instant, nullable=True),
    plain("disabled_at", Instant, nullable=True),
    plain("away_until", Instant, nullable=True),  # until then no rule gives them a task
    plain("created_at", Instant),
    UniqueConstraint("workspace_id", "email"),
    info={"whose": "colleague"},
)

sign_ins = Table(
    "sign_ins",
    metadata,
    plain("token_hash", Text, primary_key=True),
    pseudonymous("user_id", Id, ForeignKey("users.id")),
    plain("created_at", Instant),
    plain("last_seen_at", Instant),
    plain("expires_at", Instant),
    plain("revoked_at", Instant, nullable=True),
    # The password was right, the code of the phone is still to come: opens nothing until then.
    plain("half_since", Instant, nullable=True),
    personal("user_agent", Text),
    personal("address", Text),
    Index(None, "user_id"),
    info={"whose": "colleague"},
)

audit_entries = Table(
    "audit_entries",
    metadata,
    key(),
    workspace(),
    plain("at", Instant),
    pseudonymous("user_id", Id, nullable=True),
    plain("action", Text),
    plain("subject_kind", Text),
    pseudonymous("subject", Text),
    personal("detail", Json),
    Index(None, "workspace_id", "at"),
    info={"whose": "named"},
)

companies = Table(
    "companies",
    metadata,
    key(),
    workspace(),
    plain("domain", Text, nullable=True),
    plain("name", Text),
    plain("fields", Json),
    plain("created_at", Instant),
    UniqueConstraint("workspace_id", "domain"),
    Index(
        "ix_companies_named", text("lower(name)"), "id", postgresql_ops={"lower(name)": "text_pattern_ops"}
    ),
)

contacts = Table(
    "contacts",
    metadata,
    key(),
    workspace(),
    pseudonymous("company_id", Id, ForeignKey("companies.id"), nullable=True),
    pseudonymous("owner_id", Id, ForeignKey("users.id"), nullable=True),
    personal("first_name", Text, nullable=True),
    personal("last_name", Text, nullable=True),
    personal("phone", Text, nullable=True),
    personal("job_title", Text, nullable=True),
    personal("city", Text, nullable=True),
    personal("country", Text, nullable=True),  # ISO 3166 alpha-2, upper case
    personal("persona", Text, nullable=True),
    personal("locale", Text, nullable=True),
    personal("zone", Text, nullable=True),  # IANA name as given; a bad one falls back and is reported
    personal("origin", Text, nullable=True),  # inbound / outbound / referral / import
    personal("source", Text, nullable=True),
    personal("preferred_channel", Text, nullable=True),  # mail / phone / meeting
    personal("fields", Json),  # typed custom fields, by the keys of field_definitions
    plain("tracking", Text, nullable=True),  # none / aggregate / individual; null: the default
    plain("mails_a_week", Integer, nullable=True),  # "slower please": the contact's own cap
    plain("mails_a_month", Integer, nullable=True),  # the same, slower still: in any 30 days
    plain("paused_until", Instant, nullable=True),
    personal("away_until", Instant, nullable=True),  # as their own automatic answer says
    pseudonymous("merged_into", Id, nullable=True),
    pseudonymous("referred_by", Id, nullable=True),  # the contact by whose link they signed up
    plain("erased_at", Instant, nullable=True),
    plain("revision", Integer),
    # Set by whoever changes a fact: fit and stage are judged anew from then on. Null: nothing to judge.
    plain("judge_due_at", Instant, nullable=True),
    plain("created_at", Instant),
    plain("updated_at", Instant),
    Index(None, "workspace_id", "created_at"),
    Index(None, "company_id"),
    Index(None, "owner_id"),
    Index(
        "ix_contacts_first",
        text("lower(first_name)"),
        postgresql_ops={"lower(first_name)": "text_pattern_ops"},
    ),
    Index(
        "ix_contacts_last", text("lower(last_name)"), postgresql_ops={"lower(last_name)": "text_pattern_ops"}
    ),
    Index("ix_contacts_source", "source", "id", **only("source IS NOT NULL")),
    # What those who were merged had, the survivor had: asked for with every batch of mails.
    Index("ix_contacts_merged", "merged_into", **only("merged_into IS NOT NULL")),
    Index(
        "ix_contacts_referred",
        "referred_by",
        sqlite_where=text("referred_by IS NOT NULL"),
        postgresql_where=text("referred_by IS NOT NULL"),
    ),
    Index(
        "ix_contacts_judge_due",
        "judge_due_at",
        sqlite_where=text("judge_due_at IS NOT NULL"),
        postgresql_where=text("judge_due_at IS NOT NULL"),
    ),
)

identities = Table(
    "identities",
    metadata,
    key(),
    workspace(),
    contact(),
    plain("kind", Text),  # email / external / visitor / crm
    personal("value", Text),  # normalised
    personal("shown_as", Text),
    plain("is_primary", Boolean),
    plain("verified_at", Instant, nullable=True),
    plain("created_at", Instant),
    plain("flag", Text, nullable=True),  # of an address: role / disposable / no_mail / typo
    personal("suggestion", Text, nullable=True),  # what was meant, where it looks mistyped
    UniqueConstraint("workspace_id", "kind", "value"),
    Index(None, "contact_id"),
    Index(
        "ix_identities_unlooked",
        "id",
        sqlite_where=text("kind = 'email' AND flag IS NULL"),
        postgresql_where=text("kind = 'email' AND flag IS NULL"),
    ),
)

merges = Table(
    "merges",
    metadata,
    key(),
    workspace(),
    pseudonymous("survivor_id", Id, ForeignKey("contacts.id")),
    pseudonymous("merged_id", Id, ForeignKey("contacts.id")),
    personal("before", Json),
    plain("merged_at", Instant),
    pseudonymous("merged_by", Id, nullable=True),
    plain("undone_at", Instant, nullable=True),
    Index(None, "survivor_id"),
)

contact_stages = Table(
    "contact_stages",
    metadata,
    contact(),
    plain("lifecycle", Text),
    workspace(),
    plain("stage", Text),
    plain("since", Instant),
    *reason(),
    plain("revision", Integer),
    PrimaryKeyConstraint("contact_id", "lifecycle"),
    Index(None, "workspace_id", "lifecycle", "stage", "contact_id"),
)

contact_tags = Table(
    "contact_tags",
    metadata,
    contact(),
    personal("tag", Text),
    workspace(),
    plain("added_at", Instant),
    PrimaryKeyConstraint("contact_id", "tag"),
    Index(None, "workspace_id", "tag"),
)

contact_criteria = Table(
    "contact_criteria",
    metadata,
    contact(),
    plain("criterion", Text),
    workspace(),
    plain("state", Text),  # yes / no / unknown
    personal("value", Json, nullable=True),  # typed: text, number, or an ISO date
    personal("evidence", Json),
    plain("changed_at", Instant),
    PrimaryKeyConstraint("contact_id", "criterion"),
)

field_definitions = Table(
    "field_definitions",
    metadata,
    key(),
    workspace(),
    plain("subject", Text),  # contact / company
    plain("key", Text),
    plain("label", Text),
    plain("type", Text),  # text / number / date / flag / choice
    plain("choices", Json),
    plain("created_at", Instant),
    # Out of use: no rule or mail may name it any more. What people have in it stays.
    plain("retired_at", Instant, nullable=True),
    UniqueConstraint("workspace_id", "subject", "key"),
)

consent_entries = Table(
    "consent_entries",
    metadata,
    key(),
    workspace(),
    contact(),
    plain("purpose", Text),  # a topic's key, or "tracking"
    plain("state", Text),  # asked / given / withdrawn
    personal("basis", Text),
    personal("source", Text),
    plain("text_version", Text, nullable=True),
    plain("at", Instant),
    personal("detail", Json),
    Index(None, "contact_id", "at"),
)

consents = Table(
    "consents",
    metadata,
    contact(),
    plain("purpose", Text),
    workspace(),
    plain("state", Text),
    personal("basis", Text),
    plain("at", Instant),
    PrimaryKeyConstraint("contact_id", "purpose"),
    Index("ix_consents_stated", "workspace_id", "purpose", "state", "contact_id"),
)

suppressions = Table(
    "suppressions",
    metadata,
    key(),
    workspace(),
    plain("scope", Text),  # topic / marketing / address / domain / company
    pseudonymous("value_hash", Text),  # keyed hash of the address, domain or company; it outlives an erasure
    personal("value", Text, nullable=True),  # what was hashed, as a person reads it; goes with an erasure
    plain("topic", Text),  # empty unless the scope is topic
    pseudonymous("contact_id", Id, nullable=True),
    plain("source", Text),
    *reason(),
    plain("at", Instant),
    plain("lifted_at", Instant, nullable=True),
    pseudonymous("lifted_by", Id, nullable=True),
    plain("lifted_why", Text, nullable=True),
    Index(None, "workspace_id", "value_hash"),
    Index(None, "contact_id"),
    Index(
        "uq_suppressions_live",
        "workspace_id",
        "scope",
        "value_hash",
        "topic",
        unique=True,
        sqlite_where=text("lifted_at IS NULL"),
        postgresql_where=text("lifted_at IS NULL"),
    ),
)

fact_changes = Table(
    "fact_changes",
    metadata,
    key(),
    workspace(),
    contact(),
    plain("kind", Text),  # field / tag / criterion / stage / owner / address / consent
    plain("name", Text),
    personal("old", Json, nullable=True),
    personal("new", Json, nullable=True),
    plain("source", Text),
    *reason(),
    plain("at", Instant),
    Index(None, "contact_id", "at"),
    Index(
        "ix_fact_changes_moves",
        "workspace_id",
        "at",
        sqlite_where=text("kind = 'stage' AND old IS NOT NULL"),
        postgresql_where=text("kind = 'stage' AND old IS NOT NULL"),
    ),
)

scores = Table(
    "scores",
    metadata,
    contact(),
    plain("measure", Text),  # fit / engagement
    workspace(),
    plain("value", Float),  # what it was worth at `as_of`; it decays from there
    plain("as_of", Instant),
    plain("half_life", Float, nullable=True),  # seconds; null: does not decay
    PrimaryKeyConstraint("contact_id", "measure"),
    # The orders of the list of contacts: by fit, and by the last signal that counted.
    Index("ix_scores_fit", "workspace_id", "value", "contact_id", **only("measure = 'fit'")),
    Index("ix_scores_signal", "workspace_id", "as_of", "contact_id", **only("measure = 'engagement'")),
)

interests = Table(
    "interests",
    metadata,
    contact(),
    plain("topic", Text),
    workspace(),
    plain("value", Float),
    plain("as_of", Instant),
    plain("half_life", Float, nullable=True),
    PrimaryKeyConstraint("contact_id", "topic"),
)
