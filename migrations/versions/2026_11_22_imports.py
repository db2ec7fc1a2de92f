"""Imports that are brought in the browser: chosen step by step, looked at, stopped, undone.

Revision ID: imports
Revises: segments
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Instant, Json

revision = "imports"
down_revision = "segments"
branch_labels = None
depends_on = None

COLUMNS = ("draft", "revision", "seen", "total", "reached", "undo", "confirmed_at", "removed_at")


def upgrade() -> None:
    op.add_column("imports", sa.Column("draft", Json, nullable=True))
    op.add_column("imports", sa.Column("revision", sa.Integer(), nullable=True))
    op.add_column("imports", sa.Column("seen", Json, nullable=True))
    op.add_column("imports", sa.Column("total", sa.Integer(), nullable=True))
    op.add_column("imports", sa.Column("reached", sa.Integer(), nullable=True))
    op.add_column("imports", sa.Column("undo", Json, nullable=True))
    op.add_column("imports", sa.Column("confirmed_at", Instant(), nullable=True))
    op.add_column("imports", sa.Column("removed_at", Instant(), nullable=True))
    op.create_index(op.f("ix_imports_workspace_id_created_at"), "imports", ["workspace_id", "created_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_imports_workspace_id_created_at"), table_name="imports")
    for name in reversed(COLUMNS):
        op.drop_column("imports", name)
