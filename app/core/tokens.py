"""Sealed tokens: what a link, an unsubscribe address or a bounce address carries.

A token is encrypted and authenticated with a synthetic initialisation vector (the idea of RFC 5297, built on
keyed BLAKE2b): the tag is a MAC of the payload, the key stream is derived from the tag, so the same payload
always gives the same token and no nonce is needed. Each purpose has its own pair of derived keys, so a token
of one purpose never opens as another. Tokens do not expire: the first key seals, every key opens.
"""

import re
from base64 import urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from hmac import compare_digest
from uuid import UUID

TAG_BYTES = 12
MIN_KEY_BYTES = 16
MAX_TOPIC_BYTES = 64
MAX_TOKEN_CHARS = 256
_BLOCK = 64
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_DIGIT = {char: value for value, char in enumerate(_ALPHABET)}
_ENVELOPE_SHIFTS = tuple(range(220, -1, -10))
_ENVELOPE_CHARS = 46
_URL_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_TOKEN_CHARS}}}", re.ASCII)
_ENVELOPE_TOKEN = re.compile(rf"[a-z2-7]{{{_ENVELOPE_CHARS}}}", re.ASCII)
_PREFIX = re.compile(r"[a-z0-9][a-z0-9-]{0,16}", re.ASCII)
_FROM_URL = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class TrackToken:
    """Who a pixel or a link was made for; the link's number stands beside the token in the path."""

    delivery: UUID
    contact: UUID
    variant: UUID


@dataclass(frozen=True, slots=True)
class ManageToken:
    """The right to change what one contact receives: unsubscribe, preferences, why, answers."""

    delivery: UUID
    contact: UUID
    topic: str


@dataclass(frozen=True, slots=True)
class ReadToken:
    """Who came to a page of the library, by which link of which mail. It opens nothing and changes nothing."""

    delivery: UUID
    contact: UUID
    variant: UUID
    link: int


@dataclass(frozen=True, slots=True)
class EnvelopeToken:
    """The delivery that a bounce, a reply or a Message-ID belongs to."""

    delivery: UUID


