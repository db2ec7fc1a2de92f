"""A colleague moves a contact to another stage: through the one door, with a reason, a leap told as one."""

from datetime import datetime
from uuid import UUID

from app.core.lifecycle import stage_of_import
from app.core.reasons import Reason
from app.services.contacts import ContactFault
from app.services.stages import StageMove, move_stage
from app.services.world import World
from app.store import running

LONGEST_WHY = 500


def move_by_person(
    world: World, contact_id: UUID, word: str, why: str, actor: str, now: datetime
) -> tuple[str, str]:
    """Move a contact to the stage `word` names (key, label or alias); the stages it left and entered.

    Where the lifecycle declares no such way, the move is made and recorded as a leap. Nothing happens
    where the contact is there already: both are the same then. Raises ContactFault.
    """
    lifecycle = world.library.catalogue(now).rules.lifecycle
    to = stage_of_import(lifecycle, word)
    if to is None:
        raise ContactFault(Reason("stage.word_unknown", {"word": word[:80], "known": list(lifecycle.stages)}))
    why = " ".join(why.split())[:LONGEST_WHY]
    if not why:
        raise ContactFault(Reason("stage.why_missing"))
    with world.database.write() as connection:
        current = running.stage_of(connection, contact_id, lifecycle.key)
        frm = current.stage if current else ""
        if frm == to:
            return frm, to
        is_leap = bool(frm) and not any(lifecycle.declares(frm, to, by) for by in ("person", "automation"))
        code = "stage.leap_by_person" if is_leap else "stage.by_person"
        move = StageMove(contact_id, to, Reason(code, {"why": why}), by="person", actor=actor)
        refusal = move_stage(connection, world.workspace_id, lifecycle, move, now)
    if refusal is not None:
        raise ContactFault(refusal)
    return frm, to
