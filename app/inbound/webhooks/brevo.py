"""Brevo: one JSON object a call (or a list, in batches), proved by a password in a header.

Source: developers.brevo.com, "Transactional webhooks". `date` is in the account's zone, so only the seconds
and milliseconds since 1970 are believed. Our token comes back in `X-Mailin-custom`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from app.core.bouncing import Class, class_of
from app.inbound.webhooks.base import Accepted, Call, Kind, ProviderEvent, Secrets
from app.inbound.webhooks.passwords import verify_password
from app.inbound.webhooks.reading import (
    code_in,
    digest,
    each,
    enhanced_in,
    instant_of,
    listing,
    text_of,
    texts,
)

KINDS: dict[str, tuple[Kind, Class | None]] = {
    "request": ("queued", None),
    "sent": ("queued", None),
    "delivered": ("delivered", None),
    "deferred": ("deferred", "soft"),
    "soft_bounce": ("bounced", "soft"),
    "hard_bounce": ("bounced", "hard"),
    "invalid_email": ("bounced", "hard"),
    "invalid": ("bounced", "hard"),
    "blocked": ("rejected", "policy"),
    "error": ("failed", "policy"),
    "spam": ("complained", None),
    "complaint": ("complained", None),
    "opened": ("opened", None),
    "unique_opened": ("opened", None),
    "proxy_open": ("opened", None),
    "unique_proxy_open": ("opened", None),
    "click": ("clicked", None),
    "unsubscribed": ("unsubscribed", None),
    "unsubscribe": ("unsubscribed", None),
    "list_addition": ("subscribed", None),
    "inboundemailprocessed": ("inbound", None),
}


class Brevo:
    name = "brevo"
    title = "Brevo"
    wants = "password"

    def verify(self, call: Call, secrets: Secrets, now: datetime) -> Accepted:
        return verify_password(call, secrets)

    def events(self, data: Any) -> Iterable[ProviderEvent | Exception]:
        return each(listing(data) or [data], _read)


def _read(item: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    name = text_of(item.get("event")).lower().replace("-", "_").replace(" ", "_")
    kind, class_ = KINDS.get(name, ("unknown", None))
    words = text_of(item.get("reason"))
    enhanced = enhanced_in(words)
    if kind == "bounced":
        class_ = class_of(enhanced, code_in(words)) if class_of(enhanced) == "policy" else class_
    at = instant_of(item.get("ts_event")) or instant_of(item.get("ts_epoch")) or instant_of(item.get("ts"))
    message, recipient = text_of(item.get("message-id")), text_of(item.get("email"))
    back = class_ is not None
    yield ProviderEvent(
        kind,
        digest(name, message, recipient, str(at), item.get("link")),
        at,
        recipient,
        texts(item.get("X-Mailin-custom"), message),
        class_,
        enhanced if back else None,
        code_in(words) if back else None,
        words if back else text_of(item.get("link")),
        text_of(item.get("user_agent")),
        text_of(item.get("ip")) if kind in ("opened", "clicked") else "",
    )
