"""What becomes of a mail after it was handed over: delivered, bounced, complained about. The one way for all sources.

Returned mail and providers' web hooks come here. Each is told once for a mail, in whatever order and from
wherever it is heard; scores follow the instants at which things happened, not the order of hearing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.bouncing import ENOUGH, STALE, Class, bounce_score, is_dead_mailbox
from app.core.ids import content_id
from app.core.reasons import Reason
from app.services.settling import settle_by_evidence
from app.services.suppressing import ValueHash, suppress
from app.services.timeline import line
from app.services.world import World
from app.store import ledger, sending
from app.store import outcomes as store
from app.store.hits import living

# How long after a mail word of it may still come without saying which one it is about.
RECENT = timedelta(days=5)
LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of ours that word came of. Without a delivery only the address is known.

    `contact_id` is None for internal mail and for erased people: then nothing is told of anybody.
    """

    delivery_id: UUID | None
    contact_id: UUID | None
    address: str | None
    template: str = ""
    enrollment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Bounce:
    """Why a mail came back. `code` is the SMTP reply's, `text` the words of the server that refused."""

    class_: Class
    enhanced: str | None = None
    code: int | None = None
    text: str = ""


def mail_of(connection: Connection, world: World, delivery_id: UUID) -> Mail | None:
    """The mail that one of our tokens names."""
    row = store.mail(connection, world.workspace_id, delivery_id)
    if row is None:
        return None
    if row.recipient_user_id is not None:
        return Mail(row.id, None, None, row.template)
    who = living(connection, [row.contact_id]).get(row.contact_id)
    if who is None:
        return Mail(row.id, None, None, row.template)
    address = row.address or next(iter(store.addresses_of(connection, who.contact_id)), None)
    return Mail(row.id, who.contact_id, address, row.template, row.enrollment_id)


def mail_to(connection: Connection, world: World, address: str, at: datetime) -> Mail | None:
    """Whom an address belongs to, with the mail where only one went there of late. None: nobody of ours."""
    address = address.strip().lower()
    who = store.holder(connection, world.workspace_id, address)
    if who is None:
        return None
    # A minute more: providers' clocks differ from ours.
    until = at + timedelta(minutes=1)
    only = store.only_mail_to(connection, who, address, until - RECENT, until)
    return (mail_of(connection, world, only) if only else None) or Mail(None, who, address)


def taken(connection: Connection, world: World, mail: Mail, *, at: datetime, now: datetime) -> None:
    """The provider has the mail: what was uncertain is settled."""
    if mail.delivery_id is not None:
        held = _hold(connection, world, mail, at)
        if held.taken_at is None or at < held.taken_at:
            store.write(connection, held.id, {"taken_at": at})
        settle_by_evidence(connection, world, mail.delivery_id, "taken", now)


def delivered(connection: Connection, world: World, mail: Mail, *, at: datetime, now: datetime) -> None:
    """The recipient's server took the mail: bounces before that count no more."""
    held = _hold(connection, world, mail, at)
    if held.delivered_at is None or at > held.delivered_at:
        store.write(connection, held.id, {"delivered_at": at})
    if mail.delivery_id is not None:
        settle_by_evidence(connection, world, mail.delivery_id, "delivered", now)


def bounced(
    connection: Connection,
    world: World,
    mail: Mail,
    bounce: Bounce,
    *,
    source: str,
    at: datetime,
    now: datetime,
    proven: bool = True,
    at_once: bool = True,
) -> bool:
    """The mail came back; whether that is news.

    `proven`: one of our tokens or an authenticated provider says so. What anybody may have sent is told
    on the timeline and neither scores nor suppresses. `at_once`: a code that says there is no such mailbox
    stops mail to the address by itself; otherwise it counts like every hard bounce.
    """
    if not proven:
        _note(connection, world, mail, Reason("bounce.unproven", _params(mail, bounce, source)), at)
        return True
    held = _hold(connection, world, mail, at)
    fresh = held.bounced_at is None or _is_worse(bounce.class_, held.bounce_class)
    if fresh:
        values = {
            "bounced_at": at, "bounce_class": bounce.class_, "enhanced": bounce.enhanced, "code": bounce.code,
            "text": bounce.text[:LONGEST_TEXT],
        }  # fmt: skip
        store.write(connection, held.id, values)
    if mail.delivery_id is not None:
        settle_by_evidence(connection, world, mail.delivery_id, "bounced", now)
    if mail.contact_id is None:
        return fresh
    dead = at_once and bounce.class_ == "hard" and is_dead_mailbox(bounce.enhanced)
    stopped = False
    if dead or (fresh and _added_up(connection, world, mail, now)):
        code = "suppressed.no_mailbox" if dead else "suppressed.bounces"
        reason = Reason(code, {"enhanced": bounce.enhanced})
        stopped = _stop(connection, world, mail, "address", reason, source, now)
    if (bounce.class_ == "hard" or stopped) and held.told_at is None:
        _tell(connection, world, mail, "bounced", source, at, now, _params(mail, bounce, source))
        store.write(connection, held.id, {"told_at": now})
    elif fresh:
        reason = Reason(f"bounce.{bounce.class_}", _params(mail, bounce, source))
        _note(connection, world, mail, reason, at)
    return fresh or stopped


