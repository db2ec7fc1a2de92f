"""A colleague moves a contact to another stage: through the one door, with a reason, a leap told as one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.lifecycle import stage_of_import
from app.core.reasons import Reason
from app.services import by_hand
from app.services.contacts import ContactFault
from app.services.stages import StageMove, move_stage
from app.services.world import World
from app.store import contacts as store
from app.store import running

LONGEST_WHY = 500


def move_by_person(
    world: World,
    contact_id: UUID,
    word: str,
    why: str,
    actor: str,
    now: datetime,
    seen: str | None = None,
) -> tuple[str, str]:
    """Move a contact to the stage `word` names (key, label or alias); the stages it left and entered.

    Where the lifecycle declares no such way, the move is made and recorded as a leap. Nothing happens
    where the contact is there already: both are the same then. `seen` is the stage somebody last saw the
    contact at; who was moved meanwhile is not moved on unseen. Raises ContactFault.
    """
    lifecycle = world.library.catalogue(now).rules.lifecycle
    to = stage_of_import(lifecycle, word)
    if to is None:
        raise ContactFault(Reason("stage.word_unknown", {"word": word[:80], "known": list(lifecycle.stages)}))
    why = " ".join(why.split())[:LONGEST_WHY]
    if not why:
        raise ContactFault(Reason("stage.why_missing"))
    with world.database.write() as connection:
        if not store.lock(connection, world.workspace_id, contact_id):
            raise ContactFault(Reason("enroll.gone"))
        current = running.stage_of(connection, contact_id, lifecycle.key)
        frm = current.stage if current else ""
        if frm == to:
            return frm, to
        if seen is not None and seen != frm:
            raise ContactFault(by_hand.stale(connection, contact_id, "stage", lifecycle.key, frm))
        is_leap = bool(frm) and not any(lifecycle.declares(frm, to, by) for by in ("person", "automation"))
        code = "stage.leap_by_person" if is_leap else "stage.by_person"
        move = StageMove(contact_id, to, Reason(code, {"why": why}), by="person", actor=actor)
        refusal = move_stage(connection, world.workspace_id, lifecycle, move, now)
        if refusal is None:
            told = {"from": frm, "to": to, "leap": is_leap}
            by_hand.audit(connection, world.workspace_id, contact_id, "contact.moved", told, actor, now)
    if refusal is not None:
        raise ContactFault(refusal)
    return frm, to


@dataclass(frozen=True, slots=True)
class Way:
    """A stage the contact can be moved to, and what the move brings with it: sequences by their titles.

    `declared`: the lifecycle knows this way; on another the move is recorded as a leap.
    """

    stage: str
    declared: bool
    mailable: bool
    ends: tuple[str, ...]
    asks: tuple[str, ...]


def ways(world: World, contact_id: UUID, now: datetime) -> tuple[str, list[Way]]:
    """Where the contact stands, and where a colleague can move them to: declared ways first."""
    catalogue = world.library.catalogue(now)
    lifecycle = catalogue.rules.lifecycle
    with world.database.read() as connection:
        current = running.stage_of(connection, contact_id, lifecycle.key)
        stays = running.active_versions(connection, contact_id)
    frm = current.stage if current else ""
    inside = [world.library.pinned(version_id).sequence for version_id in stays]
    found = []
    for stage in lifecycle.stages.values():
        if stage.key == frm:
            continue
        declared = not frm or any(lifecycle.declares(frm, stage.key, by) for by in ("person", "automation"))
        ends = tuple(sequence.title for sequence in inside if sequence.stage != stage.key)
        asks = tuple(version.sequence.title for version in catalogue.for_stage(stage.key))
        found.append(Way(stage.key, declared, stage.mailable, ends, asks))
    return frm, sorted(found, key=lambda way: not way.declared)
