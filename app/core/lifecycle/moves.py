"""What a stage allows, and the one door between stages."""

import re

from app.core.lifecycle.model import Lifecycle
from app.core.reasons import Reason


def allows(lifecycle: Lifecycle, stage: str, content_kind: str) -> bool:
    """The stage gate: whether mail of `content_kind` may go to somebody who is at `stage` now."""
    known = lifecycle.stages.get(stage)
    return known is not None and known.mailable and content_kind in known.content_kinds


def may_move(lifecycle: Lifecycle, frm: str, to: str, by: str) -> Reason | None:
    """None when the move is allowed, else why not.

    `by` is "automation" or "person" (a CRM counts as a person). Automation goes along declared
    transitions only; a person may go to any known stage. `frm` is "" for somebody without a stage
    yet, who may be put at any.
    """
    if to not in lifecycle.stages:
        return Reason("stage.unknown", {"to": to, "known": list(lifecycle.stages)})
    if frm == to:
        return Reason("stage.already_there", {"stage": to})
    if by == "automation" and frm and not lifecycle.declares(frm, to, by):
        return Reason("stage.leap", {"from": frm, "to": to})
    return None


def stage_of_import(lifecycle: Lifecycle, word: str) -> str | None:
    """The stage that `word` names by its key, a label in any language, or an alias such as "MQL"."""
    wanted = normal(word)
    for stage in lifecycle.stages.values():
        if wanted in map(normal, (stage.key, *stage.label.values(), *stage.aliases)):
            return stage.key
    return None


def normal(word: str) -> str:
    """A word as it is compared: case, dashes and spacing do not count."""
    return re.sub(r"[\s_-]+", " ", word).strip().casefold()
