"""Where providers call us: made and taken away by an operator, with what each proves itself by."""

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.reasons import Reason
from app.inbound.webhooks import PROVIDERS, Secrets
from app.inbound.webhooks.sendgrid import public_key
from app.inbound.webhooks.sns import CERTIFICATE_NAME, TOPIC, confirmation_url, read_certificate
from app.services.ids import new_id
from app.services.secrets import Vault
from app.store import accounts
from app.store import provider_events as store
from app.store.database import Database

LONGEST_NAME = 60
MOST_CERTIFICATES = 5
# What an operator brings, as it is called at the provider.
BROUGHT = {"key": "its HTTP webhook signing key", "public-key": "its verification key"}


class EndpointFault(Exception):
    """What was asked cannot be done; nothing was written."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)


@dataclass(frozen=True, slots=True)
class Wish:
    """A new endpoint. `secret` is what the provider signs with, where it brings something of its own."""

    provider: str
    name: str
    secret: str = ""
    topics: Sequence[str] = ()
    networks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A new endpoint: its address, and the password to enter at the provider, which is told this once."""

    id: UUID
    path: str
    password: str | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as operators see it."""

    id: UUID
    provider: str
    name: str
    path: str
    enabled: bool
    topics: tuple[str, ...]
    certificates: tuple[str, ...]
    networks: tuple[str, ...]
    pending: dict[str, str] | None
    created_at: datetime
    last_at: datetime | None
    counts: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    refused_at: datetime | None = None
    refusal: Reason | None = None
    certificate_url: str | None = None

    @property
    def title(self) -> str:
        return PROVIDERS[self.provider].title


def key_hash(key: str) -> str:
    return blake2b(key.encode("utf-8", "replace"), person=b"trellis.webhook", digest_size=16).hexdigest()


def path_of(provider: str, key: str) -> str:
    return f"/hooks/{provider}/{key}"


def add(
    database: Database, vault: Vault, workspace_id: UUID, wish: Wish, by: UUID | None, now: datetime
) -> Made:
    """Make an endpoint. Raises EndpointFault."""
    provider = PROVIDERS.get(wish.provider)
    if provider is None:
        raise EndpointFault("webhook.provider", provider=wish.provider[:40], known=list(PROVIDERS))
    name = wish.name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise EndpointFault("webhook.name")
    secret = _secret(provider.wants, provider.title, wish.secret.strip())
    allowed = {
        "topics": _topics(wish.topics, provider.wants == "topics"), "certificates": {},
        "networks": _networks(wish.networks),
    }  # fmt: skip
    key, endpoint_id = secrets.token_urlsafe(32), new_id(now)
    row = {
        "id": endpoint_id, "workspace_id": workspace_id, "provider": provider.name, "name": name,
        "key_hash": key_hash(key), "sealed": vault.seal(json.dumps({"key": key, "secret": secret})),
        "allowed": allowed, "enabled": True, "created_at": now, "counts": {}, "refused": 0,
    }  # fmt: skip
    with database.write() as connection:
        if not store.add_endpoint(connection, row):
            raise EndpointFault("webhook.name_taken", name=name)
        _audit(connection, workspace_id, "endpoint.added", endpoint_id, {"provider": provider.name, "name": name},
               by, now)  # fmt: skip
    return Made(endpoint_id, path_of(provider.name, key), secret if provider.wants == "password" else None)


def listing(database: Database, vault: Vault, workspace_id: UUID) -> list[Endpoint]:
    with database.read() as connection:
        rows = store.endpoints(connection, workspace_id)
    return [_shown(row, vault) for row in rows]


def remove(database: Database, workspace_id: UUID, name: str, by: UUID | None, now: datetime) -> None:
    """Take an endpoint away with the calls it got. Raises EndpointFault."""
    with database.write() as connection:
        row = _named(connection, workspace_id, name)
        store.remove_endpoint(connection, row.id)
        _audit(connection, workspace_id, "endpoint.removed", row.id, {"provider": row.provider, "name": name},
               by, now)  # fmt: skip


def install_certificate(
    database: Database,
    workspace_id: UUID,
    name: str,
    file_name: str,
    pem: str,
    by: UUID | None,
    now: datetime,
) -> None:
    """Trust what SNS signs with this certificate, known by the name of its file. Raises EndpointFault."""
    if CERTIFICATE_NAME.fullmatch(file_name) is None:
        raise EndpointFault(
            "webhook.certificate_bad", why=f"“{file_name[:80]}” is not how Amazon names the file"
        )
    try:
        read_certificate(pem, now)
    except ValueError as fault:
        raise EndpointFault("webhook.certificate_bad", why=str(fault)) from None
    with database.write() as connection:
        row = _named(connection, workspace_id, name, "ses")
        kept = {**row.allowed["certificates"], file_name: pem}
        kept = dict(list(kept.items())[-MOST_CERTIFICATES:])
        store.change_endpoint(connection, row.id, {"allowed": {**row.allowed, "certificates": kept}})
        _audit(connection, workspace_id, "endpoint.certificate", row.id, {"file": file_name}, by, now)


def confirmation(database: Database, workspace_id: UUID, name: str) -> tuple[str, str, str]:
    """Topic, token and address by which a person confirms the subscription that waits. Raises EndpointFault."""
    with database.write() as connection:
        row = _named(connection, workspace_id, name, "ses")
    if not row.pending:
        raise EndpointFault("webhook.nothing_pending")
    topic, token = row.pending["topic"], row.pending["token"]
    try:
        return topic, token, confirmation_url(topic, token)
    except ValueError:
        raise EndpointFault("webhook.nothing_pending") from None


def secrets_of(row: Row[Any], vault: Vault) -> Secrets:
    allowed = row.allowed
    return Secrets(json.loads(vault.open(row.sealed))["secret"], allowed["topics"], allowed["certificates"])


def _shown(row: Row[Any], vault: Vault) -> Endpoint:
    key = json.loads(vault.open(row.sealed))["key"]
    refusal, _, url = (row.refusal or "").partition(" ")
    return Endpoint(
        row.id, row.provider, row.name, path_of(row.provider, key), row.enabled, tuple(row.allowed["topics"]),
        tuple(row.allowed["certificates"]), tuple(row.allowed["networks"]), row.pending, row.created_at,
        row.last_at, row.counts, row.refused, row.refused_at, Reason(refusal) if refusal else None, url or None,
    )  # fmt: skip


def _named(connection: Connection, workspace_id: UUID, name: str, provider: str | None = None) -> Row[Any]:
    row = store.endpoint_named(connection, workspace_id, name)
    if row is None:
        raise EndpointFault("webhook.not_found", name=name[:LONGEST_NAME])
    if provider is not None and row.provider != provider:
        raise EndpointFault("webhook.only_ses")
    return row


def _secret(wants: str, title: str, given: str) -> str:
    if wants == "topics":
        return ""
    if wants == "password":
        if given:
            raise EndpointFault("webhook.secret_unwanted", provider=title)
        return secrets.token_urlsafe(24)
    if not given:
        raise EndpointFault("webhook.secret_missing", provider=title, what=BROUGHT[wants])
    try:
        if wants == "public-key":
            public_key(given)
        elif re.fullmatch(r"[\x21-\x7e]{16,200}", given) is None:
            raise ValueError
    except ValueError:
        raise EndpointFault("webhook.secret_bad", provider=title, what=BROUGHT[wants]) from None
    return given


def _topics(given: Sequence[str], wanted: bool) -> list[str]:
    topics = list(dict.fromkeys(topic.strip() for topic in given if topic.strip()))
    for topic in topics:
        if TOPIC.fullmatch(topic) is None:
            raise EndpointFault("webhook.topic_bad", topic=topic[:120])
    if wanted and not topics:
        raise EndpointFault("webhook.topic_missing")
    return topics if wanted else []


def _networks(given: Sequence[str]) -> list[str]:
    found = []
    for text in (one.strip() for one in given):
        try:
            found += [str(ip_network(text))] if text else []
        except ValueError:
            raise EndpointFault("webhook.network_bad", network=text[:60]) from None
    return found


def _audit(
    connection: Connection,
    workspace_id: UUID,
    action: str,
    endpoint_id: UUID,
    detail: dict[str, Any],
    by: UUID | None,
    now: datetime,
) -> None:
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": "webhook", "subject": str(endpoint_id), "detail": detail,
        },
    )  # fmt: skip
