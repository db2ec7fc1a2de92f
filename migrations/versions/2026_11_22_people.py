"""Acts on many contacts, saved views, and the orders and searches of the list.

Revision ID: people
Revises: retired_fields
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant, Json

revision = "people"
down_revision = "retired_fields"
branch_labels = None
depends_on = None

PARTIAL = (
    ("ix_contacts_source", "contacts", ["source", "id"], "source IS NOT NULL"),
    ("ix_scores_fit", "scores", ["workspace_id", "value", "contact_id"], "measure = 'fit'"),
    ("ix_scores_signal", "scores", ["workspace_id", "as_of", "contact_id"], "measure = 'engagement'"),
    ("ix_bulk_acts_running", "bulk_acts", ["id"], "state = 'running'"),
)
FOLDED = (
    ("ix_companies_named", "companies", "lower(name)", ["id"]),
    ("ix_contacts_first", "contacts", "lower(first_name)", []),
    ("ix_contacts_last", "contacts", "lower(last_name)", []),
)


def upgrade() -> None:
    op.create_table(
        "bulk_acts",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=True),
        sa.Column("form_key", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("params", Json, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("query", Json, nullable=True),
        sa.Column("ids", Json, nullable=True),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("newest", Id(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("position", Id(), nullable=True),
        sa.Column("counts", Json, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("stopped_by", Id(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_bulk_acts_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_acts")),
        sa.UniqueConstraint("workspace_id", "form_key", name=op.f("uq_bulk_acts_workspace_id_form_key")),
    )
    op.create_index(op.f("ix_bulk_acts_workspace_id_created_at"), "bulk_acts", ["workspace_id", "created_at"])
    op.create_table(
        "bulk_changes",
        sa.Column("act_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("old_owner", Id(), nullable=True),
        sa.ForeignKeyConstraint(["act_id"], ["bulk_acts.id"], name=op.f("fk_bulk_changes_act_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_bulk_changes_contact_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_bulk_changes_workspace_id")
        ),
        sa.PrimaryKeyConstraint("act_id", "contact_id", name=op.f("pk_bulk_changes")),
    )
    op.create_index(op.f("ix_bulk_changes_contact_id"), "bulk_changes", ["contact_id"])
    op.create_table(
        "saved_views",
        sa.Column("id", Id(), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("query", Json, nullable=True),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_saved_views_workspace_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_views_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index(op.f("ix_saved_views_workspace_id_user_id"), "saved_views", ["workspace_id", "user_id"])
    for name, table, columns, where in PARTIAL:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    for name, table, folded, more in FOLDED:
        op.create_index(
            name, table, [sa.text(folded), *more], postgresql_ops={folded: "text_pattern_ops"}
        )  # fmt: skip


def downgrade() -> None:
    for name, table, *_ in (*FOLDED, *PARTIAL):
        op.drop_index(name, table_name=table)
    for name in ("saved_views", "bulk_changes", "bulk_acts"):
        op.drop_table(name)
