"""Calls that prove themselves by a password in their head: Basic, Bearer, or a header of its own."""

from base64 import b64decode
from hashlib import sha256
from hmac import compare_digest

from app.inbound.webhooks.base import Accepted, Call, Refused, Secrets

USER = "trellis"
HEADER = "x-trellis-secret"


def verify_password(call: Call, secrets: Secrets) -> Accepted:
    """Takes the endpoint's password however the provider can send it. Raises Refused.

    Such a provider signs nothing and gives no time of the call: the same body twice is one call.
    """
    given = _given(call)
    if not given:
        raise Refused("webhook.no_proof")
    if not secrets.secret or not compare_digest(given.encode(), secrets.secret.encode()):
        raise Refused("webhook.forged")
    return Accepted(sha256(call.body).hexdigest())


def _given(call: Call) -> str:
    if HEADER in call.headers:
        return call.headers[HEADER].strip()
    scheme, _, value = call.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        user, _, password = b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError:
        return ""
    return password if user == USER else ""
