"""DKIM keys: made, written as text, and published as records of the DNS (RFC 6376 3.6.1, RFC 8463 4)."""

from base64 import b64encode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from app.mail.dkim import LEAST_BITS, PrivateKey

ALGORITHMS = ("rsa", "ed25519")
STRING = 255  # octets of one string of a TXT record (RFC 1035 3.3)


class BadKey(ValueError):
    """A text that holds no private key we can sign with; the text says what is wrong."""


def new_key(algorithm: str) -> PrivateKey:
    """A fresh key of `rsa` (2048 bits, the largest that every DNS and verifier takes) or `ed25519`."""
    if algorithm == "ed25519":
        return Ed25519PrivateKey.generate()
    return generate_private_key(65537, LEAST_BITS)


def key_text(key: PrivateKey) -> str:
    """The private key as PEM (PKCS 8). Keep it sealed."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def read_key(text: str) -> PrivateKey:
    """The private key of a PEM text. Raises BadKey."""
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError):
        raise BadKey(
            "This is no private key in PEM, or it needs a password; take the password off."
        ) from None
    except Exception as fault:  # the library's own "unsupported algorithm" shares no base with the others
        raise BadKey(f"This key cannot be used: {fault}") from None
    if isinstance(key, RSAPrivateKey) and key.key_size >= LEAST_BITS:
        return key
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise BadKey(f"DKIM takes RSA keys of {LEAST_BITS} bits or more, and Ed25519 keys.")


def algorithm_of(key: PrivateKey) -> str:
    return "rsa" if isinstance(key, RSAPrivateKey) else "ed25519"


def public_text(key: PrivateKey) -> str:
    """What stands behind `p=`: RSA as SubjectPublicKeyInfo, Ed25519 as its bare 32 octets, in base64."""
    public = key.public_key()
    if isinstance(key, RSAPrivateKey):
        octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return b64encode(octets).decode("ascii")


def record_name(domain: str, selector: str) -> str:
    return f"{selector}._domainkey.{domain}"


def record(algorithm: str, public: str) -> str:
    """The text to publish."""
    return f"v=DKIM1; k={algorithm}; p={public}"


def strings(text: str) -> tuple[str, ...]:
    """The text cut into the strings of a TXT record."""
    return tuple(text[start : start + STRING] for start in range(0, len(text), STRING))


def zone_line(name: str, text: str) -> str:
    """One line for a zone file."""
    quoted = " ".join(f'"{piece}"' for piece in strings(text))
    return f"{name}. 3600 IN TXT ( {quoted} )"
