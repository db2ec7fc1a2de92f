"""Segments: what joins conditions, the rows of their form, and why something cannot be done."""

from app.services.wording.marking import N_

SEGMENTS = {
    "condition.all": N_("All of these:"),
    "condition.any": N_("At least one of these:"),
    "condition.not": N_("Not so:"),
    "rows.way.all": N_("all of these"),
    "rows.way.any": N_("any of these"),
    "rows.way.none": N_("none of these"),
    "rows.way.not all": N_("not all of these"),
    "rows.kind.field": N_("Field"),
    "rows.kind.tag": N_("Tag"),
    "rows.kind.stage": N_("Stage"),
    "rows.kind.score": N_("Score"),
    "rows.kind.interest": N_("Interest"),
    "rows.kind.criterion": N_("Criterion"),
    "rows.kind.answer": N_("Answer"),
    "rows.kind.consent": N_("Consent"),
    "rows.kind.event": N_("Happening"),
    "rows.kind.topic": N_("Signal about a topic"),
    "rows.kind.segment": N_("Segment"),
    "segment.unknown": N_("there is no segment “%(segment)s”"),
    "segment.faulty": N_("line %(line)s: %(message)s"),
    "segment.stale": N_(
        "somebody published “%(segment)s” meanwhile; what you wrote is below, open the segment beside it and bring both together"
    ),
    "segment.taken": N_("there is a segment “%(segment)s” already; choose another name"),
    "list.title": N_("give the list a title of at most %(longest)s signs"),
    "list.unknown": N_("there is no list “%(list)s”"),
    "list.not_empty": N_("somebody is on it; take everybody off first"),
    "segment.used": N_("%(by)s asks for it; change that first"),
}
