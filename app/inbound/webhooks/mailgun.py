"""Mailgun: one JSON object a call, its signature (HMAC-SHA256 over time and token) beside the event.

Sources: documentation.mailgun.com, "Securing webhooks" and "Event structure". The signature does not cover
the event, so a token is good for one body only. Mailgun repeats a call for eight hours. It keeps our Message-ID.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.core.bouncing import Class, class_of
from app.inbound.webhooks.base import Accepted, Call, Kind, ProviderEvent, Refused, Secrets, check_time
from app.inbound.webhooks.reading import (
    code_in,
    digest,
    each,
    enhanced_in,
    instant_of,
    mapping,
    number_of,
    text_of,
    texts,
)

TOLERANCE = timedelta(hours=9)
KINDS: dict[str, Kind] = {
    "accepted": "queued",
    "delivered": "delivered",
    "failed": "bounced",
    "rejected": "rejected",
    "opened": "opened",
    "clicked": "clicked",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
    "stored": "inbound",
}
# Reasons of a failure that say what the recipient's server did not: Mailgun itself gave up.
GAVE_UP: dict[str, tuple[Kind, Class]] = {
    "suppress-bounce": ("rejected", "hard"),
    "suppress-complaint": ("rejected", "policy"),
    "suppress-unsubscribe": ("rejected", "policy"),
    "espblock": ("bounced", "policy"),
    "old": ("bounced", "soft"),
}


class Mailgun:
    name = "mailgun"
    title = "Mailgun"
    wants = "key"

    def verify(self, call: Call, secrets: Secrets, now: datetime) -> Accepted:
        proof = mapping(mapping(call.data).get("signature"))
        stamp, token, given = (
            value if isinstance(value := proof.get(name), str) else str(value or "")
            for name in ("timestamp", "token", "signature")
        )
        if not (stamp and token and given):
            raise Refused("webhook.no_proof")
        made = hmac.new(secrets.secret.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
        if not secrets.secret or not hmac.compare_digest(made.encode(), given.lower().encode()):
            raise Refused("webhook.forged")
        at = instant_of(stamp)
        if at is None:
            raise Refused("webhook.stale")
        check_time(at, now, TOLERANCE)
        return Accepted(hashlib.sha256(token.encode()).hexdigest(), covers_body=False)

    def events(self, data: Any) -> Iterable[ProviderEvent | Exception]:
        return each([mapping(data).get("event-data")], _read)


def _read(item: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    name = text_of(item.get("event"))
    kind, class_ = KINDS.get(name, "unknown"), None
    status = mapping(item.get("delivery-status"))
    words = (
        text_of(status.get("message")) or text_of(status.get("description")) or text_of(item.get("reason"))
    )
    code = number_of(status.get("code")) or code_in(words)
    enhanced = enhanced_in(status.get("enhanced-code"), words)
    if name == "failed":
        kind, class_ = _failure(item, enhanced, code)
    if name == "rejected":
        class_, words = "policy", text_of(mapping(item.get("reject")).get("reason")) or words
    headers = mapping(mapping(item.get("message")).get("headers"))
    client = mapping(item.get("client-info"))
    at = instant_of(item.get("timestamp"))
    back = class_ is not None
    yield ProviderEvent(
        kind,
        text_of(item.get("id")) or digest(name, str(at), item.get("recipient"), headers.get("message-id")),
        at,
        text_of(item.get("recipient")),
        texts(
            headers.get("message-id"),
            *mapping(item.get("user-variables")).values(),
            mapping(item.get("envelope")).get("sender"),
        ),
        class_,
        enhanced if back else None,
        code if back else None,
        words if back else text_of(item.get("url")),
        text_of(client.get("user-agent")),
        text_of(item.get("ip")),
    )


def _failure(item: Mapping[str, Any], enhanced: str | None, code: int | None) -> tuple[Kind, Class]:
    if text_of(item.get("severity")) == "temporary":
        return "deferred", "soft"
    given_up = GAVE_UP.get(text_of(item.get("reason")))
    if given_up is not None:
        return given_up
    return "bounced", class_of(enhanced, code) or "hard"
