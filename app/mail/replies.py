"""What a server answers, and what that means for the mail in hand.

Codes: RFC 5321 (4.2), enhanced status codes: RFC 3463, RFC 2034 and RFC 5248.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple

from app.mail.pauses import retry_hint

Kind = Literal["accepted", "deferred", "failed", "uncertain", "sender_problem"]
Phase = Literal["connect", "tls", "auth", "mail", "rcpt", "data", "body", "dot"]

MAX_LINE = 2_048
MAX_LINES = 100
MAX_TEXT = 500
# What 5.3.4 and 5.6.x complain of is the mail: too large, or of a form that is not taken.
_OF_THE_MAIL = ("5.3.4", "5.6.")
_SIGN_IN_FIRST = (530, 534, 535, 538)


class BadReply(Exception):
    """What came is no SMTP reply; the two sides no longer agree on where they are."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try to hand over one mail ended.

    `accepted`: the server took it. `deferred`: try again later. `failed`: this mail will never be taken.
    `sender_problem`: not taken from *us* as things stand; the recipient is not to blame, a later try is safe.
    `uncertain`: the last byte left and no readable answer came; the mail may have been taken.
    `fault` names what is wrong with the sender or its relay, see `app.mail.opening.FAULTS`.
    """

    kind: Kind
    phase: Phase
    code: int | None = None
    enhanced: str | None = None
    text: str = ""
    retry_after: timedelta | None = None
    fault: str = ""


class Reply(NamedTuple):
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


def read_reply(readline: Callable[[], bytes]) -> Reply:
    """The next reply, of one line or many. `readline` gives a line with its end, or what there is of one.

    ConnectionError when the other side hung up, BadReply when it does not speak SMTP.
    """
    lines: list[bytes] = []
    while len(lines) < MAX_LINES:
        line = readline()
        if len(line) > MAX_LINE:
            raise BadReply("The server's reply has an over-long line.")
        if not line.endswith(b"\n"):
            raise ConnectionResetError("The server closed the connection.")
        if not line[:3].isdigit() or line[3:4] not in (b" ", b"-", b"\r", b"\n") or line[0] not in b"2345":
            raise BadReply(
                f"The server's reply is not SMTP: {clean_text(line.decode('utf-8', 'replace'))[:80]}"
            )
        if line[3:4] != b"-":
            last = line[4:].rstrip()
            return Reply(int(line[:3]), b"\n".join([*lines, last]) if lines else last)
        lines.append(line[4:].rstrip())
    raise BadReply("The server's reply does not end.")


def judge(reply: Reply, phase: Phase) -> Outcome:
    """What `reply` to the command of `phase` means for the mail."""
    enhanced, text = reply.enhanced, reply.text
    kind = _kind(reply.code, enhanced or "", phase)
    if kind == "accepted":
        return Outcome(kind, phase, reply.code, enhanced, text)
    retry_after = retry_hint(text) if kind in ("deferred", "sender_problem") else None
    fault = _fault(reply.code, phase) if kind == "sender_problem" else ""
    return Outcome(kind, phase, reply.code, enhanced, text, retry_after, fault)


def _kind(code: int, enhanced: str, phase: Phase) -> Kind:
    if phase in ("connect", "tls", "auth"):
        # No recipient was named yet, so none of them can be to blame.
        return "sender_problem"
    if 200 <= code < 400:
        # 2xx elsewhere, and 3xx where none belongs: the dialogue is out of step, but no dot was sent yet.
        return ("accepted" if code < 300 else "uncertain") if phase == "dot" else "deferred"
    if code < 500:
        return "deferred"
    if enhanced.startswith(_OF_THE_MAIL) or (code == 552 and not enhanced.startswith("5.7.")):
        return "failed"
    if phase == "mail" or enhanced.startswith("5.7.") or code in _SIGN_IN_FIRST:
        return "sender_problem"
    return "failed"


def _fault(code: int, phase: Phase) -> str:
    """What a refusal says of the sender; see `app.mail.opening.FAULTS`."""
    if phase in ("connect", "tls", "auth") and 400 <= code < 500:
        return "busy"
    if code in _SIGN_IN_FIRST:
        return "password" if phase == "auth" else "sign_in_first"
    return {"connect": "turned_away", "tls": "tls", "auth": "password", "mail": "mail_from"}.get(
        phase, "policy"
    )


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
