"""The second step of a sign-in: secrets, recovery codes, and sign-ins that wait for a code.

Revision ID: second_step
Revises: accounts
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant, Sealed

revision = "second_step"
down_revision = "accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "second_factors",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("secret", Sealed(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_second_factors_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id")),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_recovery_codes")),
    )
    op.create_table(
        "account_rules",
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("second_step_since", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_account_rules_workspace_id")
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_account_rules")),
    )
    op.add_column("sign_ins", sa.Column("half_since", Instant(), nullable=True))


def downgrade() -> None:
    op.drop_column("sign_ins", "half_since")
    for table in ("account_rules", "recovery_codes", "second_factors"):
        op.drop_table(table)