def complained(
    connection: Connection, world: World, mail: Mail, *, source: str, at: datetime, now: datetime
) -> bool:
    """The recipient called the mail unwanted: no marketing to any of their addresses from now on. Whether it is news."""
    held = _hold(connection, world, mail, at)
    if held.complained_at is not None:
        return False
    store.write(connection, held.id, {"complained_at": at})
    if mail.delivery_id is not None:
        settle_by_evidence(connection, world, mail.delivery_id, "complained", now)
    if mail.contact_id is None:
        return True
    _stop(connection, world, mail, "marketing", Reason("suppressed.complaint", {}), source, now)
    _tell(connection, world, mail, "complained", source, at, now, {"source": source})
    return True


def unsubscribed(
    connection: Connection, world: World, mail: Mail, *, source: str, at: datetime, now: datetime
) -> bool:
    """The recipient left at the provider, which sends them nothing more of us: no marketing. Whether it is news."""
    if mail.contact_id is None:
        return False
    reason = Reason("gate.unsubscribed", {"topic": ""})
    new = _stop(connection, world, mail, "marketing", reason, source, now)
    if new:
        _tell(connection, world, mail, "unsubscribed", source, at, now, {"source": source})
    return new


def settle_known(connection: Connection, world: World, now: datetime, limit: int = 500) -> int:
    """Settle uncertain mails that a provider had told about before they were called uncertain; how many."""
    found = store.proven_uncertain(connection, world.workspace_id, limit)
    return sum(settle_by_evidence(connection, world, which, "provider", now) for which, _ in found)


def _hold(connection: Connection, world: World, mail: Mail, at: datetime) -> Row[Any]:
    hashed = ValueHash(world.settings)(mail.address) if mail.address else None
    # Without a delivery a day's words of one address are one row.
    by_day = content_id(
        at.replace(hour=0, minute=0, second=0, microsecond=0), "outcome", hashed or str(mail.contact_id)
    )
    row = {
        "id": mail.delivery_id or by_day, "workspace_id": world.workspace_id, "delivery_id": mail.delivery_id,
        "contact_id": mail.contact_id, "address_hash": hashed,
    }  # fmt: skip
    return store.hold(connection, row)


def _is_worse(class_: str, before: str | None) -> bool:
    order = ("policy", "soft", "hard")
    return before is None or order.index(class_) > order.index(before)


def _added_up(connection: Connection, world: World, mail: Mail, now: datetime) -> bool:
    if mail.address is None:
        return False
    hashed = ValueHash(world.settings)(mail.address)
    bounces, delivered_at = store.bounces_of(connection, world.workspace_id, hashed, now - STALE)
    return bounce_score(bounces, delivered_at, now) >= ENOUGH


def _stop(
    connection: Connection, world: World, mail: Mail, scope: str, reason: Reason, source: str, now: datetime
) -> bool:
    """Suppress the address the mail went to (marketing: every address of theirs) and call back what waits."""
    assert mail.contact_id is not None
    mine = {mail.address} if mail.address else set()
    if scope == "marketing":
        mine |= set(store.addresses_of(connection, mail.contact_id))
    new = False
    for address in sorted(mine):
        new |= suppress(
            connection, world, scope=scope, value=address, reason=reason, source=source, now=now,
            contact_id=mail.contact_id,
        )  # fmt: skip
    if scope == "marketing" or store.addresses_of(connection, mail.contact_id)[:1] == [mail.address]:
        sending.cancel_waiting(connection, mail.contact_id, reason.code, dict(reason.params), now)
    return new


def _tell(
    connection: Connection,
    world: World,
    mail: Mail,
    kind: str,
    source: str,
    at: datetime,
    now: datetime,
    payload: dict[str, Any],
) -> None:
    """One event of this kind for a mail, whoever else may have written it."""
    assert mail.contact_id is not None
    if mail.delivery_id and store.was_told(connection, mail.contact_id, kind, mail.delivery_id):
        return
    key = f"{kind}:{mail.delivery_id or mail.contact_id}"
    event = {
        "id": content_id(at, "outcome", key), "workspace_id": world.workspace_id, "contact_id": mail.contact_id,
        "kind": kind, "subject": "" if kind == "unsubscribed" else mail.template, "topics": "", "verdict": "human", "source": source[:64],
        "occurred_at": at, "received_at": now, "failures": 0, "payload": payload, "delivery_id": mail.delivery_id,
        "enrollment_id": mail.enrollment_id,
    }  # fmt: skip
    ledger.add_events(connection, [event])


def _note(connection: Connection, world: World, mail: Mail, reason: Reason, at: datetime) -> None:
    if mail.contact_id is not None:
        told = line(
            world.workspace_id, mail.contact_id, "mail_bounced", reason, at, actor="system",
            enrollment_id=mail.enrollment_id, delivery_id=mail.delivery_id,
        )  # fmt: skip
        ledger.add_timeline(connection, [told])


def _params(mail: Mail, bounce: Bounce, source: str) -> dict[str, Any]:
    return {
        "class": bounce.class_, "enhanced": bounce.enhanced, "code": bounce.code,
        "text": bounce.text[:LONGEST_TEXT], "template": mail.template, "source": source,
    }  # fmt: skip
