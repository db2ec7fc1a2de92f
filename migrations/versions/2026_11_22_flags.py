"""Addresses that were not looked at yet are found by an index.

Revision ID: flags
Revises: throttles
"""

import sqlalchemy as sa
from alembic import op

revision = "flags"
down_revision = "throttles"
branch_labels = None
depends_on = None

NEW = "kind = 'email' AND flag IS NULL"


def upgrade() -> None:
    op.create_index(
        "ix_identities_unlooked",
        "identities",
        ["id"],
        sqlite_where=sa.text(NEW),
        postgresql_where=sa.text(NEW),
    )


def downgrade() -> None:
    op.drop_index("ix_identities_unlooked", table_name="identities")
