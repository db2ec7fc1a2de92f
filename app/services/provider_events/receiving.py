"""One call of a provider: believed or not, and stored before it is answered. Nothing follows from it here.

Whoever is not believed learns nothing: the answer is the same whatever was wrong. The operator sees why.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network
from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy.engine import Row

from app.inbound.webhooks import PROVIDERS, Accepted, Call, Refused
from app.inbound.webhooks.reading import load_json
from app.inbound.webhooks.sns import certificate_url
from app.services.ids import new_id
from app.services.provider_events.endpoints import key_hash, secrets_of
from app.services.secrets import Vault
from app.store import provider_events as store
from app.store.database import Database

log = structlog.get_logger()
LARGEST = 1_000_000
# A flood of forgeries costs one line in the log and one write in so long.
QUIET = timedelta(seconds=10)
Answer = Literal["taken", "refused", "nowhere"]


@dataclass(slots=True)
class _Count:
    since: datetime
    count: int = 0


class Refusals:
    """Counts refusals in memory and says now and then how many are to be written. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[UUID | None, _Count] = {}

    def note(self, endpoint_id: UUID | None, now: datetime) -> int:
        """How many are to be written now; 0: later."""
        with self._lock:
            held = self._counts.get(endpoint_id)
            if held is None or not held.since <= now < held.since + QUIET:
                self._counts[endpoint_id] = _Count(now)
                return 1 + (held.count if held else 0)
            held.count += 1
            return 0


class Receiver:
    """Takes calls for one workspace."""

    def __init__(self, database: Database, workspace_id: UUID, vault: Vault) -> None:
        self._database = database
        self._workspace_id = workspace_id
        self._vault = vault
        self._refusals = Refusals()

    def take(
        self, provider: str, key: str, headers: Mapping[str, str], body: bytes, address: str, now: datetime
    ) -> Answer:
        """Store a call that is believed; "taken" is said after it was committed. `headers` by lower-case name."""
        with self._database.read() as connection:
            row = store.endpoint_by_key(connection, self._workspace_id, key_hash(key))
        if row is None or row.provider != provider or not row.enabled:
            if count := self._refusals.note(None, now):
                log.warning("webhooks.unknown", count=count, address=address)
            return "nowhere"
        data: Any = None
        try:
            _check_network(row.allowed["networks"], address)
            if len(body) > LARGEST:
                raise Refused("webhook.too_large")
            data = load_json(body)
            call = Call(headers, body, data)
            accepted = PROVIDERS[provider].verify(call, secrets_of(row, self._vault), now)
            self._store(row, accepted, body, now)
        except Refused as fault:
            self._refuse(row, fault.code, data, address, now)
            return "refused"
        return "taken"

    def _store(self, row: Row[Any], accepted: Accepted, body: bytes, now: datetime) -> None:
        digest = sha256(body).hexdigest()
        waits = accepted.subscription is not None
        call = {
            "id": new_id(now), "workspace_id": self._workspace_id, "endpoint_id": row.id, "once": accepted.once,
            "digest": digest, "body": body.decode("utf-8-sig"), "received_at": now,
            "state": "done" if waits else "waiting", "due_at": now, "failures": 0, "told": 0, "new": 0,
        }  # fmt: skip
        with self._database.write() as connection:
            before = store.add_call(connection, call)
            if before is not None:
                # A call that was answered and came again is taken again; another body under its proof is a forgery.
                if before != digest and not accepted.covers_body:
                    raise Refused("webhook.repeated")
                return
            values: dict[str, Any] = {"last_at": now}
            if accepted.subscription is not None:
                values["pending"] = {**accepted.subscription, "at": now.isoformat()}
            elif row.pending:
                values["pending"] = None  # what came proves that it was confirmed
            store.change_endpoint(connection, row.id, values)

    def _refuse(self, row: Row[Any], code: str, data: Any, address: str, now: datetime) -> None:
        count = self._refusals.note(row.id, now)
        if not count:
            return
        log.warning("webhooks.refused", endpoint=row.name, code=code, count=count, address=address)
        url = certificate_url(data) if code == "webhook.certificate" else None
        with self._database.write() as connection:
            store.count_refusals(connection, row.id, count, f"{code} {url}" if url else code, now)


def _check_network(networks: list[str], address: str) -> None:
    if not networks:
        return
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        raise Refused("webhook.network") from None
    mapped = getattr(found, "ipv4_mapped", None) or found
    if not any(mapped in ip_network(network) for network in networks):
        raise Refused("webhook.network")
