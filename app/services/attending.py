"""A colleague takes a contact into a sequence, takes them out of it, leads them past a step, or lets them go on.

`actor` says who does it: "user:<id>" or "system". All raise ContactFault, with nothing written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from app.core.admission import Stay, refusal
from app.core.conditions import Needs, needs, with_segments
from app.core.enrollments import Enrollment
from app.core.facts import Facts
from app.core.reasons import Reason
from app.core.steps import Ask, Send, Wait, WaitFor
from app.services import by_hand
from app.services.attending_many import end_stays
from app.services.contacts import ContactFault
from app.services.enrolling import ask_admission, is_asked, last_stay
from app.services.library import Catalogue, SequenceVersion
from app.services.timeline import line
from app.services.world import World
from app.store import authoring, ledger, running
from app.store import contacts as store
from app.store.facts import load_facts
from app.store.running import Held

LONGEST_WHY = 500


@dataclass(frozen=True, slots=True)
class Door:
    """A sequence a colleague may want somebody in: its size, whether it is paused, and why it is closed to them."""

    key: str
    title: str
    stage: str
    steps: int
    mails: int
    paused: bool
    refused: Reason | None


def doors(world: World, contact_id: UUID, now: datetime) -> list[Door]:
    """Every sequence in force: those that are open to the contact first, those of their stage before others."""
    catalogue = world.library.catalogue(now)
    found = []
    with world.database.read() as connection:
        facts = _facts(connection, world, catalogue, list(catalogue.sequences.values()), contact_id, now)
        stage = facts.stage if facts is not None else ""
        past = {
            row.definition_id: Stay(row.entry_number, row.ended_at)
            for row in running.stays_of(connection, contact_id)
        }
        for version in catalogue.sequences.values():
            if version.state in ("archived", "draft"):
                continue
            sequence = version.sequence
            mails = sum(bool(templates) for templates in sequence.templates().values())
            refused = _refusal(catalogue, version, facts, past.get(version.definition_id), now)
            found.append(
                Door(
                    sequence.key, sequence.title, sequence.stage, len(sequence.steps), mails,
                    version.state == "paused", refused,
                )
            )  # fmt: skip
    return sorted(found, key=lambda door: (door.refused is not None, door.stage != stage, door.title))


def enroll(
    world: World, contact_id: UUID, key: str, why: str, actor: str, now: datetime, once: str = ""
) -> None:
    """Let the contact ask to enter; they stand inside at the engine's next tick.

    What would be refused at the door is refused here. At the door of a paused sequence they wait. `once`
    names the asking, so that the same form sent twice asks once.
    """
    catalogue = world.library.catalogue(now)
    version, why = _known(catalogue, key), _why(why)
    with world.database.write() as connection:
        _hold(connection, world, contact_id)
        facts = _facts(connection, world, catalogue, [version], contact_id, now)
        occasion = f"person:{once or now.isoformat()}"
        if once and is_asked(connection, world.workspace_id, version.definition_id, contact_id, occasion):
            return
        refused = _refusal(catalogue, version, facts, last_stay(connection, version, contact_id), now)
        if refused is not None:
            raise ContactFault(refused)
        reason = Reason("enroll.by_person", {"why": why, "sequence": key, "actor": actor})
        ask_admission(
            connection, world.workspace_id, version.definition_id, contact_id, trigger="person",
            occasion=occasion, reason=reason, now=now,
        )  # fmt: skip
        _audit(connection, world, contact_id, "contact.enrolled", key, actor, now)


def leave(world: World, contact_id: UUID, key: str, why: str, actor: str, now: datetime) -> None:
    """End the contact's stay and cancel its waiting mails; who waits at the door is called off."""
    catalogue = world.library.catalogue(now)
    version, why = _known(catalogue, key), _why(why)
    with world.database.write() as connection:
        _hold(connection, world, contact_id)
        if not end_stays(connection, world, version, [contact_id], why, actor, now):
            raise ContactFault(Reason("enrollment.not_inside", {"sequence": key}))
        _audit(connection, world, contact_id, "contact.taken_out", key, actor, now)


