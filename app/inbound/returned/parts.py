"""A message cut into its parts, within limits of size, depth and number. Broken and hostile MIME ends quickly."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.inbound.returned.decoding import hidden_base64, to_text, untransfer, unword
from app.inbound.returned.hypertext import text_of_html

# Octets, parts, levels and header octets that are looked at. A bounce says what it says in its first part;
# what lies beyond is the mail that came back.
MAX_OCTETS, MAX_PARTS, MAX_DEPTH, MAX_HEADER = 3_000_000, 200, 12, 200_000
MAX_FIELDS = 1_000
MAX_TEXT = 100_000
FIELD = re.compile(rb"([!-9;-~]{1,80})[ \t]{0,5}:[ \t]*(.*)", re.S)
PARAMETER = re.compile(
    r";\s{0,20}([A-Za-z0-9_\-]{1,40})(\*\d?\*?)?\s{0,5}=\s{0,5}(?:\"([^\"]{0,500})\"|([^;\s\"]{1,500}))"
)
# Where nobody says which boundary: a line of dashes with a header line below it.
GUESSED = re.compile(
    rb"^--([^\s].{0,200}?)[ \t]*\n(?:[A-Za-z\-]{3,40}:.{0,300}\n)*?content-type:", re.I | re.M
)
KNOWN_FIELD = re.compile(
    rb"^(?:from|to|subject|date|content-[a-z]{2,20}|mime-version|message-id|received|return-path|list-[a-z]{2,20}|x-[a-z\-]{2,40}):",
    re.I | re.M,
)
REPORT_INSIDE = re.compile(rb"^content-type:\s{0,5}message/(?:delivery-status|feedback-report)", re.I | re.M)
NEWLINES = re.compile(rb"\r\n?")


@dataclass(slots=True)
class Part:
    """A part: its kind (`text/plain`), header fields, octets and the parts in it.

    `depth` counts levels of MIME, `letters` the messages around it: 0 is the message itself.
    """

    kind: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    parameters: Mapping[str, str]
    depth: int = 0
    letters: int = 0
    parts: list["Part"] = field(default_factory=list)

    def get(self, name: str) -> str:
        """The first field of that name (lower case), read; empty when there is none."""
        return next((value for key, value in self.fields if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def text(self) -> str:
        """Its text, of HTML too, as far as it is looked at."""
        body = self.decoded()
        text = to_text(body[: 4 * MAX_TEXT], self.parameters.get("charset", ""))
        if self.kind == "text/html" or text[:200].lstrip()[:6].lower() in ("<html>", "<!doct", "<html "):
            text = text_of_html(text)
        return text[:MAX_TEXT].replace("\r", "\n").replace("\x00", "")

    def decoded(self) -> bytes:
        body = untransfer(self.body, self.get("content-transfer-encoding"))
        if body is self.body and self.kind in ("text/plain", "text/html"):
            body = hidden_base64(body) or body
        return NEWLINES.sub(b"\n", body) if b"\r" in body else body

    def walk(self) -> Iterator["Part"]:
        """This part and all in it, in the order they are written."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.parts))


@dataclass(slots=True)
class Budget:
    """How many parts may still be opened, and what went beyond the limits."""

    parts: int = MAX_PARTS
    faults: list[str] = field(default_factory=list)

    def fault(self, code: str) -> None:
        if code not in self.faults:
            self.faults.append(code)


def open_message(raw: bytes) -> tuple[Part, tuple[str, ...]]:
    """The message as a tree of parts, and what was beyond the limits (`too_large`, `too_deep`, `too_many_parts`)."""
    budget = Budget()
    if len(raw) > MAX_OCTETS:
        budget.fault("too_large")
    octets = NEWLINES.sub(b"\n", raw[:MAX_OCTETS]).lstrip(b"\n\xef\xbb\xbf")
    root = _open(octets, "text/plain", 0, 0, budget)
    return root, tuple(budget.faults)


def split_fields(block: bytes) -> tuple[tuple[str, str], ...]:
    """The fields of a header block, unfolded and read, names in lower case."""
    return _fields(block)[0]


