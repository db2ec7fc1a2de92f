"""DKIM signatures over finished bytes: rsa-sha256 and ed25519-sha256, headers relaxed, body simple.

Our bodies are quoted-printable, which nobody on the way rewrites, so the simple form is safe, and it needs no
pass over the body but the hash. Sources: RFC 6376, RFC 8301 (keys of 2048 bits), RFC 8463 (Ed25519).
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from app.mail.headers import wire_domain

SIGNED = (
    "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type",
    "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID",
)  # fmt: skip
LEAST_BITS = 2048
LINE = 76
_LINES_OF_B = 72

PrivateKey = RSAPrivateKey | Ed25519PrivateKey

# As we write a name and as it is compared → the name, and how its line begins in the relaxed form.
_NAMES = {
    written: (name, name.lower().encode() + b":")
    for name in SIGNED
    for written in (name.encode(), name.lower().encode())
}
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_SPACES = re.compile(rb"[ \t]+")
_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_PADDING, _DIGEST = PKCS1v15(), Prehashed(SHA256())


class Signer:
    """One key of one domain. Safe in threads; `cryptography` lets go of the GIL while it signs.

    With `lifetime` a signature says when it ends (`x=`); without, it never does, as long as its key is published.
    """

    def __init__(
        self, domain: str, selector: str, private_key: PrivateKey, lifetime: timedelta | None = None
    ) -> None:
        if isinstance(private_key, RSAPrivateKey) and private_key.key_size < LEAST_BITS:
            raise ValueError(f"An RSA key needs {LEAST_BITS} bits (RFC 8301); make a new one.")
        if _SELECTOR.fullmatch(selector) is None:
            raise ValueError(
                f"“{selector}” is no selector; give letters, digits and dashes, such as mail2026."
            )
        self.domain, self.selector = wire_domain(domain), selector
        self.algorithm = "rsa-sha256" if isinstance(private_key, RSAPrivateKey) else "ed25519-sha256"
        self._key, self._lifetime = private_key, lifetime
        # A template's mails all have the same fields, so this is written once for each set of names.
        self._beginning = lru_cache(maxsize=64)(self._begin)

    def sign(self, message: bytes, at: datetime) -> bytes:
        """The message with its DKIM-Signature in front. ValueError where it has no From."""
        return sign(message, (self,), at)

    def line(self, names: tuple[str, ...], fields: bytes, body_hash: str, at: datetime) -> bytes:
        """The header line over canonical `fields`, which are those of `names` in this order."""
        second = int(at.timestamp())
        end = f" x={second + int(self._lifetime.total_seconds())};" if self._lifetime else ""
        lines = (*self._beginning(names), f"t={second};{end}", f"bh={body_hash};", "b=")
        # Relaxed, a fold and its space are one space; the name is lower case, its colon stands alone.
        canonical = f"dkim-signature:{' '.join(lines)}".encode()
        signature = b64encode(self._signature(sha256(fields + canonical).digest())).decode()
        folded = "\r\n ".join(
            signature[start : start + _LINES_OF_B] for start in range(0, len(signature), _LINES_OF_B)
        )
        written = "\r\n ".join(lines)
        return f"DKIM-Signature: {written}{folded}\r\n".encode()

    def _signature(self, digest: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(digest, _PADDING, _DIGEST)
        return self._key.sign(digest)  # RFC 8463: over the hash, as if it were the text

    def _begin(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The tags that are the same in every mail with these fields, as folded lines.

        From stands once more than it occurs, so that nobody adds another one (RFC 6376 8.15).
        """
        lines = ["v=1;"]
        words = [f"a={self.algorithm};", "c=relaxed/simple;", f"d={self.domain};", f"s={self.selector};"]
        for word in words:
            _add(lines, word, " ")
        lines.append(f"h={names[0]}:")
        for name in names[1:]:
            _add(lines, f"{name}:", "")
        _add(lines, "From;", "")
        return tuple(lines)


def _add(lines: list[str], word: str, joint: str) -> None:
    # The first line also has the header's name.
    room = LINE - (len("DKIM-Signature: ") if len(lines) == 1 else 1)
    if len(lines[-1]) + len(joint) + len(word) <= room:
        lines[-1] += joint + word
    else:
        lines.append(word)


def sign(message: bytes, signers: Sequence[Signer], at: datetime) -> bytes:
    """The message with one DKIM-Signature a signer in front, of the same type as it was.

    Lines must end with CRLF. Only the fields of SIGNED are covered. ValueError where there is no From.
    """
    if not signers:
        return message
    end = message.find(b"\r\n\r\n")
    head = message[: end if end >= 0 else len(message)]
    names, fields = canonical_fields(head)
    hashed = b64encode(body_digest(message, end + 4 if end >= 0 else len(message))).decode()
    lines = [signer.line(names, fields, hashed, at) for signer in signers]
    return type(message)(b"".join((*lines, message)))


def canonical_fields(head: bytes) -> tuple[tuple[str, ...], bytes]:
    """The names of the fields to be signed, and their text in the relaxed form (RFC 6376 3.4.2).

    Fields of one name follow one another from the last one up, as verifiers take them (5.4.2).
    """
    lines = _FOLD.sub(b"", head).split(b"\r\n")
    lines.reverse()
    names: list[str] = []
    fields: list[bytes] = []
    for line in lines:
        name, _, value = line.partition(b":")
        known = _NAMES.get(name) or _NAMES.get(name.rstrip(b" \t").lower())
        if known is not None:
            if b"  " in value or b"\t" in value:
                value = _SPACES.sub(b" ", value)
            names.append(known[0])
            fields += (known[1], value.strip(b" "), b"\r\n")
    if "From" not in names:
        raise ValueError("A mail without From cannot be signed.")
    return tuple(names), b"".join(fields)


def body_digest(message: bytes, start: int) -> bytes:
    """SHA-256 of what follows `start` in the simple form: empty lines at the end are one line end (3.4.3)."""
    end = len(message)
    while message.endswith(b"\r\n", start, end):
        end -= 2
    hashed = sha256(memoryview(message)[start:end])
    hashed.update(b"\r\n")
    return hashed.digest()
