"""What people ask of us about themselves: sign-ups, exports, erasures; a pace by the month.

Revision ID: privacy
Revises: provider_events
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant, Json

revision = "privacy"
down_revision = "provider_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contacts", sa.Column("mails_a_month", sa.Integer(), nullable=True))
    op.create_table(
        "confirmations",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("network_hash", sa.Text(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_confirmations_contact_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_confirmations_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmations")),
    )
    for columns in (
        ["workspace_id", "kind", "asked_at"],
        ["workspace_id", "address_hash", "asked_at"],
        ["workspace_id", "network_hash", "asked_at"],
        ["contact_id"],
    ):
        op.create_index(op.f(f"ix_confirmations_{'_'.join(columns)}"), "confirmations", columns)
    op.create_table(
        "erasures",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("traces", Json, nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_erasures_contact_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_erasures_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(
        "ix_erasures_open",
        "erasures",
        ["at"],
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index(op.f("ix_erasures_contact_id"), "erasures", ["contact_id"])


def downgrade() -> None:
    op.drop_table("erasures")
    op.drop_table("confirmations")
    op.drop_column("contacts", "mails_a_month")
