"""What each sequence has sent is found by the sequence.

Revision ID: figures
Revises: hook_subscriptions
"""

import sqlalchemy as sa
from alembic import op

revision = "figures"
down_revision = "hook_subscriptions"
branch_labels = None
depends_on = None
TAKEN = "state = 'accepted' AND enrollment_id IS NOT NULL"


def upgrade() -> None:
    op.create_index(
        "ix_deliveries_taken", "deliveries", ["definition_id", "step"],
        sqlite_where=sa.text(TAKEN), postgresql_where=sa.text(TAKEN),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_deliveries_taken", table_name="deliveries")
