"""Invitations, new passwords and notices to colleagues by mail.

Revision ID: accounts
Revises: absences
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant, Json

revision = "accounts"
down_revision = "absences"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_mails",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", Id(), nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("network_hash", sa.Text(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.Column("asked_by", Id(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_account_mails_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_mails")),
    )
    for columns in (["token_hash"], ["due_at"], ["workspace_id", "kind", "asked_at"]):
        op.create_index(f"ix_account_mails_{'_'.join(columns)}", "account_mails", columns)


def downgrade() -> None:
    op.drop_table("account_mails")
