"""What every provider's adapter gives: is this call theirs, and what does it say in our one vocabulary."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

Kind = Literal[
    "queued", "sent", "rejected", "failed", "bounced", "deferred", "delivered", "auto-responded", "opened", "clicked",
    "complained", "unsubscribed", "subscribed", "inbound", "unknown",
]  # fmt: skip
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]
# Clocks differ; nothing genuine comes from much further in the future.
AHEAD = timedelta(minutes=5)


class Refused(Exception):
    """The call is not believed. `code` says why, to the operator and never to the caller."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came: header names in lower case, the body's bytes, and what is in them as JSON."""

    headers: Mapping[str, str]
    body: bytes
    data: Any


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an endpoint checks a call with. Which of them a provider uses, its adapter says.

    `secret` is a password, a signing key or a public key; `topics` are ARNs and `certificates` PEM by the
    name of the file they were published under.
    """

    secret: str = ""
    topics: Sequence[str] = ()
    certificates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A call that is believed. `once` names it: a second call of the same name is the same call again.

    Where the proof does not cover the body, the same name with another body is a forgery (`covers_body`).
    `subscription` is what a person must confirm before calls come: topic and token.
    """

    once: str
    covers_body: bool = True
    subscription: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One thing a provider tells of one recipient's mail.

    `key` is the provider's own id of the event, or what makes it the same event when it is told twice.
    `ours` are texts in which our token may stand: Message-ID, envelope sender, metadata. `class_` is told of
    what came back: hard, soft or policy.
    """

    kind: Kind
    key: str
    occurred_at: datetime | None = None
    recipient: str = ""
    ours: tuple[str, ...] = ()
    class_: Literal["hard", "soft", "policy"] | None = None
    enhanced: str | None = None
    code: int | None = None
    text: str = ""
    user_agent: str = ""
    ip: str = ""


class Provider(Protocol):
    """One provider. `wants` is what an operator must bring: key, public-key, topics, or password (made here)."""

    name: str
    title: str
    wants: str

    def verify(self, call: Call, secrets: Secrets, now: datetime) -> Accepted:
        """That the call is theirs, told to nobody else, and of now. Raises Refused."""
        ...

    def events(self, data: Any) -> Iterable[ProviderEvent | Exception]:
        """What is told, in its order. A part that cannot be read comes as the fault it raised."""
        ...


def check_time(at: datetime, now: datetime, tolerance: timedelta) -> None:
    """Raises Refused for what is older than `tolerance` or from the future."""
    if not now - tolerance <= at <= now + AHEAD:
        raise Refused("webhook.stale")
