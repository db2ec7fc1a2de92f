"""Many contacts into a sequence or out of it: asked and taken out as each one alone would be, a batch at a time."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, update

from app.core.admission import Stay, refusal
from app.core.conditions import Needs, needs, with_segments
from app.core.enrollments import ended
from app.core.reasons import Reason
from app.services.library import Catalogue, SequenceVersion
from app.services.timeline import line
from app.services.world import World
from app.store import bulk_acts, ledger, running
from app.store.facts import load_facts
from app.store.tables import admissions


def refusals(
    connection: Connection, world: World, catalogue: Catalogue, version: SequenceVersion, ids: Sequence[UUID],
    now: datetime,
) -> dict[UUID, Reason | None]:  # fmt: skip
    """Why each of these contacts may not enter by a colleague's hand; None: they may."""
    never, lifecycle = version.sequence.trigger.never, catalogue.rules.lifecycle.key
    wanted = with_segments(needs(never), catalogue.setting.segments) if never is not None else Needs()
    facts = load_facts(connection, world.workspace_id, lifecycle, list(ids), wanted, now)
    stays = bulk_acts.last_stays(connection, version.definition_id, ids)
    state = "live" if version.state == "paused" else version.state
    return {
        who: refusal(
            version.sequence, state, Stay(*stays[who]) if who in stays else None, facts[who], catalogue.setting,
            "person", now,
        ) if who in facts else Reason("enroll.gone")
        for who in ids
    }  # fmt: skip


def end_stays(
    connection: Connection, world: World, version: SequenceVersion, ids: Sequence[UUID], why: str, actor: str,
    now: datetime,
) -> set[UUID]:  # fmt: skip
    """Take all of these contacts out of the sequence or away from its door; who of them was there."""
    key = version.sequence.key
    called_off = _call_off(connection, version, ids, why, now)
    stays = [
        held for held in running.active_of(connection, ids) if held.definition_id == version.definition_id
    ]
    over = Reason("exit.by_person", {"why": why, "sequence": key})
    running.save(connection, [(held, ended(held.enrollment, over)) for held in stays], now)
    told = []
    for held in stays:
        stay = held.enrollment
        running.cancel_mails(connection, stay.id, over, now)
        told.append(
            line(world.workspace_id, stay.contact_id, "ended", over, now, actor=actor, enrollment_id=stay.id)
        )
    inside = {held.enrollment.contact_id for held in stays}
    off = Reason("enroll.called_off", {"why": why, "sequence": key})
    told += [
        line(world.workspace_id, who, "not_enrolled", off, now, actor=actor)
        for who in sorted(called_off - inside)
    ]
    ledger.add_timeline(connection, told)
    return called_off | inside


def _call_off(
    connection: Connection, version: SequenceVersion, ids: Sequence[UUID], why: str, now: datetime
) -> set[UUID]:
    table = admissions.c
    theirs = table.contact_id.in_(ids) & (table.definition_id == version.definition_id)
    off = {
        "state": "refused",
        "ended_at": now,
        "reason_code": "enroll.called_off",
        "reason_params": {"why": why},
    }
    statement = update(admissions).where(theirs, table.state == "waiting").values(**off)
    return set(connection.execute(statement.returning(table.contact_id)).scalars())
