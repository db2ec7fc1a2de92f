"""SendGrid: a list of events a call, signed as a whole (ECDSA over P-256 and SHA-256) with its time.

Sources: twilio.com/docs/sendgrid, "Event Webhook Reference" and "Security Features". SendGrid repeats a call
for a day. Our Message-ID comes back as `smtp-id`, or the token as the unique argument `trellis`.
"""

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from app.core.bouncing import Class, class_of
from app.inbound.webhooks.base import Accepted, Call, Kind, ProviderEvent, Refused, Secrets, check_time
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

TOLERANCE = timedelta(hours=25)
SIGNATURE = "x-twilio-email-event-webhook-signature"
STAMP = "x-twilio-email-event-webhook-timestamp"
KINDS: dict[str, Kind] = {
    "processed": "queued",
    "delivered": "delivered",
    "deferred": "deferred",
    "bounce": "bounced",
    "dropped": "rejected",
    "open": "opened",
    "click": "clicked",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
    "group_resubscribe": "subscribed",
}
# A mail that SendGrid dropped because of what happened before.
DROPPED_HARD = ("bounced address", "invalid")


class SendGrid:
    name = "sendgrid"
    title = "SendGrid"
    wants = "public-key"

    def verify(self, call: Call, secrets: Secrets, now: datetime) -> Accepted:
        given, stamp = call.headers.get(SIGNATURE, ""), call.headers.get(STAMP, "")
        if not given or not stamp:
            raise Refused("webhook.no_proof")
        try:
            public_key(secrets.secret).verify(
                b64decode(given, validate=True), stamp.encode() + call.body, ec.ECDSA(SHA256())
            )
        except (InvalidSignature, ValueError):
            raise Refused("webhook.forged") from None
        at = instant_of(stamp)
        if at is None:
            raise Refused("webhook.stale")
        check_time(at, now, TOLERANCE)
        return Accepted(sha256(call.body).hexdigest())

    def events(self, data: Any) -> Iterable[ProviderEvent | Exception]:
        return each(listing(data) or [data], _read)


def public_key(text: str) -> ec.EllipticCurvePublicKey:
    """The verification key as SendGrid shows it (base64), or as PEM. Raises ValueError."""
    text = text.strip()
    pem = text.startswith("-----BEGIN")
    key = load_pem_public_key(text.encode()) if pem else load_der_public_key(b64decode(text, validate=True))
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise ValueError("the key is not of the curve P-256")
    return key


def _read(item: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    name = text_of(item.get("event"))
    kind = KINDS.get(name, "unknown")
    words = text_of(item.get("reason")) or text_of(item.get("response"))
    enhanced, code = enhanced_in(item.get("status"), words), code_in(words)
    class_: Class | None = None
    if name == "bounce":
        blocked = text_of(item.get("type")) == "blocked"
        class_ = class_of(enhanced, code) or ("policy" if blocked else "hard")
    elif name == "dropped":
        class_ = "hard" if words.lower().startswith(DROPPED_HARD) else "policy"
    elif name == "deferred":
        class_ = "soft"
    at = instant_of(item.get("timestamp"))
    message = text_of(item.get("sg_message_id"))
    recipient = text_of(item.get("email"))
    back = class_ is not None
    yield ProviderEvent(
        kind,
        text_of(item.get("sg_event_id")) or digest(name, message, recipient, str(at), item.get("url")),
        at,
        recipient,
        texts(item.get("trellis"), item.get("smtp-id")),
        class_,
        enhanced if back else None,
        code if back else None,
        words if back else text_of(item.get("url")),
        text_of(item.get("useragent")),
        text_of(item.get("ip")) if name in ("open", "click") else "",
    )
