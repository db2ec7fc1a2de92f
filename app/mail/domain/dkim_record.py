"""Whether a DKIM key is published as it must be (RFC 6376 3.6.1, RFC 8463)."""

import re
from base64 import b64decode
from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from app.mail.dkim import LEAST_BITS
from app.mail.dkim_keys import record, record_name
from app.mail.dns import NoSuchDomain, Resolver
from app.mail.domain.findings import OK, STOP, WARN, Finding, Record
from app.mail.domain.tag_list import TagFault, read_tags


def check_dkim(
    resolver: Resolver, domain: str, selector: str, ours: tuple[str, str] | None = None
) -> Iterator[Finding]:
    """What stands under the selector. With `ours` (algorithm, public key) it must be that key.

    Raises NoAnswer and Refused.
    """
    name = record_name(domain, selector)
    wanted = Record(name, "TXT", record(*ours)) if ours else None
    told = {"name": name}
    try:
        texts = resolver.txt(name)
    except NoSuchDomain:
        texts = ()
    if len(texts) != 1:
        code = "domain.dkim.several" if texts else "domain.dkim.missing"
        yield Finding("dkim", code, STOP, {**told, "count": len(texts)}, wanted)
        return
    faults = [
        Finding("dkim", f"domain.dkim.{code}", STOP, {**told, "text": text}, wanted)
        for code, text in _faults(texts[0], ours)
    ]
    yield from faults
    if not faults:
        yield Finding("dkim", "domain.dkim.ok", OK, {**told, "ours": bool(ours)})
        if "y" in read_tags(texts[0]).get("t", "").replace(" ", "").split(":"):
            yield Finding("dkim", "domain.dkim.testing", WARN, told, wanted)


def _faults(text: str, ours: tuple[str, str] | None) -> Iterator[tuple[str, str]]:
    """Code and the part at fault; the first that ends the reading ends this."""
    try:
        tags = read_tags(text)
    except TagFault as fault:
        yield "syntax", fault.part
        return
    public = re.sub(r"\s", "", tags.get("p", ""))
    if tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
        yield "syntax", f"v={tags['v']}"
    elif "p" not in tags:
        yield "syntax", text[:80]
    elif not public:
        yield "revoked", ""
    elif ours and (tags.get("k", "rsa"), public) != ours:
        yield "other_key", f"{public[:20]}…"
    elif not ours and (weak := _weakness(tags.get("k", "rsa"), public)):
        yield weak, f"{public[:20]}…"
    elif "h" in tags and "sha256" not in _words(tags["h"]):
        yield "hash", f"h={tags['h']}"
    elif "s" in tags and not {"*", "email"} & set(_words(tags["s"])):
        yield "service", f"s={tags['s']}"


def _words(value: str) -> list[str]:
    return [word.strip().lower() for word in value.split(":")]


def _weakness(kind: str, public: str) -> str | None:
    """What is wrong with a key that somebody else signs with."""
    try:
        octets = b64decode(public, validate=True)
        if kind == "ed25519":
            return None if len(octets) == 32 else "syntax"
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        return "syntax"
    if kind != "rsa" or not isinstance(key, RSAPublicKey):
        return "syntax"
    return "short" if key.key_size < LEAST_BITS else None