def go_on(world: World, contact_id: UUID, key: str | None, actor: str, now: datetime) -> list[str]:
    """Make the contact's parked stays due again, all or the one in `key`; the sequences they go on in."""
    with world.database.write() as connection:
        _hold(connection, world, contact_id)
        parked = [
            held
            for held in _stays(connection, contact_id)
            if held.enrollment.state == "parked" and key in (None, held.enrollment.sequence)
        ]
        if not parked:
            raise ContactFault(
                Reason("parked.not_here", {"sequence": key}) if key else Reason("parked.nowhere")
            )
        freed = [(held, _freed(held.enrollment, now)) for held in parked]
        running.save(connection, freed, now)
        for _, stay in freed:
            _tell(connection, world, stay, "step", stay.reason, actor, now)
            _audit(connection, world, contact_id, "contact.freed", stay.sequence, actor, now)
        return [stay.sequence for _, stay in freed]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a colleague can hasten: the step somebody waits at, or a mail that waits to leave (`mail_id`).

    `past` is the step that comes when this one is passed over; `mail` the step whose mail would be next, or "".
    """

    step: str
    past: str
    mail: str
    mail_id: UUID | None = None


def ahead(connection: Connection, world: World, held: Held) -> Ahead | None:
    """None: nothing waits that could be passed over, because the engine is at work on it, or it is parked."""
    stay = held.enrollment
    sequence = world.library.pinned(held.version_id).sequence
    step = sequence.steps.get(stay.step)
    if step is None:
        return None
    if stay.state == "sending":
        waiting = running.waiting_mail(connection, stay.id)
        past = getattr(step, "next", "") or getattr(step, "otherwise", "")
        return Ahead(stay.step, past, stay.step, waiting) if waiting is not None else None
    if not stay.inside or stay.state not in ("due", "waiting"):
        return None
    if isinstance(step, Wait):
        past = step.next
    elif isinstance(step, WaitFor | Ask):
        past = step.otherwise
    else:
        return None
    return Ahead(stay.step, past, past if isinstance(sequence.steps.get(past), Send | Ask) else "")


def look(world: World, contact_id: UUID, stay_id: UUID) -> tuple[Held, Ahead | None] | None:
    """One stay that has not ended, and what of it can be hastened."""
    with world.database.read() as connection:
        held = running.stay(connection, contact_id, stay_id)
        return (held, ahead(connection, world, held)) if held is not None else None


def skip(
    world: World, contact_id: UUID, stay_id: UUID, revision: int, why: str, actor: str, now: datetime
) -> str:
    """Lead the contact past what they wait for, or past a mail that has not left; the sequence's key.

    `revision` is that of the stay as somebody saw it: who has gone on meanwhile is not pushed a second time.
    """
    why = _why(why)
    with world.database.write() as connection:
        held, found = _waiting(connection, world, contact_id, stay_id, revision)
        names = {"step": found.step, "sequence": held.enrollment.sequence, "why": why}
        if found.mail_id is not None and not authoring.change_mail(
            connection,
            found.mail_id,
            state="cancelled",
            ended_at=now,
            reason_code="stay.skipped",
            reason_params=names,
        ):
            raise ContactFault(Reason("stay.moved_on", {"sequence": held.enrollment.sequence}))
        _hasten(connection, world, held, Reason("stay.skipped", names), actor, now)
        _audit(connection, world, contact_id, "contact.skipped", held.enrollment.sequence, actor, now)
        return held.enrollment.sequence


def send_now(
    world: World, contact_id: UUID, stay_id: UUID, revision: int, why: str, actor: str, now: datetime
) -> str:
    """Make the next mail due now; the gate still decides whether it leaves. The sequence's key."""
    why = _why(why)
    with world.database.write() as connection:
        held, found = _waiting(connection, world, contact_id, stay_id, revision)
        key = held.enrollment.sequence
        if not found.mail:
            raise ContactFault(Reason("stay.no_mail_next", {"sequence": key}))
        reason = Reason("stay.sent_now", {"step": found.mail, "sequence": key, "why": why})
        if found.mail_id is None:
            _hasten(connection, world, held, reason, actor, now)
        else:
            if not authoring.change_mail(connection, found.mail_id, due_at=now):
                raise ContactFault(Reason("stay.moved_on", {"sequence": key}))
            # The stay itself changes too, so that the same page cannot ask again.
            running.save(connection, [(held, held.enrollment)], now)
            _tell(connection, world, held.enrollment, "step", reason, actor, now)
        _audit(connection, world, contact_id, "contact.sent_now", key, actor, now)
        return key


