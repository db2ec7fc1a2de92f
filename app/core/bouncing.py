"""What a bounce says of an address: its class, and when bounces have added up.

Enhanced status codes: RFC 3463 and its registry. Hard: there is no such mailbox. Soft: not now (full, too
large, out of order). Policy: refused from us, or for what we said; the recipient is not to blame.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

Class = Literal["hard", "soft", "policy"]

POINTS = {"hard": 1.0, "soft": 0.5}
ENOUGH = 3.0  # from here on nothing is sent to the address any more
STALE = timedelta(days=90)
# There is no such mailbox, there never was, or the domain says that it takes no mail.
_DEAD = frozenset({"5.1.1", "5.1.3", "5.1.6", "5.1.10"})
# Subjects and details that speak of the sender or the text, whatever the server calls them.
_OURS = frozenset({"5.1.7", "5.1.8", "5.3.4", "5.2.3"})


def is_dead_mailbox(enhanced: str | None) -> bool:
    """Whether the code alone says that no mail will ever arrive there."""
    return enhanced in _DEAD


def class_of(enhanced: str | None, code: int | None = None) -> Class | None:
    """The class by the enhanced status code, else by the SMTP code; None where they say too little."""
    if enhanced:
        kind, subject, _ = enhanced.split(".", 2)
        if kind == "4":
            return "soft"
        if enhanced in _OURS or subject in ("6", "7"):
            return "policy"
        if subject in ("2", "3", "4") and enhanced != "5.2.1":
            return "soft"
        if subject in ("1", "2"):
            return "hard"
    return "soft" if code is not None and 400 <= code < 500 else None


def bounce_score(
    bounces: Iterable[tuple[datetime, str]], delivered_at: datetime | None, now: datetime
) -> float:
    """What an address's bounces add up to: of each day the worst counts, a later delivery wipes them out.

    `bounces` are instants with their class; those older than STALE, and classes without points, count nothing.
    """
    days: dict[date, float] = {}
    for at, class_ in bounces:
        if at < now - STALE or (delivered_at is not None and at < delivered_at):
            continue
        days[at.date()] = max(days.get(at.date(), 0.0), POINTS.get(class_, 0.0))
    return sum(days.values())
