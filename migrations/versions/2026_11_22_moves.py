"""Moves between stages are found by an index.

Revision ID: moves
Revises: library
"""

import sqlalchemy as sa
from alembic import op

revision = "moves"
down_revision = "library"
branch_labels = None
depends_on = None

MOVED = "kind = 'stage' AND old IS NOT NULL"


def upgrade() -> None:
    op.create_index(
        "ix_fact_changes_moves",
        "fact_changes",
        ["workspace_id", "at"],
        sqlite_where=sa.text(MOVED),
        postgresql_where=sa.text(MOVED),
    )


def downgrade() -> None:
    op.drop_index("ix_fact_changes_moves", table_name="fact_changes")
