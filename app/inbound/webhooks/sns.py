"""Amazon SNS: is a message signed by SNS, from a topic of ours, and of now.

Source: docs.aws.amazon.com/sns, "Verifying the signatures of Amazon SNS messages". Nothing is ever fetched: not the
certificate, which an operator installs under the name of its file, and not the address that confirms a
subscription, which waits for an operator. A right signature proves SNS only, and anybody may have a topic
there; so topics are on a list.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509.oid import NameOID

from app.inbound.webhooks.base import Accepted, Call, Refused, Secrets, check_time
from app.inbound.webhooks.reading import instant_of, mapping

# SNS tries for an hour at most (its longest delivery policy).
TOLERANCE = timedelta(hours=2)
TOPIC = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:[A-Za-z0-9_.-]{1,256}")
CERTIFICATE_NAME = re.compile(r"SimpleNotificationService-[0-9a-zA-Z]{8,64}\.pem")
_CERTIFICATE_URL = re.compile(
    r"https://sns\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/(" + CERTIFICATE_NAME.pattern + ")"
)
_NOTICE = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRM = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {"Notification": _NOTICE, "SubscriptionConfirmation": _CONFIRM, "UnsubscribeConfirmation": _CONFIRM}
SIGNER = "sns.amazonaws.com"


def verify_message(call: Call, secrets: Secrets, now: datetime) -> Accepted:
    """Raises Refused."""
    message = mapping(call.data)
    signature = message.get("Signature")
    kind = message.get("Type")
    if not isinstance(signature, str) or not isinstance(kind, str) or kind not in _SIGNED:
        raise Refused("webhook.no_proof")
    topic = message.get("TopicArn")
    if topic not in secrets.topics:
        raise Refused("webhook.topic")
    certificate = _certificate(message, secrets, now)
    # Version 1 is what a topic signs with unless it is told otherwise; SHA-1 is broken for collisions, and a
    # forger would need a second message of a hash that SNS has signed.
    hashed = SHA256() if message.get("SignatureVersion") == "2" else SHA1()  # noqa: S303
    try:
        certificate.verify(
            b64decode(signature, validate=True), _signed_text(message, kind), padding.PKCS1v15(), hashed
        )
    except (InvalidSignature, ValueError):
        raise Refused("webhook.forged") from None
    at = instant_of(message.get("Timestamp"))
    if at is None:
        raise Refused("webhook.stale")
    check_time(at, now, TOLERANCE)
    waiting = (
        None
        if kind == "Notification"
        else {"topic": str(topic), "token": str(message["Token"]), "type": kind}
    )
    return Accepted(str(message["MessageId"])[:200], subscription=waiting)


def certificate_name(message: Mapping[str, Any]) -> str | None:
    """The file that the certificate was published under, where the message names one of Amazon's."""
    url = message.get("SigningCertURL")
    found = _CERTIFICATE_URL.fullmatch(url) if isinstance(url, str) else None
    return found[1] if found else None


def certificate_url(data: Any) -> str | None:
    """Where an operator finds the certificate of a message; only an address of Amazon's is told."""
    message = mapping(data)
    return str(message["SigningCertURL"]) if certificate_name(message) else None


def read_certificate(pem: str, now: datetime) -> x509.Certificate:
    """A certificate that SNS could sign with now. Raises ValueError with what is wrong."""
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise ValueError("it is not readable") from None
    names = [str(one.value) for one in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [SIGNER]:
        raise ValueError(f"it is made out to {', '.join(names)[:80] or 'nobody'}, not to {SIGNER}")
    if not isinstance(found.public_key(), rsa.RSAPublicKey):
        raise ValueError("its key is not RSA")
    if not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
        raise ValueError("it is not valid now")
    return found


def confirmation_url(topic: str, token: str) -> str:
    """The address that confirms a subscription, made of the topic's own region and nothing else. Raises ValueError."""
    found = TOPIC.fullmatch(topic)
    if found is None or not re.fullmatch(r"[0-9a-zA-Z]{16,1024}", token):
        raise ValueError("no topic or no token of SNS")
    end = ".cn" if found[1] == "aws-cn" else ""
    host = f"sns.{found[2]}.amazonaws.com{end}"
    return f"https://{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}"


def _certificate(message: Mapping[str, Any], secrets: Secrets, now: datetime) -> rsa.RSAPublicKey:
    name = certificate_name(message)
    if name is None or name not in secrets.certificates:
        raise Refused("webhook.certificate")
    try:
        key = read_certificate(secrets.certificates[name], now).public_key()
    except ValueError:
        raise Refused("webhook.certificate") from None
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def _signed_text(message: Mapping[str, Any], kind: str) -> bytes:
    """The lines that are signed: names and values in their order; what is not there is left out."""
    lines = []
    for name in _SIGNED[kind]:
        value = message.get(name)
        if value is None and name == "Subject":
            continue
        if not isinstance(value, str):
            raise Refused("webhook.forged")
        lines += [name, value]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")
