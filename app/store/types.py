"""Column types that mean the same on SQLite and PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, SafeUUID

from sqlalchemy import JSON as PlainJson
from sqlalchemy import BigInteger, DateTime, LargeBinary, Text
from sqlalchemy import Uuid as NativeUuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Id(TypeDecorator[UUID]):
    """A UUID: native on PostgreSQL, sixteen bytes on SQLite."""

    impl = NativeUuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(LargeBinary(16) if dialect.name == "sqlite" else NativeUuid())

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return value.bytes if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return _read_id(value) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], UUID | None] | None:
        # Straight to the same, without the two calls SQLAlchemy puts around each value: rows have many ids.
        return _read_id if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _read_id(value: bytes | None) -> UUID | None:
    """What `UUID(bytes=value)` gives, without its checks of what may be given: three times faster."""
    if value is None:
        return None
    made = object.__new__(UUID)
    object.__setattr__(made, "int", int.from_bytes(value, "big"))
    object.__setattr__(made, "is_safe", SafeUUID.unknown)
    return made


def to_micros(at: datetime) -> int:
    """Whole microseconds since the epoch; exact, unlike `timestamp()`."""
    return (at - EPOCH) // MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC: timestamptz on PostgreSQL, integer microseconds on SQLite.

    SQLAlchemy's own type drops the zone on SQLite. A naive time is refused on both: ValueError.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        chosen: TypeEngine[Any] = BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(chosen)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; give an aware instant, such as one in UTC.")
        return to_micros(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return _read_micros(value) if dialect.name == "sqlite" else _read_instant(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        return _read_micros if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _read_micros(value: int | None) -> datetime | None:
    return None if value is None else EPOCH + timedelta(microseconds=value)


def _read_instant(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


# How every Fernet token begins: version 0x80 and a time before the year 2106, in base64.
SEAL = "gAAAAA"


class Sealed(TypeDecorator[str]):
    """A secret as `services.secrets.Vault` sealed it. What stands open is refused: ValueError.

    Columns of this type are what `trellis secrets rotate` seals anew, and what no export may read.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and not value.startswith(SEAL):
            raise ValueError("a secret stands open; seal it before it is stored.")
        return value


Json = PlainJson(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
