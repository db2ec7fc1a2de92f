"""One mail to one contact: what became of it, what each rule of the gate says, and what would let it go."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.enrollments import START
from app.core.explain import Change, Verdict, in_the_way, verdicts
from app.core.gate import MailFacts
from app.core.reasons import Param, Reason
from app.core.sequences import Sequence
from app.core.simulator import Inside, Mail
from app.core.simulator.acting import when_capped
from app.core.simulator.sending import gate_facts, leaving
from app.services.explaining.situation import ExplainFault, Situation
from app.store import explaining as rows

STOPPED = Reason("sending.stopped")


@dataclass(frozen=True, slots=True)
class Try:
    at: datetime
    outcome: str
    phase: str
    response: str


@dataclass(frozen=True, slots=True)
class Course:
    """A delivery of the mail: planned, and how far it came."""

    id: UUID
    enrollment_id: UUID | None
    sequence: str | None
    step: str | None
    state: str
    planned_at: datetime
    due_at: datetime
    ended_at: datetime | None
    reason: Reason
    tries: tuple[Try, ...]


@dataclass(frozen=True, slots=True)
class MailExplained:
    """`courses` are the deliveries there were; `verdicts` what the rules say at `at` of one more (or of the one
    that waits), and `changes` all that would have to be different for it to go. None of them: it goes."""

    template: str
    at: datetime
    sequence: str | None
    waiting: bool
    courses: tuple[Course, ...]
    verdicts: tuple[Verdict, ...]
    changes: tuple[Change, ...]
    goes: bool


def explain_mail(connection: Connection, seen: Situation, template: str) -> MailExplained:
    """Raises ExplainFault where the template is not known and was never planned."""
    courses = _courses(connection, seen, template)
    known = seen.setting.templates.get(template)
    if known is None and not courses:
        there = ", ".join(sorted(seen.setting.templates)) or "none"
        raise ExplainFault(f"There is no template {template}, and none was ever sent. There are: {there}.")
    waiting = next((mail for mail in seen.person.mails if mail.template == template), None)
    inside, sequence, step = _place(seen, template, waiting, courses)
    mail = waiting or _one_more(seen, template, sequence, step, inside)
    facts = _asked(seen, mail, inside, sequence)
    found = verdicts(facts, seen.at, sequence=sequence, facts=seen.facts, segments=seen.setting.segments)
    stay = _stay_needed(sequence, inside, courses) if waiting is None else None
    if stay is not None:
        found = [stay, *(one for one in found if one.rule != "enrollment")]
    changes = tuple(in_the_way(found))
    key = sequence.key if sequence is not None else mail.sequence
    return MailExplained(
        template, seen.at, key, waiting is not None, courses, tuple(found), changes, not changes
    )


def _stay_needed(
    sequence: Sequence | None, inside: Inside | None, courses: tuple[Course, ...]
) -> Verdict | None:
    """One more mail of a sequence needs a stay in it that has not passed the mail's step."""
    if sequence is None:
        return None
    if inside is None:
        code = "enrollment.over" if courses else "enrollment.not_inside"
    elif any(one.enrollment_id == inside.enrollment.id and one.ended_at is not None for one in courses):
        code = "enrollment.step_over"
    else:
        return None
    params: dict[str, Param] = {"sequence": sequence.key, "again": sequence.again.way}
    change = Change("enroll_again" if courses else "enroll", params)
    return Verdict("enrollment", "cancel", Reason(code, {"sequence": sequence.key}), (change,))


def _place(
    seen: Situation, template: str, waiting: Mail | None, courses: tuple[Course, ...]
) -> tuple[Inside | None, Sequence | None, str | None]:
    """The stay, the sequence and the step that the mail belongs to: a stay that runs comes first."""
    if waiting is not None:
        inside = next((one for one in seen.person.inside if one.enrollment.id == waiting.enrollment_id), None)
        version = seen.catalogue.sequences.get(waiting.sequence or "")
        sequence = inside.sequence if inside else version.sequence if version else None
        return inside, sequence, waiting.step
    for inside in seen.person.inside:
        step = _step_of(inside.sequence, template)
        if step is not None:
            return inside, inside.sequence, step
    mine = [version.sequence for version in seen.catalogue.sequences.values()]
    last = courses[-1].sequence if courses else None
    # The sequence it last came from, then those of the contact's stage.
    mine.sort(key=lambda one: (one.key != last, one.stage != seen.facts.stage))
    for sequence in mine:
        step = _step_of(sequence, template)
        if step is not None:
            return None, sequence, step
    return None, None, None


def _step_of(sequence: Sequence, template: str) -> str | None:
    return next((key for key, templates in sequence.templates().items() if template in templates), None)


def _one_more(
    seen: Situation, template: str, sequence: Sequence | None, step: str | None, inside: Inside | None
) -> Mail:
    """The mail as it would be planned at this instant."""
    info = seen.setting.templates.get(template)
    manner = None
    if sequence is not None:
        manner = getattr(sequence.steps.get(step or ""), "manner", None) or sequence.manner
    return Mail(
        enrollment_id=inside.enrollment.id if inside else None,
        sequence=sequence.key if sequence else None,
        step=step,
        visit=None,
        template=template,
        topic=sequence.topic if sequence else None,
        message_class=info.message_class if info else "marketing",
        content_kind=info.content_kind if info else "",
        priority=sequence.priority if sequence else 50,
        once=not (info is not None and info.repeat),
        when_capped=when_capped(manner.when_capped) if manner else "defer",
        due_at=seen.at,
        planned_at=seen.at,
        code=START.code,
    )


def _asked(seen: Situation, mail: Mail, inside: Inside | None, sequence: Sequence | None) -> MailFacts:
    facts = gate_facts(seen.play(), seen.person, mail, inside, seen.at)
    if inside is None and sequence is not None:
        goal, exit_ = leaving(sequence, seen.facts, seen.setting, seen.at)
        facts = replace(facts, goal_holds=goal, exit_holds=exit_)
    if seen.stopped and not seen.past:
        facts = replace(facts, stopped=STOPPED)
    return facts


def _courses(connection: Connection, seen: Situation, template: str) -> tuple[Course, ...]:
    found = rows.mails(connection, seen.facts.contact_id, template, seen.at)
    tries: dict[UUID, list[Try]] = {}
    for row in rows.tries(connection, [row.id for row in found]):
        if row.at <= seen.at:
            tries.setdefault(row.delivery_id, []).append(Try(row.at, row.outcome, row.phase, row.response))
    return tuple(_course(row, tuple(tries.get(row.id, ())), seen.at) for row in found)


def _course(row: Row[Any], tries: tuple[Try, ...], at: datetime) -> Course:
    ended = row.accepted_at or row.ended_at
    later = ended is not None and ended > at
    return Course(
        id=row.id,
        enrollment_id=row.enrollment_id,
        sequence=row.sequence,
        step=row.step,
        state="queued" if later else row.state,
        planned_at=row.planned_at,
        due_at=row.due_at,
        ended_at=None if later else ended,
        reason=Reason("mail.planned", {"step": row.step})
        if later
        else Reason(row.reason_code, row.reason_params),
        tries=tries,
    )
