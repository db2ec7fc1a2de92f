"""A colleague takes a contact into a sequence, takes them out of it, or lets them go on where they are parked.

`actor` says who does it: "user:<id>" or "system". All raise ContactFault, with nothing written.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, update

from app.core.admission import refusal
from app.core.conditions import Needs, needs, with_segments
from app.core.enrollments import Enrollment, ended
from app.core.reasons import Reason
from app.services.contacts import ContactFault
from app.services.enrolling import ask_admission, last_stay
from app.services.library import Catalogue, SequenceVersion
from app.services.timeline import line
from app.services.world import World
from app.store import ledger, running
from app.store.facts import load_facts
from app.store.running import Held
from app.store.tables import admissions

LONGEST_WHY = 500


def enroll(world: World, contact_id: UUID, key: str, why: str, actor: str, now: datetime) -> None:
    """Let the contact ask to enter; they stand inside at the engine's next tick.

    What would be refused at the door is refused here. At the door of a paused sequence they wait.
    """
    catalogue = world.library.catalogue(now)
    version, why = _known(catalogue, key), _why(why)
    with world.database.write() as connection:
        refused = _refusal(connection, world, catalogue, version, contact_id, now)
        if refused is not None:
            raise ContactFault(refused)
        reason = Reason("enroll.by_person", {"why": why, "sequence": key, "actor": actor})
        ask_admission(
            connection, world.workspace_id, version.definition_id, contact_id, trigger="person",
            occasion=f"person:{now.isoformat()}", reason=reason, now=now,
        )  # fmt: skip


def leave(world: World, contact_id: UUID, key: str, why: str, actor: str, now: datetime) -> None:
    """End the contact's stay and cancel its waiting mails; who waits at the door is called off."""
    catalogue = world.library.catalogue(now)
    version, why = _known(catalogue, key), _why(why)
    with world.database.write() as connection:
        called_off = _call_off(connection, version, contact_id, why, now)
        stays = [
            held for held in _stays(connection, contact_id) if held.definition_id == version.definition_id
        ]
        if not stays and not called_off:
            raise ContactFault(Reason("enrollment.not_inside", {"sequence": key}))
        over = Reason("exit.by_person", {"why": why, "sequence": key})
        running.save(connection, [(held, ended(held.enrollment, over)) for held in stays], now)
        for held in stays:
            running.cancel_mails(connection, held.enrollment.id, over, now)
            _tell(connection, world, held.enrollment, "ended", over, actor, now)
        if called_off and not stays:
            off = Reason("enroll.called_off", {"why": why, "sequence": key})
            told = line(world.workspace_id, contact_id, "not_enrolled", off, now, actor=actor)
            ledger.add_timeline(connection, [told])


def go_on(world: World, contact_id: UUID, key: str | None, actor: str, now: datetime) -> list[str]:
    """Make the contact's parked stays due again, all or the one in `key`; the sequences they go on in."""
    with world.database.write() as connection:
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
        return [stay.sequence for _, stay in freed]


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


def _refusal(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    version: SequenceVersion,
    who: UUID,
    now: datetime,
) -> Reason | None:
    never, lifecycle = version.sequence.trigger.never, catalogue.rules.lifecycle.key
    wanted = with_segments(needs(never), catalogue.setting.segments) if never is not None else Needs()
    facts = load_facts(connection, world.workspace_id, lifecycle, [who], wanted, now).get(who)
    if facts is None:
        return Reason("enroll.gone")
    state = "live" if version.state == "paused" else version.state
    past = last_stay(connection, version, who)
    return refusal(version.sequence, state, past, facts, catalogue.setting, "person", now)


def _stays(connection: Connection, contact_id: UUID) -> Sequence[Held]:
    return running.active_of(connection, [contact_id])


def _call_off(
    connection: Connection, version: SequenceVersion, contact_id: UUID, why: str, now: datetime
) -> bool:
    table = admissions.c
    mine = (table.contact_id == contact_id) & (table.definition_id == version.definition_id)
    off = {
        "state": "refused",
        "ended_at": now,
        "reason_code": "enroll.called_off",
        "reason_params": {"why": why},
    }
    statement = update(admissions).where(mine, table.state == "waiting").values(**off)
    return connection.execute(statement).rowcount > 0


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
