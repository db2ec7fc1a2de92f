"""One thing looked at in a domain's records, and the record to publish where it is not as it should be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OK, WARN, STOP = "ok", "warn", "stop"


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it should stand in the DNS."""

    name: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` is spf, dkim, dmarc, alignment, mx, ptr, links or dns; `code` has its sentence in the services."""

    about: str
    code: str
    level: str
    params: Mapping[str, Any] = field(default_factory=dict)
    publish: Record | None = None
