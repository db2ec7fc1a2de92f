"""Due enrollments go on: claim, load, ask the core, save, in batches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from app.core.conditions import Needs, with_segments
from app.core.engine import Advance, advance
from app.core.enrollments import Enrollment
from app.core.reasons import Reason
from app.services.effects import Act, obey
from app.services.ids import new_id
from app.services.library import Catalogue, SequenceVersion
from app.services.timeline import line
from app.services.world import World
from app.store import ledger, running
from app.store.claims import Claim
from app.store.facts import load_facts
from app.store.running import Held

log = structlog.get_logger()
BACK_OFF = timedelta(minutes=1)


@dataclass(slots=True)
class Ran:
    """What one batch came to. `taken` is how many were due: zero means there is nothing to do."""

    taken: int = 0
    saved: int = 0
    failed: int = 0


@dataclass(slots=True)
class _Decided:
    held: Held
    version: SequenceVersion
    advance: Advance
    acts: list[Act] = field(default_factory=list)


class _Moved(Exception):
    """Somebody wrote one of the rows meanwhile."""


def run_due(world: World, now: datetime, limit: int | None = None) -> Ran:
    """Advance one batch of due enrollments. One bad row never stops the batch."""
    limit = limit or world.settings.batch_size
    catalogue = world.library.catalogue(now)
    until = now + timedelta(seconds=world.settings.lease_seconds)
    claim = Claim(world.settings.worker_name, new_id(now), until)
    with world.database.write() as connection:
        held = running.claim_due(connection, world.workspace_id, claim, now, limit)
    if not held:
        return Ran()
    decided, failed = _decide(world, catalogue, held, now)
    ran = Ran(len(held))
    try:
        ran.saved = _save(world, catalogue, claim, decided, now)
    except Exception:
        # Something in the batch cannot be written: one at a time, so that only that row waits.
        log.exception("running.batch_failed", rows=len(decided))
        for one in decided:
            try:
                ran.saved += _save(world, catalogue, claim, [one], now)
            except Exception as error:
                failed.append((one.held, error))
    for row, fault in failed:
        _set_back(world, row, fault, now)
    ran.failed = len(failed)
    return ran


def _decide(
    world: World, catalogue: Catalogue, held: Sequence[Held], now: datetime
) -> tuple[list[_Decided], list[tuple[Held, Exception]]]:
    failed: list[tuple[Held, Exception]] = []
    versions = {}
    for row in held:
        if row.version_id not in versions:
            versions[row.version_id] = world.library.pinned(row.version_id)
    wanted = Needs()
    for version in versions.values():
        wanted = wanted | version.sequence.needs
    wanted = with_segments(wanted, catalogue.setting.segments)
    contact_ids = list({row.enrollment.contact_id for row in held})
    with world.database.read() as connection:
        facts = load_facts(
            connection, world.workspace_id, catalogue.rules.lifecycle.key, contact_ids, wanted, now
        )
    decided = []
    for row in held:
        version = versions[row.version_id]
        try:
            known = facts[row.enrollment.contact_id]
            step = advance(row.enrollment, version.sequence, known, catalogue.setting, now)
        except Exception as error:
            failed.append((row, error))
            continue
        acts = [Act(known.contact_id, effect, step.enrollment, version) for effect in step.effects]
        decided.append(_Decided(row, version, step, acts))
    return decided, failed


def _save(
    world: World, catalogue: Catalogue, claim: Claim, decided: Sequence[_Decided], now: datetime
) -> int:
    """New states and effects in one transaction; rows that changed meanwhile are decided again next time."""
    try:
        with world.database.write() as connection:
            return _write(connection, world, catalogue, decided, now)
    except _Moved:
        with world.database.write() as connection:
            mine = running.still_mine(connection, [one.held for one in decided], claim.token)
            kept = [one for one in decided if one.held.enrollment.id in mine]
            return _write(connection, world, catalogue, kept, now)


def _write(
    connection: Connection, world: World, catalogue: Catalogue, decided: Sequence[_Decided], now: datetime
) -> int:
    pairs: list[tuple[Held, Enrollment]] = [(one.held, one.advance.enrollment) for one in decided]
    if running.save(connection, pairs, now) != len(pairs):
        raise _Moved
    obey(connection, world, catalogue, [act for one in decided for act in one.acts], now)
    return len(pairs)


def _set_back(world: World, held: Held, error: Exception, now: datetime) -> None:
    log.error("running.row_failed", enrollment=str(held.enrollment.id), error=repr(error))
    until = now + BACK_OFF * 2**held.failures
    with world.database.write() as connection:
        if running.set_back(connection, held, repr(error), until):
            reason = Reason(
                "parked.error", {"error": repr(error)[:300], "sequence": held.enrollment.sequence}
            )
            who, stay = held.enrollment.contact_id, held.enrollment.id
            told = line(world.workspace_id, who, "parked", reason, now, enrollment_id=stay)
            ledger.add_timeline(connection, [told])
