"""What came of a message, and what it is written down as."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Came:
    """`gone`: the message is about nobody who is still here, so nothing of it is kept."""

    state: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)
    gone: bool = False
