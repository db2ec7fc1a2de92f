"""What is checked of the rows and what it found; suppressions that can be read; flags of addresses.

Revision ID: truths
Revises: inbound
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant

revision = "truths"
down_revision = "inbound"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "truth_checks",
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("reached", Id(), nullable=True),
        sa.Column("looked_at", Instant(), nullable=False),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("round_since", Instant(), nullable=False),
        sa.Column("round_looked", sa.Integer(), nullable=False),
        sa.Column("whole_at", Instant(), nullable=True),
        sa.Column("whole_looked", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_truth_checks_workspace_id")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "rule", name=op.f("pk_truth_checks")),
    )
    op.create_table(
        "truth_findings",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("subject", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_truth_findings_workspace_id")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_truth_findings_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_truth_findings")),
        sa.UniqueConstraint(
            "workspace_id", "rule", "fault", "subject",
            name=op.f("uq_truth_findings_workspace_id_rule_fault_subject"),
        ),
    )  # fmt: skip
    op.create_index(
        "ix_truth_findings_open",
        "truth_findings",
        ["workspace_id", "rule"],
        sqlite_where=sa.text("gone_at IS NULL"),
        postgresql_where=sa.text("gone_at IS NULL"),
    )
    op.create_index(op.f("ix_truth_findings_contact_id"), "truth_findings", ["contact_id"])
    op.create_table(
        "domain_checks",
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("takes_mail", sa.Text(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_domain_checks_workspace_id")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "domain", name=op.f("pk_domain_checks")),
    )
    op.create_index(op.f("ix_domain_checks_workspace_id_due_at"), "domain_checks", ["workspace_id", "due_at"])
    op.add_column("suppressions", sa.Column("value", sa.Text(), nullable=True))
    op.create_index(
        op.f("ix_suppressions_workspace_id_value_hash"), "suppressions", ["workspace_id", "value_hash"]
    )
    op.create_index(op.f("ix_suppressions_contact_id"), "suppressions", ["contact_id"])
    op.add_column("identities", sa.Column("flag", sa.Text(), nullable=True))
    op.add_column("identities", sa.Column("suggestion", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("identities", "suggestion")
    op.drop_column("identities", "flag")
    op.drop_index(op.f("ix_suppressions_contact_id"), table_name="suppressions")
    op.drop_index(op.f("ix_suppressions_workspace_id_value_hash"), table_name="suppressions")
    op.drop_column("suppressions", "value")
    op.drop_table("domain_checks")
    op.drop_table("truth_findings")
    op.drop_table("truth_checks")
