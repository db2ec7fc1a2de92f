"""Monthly partitions on PostgreSQL for what grows with time. Ids start with their time, so they are the key."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from app.store.tables import PARTITIONED

MONTHS_AHEAD = 3


def first_id(month: datetime) -> UUID:
    """The smallest id that an instant from `month` on can have."""
    return UUID(int=int(month.timestamp() * 1000) << 80)


def add_partitions(connection: Connection, now: datetime) -> int:
    """Make the partitions of this month and the next three where they are missing; how many are new.

    Rows of other times land in the default partition, so nothing is ever refused.
    """
    if connection.dialect.name != "postgresql":
        return 0
    month = datetime(now.year, now.month, 1, tzinfo=UTC)
    made = 0
    # A schema that the migrations did not make is not partitioned.
    names = [table.name for table in PARTITIONED if _is_there(connection, f"{table.name}__default")]
    for _ in range(MONTHS_AHEAD + 1):
        after = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
        for name in names:
            made += _add(connection, name, month, after)
        month = after
    return made


def _is_there(connection: Connection, name: str) -> bool:
    return connection.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar() is not None


def _add(connection: Connection, table: str, month: datetime, after: datetime) -> int:
    name = f"{table}__{month:%Y_%m}"
    if _is_there(connection, name):
        return 0
    low, high = first_id(month), first_id(after)
    strays = connection.execute(
        text(f"SELECT 1 FROM {table}__default WHERE id >= :low AND id < :high LIMIT 1"),  # noqa: S608
        {"low": low, "high": high},
    ).first()
    if strays is not None:
        # They came before their partition; the default one keeps this month.
        return 0
    connection.exec_driver_sql(
        f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ('{low}') TO ('{high}')"
    )
    return 1
