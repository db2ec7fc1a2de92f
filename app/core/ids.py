"""Identifiers that are made, never drawn: chance and the clock stay outside of the core."""

from datetime import datetime
from hashlib import blake2b
from uuid import UUID


def timed_id(at: datetime, entropy: bytes) -> UUID:
    """A UUIDv7 (RFC 9562) with the milliseconds of `at` in front and 74 bits taken from `entropy`.

    `entropy` is at least ten bytes: random ones for a row's own id, a hash for an id made of content.
    """
    milliseconds = int(at.timestamp() * 1000) & (1 << 48) - 1
    tail = int.from_bytes(entropy[:10], "big")
    value = milliseconds << 80 | 7 << 76 | (tail >> 68 & 0xFFF) << 64 | 2 << 62 | tail & (1 << 62) - 1
    return UUID(int=value)


def content_id(occurred_at: datetime, source: str, key: str) -> UUID:
    """The id of an event: its time of occurrence plus a hash of (source, content key).

    The same event told twice gets the same id, so a duplicate is a primary-key conflict.
    """
    digest = blake2b(f"{source}\x1f{key}".encode("utf-8", "surrogatepass"), digest_size=10).digest()
    return timed_id(occurred_at, digest)


def share(*stable: str) -> float:
    """A number in [0, 1) that depends on `stable` alone: chance is a hash of stable ids."""
    digest = blake2b("\x1f".join(stable).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
