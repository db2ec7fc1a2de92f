"""Mail providers for tests: each signs a call as the real one does, with keys made here."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from app.inbound.webhooks import PROVIDERS, Accepted, Call, Secrets
from app.inbound.webhooks.reading import load_json

AT = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
CERTIFICATE = "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
PASSWORD = "a-password-made-for-the-provider"
MAILGUN_KEY = "key-0123456789abcdef0123456789ab"


@dataclass(frozen=True)
class Request:
    """One call: header names in lower case."""

    headers: Mapping[str, str]
    body: bytes

    def changed(self, old: bytes, new: bytes) -> "Request":
        assert old in self.body
        return replace(self, body=self.body.replace(old, new, 1))


@cache
def elliptic_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def public_key_text(key: ec.EllipticCurvePrivateKey | None = None) -> str:
    public = (key or elliptic_key()).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return b64encode(public.public_bytes(serialization.Encoding.DER, form)).decode()


@cache
def certificate(name: str = "sns.amazonaws.com", begin: datetime = AT - timedelta(days=30)) -> str:
    """Self-signed for a year from `begin`."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(rsa_key().public_key())
        .serial_number(1).not_valid_before(begin).not_valid_after(begin + timedelta(days=365))
        .sign(rsa_key(), hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM).decode()


def secrets_for(provider: str) -> Secrets:
    return {
        "ses": Secrets(topics=[TOPIC], certificates={CERTIFICATE: certificate()}),
        "postmark": Secrets(PASSWORD),
        "brevo": Secrets(PASSWORD),
        "mailgun": Secrets(MAILGUN_KEY),
        "sendgrid": Secrets(public_key_text()),
    }[provider]


def sign(provider: str, told: Any, at: datetime = AT, number: int = 1) -> Request:
    """A call of this provider about `told`, as one event or a list of them. Another `number` is another call."""
    return _SIGNERS[provider](told, at, number)


def _with_password(told: Any, at: datetime, number: int) -> Request:
    head = b64encode(f"trellis:{PASSWORD}".encode()).decode()
    return Request({"authorization": f"Basic {head}"}, json.dumps(told).encode())


def _mailgun(told: Any, at: datetime, number: int) -> Request:
    stamp, token = str(int(at.timestamp())), f"{number:050x}"
    made = hmac.new(MAILGUN_KEY.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    signature = {"timestamp": stamp, "token": token, "signature": made}
    return Request({}, json.dumps({"signature": signature, "event-data": told}).encode())


def _sendgrid(told: Any, at: datetime, number: int) -> Request:
    body = json.dumps(told if isinstance(told, list) else [told]).encode()
    stamp = str(int(at.timestamp()))
    signature = elliptic_key().sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return Request(
        {
            "x-twilio-email-event-webhook-signature": b64encode(signature).decode(),
            "x-twilio-email-event-webhook-timestamp": stamp,
        },
        body,
    )


def _ses(told: Any, at: datetime, number: int) -> Request:
    return sns({"Type": "Notification", "Message": json.dumps(told)}, at, number)


def sns(
    values: dict[str, str], at: datetime = AT, number: int = 1, version: str = "2", topic: str = TOPIC
) -> Request:
    """A message of SNS, signed over the parts that its type has signed."""
    message = {
        "MessageId": f"message-{number}", "TopicArn": topic, "Timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
        "SignatureVersion": version,
        "SigningCertURL": f"https://sns.eu-west-1.amazonaws.com/{CERTIFICATE}", **values,
    }  # fmt: skip
    confirms = message["Type"] != "Notification"
    names = ["Message", "MessageId", *(["SubscribeURL"] if confirms else ["Subject"]), "Timestamp"]
    names += [*(["Token"] if confirms else []), "TopicArn", "Type"]
    text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    hashed = hashes.SHA256() if version == "2" else hashes.SHA1()
    message["Signature"] = b64encode(rsa_key().sign(text.encode(), padding.PKCS1v15(), hashed)).decode()
    return Request({"x-amz-sns-message-type": message["Type"]}, json.dumps(message).encode())


def confirmation(at: datetime = AT) -> Request:
    return sns({
        "Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe.", "Token": "ab12" * 16,
        "SubscribeURL": "https://evil.example/?Action=ConfirmSubscription",
    }, at)  # fmt: skip


_SIGNERS = {
    "ses": _ses, "postmark": _with_password, "brevo": _with_password, "mailgun": _mailgun, "sendgrid": _sendgrid,
}  # fmt: skip


def verify(provider: str, request: Request, now: datetime = AT, secrets: Secrets | None = None) -> Accepted:
    call = Call(request.headers, request.body, load_json(request.body))
    return PROVIDERS[provider].verify(call, secrets or secrets_for(provider), now)
