"""Ids for many rows of one instant, in rising order: random ones would touch a page of every index for each row."""

from array import array
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from uuid import UUID, SafeUUID

from app.core.ids import timed_id
from app.services.ids import octets

_BLOCK = 512
_RANDOM_BITS = 40


class RisingIds:
    """uuid7 with a counter before its random bits (RFC 9562, section 6.2): 28 bits count, 40 are drawn."""

    def __init__(self, at: datetime) -> None:
        self._next = _rising(timed_id(at, bytes(10)).int).__next__

    def __call__(self) -> UUID:
        return self._next()


def _rising(front: int) -> Iterator[UUID]:
    make, put, unknown = object.__new__, object.__setattr__, SafeUUID.unknown
    for block in count():
        drawn = array("Q", octets(8 * _BLOCK))
        for number, chance in enumerate(drawn, block * _BLOCK + 1):
            # The counter's upper half stands between version and variant, its lower half behind the variant.
            counted = (number >> 16 & 0xFFF) << 64 | (number & 0xFFFF) << 46
            # What `UUID(int=...)` gives, without its checks of what may be given: half of an id's time.
            made = make(UUID)
            put(made, "int", front | counted | chance >> 64 - _RANDOM_BITS)
            put(made, "is_safe", unknown)
            yield made
