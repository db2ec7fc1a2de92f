"""The first schema: people, programme, signals.

Revision ID: 0001
Revises: none
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant, Json

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Partitioned by time on PostgreSQL; `app.store.partitions` makes the months, the default takes the rest.
PARTITIONED = ("hits", "events", "attempts", "timeline")


def upgrade() -> None:
    op.create_table(
        "job_runs",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("last_started_at", Instant(), nullable=True),
        sa.Column("last_finished_at", Instant(), nullable=True),
        sa.Column("last_error_at", Instant(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("handled", sa.Integer(), nullable=False),
        sa.Column("every", sa.Float(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_job_runs")),
    )
    op.create_table(
        "workspaces",
        sa.Column("id", Id(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("stopped_at", Instant(), nullable=True),
        sa.Column("stopped_by", Id(), nullable=True),
        sa.Column("stopped_why", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
        sa.UniqueConstraint("key", name=op.f("uq_workspaces_key")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("delivery_id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("enhanced", sa.Text(), nullable=True),
        sa.Column("response", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_attempts_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        postgresql_partition_by="RANGE (id)",
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempts_delivery_id"), ["delivery_id"], unique=False)

    op.create_table(
        "audit_entries",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("user_id", Id(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_audit_entries_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_audit_entries_workspace_id_at"), ["workspace_id", "at"], unique=False
        )

    op.create_table(
        "companies",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fields", Json, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_companies_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        sa.UniqueConstraint("workspace_id", "domain", name=op.f("uq_companies_workspace_id_domain")),
    )
    op.create_table(
        "definitions",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("live_version_id", Id(), nullable=True),
        sa.Column("draft_source", sa.Text(), nullable=True),
        sa.Column("draft_base_id", Id(), nullable=True),
        sa.Column("draft_by", Id(), nullable=True),
        sa.Column("draft_at", Instant(), nullable=True),
        sa.Column("paused_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_definitions_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definitions")),
        sa.UniqueConstraint("workspace_id", "kind", "key", name=op.f("uq_definitions_workspace_id_kind_key")),
    )
    op.create_table(
        "field_definitions",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("choices", Json, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_field_definitions_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_definitions")),
        sa.UniqueConstraint(
            "workspace_id", "subject", "key", name=op.f("uq_field_definitions_workspace_id_subject_key")
        ),
    )
    op.create_table(
        "hits",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("contact_id", Id(), nullable=True),
        sa.Column("delivery_id", Id(), nullable=True),
        sa.Column("variant_id", Id(), nullable=True),
        sa.Column("link", sa.Integer(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("headers", Json, nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("reasons", Json, nullable=True),
        sa.Column("classifier", sa.Integer(), nullable=True),
        sa.Column("judged_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_hits_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hits")),
        postgresql_partition_by="RANGE (id)",
    )
    with op.batch_alter_table("hits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hits_address_at"), ["address", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_hits_delivery_id"), ["delivery_id"], unique=False)
        batch_op.create_index(
            "ix_hits_pending",
            ["contact_id"],
            unique=False,
            sqlite_where=sa.text("verdict IS NULL"),
            postgresql_where=sa.text("verdict IS NULL"),
        )
        batch_op.create_index(
            "ix_hits_unjudged",
            ["received_at"],
            unique=False,
            sqlite_where=sa.text("verdict IS NULL"),
            postgresql_where=sa.text("verdict IS NULL"),
        )

    op.create_table(
        "imports",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("format", Json, nullable=False),
        sa.Column("mapping", Json, nullable=False),
        sa.Column("options", Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("counts", Json, nullable=False),
        sa.Column("problem", Json, nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_imports_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "sender_states",
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("problem_until", Instant(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_sender_states_workspace_id")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "sender", name=op.f("pk_sender_states")),
    )
    op.create_table(
        "suppressions",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("value_hash", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("contact_id", Id(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("lifted_at", Instant(), nullable=True),
        sa.Column("lifted_by", Id(), nullable=True),
        sa.Column("lifted_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_suppressions_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
    )
    with op.batch_alter_table("suppressions", schema=None) as batch_op:
        batch_op.create_index(
            "uq_suppressions_live",
            ["workspace_id", "scope", "value_hash", "topic"],
            unique=True,
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )

    op.create_table(
        "users",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("may_publish", sa.Boolean(), nullable=False),
        sa.Column("may_send", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("failed_sign_ins", sa.Integer(), nullable=False),
        sa.Column("locked_until", Instant(), nullable=True),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_users_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("workspace_id", "email", name=op.f("uq_users_workspace_id_email")),
    )
    op.create_table(
        "contacts",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("company_id", Id(), nullable=True),
        sa.Column("owner_id", Id(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("persona", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("preferred_channel", sa.Text(), nullable=True),
        sa.Column("fields", Json, nullable=False),
        sa.Column("tracking", sa.Text(), nullable=True),
        sa.Column("mails_a_week", sa.Integer(), nullable=True),
        sa.Column("paused_until", Instant(), nullable=True),
        sa.Column("merged_into", Id(), nullable=True),
        sa.Column("erased_at", Instant(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("judge_due_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_contacts_company_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_contacts_owner_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_contacts_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contacts_company_id"), ["company_id"], unique=False)
        batch_op.create_index(
            "ix_contacts_judge_due",
            ["judge_due_at"],
            unique=False,
            sqlite_where=sa.text("judge_due_at IS NOT NULL"),
            postgresql_where=sa.text("judge_due_at IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_contacts_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_contacts_workspace_id_created_at"), ["workspace_id", "created_at"], unique=False
        )

    op.create_table(
        "definition_versions",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("definition_id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("base_version_id", Id(), nullable=True),
        sa.Column("author_id", Id(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("published_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.id"], name=op.f("fk_definition_versions_definition_id")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_definition_versions_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definition_versions")),
        sa.UniqueConstraint(
            "definition_id", "number", name=op.f("uq_definition_versions_definition_id_number")
        ),
    )
    op.create_table(
        "import_rows",
        sa.Column("import_id", Id(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id")),
        sa.PrimaryKeyConstraint("import_id", "row_number", name=op.f("pk_import_rows")),
    )
    op.create_table(
        "sign_ins",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_ins_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_ins")),
    )
    with op.batch_alter_table("sign_ins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_ins_user_id"), ["user_id"], unique=False)

    op.create_table(
        "admissions",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("definition_id", Id(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_admissions_contact_id")),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.id"], name=op.f("fk_admissions_definition_id")
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_admissions_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admissions")),
        sa.UniqueConstraint("workspace_id", "dedupe_key", name=op.f("uq_admissions_workspace_id_dedupe_key")),
    )
    with op.batch_alter_table("admissions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_admissions_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_admissions_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.create_table(
        "consent_entries",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_consent_entries_contact_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_consent_entries_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_entries")),
    )
    with op.batch_alter_table("consent_entries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_consent_entries_contact_id_at"), ["contact_id", "at"], unique=False
        )

    op.create_table(
        "consents",
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_consents_contact_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_consents_workspace_id")),
        sa.PrimaryKeyConstraint("contact_id", "purpose", name=op.f("pk_consents")),
    )
    op.create_table(
        "contact_criteria",
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("value", Json, nullable=True),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_contact_criteria_contact_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_contact_criteria_workspace_id")
        ),
        sa.PrimaryKeyConstraint("contact_id", "criterion", name=op.f("pk_contact_criteria")),
    )
    op.create_table(
        "contact_stages",
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("lifecycle", sa.Text(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_contact_stages_contact_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_contact_stages_workspace_id")
        ),
        sa.PrimaryKeyConstraint("contact_id", "lifecycle", name=op.f("pk_contact_stages")),
    )
    with op.batch_alter_table("contact_stages", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_contact_stages_workspace_id_lifecycle_stage_contact_id"),
            ["workspace_id", "lifecycle", "stage", "contact_id"],
            unique=False,
        )

    op.create_table(
        "contact_tags",
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_contact_tags_contact_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_contact_tags_workspace_id")
        ),
        sa.PrimaryKeyConstraint("contact_id", "tag", name=op.f("pk_contact_tags")),
    )
    with op.batch_alter_table("contact_tags", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_contact_tags_workspace_id_tag"), ["workspace_id", "tag"], unique=False
        )

    op.create_table(
        "enrollments",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("definition_id", Id(), nullable=False),
        sa.Column("version_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("entry_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("inside", sa.Boolean(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("local_due", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("waiting_for", Json, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("visits", Json, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("entered_at", Instant(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claim_token", Id(), nullable=True),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_enrollments_contact_id")),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.id"], name=op.f("fk_enrollments_definition_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["definition_versions.id"], name=op.f("fk_enrollments_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_enrollments_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollments")),
        sa.UniqueConstraint(
            "definition_id",
            "contact_id",
            "entry_number",
            name=op.f("uq_enrollments_definition_id_contact_id_entry_number"),
        ),
    )
    with op.batch_alter_table("enrollments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_enrollments_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_enrollments_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('due', 'waiting')"),
            postgresql_where=sa.text("state IN ('due', 'waiting')"),
        )
        batch_op.create_index(
            "uq_enrollments_active",
            ["definition_id", "contact_id"],
            unique=True,
            sqlite_where=sa.text("state <> 'ended'"),
            postgresql_where=sa.text("state <> 'ended'"),
        )

    op.create_table(
        "events",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("occurred_at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("processed_at", Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("delivery_id", Id(), nullable=True),
        sa.Column("enrollment_id", Id(), nullable=True),
        sa.Column("hit_id", Id(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_events_contact_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_events_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        postgresql_partition_by="RANGE (id)",
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_events_contact_id_kind_occurred_at"),
            ["contact_id", "kind", "occurred_at"],
            unique=False,
        )
        batch_op.create_index(
            "ix_events_pending",
            ["contact_id"],
            unique=False,
            sqlite_where=sa.text("processed_at IS NULL"),
            postgresql_where=sa.text("processed_at IS NULL"),
        )
        batch_op.create_index(
            "ix_events_unprocessed",
            ["received_at"],
            unique=False,
            sqlite_where=sa.text("processed_at IS NULL"),
            postgresql_where=sa.text("processed_at IS NULL"),
        )

    op.create_table(
        "fact_changes",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("old", Json, nullable=True),
        sa.Column("new", Json, nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_fact_changes_contact_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_fact_changes_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_changes")),
    )
    with op.batch_alter_table("fact_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_fact_changes_contact_id_at"), ["contact_id", "at"], unique=False)

    op.create_table(
        "identities",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("shown_as", sa.Text(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("verified_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_identities_contact_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_identities_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint(
            "workspace_id", "kind", "value", name=op.f("uq_identities_workspace_id_kind_value")
        ),
    )
    with op.batch_alter_table("identities", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identities_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "interests",
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("half_life", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_interests_contact_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_interests_workspace_id")),
        sa.PrimaryKeyConstraint("contact_id", "topic", name=op.f("pk_interests")),
    )
    op.create_table(
        "merges",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("survivor_id", Id(), nullable=False),
        sa.Column("merged_id", Id(), nullable=False),
        sa.Column("before", Json, nullable=False),
        sa.Column("merged_at", Instant(), nullable=False),
        sa.Column("merged_by", Id(), nullable=True),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["merged_id"], ["contacts.id"], name=op.f("fk_merges_merged_id")),
        sa.ForeignKeyConstraint(["survivor_id"], ["contacts.id"], name=op.f("fk_merges_survivor_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_merges_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_table(
        "score_entries",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("compensates", Id(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_score_entries_contact_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_score_entries_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_entries")),
        sa.UniqueConstraint(
            "contact_id",
            "rule",
            "model_version",
            "occasion",
            name=op.f("uq_score_entries_contact_id_rule_model_version_occasion"),
        ),
    )
    with op.batch_alter_table("score_entries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_score_entries_contact_id_measure_at"),
            ["contact_id", "measure", "at"],
            unique=False,
        )

    op.create_table(
        "scores",
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("half_life", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_scores_contact_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_scores_workspace_id")),
        sa.PrimaryKeyConstraint("contact_id", "measure", name=op.f("pk_scores")),
    )
    op.create_table(
        "tasks",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("owner_id", Id(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("enrollment_id", Id(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_tasks_contact_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_tasks_owner_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_tasks_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("workspace_id", "dedupe_key", name=op.f("uq_tasks_workspace_id_dedupe_key")),
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tasks_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_tasks_workspace_id_state_due_at"),
            ["workspace_id", "state", "due_at"],
            unique=False,
        )

    op.create_table(
        "template_variants",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("version_id", Id(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("compiled", sa.Text(), nullable=False),
        sa.Column("compiled_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["definition_versions.id"], name=op.f("fk_template_variants_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_template_variants_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_variants")),
        sa.UniqueConstraint(
            "version_id", "locale", "digest", name=op.f("uq_template_variants_version_id_locale_digest")
        ),
    )
    op.create_table(
        "timeline",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("params", Json, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("enrollment_id", Id(), nullable=True),
        sa.Column("delivery_id", Id(), nullable=True),
        sa.Column("event_id", Id(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_timeline_contact_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_timeline_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline")),
        postgresql_partition_by="RANGE (id)",
    )
    with op.batch_alter_table("timeline", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_timeline_contact_id_at"), ["contact_id", "at"], unique=False)

    op.create_table(
        "web_calls",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claim_token", Id(), nullable=True),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_web_calls_contact_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_web_calls_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_calls")),
        sa.UniqueConstraint("workspace_id", "dedupe_key", name=op.f("uq_web_calls_workspace_id_dedupe_key")),
    )
    with op.batch_alter_table("web_calls", schema=None) as batch_op:
        batch_op.create_index(
            "ix_web_calls_dead",
            ["workspace_id", "ended_at"],
            unique=False,
            sqlite_where=sa.text("state = 'dead'"),
            postgresql_where=sa.text("state = 'dead'"),
        )
        batch_op.create_index(
            "ix_web_calls_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state = 'queued'"),
            postgresql_where=sa.text("state = 'queued'"),
        )

    op.create_table(
        "deliveries",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("recipient_user_id", Id(), nullable=True),
        sa.Column("enrollment_id", Id(), nullable=True),
        sa.Column("definition_id", Id(), nullable=True),
        sa.Column("broadcast_id", Id(), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("visit", sa.Integer(), nullable=True),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("message_class", sa.Text(), nullable=False),
        sa.Column("content_kind", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("template_version_id", Id(), nullable=True),
        sa.Column("variant_id", Id(), nullable=True),
        sa.Column("arm", sa.Text(), nullable=True),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("when_capped", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("context", Json, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("planned_at", Instant(), nullable=False),
        sa.Column("intent_at", Instant(), nullable=True),
        sa.Column("accepted_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claim_token", Id(), nullable=True),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_deliveries_contact_id")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name=op.f("fk_deliveries_enrollment_id")
        ),
        sa.ForeignKeyConstraint(
            ["recipient_user_id"], ["users.id"], name=op.f("fk_deliveries_recipient_user_id")
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_deliveries_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("workspace_id", "dedupe_key", name=op.f("uq_deliveries_workspace_id_dedupe_key")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_deliveries_contact_id_planned_at"), ["contact_id", "planned_at"], unique=False
        )
        batch_op.create_index(
            "ix_deliveries_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'deferred')"),
            postgresql_where=sa.text("state IN ('queued', 'deferred')"),
        )
        batch_op.create_index(
            "ix_deliveries_enrollment",
            ["enrollment_id"],
            unique=False,
            sqlite_where=sa.text("enrollment_id IS NOT NULL"),
            postgresql_where=sa.text("enrollment_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_deliveries_in_hand",
            ["contact_id"],
            unique=False,
            sqlite_where=sa.text("state IN ('claimed', 'intent')"),
            postgresql_where=sa.text("state IN ('claimed', 'intent')"),
        )
        batch_op.create_index(
            "ix_deliveries_uncertain",
            ["workspace_id", "intent_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('intent', 'uncertain')"),
            postgresql_where=sa.text("state IN ('intent', 'uncertain')"),
        )
        batch_op.create_index(
            "ix_deliveries_waiting",
            ["contact_id"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'deferred')"),
            postgresql_where=sa.text("state IN ('queued', 'deferred')"),
        )
    if op.get_bind().dialect.name == "postgresql":
        for name in PARTITIONED:
            op.execute(f"CREATE TABLE {name}__default PARTITION OF {name} DEFAULT")


def downgrade() -> None:
    for name in (
        "deliveries",
        "web_calls",
        "timeline",
        "template_variants",
        "tasks",
        "scores",
        "score_entries",
        "merges",
        "interests",
        "identities",
        "fact_changes",
        "events",
        "enrollments",
        "contact_tags",
        "contact_stages",
        "contact_criteria",
        "consents",
        "consent_entries",
        "admissions",
        "sign_ins",
        "import_rows",
        "definition_versions",
        "contacts",
        "users",
        "suppressions",
        "sender_states",
        "imports",
        "hits",
        "field_definitions",
        "definitions",
        "companies",
        "audit_entries",
        "attempts",
        "workspaces",
        "job_runs",
    ):
        op.drop_table(name)
