"""The words in which a message that came back is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.inbound.returned.absences import Back

# Of a longer message only so much is kept and looked at.
LARGEST = 25 * 1024 * 1024
What = Literal["bounce", "complaint", "delay", "reply", "auto-reply", "none"]
Class = Literal["hard", "soft", "policy"]


@dataclass(frozen=True, slots=True)
class Returned:
    """What a message says of one recipient.

    `class_` is told of bounces and delays only: `hard` (there is no such mailbox, and there will be none),
    `soft` (not now: full, too large, out of order), `policy` (refused from us or for what we said; the
    recipient is not to blame).
    """

    address: str
    what: What
    class_: Class | None = None
    enhanced: str | None = None
    code: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One message, read. It says nothing of whom it may be believed: tokens are looked up by the caller.

    `addressed_to` are the addresses it was delivered to (Delivered-To, X-Original-To, To …), `original` the
    header lines of our own mail as far as they came back (lower-case names), `thread` the message ids of
    In-Reply-To and References, newest first. `text` is what a person wrote, without what they quoted; `back`
    when somebody who is away will be there again, as far as their automatic answer says so.
    """

    found: tuple[Returned, ...]
    message_id: str = ""
    sender: str = ""
    subject: str = ""
    addressed_to: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    original: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    back: Back | None = None
    faults: tuple[str, ...] = ()
