"""Notices in free text: where the copy of our mail begins, whom they name, and what they say of each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.inbound.returned import formats
from app.inbound.returned.addresses import ADDRESS, addresses_in, clean
from app.inbound.returned.parts import Part, split_letter

MAX_LINES, MAX_LINE, MAX_FOUND = 1_500, 1_800, 200
# Addresses in a notice that are nobody's mailbox: whom to ask, where it came from.
NOBODY = (
    "postmaster@", "mailer-daemon@", "abuse@", "support@", "helpdesk@", "hostmaster@", "noreply@", "no-reply@",
    "webmaster@", "admin@", "administrator@", "help@", "security@", "mailadmin@", "unblock@", "delist@",
)  # fmt: skip
# A line of these tells of the letter, not of its recipient.
OF_LETTER = ("message-id", "from:", "sender:", "reply-to:", "return-path", "mail from", "x-", "date:", "subject:", "cc:", "id:", "original sender",
    "von:", "de :", "de:", "da:", "van:", "от кого", "received:", ">>> mail", "mail from:", "in-reply-to", "references:", "list-", "<mailto:")  # fmt: skip


@dataclass(slots=True)
class Named:
    """A recipient a notice names, the lines about it, and whether it was written for machines to find."""

    address: str
    sure: bool
    lines: list[str] = field(default_factory=list)

    @property
    def context(self) -> str:
        return "\n".join(self.lines)[:6_000]


def readable(message: Part) -> str:
    """The readable text of a message, without the letters in it: plain parts, else those of HTML."""
    plain: list[str] = []
    rich: list[str] = []
    for part in message.walk():
        if (
            part.letters
            or part.parts
            or not part.kind.startswith("text/")
            or part.kind == "text/rfc822-headers"
        ):
            continue
        (rich if part.kind == "text/html" else plain).append(part.text())
    text = "\n".join(plain)
    return text if len(text.strip()) > 40 or not rich else "\n".join([*plain, *rich])


def cut_copy(text: str) -> tuple[str, str]:
    """What the mailer says, and the copy of our mail below it."""
    places = [
        found.start()
        for pattern in (formats.COPY, formats.BARE_COPY, formats.EXIM_RULE)
        if (found := _below_first_line(pattern.finditer(text)))
    ]
    if not places:
        return text, ""
    at = min(places)
    return text[:at], text[at:]


def _below_first_line(found: Iterator[re.Match[str]]) -> re.Match[str] | None:
    """The first place that leaves something above it: a notice may begin with such words itself."""
    return next((each for each in found if each.string[: each.start()].strip()), None)


def copied_fields(copy: str) -> dict[str, str]:
    """The header fields of a copy in text, below the line that announces it."""
    lines = copy.split("\n")[:400]
    start = next((at for at, line in enumerate(lines) if _is_field(line)), None)
    if start is None:
        return {}
    margin = len(lines[start]) - len(lines[start].lstrip(" >"))
    block = "\n".join(line[margin:] if line[:margin].strip(" >") == "" else line for line in lines[start:])
    fields, _ = split_letter(block.encode("utf-8", "replace"))
    found: dict[str, str] = {}
    for name, value in fields:
        found.setdefault(name, value)
    return found


def _is_field(line: str) -> bool:
    name, colon, _ = line.strip(" >").partition(":")
    return (
        bool(colon)
        and 1 < len(name) < 40
        and " " not in name
        and name.isascii()
        and "@" not in name
        and not name.startswith("-")
    )


def named_in(text: str, own: frozenset[str]) -> list[Named]:
    """The recipients a notice names, in their order, with the lines that follow each.

    `own` are addresses of ours (lower case), which a notice names as often as the recipient's.
    """
    found: dict[str, Named] = {}
    current: Named | None = None
    for line in _lines(text):
        address, sure = _form_of(line)
        lower = address.lower()
        if address and lower not in own and not lower.startswith(NOBODY):
            named = found.get(lower)
            if named is None and len(found) < MAX_FOUND:
                named = found[lower] = Named(address, sure)
            if named:
                named.sure = named.sure or sure
                named.lines.append(line)
                current = named
        elif current and not line.lower().startswith(OF_LETTER):
            current.lines.append(line)
    sure_ones = [each for each in found.values() if each.sure]
    return sure_ones or list(found.values())


def _form_of(line: str) -> tuple[str, bool]:
    """The address a line is about, and whether its form is one of a mailer's."""
    if "@" not in line or line.lower().lstrip("-* ").startswith(OF_LETTER):
        return "", False
    for form in formats.FORMS:
        match = form.pattern.match(line)
        if match:
            return clean(match.group("a")), form.sure
    anywhere = ADDRESS.search(line)
    return (clean(anywhere.group()), False) if anywhere else ("", False)


def _lines(text: str) -> list[str]:
    kept: list[str] = []
    for line in text.split("\n", MAX_LINES)[:MAX_LINES]:
        shown = line[:MAX_LINE].replace("\t", " ").replace("\xa0", " ").strip()
        # A quoted line is somebody else's; sendmail's transcript has three signs.
        if shown and (not shown.startswith(">") or shown.startswith(">>>")):
            kept.append(shown)
    return kept


def spoken(text: str) -> str:
    """A notice without the lines that tell of the letter."""
    return "\n".join(line for line in _lines(text) if not line.lower().startswith(OF_LETTER))


def says(text: str, phrases: tuple[str, ...]) -> bool:
    """Whether one of the phrases is in a text, whatever its case, lines and quotes."""
    folded = " ".join(text[:20_000].replace("’", "'").lower().split())
    return any(phrase in folded for phrase in phrases)


def others_in(text: str, own: frozenset[str]) -> list[str]:
    """Addresses of a text that are neither ours nor nobody's."""
    return [
        each for each in addresses_in(text) if each.lower() not in own and not each.lower().startswith(NOBODY)
    ]
