"""Explanations as plain values for a program to read."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.core.simulator import Line


def plain(value: Any) -> Any:
    """Dataclasses and lines as mappings, instants as ISO 8601, ids as text."""
    if isinstance(value, Line):
        return {name: plain(one) for name, one in zip(Line._fields, value, strict=True)}
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
