"""Codes of a phone for the second step of a sign-in (RFC 6238 on RFC 4226: HMAC-SHA-1, 30 seconds, six digits)."""

import hmac
from base64 import b32encode
from datetime import UTC, datetime
from hashlib import sha1
from hmac import compare_digest
from urllib.parse import quote, urlencode

STEP = 30
DIGITS = 6
SECRET_BYTES = 20
# A clock may go wrong by half a minute either way (RFC 6238, 5.2).
SLACK = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def step_at(now: datetime) -> int:
    return int((now - _EPOCH).total_seconds()) // STEP


def code(secret: bytes, step: int) -> str:
    """The six digits of one step of 30 seconds since 1970."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), sha1).digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: bytes, typed: str, now: datetime) -> int | None:
    """The step whose code was typed, spaces aside; None where it is none of the present ones."""
    typed = "".join(typed.split())
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdigit()):
        return None
    here = step_at(now)
    fits = [
        step for step in range(here - SLACK, here + SLACK + 1) if compare_digest(code(secret, step), typed)
    ]
    return fits[-1] if fits else None


def secret_text(secret: bytes) -> str:
    """The secret as it is typed into a phone: base 32, without padding."""
    return b32encode(secret).decode().rstrip("=")


def address(secret: bytes, issuer: str, account: str) -> str:
    """What a QR code holds (the otpauth scheme that authenticator apps read)."""
    label = quote(f"{issuer.replace(':', ' ')}:{account}")
    return f"otpauth://totp/{label}?" + urlencode(
        {"secret": secret_text(secret), "issuer": issuer}, quote_via=quote
    )
