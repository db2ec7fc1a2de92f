"""People come in by a segment or by a date: who may is found in the database and asks at the door."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import Connection

from app.core.admission import Stay, refusal
from app.core.conditions import Condition, Needs, needs, with_segments
from app.core.occasions import candidates, occasion
from app.core.reasons import Reason
from app.services.enrolling import ask_admission
from app.services.library import Catalogue, SequenceVersion
from app.services.world import World
from app.store import gathering as store
from app.store.facts import load_facts
from app.store.segments import matching_ids

log = structlog.get_logger()
BATCH = 500


def gather(world: World, now: datetime, limit: int = BATCH) -> int:
    """Let all ask who may enter a sequence by its segment or its date; how many requests are new.

    Nobody asks who would be refused, so no refusal fills their timeline. A sequence that cannot be asked stops
    no other; its error is raised when all had their turn.
    """
    catalogue = world.library.catalogue(now)
    asked, faults = 0, []
    for version in catalogue.sequences.values():
        condition = candidates(version.sequence, now)
        # While a sequence is paused, who comes waits at its door.
        if condition is None or version.state not in ("live", "paused"):
            continue
        try:
            asked += _for_sequence(world, catalogue, version, condition, now, limit)
        except Exception as error:
            log.exception("gathering.sequence_failed", sequence=version.sequence.key)
            faults.append(error)
    if faults:
        raise faults[0]
    return asked


def _for_sequence(
    world: World,
    catalogue: Catalogue,
    version: SequenceVersion,
    condition: Condition,
    now: datetime,
    limit: int,
) -> int:
    segments = catalogue.setting.segments
    wanted = with_segments(needs(condition), segments) | Needs(
        fields=frozenset({version.sequence.trigger.name})
    )
    lifecycle = catalogue.rules.lifecycle.key
    outside = store.outside(version.definition_id, may_return=version.sequence.again.way != "never")
    asked, after = 0, None
    while True:
        with world.database.read() as connection:
            found = matching_ids(
                connection, condition, workspace_id=world.workspace_id, lifecycle=lifecycle, now=now, segments=segments,
                limit=limit, after=after, besides=outside,
            )  # fmt: skip
        if not found:
            return asked
        with world.database.write() as connection:
            asked += _ask(connection, world, catalogue, version, found, wanted, now)
        after = found[-1]


def _ask(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    version: SequenceVersion,
    contact_ids: Sequence[UUID],
    wanted: Needs,
    now: datetime,
) -> int:
    sequence, setting = version.sequence, catalogue.setting
    trigger = sequence.trigger.on
    facts = load_facts(
        connection, world.workspace_id, catalogue.rules.lifecycle.key, contact_ids, wanted, now
    )
    stays = store.last_stays(connection, version.definition_id, contact_ids)
    asked = 0
    for who, known in facts.items():
        on = occasion(sequence, known, setting, now)
        past = stays.get(who)
        stay = Stay(past.entry_number, past.ended_at) if past is not None else None
        if on is None or refusal(sequence, "live", stay, known, setting, trigger, now) is not None:
            continue
        reason = Reason(f"enroll.{trigger}", {"subject": sequence.trigger.name, "sequence": sequence.key})
        asked += ask_admission(
            connection, world.workspace_id, version.definition_id, who, trigger=trigger, occasion=on,
            reason=reason, now=now,
        )  # fmt: skip
    return asked
