"""Who may come into a sequence: what begins it, and the terms it sets itself."""

from dataclasses import dataclass
from datetime import datetime

from app.core.conditions import holds
from app.core.facts import Facts, Happening
from app.core.reasons import Reason
from app.core.sequences import Again, Sequence
from app.core.setting import Setting
from app.core.timing import add_span

# The state of a sequence that belongs to another preset of the lifecycle than the one in use.
SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Stay:
    """The last stay of a contact in a sequence; `ended_at` is None while it lasts."""

    number: int
    ended_at: datetime | None


def begins(sequence: Sequence, happening: Happening, source: str) -> bool:
    """Whether a happening lets a contact ask to enter. `source` is where the event came from."""
    trigger = sequence.trigger
    if trigger.on == "stage_entered":
        # An import decides by itself who enters, and how many a day.
        reached = happening.kind == "stage_entered" and happening.subject == sequence.stage
        return reached and source != "import"
    if trigger.on == "form":
        return happening.kind == "form_submitted" and happening.subject == trigger.name
    if trigger.on == "event":
        return trigger.name in (happening.kind, happening.subject) and happening.verdict == "human"
    return False


def refusal(
    sequence: Sequence,
    state: str,
    past: Stay | None,
    facts: Facts,
    setting: Setting,
    trigger: str,
    now: datetime,
) -> Reason | None:
    """Why a contact may not enter; None: they may. `state` is the sequence's, `trigger` what asked."""
    names = {"sequence": sequence.key}
    if state == SILENT:
        return Reason("enroll.other_preset", {**names, "preset": sequence.preset})
    if state != "live":
        return Reason("enroll.not_live", {**names, "state": state})
    if past is not None and past.ended_at is None:
        return Reason("enroll.already_inside", names)
    if past is not None and not _may_return(sequence.again, past, facts, setting, now):
        return Reason("enroll.was_here", {**names, "again": sequence.again.way})
    # A person's own decision may take in somebody of another stage; the gate still guards each mail.
    if trigger != "person" and facts.stage != sequence.stage:
        return Reason("enroll.other_stage", {**names, "stage": facts.stage, "for": sequence.stage})
    never, condition = sequence.trigger.never, sequence.trigger.condition
    if never is not None and holds(never, facts, now, setting.segments):
        return Reason("enroll.never", names)
    if trigger != "person" and condition is not None and not holds(condition, facts, now, setting.segments):
        return Reason("enroll.condition", names)
    return None


def _may_return(again: Again, past: Stay, facts: Facts, setting: Setting, now: datetime) -> bool:
    if again.way == "always":
        return True
    if again.way == "never" or again.after is None or past.ended_at is None:
        return False
    zone, country = setting.zone(facts), setting.country(facts)
    return now >= add_span(past.ended_at, again.after, zone, setting.programme.calendar, country)
