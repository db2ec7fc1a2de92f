"""Files of the library; who came by whose recommendation; who read what, and for whom nothing is left.

Revision ID: library
Revises: flags
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant

revision = "library"
down_revision = "flags"
branch_labels = None
depends_on = None

REFERRED = "referred_by IS NOT NULL"
READ = "kind IN ('visited', 'downloaded')"
ALL_SEEN = "code = 'send.all_seen'"


def upgrade() -> None:
    op.create_table(
        "content_files",
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_content_files_workspace_id")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "digest", name=op.f("pk_content_files")),
    )
    op.add_column("contacts", sa.Column("referred_by", Id(), nullable=True))
    _index("ix_contacts_referred", "contacts", ["referred_by"], REFERRED)
    _index("ix_events_read", "events", ["subject", "verdict"], READ)
    _index("ix_timeline_all_seen", "timeline", ["enrollment_id"], ALL_SEEN)


def downgrade() -> None:
    op.drop_index("ix_timeline_all_seen", table_name="timeline")
    op.drop_index("ix_events_read", table_name="events")
    op.drop_index("ix_contacts_referred", table_name="contacts")
    op.drop_column("contacts", "referred_by")
    op.drop_table("content_files")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
