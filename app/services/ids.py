"""Where ids are drawn: the core gets them as arguments."""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from app.core.ids import timed_id

_drawn = itertools.count()
_source: Callable[[int], bytes] = os.urandom


def octets(count: int) -> bytes:
    """Random octets for the lower parts of ids."""
    return _source(count)


@contextmanager
def drawn_from(source: Callable[[int], bytes]) -> Iterator[None]:
    """Within it this process draws its ids from `source`, from the beginning: the same again with the same source.

    For a story that must be told twice the same way; nothing else may draw meanwhile.
    """
    global _drawn, _source
    before = _drawn, _source
    _drawn, _source = itertools.count(), source
    try:
        yield
    finally:
        _drawn, _source = before


def new_id(at: datetime) -> UUID:
    """A fresh uuid7 that sorts by `at`; of one millisecond, in the order in which this process drew them.

    So lines of one instant are read in the order in which they were written (RFC 9562, 6.2: a counter
    of 26 bits in front of 48 random ones).
    """
    number = next(_drawn) & (1 << 26) - 1
    high, low = number >> 14, number & (1 << 14) - 1
    chance = int.from_bytes(octets(6), "big")
    # Bits 62 to 67 are passed over by `timed_id`.
    return timed_id(at, (high << 68 | low << 48 | chance).to_bytes(10, "big"))
