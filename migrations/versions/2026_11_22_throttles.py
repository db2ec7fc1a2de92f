"""How fast mail leaves: rates, pressures, lanes, the mails of a day, warm-ups; the MX host of a domain.

Revision ID: throttles
Revises: senders
"""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Instant, Json

revision = "throttles"
down_revision = "senders"
branch_labels = None
depends_on = None

FIRST = "state IN ('queued', 'deferred') AND message_class <> 'marketing'"


def _table(name: str, keys: list[sa.Column[object]], *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("workspace_id", Id(), nullable=False),
        *keys,
        *columns,
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f(f"fk_{name}_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", *(key.name for key in keys), name=op.f(f"pk_{name}")),
    )


def _of(name: str, kind: object) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)  # type: ignore[call-overload, no-any-return]


def upgrade() -> None:
    _table(
        "provider_rates", [_of("provider", sa.Text())], _of("per_minute", sa.Float()), _of("at", Instant())
    )
    _table(
        "provider_pressures",
        [_of("sender", sa.Text()), _of("provider", sa.Text())],
        _of("factor", sa.Float()),
        _of("at", Instant()),
        _of("rest_until", Instant()),
        _of("troubles", sa.Integer()),
        _of("reason_code", sa.Text()),
        _of("reason_params", Json),
    )
    _table(
        "throttle_lanes",
        [_of("sender", sa.Text()), _of("provider", sa.Text()), _of("lane", sa.Text())],
        _of("free_at", Instant()),
    )
    _table("sending_days", [_of("whose", sa.Text()), _of("day", sa.Date())], _of("count", sa.Integer()))
    _table("warm_ups", [_of("domain", sa.Text())], _of("first_day", sa.Date()), _of("at", Instant()))
    op.add_column("domain_checks", sa.Column("mx", sa.Text(), nullable=True))
    op.create_index(
        "ix_deliveries_first",
        "deliveries",
        ["due_at"],
        sqlite_where=sa.text(FIRST),
        postgresql_where=sa.text(FIRST),
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_first", table_name="deliveries")
    op.drop_column("domain_checks", "mx")
    for name in ("warm_ups", "sending_days", "throttle_lanes", "provider_pressures", "provider_rates"):
        op.drop_table(name)
