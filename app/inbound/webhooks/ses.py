"""Amazon SES: events and notifications, which come inside of messages of Amazon SNS.

Source: docs.aws.amazon.com/ses, "Contents of event data that Amazon SES publishes to Amazon SNS" and "Amazon SNS
notification contents". SES changes the Message-ID; ours stands in the headers it quotes, and the envelope
sender (`source`) carries the same token.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from app.core.bouncing import Class, class_of
from app.inbound.webhooks.base import Accepted, Call, Kind, ProviderEvent, Secrets
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
from app.inbound.webhooks.sns import verify_message

KINDS: dict[str, Kind] = {
    "Send": "queued",
    "Delivery": "delivered",
    "DeliveryDelay": "deferred",
    "Bounce": "bounced",
    "Complaint": "complained",
    "Reject": "rejected",
    "Rendering Failure": "failed",
    "Open": "opened",
    "Click": "clicked",
    "Subscription": "unsubscribed",
    "Received": "inbound",
}
# Under which name the rest of an event stands.
PARTS = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
OURS = frozenset({"ContentRejected", "AttachmentRejected", "MessageTooLarge"})
# SES did not even try: the address is on a list of theirs or yours.
NOT_TRIED = frozenset({"Suppressed", "OnAccountSuppressionList"})
Told = tuple[str, str, str]  # recipient, status code, words of the server


class AmazonSes:
    name = "ses"
    title = "Amazon SES"
    wants = "topics"

    def verify(self, call: Call, secrets: Secrets, now: datetime) -> Accepted:
        return verify_message(call, secrets, now)

    def events(self, data: Any) -> Iterable[ProviderEvent | Exception]:
        message = mapping(data)
        if message.get("Type") != "Notification":
            return ()
        try:
            told = json.loads(str(message.get("Message")))
        except (ValueError, RecursionError):
            told = {}  # what SNS says when a subscription begins is plain text
        return each([told], _read)


def _read(item: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    name = text_of(item.get("eventType")) or text_of(item.get("notificationType"))
    kind = KINDS.get(name, "unknown")
    part = mapping(item.get(PARTS.get(name, name.lower())))
    mail = mapping(item.get("mail"))
    class_: Class | None = {"deferred": "soft", "rejected": "policy", "failed": "policy"}.get(kind)  # type: ignore[assignment]
    if kind == "bounced":
        kind, class_ = _bounce(part)
    elif kind == "complained" and text_of(part.get("complaintFeedbackType")) == "not-spam":
        kind = "unknown"
    elif (
        kind == "unsubscribed" and mapping(part.get("newTopicPreferences")).get("unsubscribeAll") is not True
    ):
        kind = "subscribed"
    at = instant_of(part.get("timestamp")) or instant_of(mail.get("timestamp"))
    for recipient, status, words in _recipients(part, mail):
        yield _event(item, name, kind, part, mail, at, class_, (recipient, status, words))


def _event(
    item: Mapping[str, Any],
    name: str,
    kind: Kind,
    part: Mapping[str, Any],
    mail: Mapping[str, Any],
    at: datetime | None,
    class_: Class | None,
    told: Told,
) -> ProviderEvent:
    recipient, status, words = told
    enhanced = enhanced_in(status, words)
    if kind == "bounced" and class_of(enhanced) == "policy":
        class_ = "policy"
    words = (
        words
        or text_of(part.get("reason"))
        or text_of(part.get("errorMessage"))
        or text_of(part.get("delayType"))
    )
    words = words or " ".join(texts(part.get("bounceType"), part.get("bounceSubType")))
    back = class_ is not None
    # The same bounce may be told as an event and as a notification: its feedback id is one.
    same = text_of(part.get("feedbackId")) or digest(mail.get("messageId"), str(at), part.get("link"))
    return ProviderEvent(
        kind,
        f"{same}:{name}:{recipient.lower()}"[:300],
        at,
        recipient,
        texts(
            mapping(mail.get("commonHeaders")).get("messageId"),
            _header(mail),
            mail.get("source"),
            *_tags(mail),
        ),
        class_,
        enhanced if back else None,
        code_in(words) if back else None,
        words if back else text_of(part.get("link")),
        text_of(part.get("userAgent")),
        text_of(part.get("ipAddress")),
    )


def _bounce(part: Mapping[str, Any]) -> tuple[Kind, Class]:
    kind, detail = text_of(part.get("bounceType")), text_of(part.get("bounceSubType"))
    if detail in NOT_TRIED:
        return "rejected", "hard"
    if detail == "UnsubscribedRecipient":
        return "rejected", "policy"
    if detail in OURS:
        return "bounced", "policy"
    return "bounced", "hard" if kind == "Permanent" else "soft"


def _recipients(part: Mapping[str, Any], mail: Mapping[str, Any]) -> Iterator[Told]:
    """Each recipient it is told of, with status code and words; else those the mail went to."""
    for name in ("bouncedRecipients", "complainedRecipients", "delayedRecipients"):
        if found := [mapping(one) for one in listing(part.get(name))]:
            for one in found:
                yield (
                    text_of(one.get("emailAddress")),
                    text_of(one.get("status")),
                    text_of(one.get("diagnosticCode")),
                )
            return
    for address in listing(part.get("recipients")) or listing(mail.get("destination")) or [""]:
        yield text_of(address), "", ""


def _header(mail: Mapping[str, Any]) -> Any:
    for one in listing(mail.get("headers")):
        if text_of(mapping(one).get("name")).lower() == "message-id":
            return mapping(one).get("value")
    return None


def _tags(mail: Mapping[str, Any]) -> list[Any]:
    return listing(mapping(mail.get("tags")).get("trellis"))