def _waiting(
    connection: Connection, world: World, contact_id: UUID, stay_id: UUID, revision: int
) -> tuple[Held, Ahead]:
    held = _stay(connection, world, contact_id, stay_id, revision)
    found = ahead(connection, world, held)
    if found is None:
        raise ContactFault(Reason("stay.nothing_waits", {"sequence": held.enrollment.sequence}))
    return held, found


def _stay(connection: Connection, world: World, contact_id: UUID, stay_id: UUID, revision: int) -> Held:
    _hold(connection, world, contact_id)
    held = next((one for one in _stays(connection, contact_id) if one.enrollment.id == stay_id), None)
    if held is None:
        raise ContactFault(Reason("stay.over"))
    if held.revision != revision:
        raise ContactFault(Reason("stay.moved_on", {"sequence": held.enrollment.sequence}))
    return held


def _hasten(
    connection: Connection, world: World, held: Held, reason: Reason, actor: str, now: datetime
) -> None:
    """What they wait for is over: the step is due now and goes on as if its time had come."""
    due = replace(
        held.enrollment, state="due", due_at=now, waiting_for=None, outcome=None, reason=reason,
        local_due=None, zone=None,
    )  # fmt: skip
    running.save(connection, [(held, due)], now)
    _tell(connection, world, due, "step", reason, actor, now)


def _freed(enrollment: Enrollment, now: datetime) -> Enrollment:
    """Due at the step where it stood. The count of visits begins anew, or a mended circle would park again."""
    names = {"step": enrollment.step, "sequence": enrollment.sequence}
    return replace(enrollment, state="due", due_at=now, visits={}, reason=Reason("parked.freed", names))


def _known(catalogue: Catalogue, key: str) -> SequenceVersion:
    version = catalogue.sequences.get(key)
    if version is None:
        raise ContactFault(Reason("enroll.unknown", {"sequence": key[:80]}))
    return version


def _why(text: str) -> str:
    why = " ".join(text.split())[:LONGEST_WHY]
    if not why:
        raise ContactFault(Reason("stay.why_missing"))
    return why


def _facts(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    versions: Sequence[SequenceVersion],
    who: UUID,
    now: datetime,
) -> Facts | None:
    wanted = Needs()
    for version in versions:
        if version.sequence.trigger.never is not None:
            wanted = wanted | needs(version.sequence.trigger.never)
    wanted = with_segments(wanted, catalogue.setting.segments)
    lifecycle = catalogue.rules.lifecycle.key
    return load_facts(connection, world.workspace_id, lifecycle, [who], wanted, now).get(who)


def _refusal(
    catalogue: Catalogue, version: SequenceVersion, facts: Facts | None, past: Stay | None, now: datetime
) -> Reason | None:
    if facts is None:
        return Reason("enroll.gone")
    state = "live" if version.state == "paused" else version.state
    return refusal(version.sequence, state, past, facts, catalogue.setting, "person", now)


def _hold(connection: Connection, world: World, contact_id: UUID) -> None:
    if not store.lock(connection, world.workspace_id, contact_id):
        raise ContactFault(Reason("enroll.gone"))


def _audit(
    connection: Connection, world: World, contact_id: UUID, action: str, key: str, actor: str, now: datetime
) -> None:
    by_hand.audit(connection, world.workspace_id, contact_id, action, {"sequence": key}, actor, now)


def _stays(connection: Connection, contact_id: UUID) -> Sequence[Held]:
    return running.active_of(connection, [contact_id])


def _tell(
    connection: Connection,
    world: World,
    stay: Enrollment,
    kind: str,
    reason: Reason,
    actor: str,
    now: datetime,
) -> None:
    told = line(world.workspace_id, stay.contact_id, kind, reason, now, actor=actor, enrollment_id=stay.id)
    ledger.add_timeline(connection, [told])
