"""Segments: how many people each held when it was last counted.

Revision ID: segments
Revises: people
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant

revision = "segments"
down_revision = "people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "segment_counts",
        sa.Column("definition_id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("version_id", Id(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("more", sa.Boolean(), nullable=False),
        sa.Column("took", sa.Float(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.id"], name=op.f("fk_segment_counts_definition_id")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_segment_counts_workspace_id")
        ),
        sa.PrimaryKeyConstraint("definition_id", name=op.f("pk_segment_counts")),
    )


def downgrade() -> None:
    op.drop_table("segment_counts")