class _Sealer:
    """One purpose under one key."""

    __slots__ = ("_mac", "_stream")

    def __init__(self, key: bytes, purpose: str) -> None:
        def derive(use: str) -> bytes:
            return blake2b(f"{use}:{purpose}".encode(), key=key, person=b"trellis-derive").digest()

        self._mac = blake2b(key=derive("mac"), digest_size=TAG_BYTES)
        self._stream = blake2b(key=derive("stream"), digest_size=_BLOCK)

    def _tag(self, payload: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(payload)
        return mac.digest()

    def _mask(self, tag: bytes, data: bytes) -> bytes:
        size = len(data)
        first = self._stream.copy()
        first.update(tag)
        stream = first.digest()
        while len(stream) < size:
            more = self._stream.copy()
            more.update(stream)
            stream += more.digest()
        mixed = int.from_bytes(data, "big") ^ int.from_bytes(stream[:size], "big")
        return mixed.to_bytes(size, "big")

    def seal(self, payload: bytes) -> bytes:
        tag = self._tag(payload)
        return tag + self._mask(tag, payload)

    def open(self, sealed: bytes) -> bytes | None:
        tag = sealed[:TAG_BYTES]
        payload = self._mask(tag, sealed[TAG_BYTES:])
        return payload if compare_digest(tag, self._tag(payload)) else None


class Keyring:
    """Seals with the first key and opens with any of them, so that retired keys keep verifying."""

    __slots__ = ("_envelope", "_manage", "_read", "_referral", "_request", "_track")

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("a keyring needs at least one key")
        if any(not MIN_KEY_BYTES <= len(key) <= _BLOCK for key in keys):
            raise ValueError(f"a key has {MIN_KEY_BYTES} to {_BLOCK} bytes")
        self._track = tuple(_Sealer(key, "track") for key in keys)
        self._manage = tuple(_Sealer(key, "manage") for key in keys)
        self._envelope = tuple(_Sealer(key, "envelope") for key in keys)
        self._request = tuple(_Sealer(key, "request") for key in keys)
        self._read = tuple(_Sealer(key, "read") for key in keys)
        self._referral = tuple(_Sealer(key, "referral") for key in keys)

    def seal_track(self, delivery: UUID, contact: UUID, variant: UUID) -> str:
        """The token of a mail's pixel and links."""
        return _to_url(self._track[0].seal(delivery.bytes + contact.bytes + variant.bytes))

    def open_track(self, token: str) -> TrackToken | None:
        """What the token holds, or None when it is not one of ours."""
        payload = _open(self._track, _from_url(token))
        if payload is None or len(payload) != 48:
            return None
        return TrackToken(UUID(bytes=payload[:16]), UUID(bytes=payload[16:32]), UUID(bytes=payload[32:]))

    def seal_manage(self, delivery: UUID, contact: UUID, topic: str) -> str:
        """The token behind unsubscribe, preferences, why and answers; `topic` is a topic key, or empty."""
        key = topic.encode()
        if len(key) > MAX_TOPIC_BYTES:
            raise ValueError(f"a topic key has at most {MAX_TOPIC_BYTES} bytes")
        return _to_url(self._manage[0].seal(delivery.bytes + contact.bytes + key))

    def open_manage(self, token: str) -> ManageToken | None:
        """What the token holds, or None when it is not one of ours."""
        payload = _open(self._manage, _from_url(token))
        if payload is None or len(payload) < 32:
            return None
        return ManageToken(UUID(bytes=payload[:16]), UUID(bytes=payload[16:32]), payload[32:].decode())

    def seal_request(self, request: UUID) -> str:
        """The token in a mail that asks for a confirmation; what is asked, and how long it holds, its row says."""
        return _to_url(self._request[0].seal(request.bytes))

    def open_request(self, token: str) -> UUID | None:
        """The request, or None when it is not one of ours."""
        payload = _open(self._request, _from_url(token))
        return UUID(bytes=payload) if payload is not None and len(payload) == 16 else None

    def seal_stamp(self, at: datetime) -> str:
        """The hidden field of a form: when its page was made."""
        return _to_url(self._request[0].seal(b"at" + int(at.timestamp()).to_bytes(8, "big")))

    def open_stamp(self, token: str) -> datetime | None:
        """When the page was made, to the second, or None when it is not one of ours."""
        payload = _open(self._request, _from_url(token))
        if payload is None or len(payload) != 10 or not payload.startswith(b"at"):
            return None
        return datetime.fromtimestamp(int.from_bytes(payload[2:], "big"), UTC)

    def seal_read(self, token: TrackToken, link: int) -> str:
        """What a link to the library passes on to its page."""
        who = token.delivery.bytes + token.contact.bytes + token.variant.bytes
        return _to_url(self._read[0].seal(who + link.to_bytes(2, "big")))

    def open_read(self, token: str) -> ReadToken | None:
        """What the token holds, or None when it is not one of ours."""
        payload = _open(self._read, _from_url(token))
        if payload is None or len(payload) != 50:
            return None
        delivery, contact, variant = (UUID(bytes=payload[start : start + 16]) for start in (0, 16, 32))
        return ReadToken(delivery, contact, variant, int.from_bytes(payload[48:], "big"))

    def seal_referral(self, contact: UUID) -> str:
        """The token in the link that somebody passes on to others: it only says by whose word they come."""
        return _to_url(self._referral[0].seal(contact.bytes))

    def open_referral(self, token: str) -> UUID | None:
        """The contact who recommends us, or None when it is not one of ours."""
        payload = _open(self._referral, _from_url(token))
        return UUID(bytes=payload) if payload is not None and len(payload) == 16 else None

    def seal_envelope(self, delivery: UUID) -> str:
        """46 letters and digits of lower-case base32, the same on every attempt."""
        number = int.from_bytes(self._envelope[0].seal(delivery.bytes), "big") << 6
        return "".join([_PAIRS[number >> shift & 1023] for shift in _ENVELOPE_SHIFTS])

    def open_envelope(self, token: str) -> EnvelopeToken | None:
        """The delivery, or None; a mail server may have changed the case on the way."""
        payload = _open(self._envelope, _from_base32(token))
        if payload is None or len(payload) != 16:
            return None
        return EnvelopeToken(UUID(bytes=payload))


def verp_local_part(prefix: str, token: str) -> str:
    """`prefix-token`: the local part of a bounce or reply address, at most 64 octets (RFC 5321, 4.5.3.1.1)."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("a prefix is 1 to 17 lower-case letters, digits or hyphens")
    return f"{prefix}-{token}"


def token_of_local_part(local: str) -> str:
    """The token inside a local part made by `verp_local_part`; anything else passes through unopened."""
    return local.rpartition("-")[2].lower()


def message_id(token: str, domain: str) -> str:
    """`<token@domain>`, the value of Message-ID (RFC 5322, 3.6.4); `domain` is that of From."""
    return f"<{token}@{domain}>"


def _open(sealers: tuple[_Sealer, ...], sealed: bytes | None) -> bytes | None:
    if sealed is None or len(sealed) <= TAG_BYTES:
        return None
    for sealer in sealers:
        payload = sealer.open(sealed)
        if payload is not None:
            return payload
    return None


def _to_url(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")


def _from_url(token: str) -> bytes | None:
    if not isinstance(token, str) or not _URL_TOKEN.fullmatch(token):
        return None
    try:
        sealed = a2b_base64(token.translate(_FROM_URL) + "=" * (-len(token) % 4), strict_mode=True)
    except Base64Error:
        return None
    # The last character has spare bits: only the canonical spelling is ours.
    return sealed if _to_url(sealed) == token else None


def _from_base32(token: str) -> bytes | None:
    if not isinstance(token, str) or not token.isascii() or not _ENVELOPE_TOKEN.fullmatch(token.lower()):
        return None
    number = 0
    for char in token.lower():
        number = number << 5 | _DIGIT[char]
    if number & 63:
        return None
    return (number >> 6).to_bytes(TAG_BYTES + 16, "big")
