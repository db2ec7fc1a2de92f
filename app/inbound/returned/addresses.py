"""Addresses out of header fields, report fields and lines of text, however they are written there."""

import re

# Possessive, bounded: a long line without an @ costs one pass.
LOCAL = r"(?:\"[^\"\n<>]{1,64}\"|[^\s<>()\[\],;:\"'@|]{1,160}+)"
DOMAIN = r"(?:[^\W_](?:[\w\-]{0,62}\.){0,20}[\w\-]{1,63}|\[[0-9A-Fa-f.:IPv]{3,45}\])"
ADDRESS = re.compile(rf"(?<![^\s<>()\[\],;:\"'|=]){LOCAL}@{DOMAIN}")
ANGLE = re.compile(r"<\s{0,3}([^<>\s]{0,10}[^<>]{1,320}?)\s{0,3}>")
EMBEDDED = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
XTEXT = re.compile(r"\+([0-9A-F]{2})")
SEARCHED = 20_000


def addresses_in(text: str) -> list[str]:
    """All addresses of a text, in their order, each once whatever its case."""
    if "@" not in text:
        return []
    found: dict[str, str] = {}
    for match in ADDRESS.finditer(text[:SEARCHED]):
        address = clean(match.group())
        if address:
            found.setdefault(address.lower(), address)
    return list(found.values())


def first_address(text: str) -> str:
    """The address of a header field such as `From`: the one in angle brackets before any other."""
    for inner in ANGLE.findall(text[:SEARCHED]):
        inside = addresses_in(inner)
        if inside:
            return inside[-1]
    found = addresses_in(text)
    return found[0] if found else ""


def clean(address: str) -> str:
    """An address without what mailers write around it; empty when it is none."""
    text = address.strip().strip("<>'`,;: \t").lstrip("(")
    # A quoted local part keeps its quotes.
    if text.count('"') % 2 or text.endswith('"'):
        text = text.strip('"')
    text = text.rstrip(".!?)>") if text.endswith("]") and "@[" in text else text.rstrip(".!?)]>\"'`")
    lower = text.lower()
    if lower.startswith("mailto:"):
        text = text[7:]
    local, _, domain = text.rpartition("@")
    domain = domain.rstrip(".")
    if not local or not domain or len(domain) > 253 or len(local) > 200:
        return ""
    return f"{local}@{domain}"


def unrouted(address: str) -> str:
    """An address without the relay that an old mailer wrote around it: `anna%example.com@relay.example`."""
    local, _, _ = address.rpartition("@")
    name, percent, domain = local.rpartition("%")
    return f"{name}@{domain}" if percent and name and "." in domain else address


def reported(value: str) -> str:
    """The address of a report's field (RFC 3464 2.1.2, RFC 6533 3): `rfc822; anna@example.com`.

    Takes angle brackets, source routes, xtext and `\\x{…}`; a value without an @ comes back as it is, the
    caller knows whether a bare mailbox name can be of use.
    """
    kind, gap, rest = value.partition(";")
    text = (rest if gap and "@" not in kind else value).strip()
    if text.startswith("(") and ")" in text:
        text = text.partition(")")[2].strip()
    text = EMBEDDED.sub(_sign, text)
    angled = [inner for inner in ANGLE.findall(text[:2000]) if "@" in inner]
    if angled:
        text = angled[-1].strip()
    # A source route (@relay.example:anna@example.com) ends with the address.
    if text.startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    if ("@" not in text and "+40" in text) or ("@" in text and "+3D" in text.partition("@")[0]):
        text = XTEXT.sub(lambda found: chr(int(found.group(1), 16)), text)
    found = addresses_in(text)
    if found:
        return unrouted(found[0])
    quoted = clean(text)
    return quoted if " " not in quoted and quoted else text.strip("<> \t").split(" ")[0][:320]


def _sign(found: re.Match[str]) -> str:
    number = int(found.group(1), 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 and number > 31 else ""
