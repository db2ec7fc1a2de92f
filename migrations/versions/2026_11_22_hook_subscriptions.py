"""Other systems that are told of events: who wants which, and which calls are theirs.

Revision ID: hook_subscriptions
Revises: assignment
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant, Json

revision = "hook_subscriptions"
down_revision = "assignment"
branch_labels = None
depends_on = None
INDEXES = {
    "ix_web_calls_done": (["workspace_id", "ended_at"], "state = 'done'"),
    "ix_web_calls_subscribed": (["subscription_id"], "subscription_id IS NOT NULL"),
}


def upgrade() -> None:
    op.create_table(
        "hook_subscriptions",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", Json, nullable=False),
        sa.Column("paused_at", Instant(), nullable=True),
        sa.Column("made_by", Id(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("tested_at", Instant(), nullable=True),
        sa.Column("test_code", sa.Text(), nullable=True),
        sa.Column("test_params", Json, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_hook_subscriptions_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_subscriptions")),
        sa.UniqueConstraint("workspace_id", "title", name=op.f("uq_hook_subscriptions_workspace_id_title")),
    )
    op.add_column("web_calls", sa.Column("subscription_id", Id(), nullable=True))
    for name, (columns, where) in INDEXES.items():
        op.create_index(
            name, "web_calls", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="web_calls")
    op.drop_column("web_calls", "subscription_id")
    op.drop_table("hook_subscriptions")
