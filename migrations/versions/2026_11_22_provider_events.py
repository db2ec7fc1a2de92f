"""What mail providers tell by web hooks, and what became of mails.

Revision ID: provider_events
Revises: truths
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant, Json

revision = "provider_events"
down_revision = "truths"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("allowed", Json, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("pending", Json, nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=True),
        sa.Column("counts", Json, nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("refused_at", Instant(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_webhook_endpoints_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        sa.UniqueConstraint(
            "workspace_id", "key_hash", name=op.f("uq_webhook_endpoints_workspace_id_key_hash")
        ),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_webhook_endpoints_workspace_id_name")),
    )
    op.create_table(
        "webhook_calls",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("endpoint_id", Id(), nullable=False),
        sa.Column("once", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_calls_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_webhook_calls_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_calls")),
        sa.UniqueConstraint("endpoint_id", "once", name=op.f("uq_webhook_calls_endpoint_id_once")),
        info={"whose": "named"},
    )
    op.create_index(
        "ix_webhook_calls_kept",
        "webhook_calls",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("body IS NOT NULL"),
        postgresql_where=sa.text("body IS NOT NULL"),
    )
    op.create_index(
        "ix_webhook_calls_waiting",
        "webhook_calls",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "mail_outcomes",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("delivery_id", Id(), nullable=True),
        sa.Column("contact_id", Id(), nullable=True),
        sa.Column("address_hash", sa.Text(), nullable=True),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.Column("delivered_at", Instant(), nullable=True),
        sa.Column("bounced_at", Instant(), nullable=True),
        sa.Column("bounce_class", sa.Text(), nullable=True),
        sa.Column("enhanced", sa.Text(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("told_at", Instant(), nullable=True),
        sa.Column("complained_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_mail_outcomes_contact_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_mail_outcomes_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_outcomes")),
    )
    op.create_index(op.f("ix_mail_outcomes_contact_id"), "mail_outcomes", ["contact_id"], unique=False)
    op.create_index(
        op.f("ix_mail_outcomes_workspace_id_address_hash"),
        "mail_outcomes",
        ["workspace_id", "address_hash"],
        unique=False,
    )
    op.create_table(
        "provider_events",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("call_id", Id(), nullable=True),
        sa.Column("endpoint_id", Id(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("contact_id", Id(), nullable=True),
        sa.Column("delivery_id", Id(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=True),
        sa.Column("bounce_class", sa.Text(), nullable=True),
        sa.Column("enhanced", sa.Text(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_provider_events_contact_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_provider_events_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
    )
    op.create_index(op.f("ix_provider_events_call_id"), "provider_events", ["call_id"], unique=False)
    op.create_index(op.f("ix_provider_events_contact_id"), "provider_events", ["contact_id"], unique=False)
    op.create_index(
        "ix_provider_events_waiting",
        "provider_events",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("result = 'waiting'"),
        postgresql_where=sa.text("result = 'waiting'"),
    )
    op.create_index(
        op.f("ix_provider_events_workspace_id_received_at"),
        "provider_events",
        ["workspace_id", "received_at"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_provider_events_workspace_id_received_at"), table_name="provider_events")
    op.drop_index(
        "ix_provider_events_waiting",
        table_name="provider_events",
        sqlite_where=sa.text("result = 'waiting'"),
        postgresql_where=sa.text("result = 'waiting'"),
    )
    op.drop_index(op.f("ix_provider_events_contact_id"), table_name="provider_events")
    op.drop_index(op.f("ix_provider_events_call_id"), table_name="provider_events")
    op.drop_table("provider_events")
    op.drop_index(op.f("ix_mail_outcomes_workspace_id_address_hash"), table_name="mail_outcomes")
    op.drop_index(op.f("ix_mail_outcomes_contact_id"), table_name="mail_outcomes")
    op.drop_table("mail_outcomes")
    op.drop_index(
        "ix_webhook_calls_waiting",
        table_name="webhook_calls",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index(
        "ix_webhook_calls_kept",
        table_name="webhook_calls",
        sqlite_where=sa.text("body IS NOT NULL"),
        postgresql_where=sa.text("body IS NOT NULL"),
    )
    op.drop_table("webhook_calls")
    op.drop_table("webhook_endpoints")
