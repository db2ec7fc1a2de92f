"""Who gets a task: why it is whose it is, the turns of the rules, and until when a colleague is away.

Revision ID: assignment
Revises: merging
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant, Json

revision = "assignment"
down_revision = "merging"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("away_until", Instant(), nullable=True))
    op.add_column("tasks", sa.Column("assigned_code", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("assigned_rule", sa.Text(), nullable=True))
    op.create_table(
        "task_turns",
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("turns", Json, nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_task_turns_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_task_turns")),
    )


def downgrade() -> None:
    op.drop_table("task_turns")
    op.drop_column("tasks", "assigned_rule")
    op.drop_column("tasks", "assigned_code")
    op.drop_column("users", "away_until")
