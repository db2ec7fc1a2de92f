"""Postmark: one JSON object a call, proved by a password in the address or a header.

Sources: postmarkapp.com/developer/webhooks (bounce, delivery, open, click, spam complaint, subscription change,
inbound). Our token comes back in `Metadata`, which the header X-PM-Metadata-trellis fills.
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
    mapping,
    text_of,
    texts,
)

# By RecordType: kind, and under which name the time and the recipient stand.
RECORDS: dict[str, tuple[Kind, str, str]] = {
    "Delivery": ("delivered", "DeliveredAt", "Recipient"),
    "Bounce": ("bounced", "BouncedAt", "Email"),
    "SpamComplaint": ("complained", "BouncedAt", "Email"),
    "Open": ("opened", "ReceivedAt", "Recipient"),
    "Click": ("clicked", "ReceivedAt", "Recipient"),
    "SubscriptionChange": ("unsubscribed", "ChangedAt", "Recipient"),
    "Inbound": ("inbound", "Date", "OriginalRecipient"),
}
# Bounce types that are no hard bounce; everything else that comes back is soft.
BOUNCES: dict[str, tuple[Kind, Class | None]] = {
    "HardBounce": ("bounced", "hard"),
    "BadEmailAddress": ("bounced", "hard"),
    "ManuallyDeactivated": ("rejected", "hard"),
    "Transient": ("deferred", "soft"),
    "SoftBounce": ("bounced", "soft"),
    "DnsError": ("bounced", "soft"),
    "AutoResponder": ("auto-responded", None),
    "ChallengeVerification": ("auto-responded", None),
    "AddressChange": ("auto-responded", None),
    "SpamNotification": ("bounced", "policy"),
    "VirusNotification": ("bounced", "policy"),
    "Blocked": ("bounced", "policy"),
    "DMARCPolicy": ("bounced", "policy"),
    "SMTPApiError": ("failed", "policy"),
    "TemplateRenderingFailed": ("failed", "policy"),
    "SpamComplaint": ("complained", None),
    "Unsubscribe": ("unsubscribed", None),
    "Subscribe": ("subscribed", None),
    "InboundError": ("unknown", None),
    "OpenRelayTest": ("unknown", None),
    "Unconfirmed": ("unknown", None),
}


class Postmark:
    name = "postmark"
    title = "Postmark"
    wants = "password"

    def verify(self, call: Call, secrets: Secrets, now: datetime) -> Accepted:
        return verify_password(call, secrets)

    def events(self, data: Any) -> Iterable[ProviderEvent | Exception]:
        return each([data], _read)


def _read(item: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    record = text_of(item.get("RecordType")) or ("Bounce" if "BouncedAt" in item else "")
    kind, time_name, who_name = RECORDS.get(record, ("unknown", "", ""))
    class_: Class | None = None
    words = text_of(item.get("Details")) or text_of(item.get("Description"))
    if kind == "bounced":
        kind, class_ = BOUNCES.get(text_of(item.get("Type")), ("bounced", "soft"))
        # What the other server said is nearer to the truth than how it was filed.
        if class_ is not None and class_of(enhanced_in(words)) == "policy":
            class_ = "policy"
    if kind == "unsubscribed" and record == "SubscriptionChange":
        kind, class_ = _changed(item)
    at = instant_of(item.get(time_name))
    recipient = text_of(item.get(who_name) or item.get("Email") or item.get("Recipient"))
    yield ProviderEvent(
        kind,
        digest(record, item.get("ID"), item.get("MessageID"), str(at), recipient, item.get("OriginalLink")),
        at,
        recipient,
        texts(*mapping(item.get("Metadata")).values(), _header(item, "Message-ID")),
        class_,
        enhanced_in(words) if class_ else None,
        code_in(words) if class_ else None,
        words if class_ else text_of(item.get("OriginalLink")),
        text_of(item.get("UserAgent")),
        text_of(mapping(item.get("Geo")).get("IP")),
    )


def _changed(item: Mapping[str, Any]) -> tuple[Kind, Class | None]:
    """Postmark stops or resumes sending to an address; only the recipient's own wish is one to leave."""
    if item.get("SuppressSending") is not True:
        return "subscribed", None
    why = text_of(item.get("SuppressionReason"))
    if why == "HardBounce":
        return "rejected", "hard"
    if why == "SpamComplaint":
        return "complained", None
    return ("unsubscribed", None) if text_of(item.get("Origin")) == "Recipient" else ("unknown", None)


def _header(item: Mapping[str, Any], name: str) -> Any:
    for one in listing(item.get("Headers")):
        if text_of(mapping(one).get("Name")).lower() == name.lower():
            return mapping(one).get("Value")
    return None
