"""Until when a contact is away, as their automatic answer says.

Revision ID: absences
Revises: moves
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Instant

revision = "absences"
down_revision = "moves"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contacts", sa.Column("away_until", Instant(), nullable=True))


def downgrade() -> None:
    op.drop_column("contacts", "away_until")
