"""What recipients do themselves, by the token in their mail: leave, come back, choose, answer. Only a POST gets here."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection

from app.core.ids import content_id
from app.core.lifecycle import Answer, CriterionDef
from app.core.reasons import Reason
from app.core.tokens import ManageToken
from app.services.hook_subscriptions import Told, tell
from app.services.ids import new_id
from app.services.suppressing import ValueHash, suppress
from app.services.timeline import line
from app.services.world import World
from app.store import ledger, sending
from app.store import recipients as store

BASIS = "the recipient's own decision"
TRACKING = "tracking"
# Different answers to one question within so long are a scanner's, which follows every button; until it
# is over nobody reacts to an answer.
AT_ONCE = timedelta(seconds=10)
Took = Literal["taken", "several", "gone"]


@dataclass(frozen=True, slots=True)
class Left:
    """What an unsubscription ended: the topics that were wanted until now; `everything`: all marketing."""

    topics: tuple[str, ...]
    everything: bool


def unsubscribe(
    world: World, token: ManageToken, *, everything: bool, source: str, now: datetime
) -> Left | None:
    """Withdraw consent for the token's topic, or for all marketing, at once and for good.

    Mail that is planned and not on its way is cancelled in the same transaction, and what waited for it
    goes on. Doing it twice is the same as once. None: the contact is gone.
    """
    everything = everything or not token.topic
    with world.database.write() as connection:
        who = store.lock_contact(connection, world.workspace_id, token.contact)
        if who is None:
            return None
        known = store.consents_of(connection, who)
        wanted = {topic for topic, row in known.items() if row.state != "withdrawn" and topic != TRACKING}
        topics = wanted if everything else {token.topic}
        was_given = sorted(topic for topic in topics & wanted if known[topic].state == "given")
        changed = False
        for topic in sorted(topics):
            before = known[topic].state if topic in known else None
            changed |= _consent(connection, world, who, topic, before, "withdrawn", source, now)
        about = "" if everything else token.topic
        reason = Reason("gate.unsubscribed", {"topic": about})
        if everything:
            for address in store.addresses_of(connection, who):
                changed |= suppress(
                    connection, world, scope="marketing", value=address, reason=reason, source="recipient", now=now,
                    contact_id=who,
                )  # fmt: skip
        changed |= _call_back(connection, who, reason, None if everything else token.topic, now)
        if changed:
            _event(connection, world, token, who, "unsubscribed", about, {"source": source}, now)
        return Left(tuple(was_given), everything)


def resubscribe(
    world: World, token: ManageToken, *, now: datetime, topics: Collection[str] = (), words: str = ""
) -> bool:
    """Take an unsubscription back: `topics` (or the token's own) are wanted again. What was called back stays so.

    `words` are those the person agreed to on the page; they are kept as proof, with a version made of them.
    False: the contact is gone, or a complaint or a dead address keeps their mail stopped.
    """
    with world.database.write() as connection:
        who = store.lock_contact(connection, world.workspace_id, token.contact)
        if who is None:
            return False
        return _back(connection, world, who, {*(topics or {token.topic})} - {"", TRACKING}, now, words)


def choose_topics(
    world: World, token: ManageToken, wanted: Collection[str], offered: Collection[str], *, now: datetime,
    words: str = "",
) -> bool:  # fmt: skip
    """Of the topics on offer those in `wanted` are given, the others withdrawn. `words` and False as in
    `resubscribe`."""
    with world.database.write() as connection:
        who = store.lock_contact(connection, world.workspace_id, token.contact)
        if who is None:
            return False
        known = store.consents_of(connection, who)
        for topic in sorted(set(offered) - set(wanted)):
            state = known[topic].state if topic in known else None
            if state is None:
                continue
            changed = _consent(connection, world, who, topic, state, "withdrawn", "page", now)
            reason = Reason("gate.unsubscribed", {"topic": topic})
            if _call_back(connection, who, reason, topic, now) or changed:
                _event(connection, world, token, who, "unsubscribed", topic, {"source": "page"}, now)
        given = {topic for topic, row in known.items() if row.state == "given"}
        fresh = set(offered) & set(wanted)
        return _back(connection, world, who, fresh, now, words) if fresh - given else True


def choose_pace(
    world: World,
    token: ManageToken,
    mails_a_week: int | None,
    paused_until: datetime | None,
    *,
    now: datetime,
    mails_a_month: int | None = None,
) -> bool:
    """How often the contact wants marketing mail. False: the contact is gone."""
    wanted = {"mails_a_week": mails_a_week, "mails_a_month": mails_a_month, "paused_until": paused_until}
    with world.database.write() as connection:
        who = store.lock_contact(connection, world.workspace_id, token.contact)
        row = store.person(connection, world.workspace_id, who) if who else None
        if who is None or row is None:
            return False
        changed = {name: value for name, value in wanted.items() if getattr(row, name) != value}
        if changed:
            store.change_person(connection, who, changed, now)
            for name, value in changed.items():
                _fact(connection, world, who, "field", name, _plain(getattr(row, name)), _plain(value), now)
            _line(
                connection,
                world,
                who,
                "contact",
                Reason("contact.pace", {n: _plain(v) for n, v in wanted.items()}),
                now,
            )
        return True


def choose_language(world: World, token: ManageToken, locale: str, *, now: datetime) -> bool:
    """The language of mails and pages from now on. False: the contact is gone."""
    with world.database.write() as connection:
        who = store.lock_contact(connection, world.workspace_id, token.contact)
        row = store.person(connection, world.workspace_id, who) if who else None
        if who is None or row is None:
            return False
        if row.locale != locale:
            store.change_person(connection, who, {"locale": locale}, now)
            _fact(connection, world, who, "field", "locale", row.locale, locale, now)
            _line(connection, world, who, "contact", Reason("contact.language", {"locale": locale}), now)
        return True


def choose_tracking(world: World, token: ManageToken, mode: str, *, now: datetime) -> bool:
    """How far opens and clicks are kept from now on, also of mail that was sent before. False: the contact is gone."""
    with world.database.write() as connection:
        who = store.lock_contact(connection, world.workspace_id, token.contact)
        row = store.person(connection, world.workspace_id, who) if who else None
        if who is None or row is None:
            return False
        before = row.tracking or world.settings.tracking
        if row.tracking == mode:
            return True
        store.change_person(connection, who, {"tracking": mode}, now)
        known = store.consents_of(connection, who)
        state = "withdrawn" if mode == "none" else "given"
        entry = _entry(world, who, TRACKING, state, "page", now) | {
            "detail": {"mode": mode, "before": before}
        }
        store.write_consent(connection, entry, TRACKING in known)
        _fact(connection, world, who, "consent", TRACKING, before, mode, now)
        _line(connection, world, who, "consent", Reason(f"consent.tracking_{mode}", {"source": "page"}), now)
        return True


def answer(
    world: World, token: ManageToken, criterion: CriterionDef, given: Answer, *, now: datetime
) -> Took:
    """Take an answer to a question in a mail; it becomes evidence when nobody else has answered within seconds.

    The same answer twice is one. Another one later replaces the first. Different ones within AT_ONCE
    are taken for a machine's, all of them ("several"): the page then asks again.
    """
    with world.database.write() as connection:
        who = store.lock_contact(connection, world.workspace_id, token.contact)
        if who is None:
            return "gone"
        earlier = store.answers(connection, who, token.delivery, criterion.key)
        near = [row for row in earlier if abs(now - row.occurred_at) < AT_ONCE]
        several = any(row.payload.get("answer") != given.key for row in near)
        counted = [row for row in earlier if row.verdict == "human"]
        if not several and counted and counted[-1].payload.get("answer") == given.key:
            return "taken"
        if several:
            store.call_machine(connection, [row.id for row in near])
        _event(
            connection, world, token, who, "answered", criterion.key, {"answer": given.key}, now,
            verdict="machine" if several else "human", settled_at=now + AT_ONCE,
        )  # fmt: skip
        return "several" if several else "taken"


def _back(
    connection: Connection, world: World, who: UUID, topics: Collection[str], now: datetime, words: str
) -> bool:
    known = store.consents_of(connection, who)
    for topic in sorted(topics):
        before = known[topic].state if topic in known else None
        _consent(connection, world, who, topic, before, "given", "page", now, words)
    hashed = ValueHash(world.settings)
    addresses = store.addresses_of(connection, who)
    hashes = {hashed(part) for address in addresses for part in (address, address.rpartition("@")[2])}
    if topics:
        store.lift(connection, world.workspace_id, hashes, who, now)
    return not store.stopped_by_others(connection, world.workspace_id, hashes)


def _call_back(connection: Connection, who: UUID, reason: Reason, topic: str | None, now: datetime) -> bool:
    """Cancel mail that is not on its way; whether there was any."""
    return sending.cancel_waiting(connection, who, reason.code, dict(reason.params), now, topic=topic) > 0


def _consent(
    connection: Connection,
    world: World,
    who: UUID,
    topic: str,
    before: str | None,
    state: str,
    source: str,
    now: datetime,
    words: str = "",
) -> bool:
    """One step of the consent ledger with its history and its line; False when it stands so already."""
    if before == state:
        return False
    entry = _entry(world, who, topic, state, source, now)
    if words:
        digest = blake2b(words.encode(), digest_size=6).hexdigest()
        entry |= {"text_version": f"page:{digest}", "detail": {"words": words}}
    store.write_consent(connection, entry, before is not None)
    tell(connection, world.workspace_id, Told(who, f"consent_{state}", entry["id"], now, topic), now)
    store.change_person(connection, who, {}, now)
    _fact(connection, world, who, "consent", topic, before, state, now)
    _line(
        connection, world, who, "consent", Reason(f"consent.{state}", {"topic": topic, "source": source}), now
    )
    return True


def _entry(world: World, who: UUID, purpose: str, state: str, source: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": who, "purpose": purpose, "state": state,
        "basis": BASIS, "source": source, "at": now, "detail": {},
    }  # fmt: skip


def _fact(
    connection: Connection, world: World, who: UUID, kind: str, name: str, old: Any, new: Any, now: datetime
) -> None:
    row = {
        "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": who, "kind": kind, "name": name, "old": old,
        "new": new, "source": "contact", "reason_code": "contact.own_choice", "reason_params": {}, "at": now,
    }  # fmt: skip
    ledger.add_fact_changes(connection, [row])


def _line(connection: Connection, world: World, who: UUID, kind: str, reason: Reason, now: datetime) -> None:
    told = line(world.workspace_id, who, kind, reason, now, actor="contact")
    ledger.add_timeline(connection, [told])


def _plain(value: datetime | int | None) -> str | int | None:
    return value.isoformat() if isinstance(value, datetime) else value


def _event(
    connection: Connection,
    world: World,
    token: ManageToken,
    who: UUID,
    kind: str,
    subject: str,
    payload: dict[str, Any],
    now: datetime,
    *,
    verdict: str = "human",
    settled_at: datetime | None = None,
) -> None:
    """What the contact did as an event; nobody reacts to it before `settled_at`."""
    mail = store.mail(connection, token.delivery)
    key = f"{kind}:{token.delivery}:{subject}:{payload.get('answer', '')}"
    event = {
        "id": content_id(now, "recipient", key), "workspace_id": world.workspace_id, "contact_id": who, "kind": kind,
        "subject": subject, "topics": "", "verdict": verdict, "source": "recipient", "occurred_at": now,
        "received_at": settled_at or now, "failures": 0, "payload": payload,
        "delivery_id": mail.id if mail is not None else None,
        "enrollment_id": mail.enrollment_id if mail is not None else None,
    }  # fmt: skip
    ledger.add_events(connection, [event])
