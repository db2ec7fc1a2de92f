"""Broadcasts: one mail to the people of a segment, and whom it was frozen for.

Revision ID: broadcasts
Revises: imports
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant, Json

revision = "broadcasts"
down_revision = "imports"
branch_labels = None
depends_on = None
MINE = "broadcast_id IS NOT NULL"


def upgrade() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("title", "template", "segment", "topic", "way")
        ),
        sa.Column("wall", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("pace", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("frozen_at", Instant(), nullable=True),
        sa.Column("frozen_to", Id(), nullable=True),
        sa.Column("made_by", Id(), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("confirmed_by", Id(), nullable=True),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_broadcasts_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
    )
    op.create_index(op.f("ix_broadcasts_workspace_id_state"), "broadcasts", ["workspace_id", "state"])
    op.create_table(
        "broadcast_people",
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("broadcast_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("queued_at", Instant(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_broadcast_people_workspace_id")
        ),
        sa.ForeignKeyConstraint(
            ["broadcast_id"], ["broadcasts.id"], name=op.f("fk_broadcast_people_broadcast_id")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_broadcast_people_contact_id")),
        sa.PrimaryKeyConstraint("broadcast_id", "contact_id", name=op.f("pk_broadcast_people")),
    )
    columns = ["broadcast_id", "state", "due_at"]
    op.create_index(op.f("ix_broadcast_people_broadcast_id_state_due_at"), "broadcast_people", columns)
    op.create_index(op.f("ix_broadcast_people_contact_id"), "broadcast_people", ["contact_id"])
    op.create_index(
        "ix_deliveries_broadcast", "deliveries", ["broadcast_id"], sqlite_where=sa.text(MINE),
        postgresql_where=sa.text(MINE),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_deliveries_broadcast", table_name="deliveries")
    op.drop_table("broadcast_people")
    op.drop_table("broadcasts")
