"""Senders with relays of their own; who holds one, and what the breaker asks for.

Revision ID: senders
Revises: dkim
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant, Sealed

revision = "senders"
down_revision = "dkim"
branch_labels = None
depends_on = None

RARE = (
    ("ix_attempts_refused", "attempts", "at", "code >= 500"),
    ("ix_mail_outcomes_bounced", "mail_outcomes", "bounced_at", "bounced_at IS NOT NULL"),
    ("ix_mail_outcomes_complained", "mail_outcomes", "complained_at", "complained_at IS NOT NULL"),
)
HELD = (("held_by", sa.Text), ("held_since", Instant), ("probe_at", Instant))


def upgrade() -> None:
    op.create_table(
        "senders",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("serves", sa.Text(), nullable=False),
        sa.Column("match", sa.Text(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("security", sa.Text(), nullable=False),
        sa.Column("ca", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password", Sealed(), nullable=True),
        sa.Column("connections", sa.Integer(), nullable=False),
        sa.Column("max_mails", sa.Integer(), nullable=False),
        sa.Column("max_age", sa.Integer(), nullable=False),
        sa.Column("daily_quota", sa.Integer(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("bounce_domain", sa.Text(), nullable=False),
        sa.Column("reply_domain", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("updated_by", Id(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_senders_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_senders")),
        sa.UniqueConstraint("workspace_id", "address", name=op.f("uq_senders_workspace_id_address")),
        sa.UniqueConstraint(
            "workspace_id", "serves", "match", name=op.f("uq_senders_workspace_id_serves_match")
        ),
    )
    for name, kind in HELD:
        op.add_column("sender_states", sa.Column(name, kind(), nullable=True))
    for name, table, column, condition in RARE:
        where = sa.text(condition)
        op.create_index(name, table, ["workspace_id", column], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, table, _, _ in RARE:
        op.drop_index(name, table)
    with op.batch_alter_table("sender_states") as batch_op:
        for name, _ in HELD:
            batch_op.drop_column(name)
    op.drop_table("senders")
