"""The one place where the time of day is read; everything else gets it as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
