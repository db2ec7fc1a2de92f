"""Indexes for merged contacts: whom they were merged into is asked for with every batch of mails.

Revision ID: merging
Revises: broadcasts
"""

import sqlalchemy as sa
from alembic import op

revision = "merging"
down_revision = "broadcasts"
branch_labels = None
depends_on = None
MERGED = "merged_into IS NOT NULL"


def upgrade() -> None:
    op.create_index(
        "ix_contacts_merged", "contacts", ["merged_into"], sqlite_where=sa.text(MERGED),
        postgresql_where=sa.text(MERGED),
    )  # fmt: skip
    op.create_index(op.f("ix_merges_survivor_id"), "merges", ["survivor_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_merges_survivor_id"), table_name="merges")
    op.drop_index("ix_contacts_merged", table_name="contacts")
