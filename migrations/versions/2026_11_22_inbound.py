"""What came back by mail: messages, mailboxes.

Revision ID: inbound
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant, Json

revision = "inbound"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbound_messages",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("what", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("enhanced", sa.Text(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("confidence", sa.Text(), nullable=True),
        sa.Column("contact_id", Id(), nullable=True),
        sa.Column("delivery_id", Id(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_params", Json, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_inbound_messages_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_messages")),
    )
    for name, columns, condition in (
        (op.f("ix_inbound_messages_workspace_id_received_at"), ["workspace_id", "received_at"], None),
        ("ix_inbound_messages_due", ["due_at"], "state = 'new'"),
        ("ix_inbound_messages_contact", ["contact_id"], "contact_id IS NOT NULL"),
        ("ix_inbound_messages_kept", ["received_at"], "raw IS NOT NULL"),
    ):
        partial = sa.text(condition) if condition else None
        op.create_index(name, "inbound_messages", columns, sqlite_where=partial, postgresql_where=partial)
    op.create_table(
        "mailboxes",
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_mailboxes_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "place", name=op.f("pk_mailboxes")),
    )


def downgrade() -> None:
    for name in ("mailboxes", "inbound_messages"):
        op.drop_table(name)