def split_letter(octets: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """The fields of a letter and its body, which begins at the first line that can be no header."""
    # Mailbox files begin with a line of their own.
    if octets[:5] in (b"From ", b">From"):
        octets = octets.partition(b"\n")[2]
    if octets.startswith(b"\n"):
        return (), octets[1:]
    head, _, body = octets.partition(b"\n\n")
    fields, stop = _fields(head)
    return fields, body if stop is None else octets[stop:]


def _fields(head: bytes) -> tuple[tuple[tuple[str, str], ...], int | None]:
    """The fields, and where the header ended before its time."""
    found: list[tuple[str, list[bytes]]] = []
    at, stop = 0, None
    for line in head[:MAX_HEADER].split(b"\n", 5 * MAX_FIELDS):
        match = FIELD.match(line)
        if line[:1] in (b" ", b"\t") and found:
            found[-1][1].append(line)
        elif match:
            found.append((match.group(1).decode("ascii").lower(), [match.group(2)]))
        elif not KNOWN_FIELD.search(head, at):
            stop = at
            break
        if len(found) >= MAX_FIELDS:
            break
        at += len(line) + 1
    return tuple(
        (name, unword(to_text(b" ".join(each.strip() for each in value)))) for name, value in found
    ), stop


def _open(octets: bytes, default: str, depth: int, letters: int, budget: Budget) -> Part:
    fields, body = split_letter(octets)
    kind, parameters = _kind(next((value for name, value in fields if name == "content-type"), ""), default)
    part = Part(kind, fields, body, parameters, depth, letters)
    if depth >= MAX_DEPTH:
        budget.fault("too_deep")
    else:
        part.parts = _inner(part, budget)
    return part


def _inner(part: Part, budget: Budget) -> list[Part]:
    if part.kind in ("message/rfc822", "message/global", "message/news", "message/partial"):
        inner = part.decoded().lstrip(b"\n")
        if not inner or budget.parts <= 0:
            return []
        budget.parts -= 1
        return [_open(inner, "text/plain", part.depth + 1, part.letters + 1, budget)]
    if not part.kind.startswith("multipart/"):
        if part.depth or not REPORT_INSIDE.search(part.body[:50_000]):
            return []
        part.kind = "multipart/mixed"
    default = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
    pieces = _pieces(part)
    if not pieces:
        # Said to be of parts, and is not: a text.
        part.kind = "text/plain"
    opened: list[Part] = []
    for piece in pieces:
        if budget.parts <= 0:
            budget.fault("too_many_parts")
            break
        budget.parts -= 1
        # A missing empty line below the boundary makes a text, not a header.
        opened.append(_open(piece, default, part.depth + 1, part.letters, budget))
    return opened


def _pieces(part: Part) -> list[bytes]:
    boundary = part.parameters.get("boundary", "").strip()
    pieces = _cut(part.body, boundary.encode("utf-8", "replace")) if boundary else []
    if pieces:
        return pieces
    guessed = GUESSED.search(part.body[:50_000])
    return _cut(part.body, guessed.group(1)) if guessed else []


def _cut(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the boundary's lines; a missing last one ends with the body."""
    pieces: list[bytes] = []
    opened: int | None = None
    for start, end, is_last in _marks(body, b"--" + boundary):
        if opened is not None:
            pieces.append(body[opened : max(start - 1, opened)])
        opened = None if is_last else end
        if is_last or len(pieces) > MAX_PARTS:
            break
    if opened is not None:
        pieces.append(body[opened:])
    return pieces


def _marks(body: bytes, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where the boundary's lines begin and end. One boundary may begin like another: the whole line counts."""
    at = 0 if body.startswith(mark) else body.find(b"\n" + mark) + 1
    while body.startswith(mark, at):
        end = body.find(b"\n", at)
        rest = body[at + len(mark) : end if end >= 0 else len(body)].strip()
        if rest in (b"", b"--"):
            yield at, (end + 1 if end >= 0 else len(body)), rest == b"--"
        at = body.find(b"\n" + mark, at + len(mark)) + 1
        if at == 0:
            return


def _kind(value: str, default: str) -> tuple[str, dict[str, str]]:
    kind = value.partition(";")[0].strip().lower()
    found: dict[str, str] = {}
    for name, section, quoted, bare in PARAMETER.findall(value[:4000]):
        text = quoted or bare
        if section.endswith("*") and "''" in text:
            text = text.partition("''")[2]
        key = name.lower()
        found[key] = found[key] + text if section and key in found else found.get(key, text)
    return (kind if "/" in kind else default), found
