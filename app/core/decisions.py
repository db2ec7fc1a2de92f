"""What the gate may say of a mail."""

from dataclasses import dataclass
from datetime import datetime

from app.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class Pass:
    """It may leave now."""


@dataclass(frozen=True, slots=True)
class Suppress:
    """It is not sent; its sequence goes on as it declares."""

    rule: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Defer:
    """It waits, and the gate is asked again at `until` (UTC)."""

    until: datetime
    rule: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Expire:
    """It is too late: nobody wants it any more."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Cancel:
    """What it belonged to is over."""

    rule: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Replace:
    """`template` takes its place, and the gate is asked about that one at `until` (UTC)."""

    template: str
    until: datetime
    reason: Reason


Decision = Pass | Suppress | Defer | Expire | Cancel | Replace
PASS = Pass()
