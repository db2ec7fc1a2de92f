"""The keys that sign our mail.

Revision ID: dkim
Revises: privacy
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant

revision = "dkim"
down_revision = "privacy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dkim_keys",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("selector", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("activated_at", Instant(), nullable=True),
        sa.Column("retired_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_dkim_keys_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dkim_keys")),
        sa.UniqueConstraint(
            "workspace_id", "domain", "selector", name=op.f("uq_dkim_keys_workspace_id_domain_selector")
        ),
    )


def downgrade() -> None:
    op.drop_table("dkim_keys")
