"""A wish that counts only after a button in a mail: the request, its mail, and its link.

The mail goes to the address that we know or that was typed, so whoever presses the button reads it there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.core.timing import zone_of
from app.services.ids import new_id
from app.services.sentences import moment
from app.services.suppressing import ValueHash
from app.services.timeline import line
from app.services.world import World
from app.store import confirmations as store
from app.store import ledger
from app.store import recipients as people

TEMPLATES = {"sign-up": "service/confirm", "export": "service/export", "erase": "service/erase"}
ASKED = {"export": "contact.asked_export", "erase": "contact.asked_erase"}
HOLDS = timedelta(hours=1)
# Pressed again within so long, no second mail is sent.
AGAIN = timedelta(minutes=10)
PRIORITY = 100


class NoMail(LookupError):
    """The template of the confirming mail is not published, so nothing can be asked."""


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom the confirming mail is written, and the topics it names."""

    locale: str
    zone: ZoneInfo
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; `over` when its hour has passed, `done` when it was confirmed before."""

    id: UUID
    kind: str
    contact_id: UUID | None
    detail: Mapping[str, Any]
    asked_at: datetime
    over: bool
    done: bool


def ask(world: World, contact_id: UUID, kind: str, now: datetime) -> bool:
    """Ask for an export or an erasure: a mail with a link that holds an hour. False: the contact is gone.

    Raises NoMail. Asking twice at once sends one mail.
    """
    check_mail(world, kind, now)
    with world.database.write() as connection:
        who = people.lock_contact(connection, world.workspace_id, contact_id)
        row = people.person(connection, world.workspace_id, who) if who else None
        if who is None or row is None:
            return False
        if store.asked_lately(connection, who, kind, now - AGAIN):
            return True
        request = write_request(connection, world, kind, who, row.address or "", "", {}, now, HOLDS)
        programme = world.library.catalogue(now).setting.programme
        reader = Reader(row.locale or programme.locale, zone_of(row.zone, programme.zone)[0])
        plan_mail(connection, world, request, who, kind, now + HOLDS, reader, now)
        reason = Reason(ASKED[kind])
        ledger.add_timeline(
            connection, [line(world.workspace_id, who, "contact", reason, now, actor="contact")]
        )
        return True


def check_mail(world: World, kind: str, now: datetime) -> None:
    template = TEMPLATES[kind]
    if template not in world.library.catalogue(now).templates:
        raise NoMail(template)


def write_request(
    connection: Connection,
    world: World,
    kind: str,
    contact_id: UUID | None,
    address: str,
    network: str,
    detail: dict[str, Any],
    now: datetime,
    holds: timedelta,
) -> UUID:
    hashed = ValueHash(world.settings)
    request = new_id(now)
    store.add(
        connection,
        {
            "id": request, "workspace_id": world.workspace_id, "contact_id": contact_id, "kind": kind,
            "address_hash": hashed(address), "network_hash": hashed(network) if network else "", "detail": detail,
            "asked_at": now, "expires_at": now + holds,
        },
    )  # fmt: skip
    return request


def plan_mail(
    connection: Connection,
    world: World,
    request: UUID,
    contact_id: UUID,
    kind: str,
    until: datetime,
    reader: Reader,
    now: datetime,
) -> None:
    """Queue the confirming mail: service class, before everything else, and never after its link has ended."""
    template = TEMPLATES[kind]
    store.plan_mail(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": contact_id,
            "dedupe_key": f"request:{request}", "message_class": "service", "content_kind": "service",
            "template": template, "priority": PRIORITY, "once": False, "state": "queued", "due_at": now,
            "expires_at": until, "planned_at": now, "attempts": 0, "reason_code": "mail.planned",
            "reason_params": {"step": kind},
            "context": {
                "confirm": {
                    "path": f"/k/{world.keyring.seal_request(request)}", "due": moment(until, reader.zone, reader.locale),
                    "topics": list(reader.topics),
                }
            },
        },
    )  # fmt: skip


def opened(world: World, token: str, now: datetime) -> Request | None:
    """What the link of a confirming mail asks; None: it is none of ours. Looking changes nothing."""
    request = world.keyring.open_request(token)
    if request is None:
        return None
    with world.database.read() as connection:
        row = store.find(connection, world.workspace_id, request)
    if row is None:
        return None
    return Request(
        row.id, row.kind, row.contact_id, row.detail, row.asked_at, now >= row.expires_at, row.done_at is not None
    )  # fmt: skip


def confirmed(world: World, request: Request, now: datetime) -> bool:
    """Write down that it was confirmed; False: somebody was quicker."""
    with world.database.write() as connection:
        return store.done(connection, request.id, now)


def shortened(address: str) -> str:
    """The network an address belongs to, without the machine: /24 of IPv4, /48 of IPv6; empty where unknown."""
    try:
        found = ip_address(address.strip())
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return str(ip_network(f"{found}/{24 if found.version == 4 else 48}", strict=False))
