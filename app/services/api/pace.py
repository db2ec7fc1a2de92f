"""How often a program may ask: so many times a minute, with as much at once.

Counted in the memory of one process: a restart forgets it, and of several processes each counts for itself.
That keeps a program which runs wild from taking the place of others, and costs no write.
"""

import threading
from datetime import datetime
from uuid import UUID


class Pace:
    """`a_minute` tokens of a bucket that fills evenly."""

    def __init__(self, a_minute: int) -> None:
        self._most = a_minute
        self._lock = threading.Lock()
        self._left: dict[UUID, tuple[float, datetime]] = {}

    def wait(self, who: UUID, now: datetime) -> float:
        """Seconds until the next request may come; 0: this one may."""
        each = 60 / self._most
        with self._lock:
            left, at = self._left.get(who, (float(self._most), now))
            left = min(float(self._most), left + max(0.0, (now - at).total_seconds()) / each)
            let_in = left >= 1
            self._left[who] = (left - 1 if let_in else left, now)
        return 0.0 if let_in else (1 - left) * each
