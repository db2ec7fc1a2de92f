"""SMTP reply codes (RFC 5321) and enhanced status codes (RFC 3463) out of what servers said."""

import re

REPLY_CODES = frozenset(
    {421, 422, 431, 432, 441, 442, 446, 447, 449, 450, 451, 452, 453, 454, 455, 458, 459, 465, 471}
    | {
        500,
        501,
        502,
        503,
        504,
        505,
        510,
        511,
        512,
        513,
        515,
        517,
        521,
        522,
        523,
        524,
        525,
        530,
        533,
        534,
        535,
        538,
    }
    | {
        540,
        541,
        543,
        544,
        546,
        547,
        549,
        550,
        551,
        552,
        553,
        554,
        555,
        556,
        557,
        558,
        559,
        560,
        563,
        571,
        572,
        573,
    }
    | {574, 577, 580, 581, 585, 590, 591, 595, 596, 598, 599}
)
ENHANCED = re.compile(r"(?<![\d.\w\-/:])([245])\.([0-7])\.(\d{1,3})(?!\.?\d)(?![\w/])")
STATUS = re.compile(r"\s{0,5}([245])\.(\d{1,3})\.(\d{1,3})")
BOTH = re.compile(
    r"(?<![\d.\w])([45]\d\d)(?:[ \-]{1,2}|-?#|-')(?:[45]\d\d[ \-])?#?([45]\.[0-7]\.\d{1,3})(?!\.?\d)"
)
# A reply code is told by its place: after these words and signs, or at the beginning of a line.
PLACED = re.compile(
    r"(?:smtp;|said:|says:|error:|error|errors?\]?:|error code:?|code:?|returned:?|response:?|responded(?: with)?:?|reply:?|replied:?|with|was:?"
    r"|message:|diagnostic:?|reason:|status:?|rejected:|server:|<<<|>:|\]:|\):|error_code ?:|responsecode|^|\n|[\[({'\"#:])"
    r"\s{0,6}#?'?\"?([45]\d\d)(?=[ \-,:;\"'.)\]#_]|\Z)",
    re.I,
)
ANYWHERE = re.compile(
    r"(?<![\d.\w/:\-])([45]\d\d)(?=[ \-][ \-<#\[(\"']{0,3}[A-Za-z#45<])"
    r"(?!.{1,3}(?:octets|bytes|seconds|minutes|hours|days|messages|recipients|lines|kb|mb|times|more)\b)",
    re.I,
)
LEADING = re.compile(r"\s{0,5}(25[0-2]|[45]\d\d)(?![\d.:/])")
SEARCHED = 8_000


def status_code(value: str) -> str | None:
    """The code of a Status field, which may be followed by a comment."""
    found = STATUS.match(value) or ENHANCED.search(value[:SEARCHED])
    return ".".join(str(int(each)) for each in found.groups()) if found else None


def reply_code(text: str) -> int | None:
    """The SMTP code a server answered with; None when the text names none."""
    shown = text[:SEARCHED]
    both = BOTH.search(shown)
    if both and int(both.group(1)) in REPLY_CODES:
        return int(both.group(1))
    for pattern in (PLACED, ANYWHERE):
        for found in pattern.finditer(shown):
            if int(found.group(1)) in REPLY_CODES:
                return int(found.group(1))
    return None


def leading_code(text: str) -> int | None:
    """The code at the beginning of what a server said, be it an unusual one or that of a success."""
    found = LEADING.match(text)
    return int(found.group(1)) if found else None


def enhanced_code(text: str) -> str | None:
    """The enhanced status a text names: the one beside a reply code before others, exact ones before general."""
    shown = text[:SEARCHED]
    paired = [found.group(2) for found in BOTH.finditer(shown)]
    alone = [".".join(found.groups()) for found in ENHANCED.finditer(shown) if found.group(1) != "2"]
    for codes in (paired, alone):
        exact = next((code for code in codes if not is_general(code)), None)
        if exact or (codes and codes is paired and not any(not is_general(code) for code in alone)):
            return exact or codes[0]
    return alone[0] if alone else None


def is_general(code: str | None) -> bool:
    """Whether a status says no more than its subject (5.0.0, 5.1.0)."""
    return code is None or code.endswith(".0")


def better_status(told: str | None, said: str | None) -> str | None:
    """Of a report's status and the one in its diagnosis: the told one, unless it is general and the other exact."""
    if told is None:
        return said
    if said is None or not is_general(told) or is_general(said):
        return told
    # A general 4.0.0 over a plain 5.1.1 is a mailer that did not look; the other way round it gave up.
    return said if told[0] == said[0] or told in ("4.0.0", "5.0.0") else told
