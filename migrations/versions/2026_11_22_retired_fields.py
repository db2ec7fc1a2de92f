"""Custom fields that are out of use, with their values kept.

Revision ID: retired_fields
Revises: api
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Instant

revision = "retired_fields"
down_revision = "api"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("field_definitions", sa.Column("retired_at", Instant(), nullable=True))


def downgrade() -> None:
    op.drop_column("field_definitions", "retired_at")
