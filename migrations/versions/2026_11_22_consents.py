"""Who gave or withdrew a consent is found by the consent.

Revision ID: consents
Revises: figures
"""

from alembic import op

revision = "consents"
down_revision = "figures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_consents_stated", "consents", ["workspace_id", "purpose", "state", "contact_id"])


def downgrade() -> None:
    op.drop_index("ix_consents_stated", table_name="consents")
