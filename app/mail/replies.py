"""What a server answers, and what that means for the mail in hand.

Codes: RFC 5321 (4.2), enhanced status codes: RFC 3463 and RFC 2034.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Literal

Kind = Literal["accepted", "deferred", "failed", "uncertain", "sender_problem"]
Phase = Literal["connect", "tls", "auth", "mail", "rcpt", "data", "body", "dot"]

MAX_LINE = 2_048
MAX_LINES = 100
MAX_TEXT = 500
MAX_RETRY_AFTER = timedelta(days=1)

_UNITS = {"sec": timedelta(seconds=1), "min": timedelta(minutes=1), "hour": timedelta(hours=1)}
_ABOUT_RETRY = ("again", "retry", "wait", "later")


class BadReply(Exception):
    """What came is no SMTP reply; the two sides no longer agree on where they are."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try to hand over one mail ended.

    `accepted`: the server took it. `deferred`: try again later. `failed`: this mail will never be taken.
    `sender_problem`: not taken from *us* as things stand; the recipient is not to blame, a later try is safe.
    `uncertain`: the last byte left and no readable answer came; the mail may have been taken.
    """

    kind: Kind
    phase: Phase
    code: int | None = None
    enhanced: str | None = None
    text: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, its lines joined by LF and without their codes."""

    code: int
    raw: bytes

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def closing(self) -> bool:
        """The server is about to hang up (RFC 5321, 3.8)."""
        return self.code == 421

    @property
    def enhanced(self) -> str | None:
        return _enhanced(self.raw.split(None, 1)[0]) if self.raw.strip() else None

    @property
    def text(self) -> str:
        """The words for people: one line, printable, without the enhanced code that each line may repeat."""
        words: list[str] = []
        for line in self.raw[: 4 * MAX_TEXT].split(b"\n"):
            parts = line.split(None, 1)
            if parts and _enhanced(parts[0]):
                parts = parts[1:]
            words += [part.decode("utf-8", "replace") for part in parts]
        return clean_text(" ".join(words))


def read_reply(readline: Callable[[int], bytes], expired: Callable[[], bool]) -> Reply:
    """The next reply, of one line or many.

    ConnectionError when the other side hung up, BadReply when it does not speak SMTP,
    TimeoutError when `expired()` turns true between two lines (a reply may be dripped for ever).
    """
    lines: list[bytes] = []
    while len(lines) < MAX_LINES:
        line = readline(MAX_LINE + 1)
        if not line.endswith(b"\n"):
            if len(line) > MAX_LINE:
                raise BadReply("The server's reply has an over-long line.")
            raise ConnectionResetError("The server closed the connection.")
        lines.append(line[4:].rstrip())
        if not line[:3].isdigit() or line[3:4] not in (b" ", b"-", b"\r", b"\n") or line[0] not in b"2345":
            raise BadReply(
                f"The server's reply is not SMTP: {clean_text(line.decode('utf-8', 'replace'))[:80]}"
            )
        if line[3:4] != b"-":
            return Reply(int(line[:3]), lines[0] if len(lines) == 1 else b"\n".join(lines))
        if expired():
            raise TimeoutError("The server's reply did not end in time.")
    raise BadReply("The server's reply does not end.")


def judge(reply: Reply, phase: Phase) -> Outcome:
    """What `reply` to the command of `phase` means for the mail."""
    enhanced, text = reply.enhanced, reply.text
    kind = _kind(reply.code, enhanced, phase)
    retry_after = retry_hint(text) if kind == "deferred" else None
    return Outcome(kind, phase, reply.code, enhanced, text, retry_after)


def _kind(code: int, enhanced: str | None, phase: Phase) -> Kind:
    if 200 <= code < 400:
        # 2xx elsewhere, and 3xx where none belongs: the dialogue is out of step, but no dot was sent yet.
        return ("accepted" if code < 300 else "uncertain") if phase == "dot" else "deferred"
    if code < 500:
        return "deferred"
    enhanced = enhanced or ""
    if enhanced in {"5.3.4", "5.6.7"} or (code == 552 and not enhanced.startswith("5.7.")):
        return "failed"
    if phase in ("connect", "tls", "auth", "mail") or enhanced.startswith("5.7.") or code in (530, 535):
        return "sender_problem"
    return "failed"


def retry_hint(text: str) -> timedelta | None:
    """The pause a server asks for ("try again in 5 minutes"), at most a day; None when it names none."""
    words = text.lower().split()
    if not any(sign in text.lower() for sign in _ABOUT_RETRY):
        return None
    for number, unit in pairwise(words):
        if number.isascii() and number.isdigit() and len(number) <= 6:
            for name, length in _UNITS.items():
                if unit.startswith(name):
                    return min(int(number) * length, MAX_RETRY_AFTER)
    return None


def clean_text(text: str) -> str:
    """One printable line of at most MAX_TEXT characters."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:MAX_TEXT]


def _enhanced(word: bytes) -> str | None:
    """`word` as an enhanced status code (class.subject.detail), or None when it is none."""
    parts = word.split(b".")
    if len(parts) != 3 or parts[0] not in (b"2", b"4", b"5"):
        return None
    return word.decode("ascii") if all(part.isdigit() and len(part) <= 3 for part in parts) else None
