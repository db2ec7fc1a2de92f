"""The gate in a rehearsal: the same rules over the same facts, and what each decision makes of a mail."""

from dataclasses import dataclass
from datetime import datetime

from app.core.conditions import holds
from app.core.decisions import Cancel, Defer, Expire, Replace, Suppress
from app.core.facts import Facts
from app.core.gate import MailFacts, decide, expiry
from app.core.reasons import Reason
from app.core.sequences import Sequence
from app.core.setting import Setting
from app.core.simulator.model import Inside, Mail, Person
from app.core.simulator.play import Play

ACCEPTED = Reason("mail.accepted")
# What only a person can end: a mail held back by it is looked at again when it expires.
BY_HAND = ("stopped", "sequence", "person")


@dataclass(slots=True)
class Sent:
    """What became of a mail. `state` is None while it goes on waiting; `noted`: it is worth a line."""

    action: str
    reason: Reason
    template: str
    state: str | None
    noted: bool = True
    had_changed: bool = False


def ask_gate(play: Play, person: Person, mail: Mail, inside: Inside | None, now: datetime) -> Sent:
    """Decide about a due mail; one that waits on gets its next instant."""
    decision = decide(gate_facts(play, person, mail, inside, now), now)
    template = mail.template
    match decision:
        case Suppress(_, reason):
            return Sent("mail_suppressed", reason, template, "suppressed")
        case Cancel(_, reason):
            return Sent("mail_cancelled", reason, template, "cancelled")
        case Expire(reason):
            return Sent("mail_expired", reason, template, "expired")
        case Defer(until, rule, reason):
            mail.due_at = (
                until if rule not in BY_HAND else mail.expires_at or datetime.max.replace(tzinfo=now.tzinfo)
            )
            return _waits(mail, reason, template)
        case Replace(instead, until, reason):
            mail.due_at, mail.template = until, instead
            info = play.setting.templates.get(instead)
            mail.content_kind = info.content_kind if info else mail.content_kind
            return _waits(mail, reason, template)
        case _:
            return Sent("mail_accepted", ACCEPTED, template, "accepted")


def _waits(mail: Mail, reason: Reason, template: str) -> Sent:
    """A mail that is looked at every few minutes says once why it waits."""
    noted = mail.code != reason.code
    mail.code = reason.code
    return Sent("mail_deferred", reason, template, None, noted, had_changed=mail.template != template)


def gate_facts(play: Play, person: Person, mail: Mail, inside: Inside | None, now: datetime) -> MailFacts:
    """One mail of the rehearsal as the gate sees it."""
    facts, setting = person.facts, play.setting
    info = setting.templates.get(mail.template)
    sequence = inside.sequence if inside is not None else None
    manner = None
    goal = exit_ = None
    if sequence is not None:
        manner = getattr(sequence.steps.get(mail.step or ""), "manner", None) or sequence.manner
        goal, exit_ = leaving(sequence, facts, setting, now)
    programme = setting.programme
    away_until = person.away_until if programme.wait_when_away else None
    return MailFacts(
        message_class=mail.message_class,
        content_kind=info.content_kind if info else mail.content_kind,
        topic=mail.topic,
        template=mail.template,
        stage=facts.stage,
        lifecycle=play.rules.lifecycle,
        address=person.address,
        planned_at=mail.planned_at,
        expires_at=expiry(mail.planned_at, mail.expires_at, away_until),
        consents=facts.consents,
        suppressed=_hits(person, mail.topic) if person.suppressed else (),
        enrollment_state="active" if inside is not None else None if mail.enrollment_id is None else "ended",
        sequence_state=play.states.get(mail.sequence, "live") if mail.sequence else None,
        goal_holds=goal,
        exit_holds=exit_,
        already_had_template=any(template == mail.template for template, _, _ in person.sent),
        repeat=not mail.once or (info is not None and info.repeat),
        paused_until=person.paused_until,
        away_until=away_until,
        sender_problem_until=person.sender_problem_until,
        sender_problem=person.sender_problem,
        caps=programme.caps,
        own_cap=person.own_cap,
        own_month=person.own_month,
        sent=[at for _, message_class, at in person.sent if message_class == "marketing"],
        when_capped=mail.when_capped,
        window=(manner.window if manner else None) or programme.window,
        quiet=programme.quiet,
        zone=setting.zone(facts),
        calendar=programme.calendar,
        country=setting.country(facts),
    )


def leaving(
    sequence: Sequence, facts: Facts, setting: Setting, now: datetime
) -> tuple[Reason | None, Reason | None]:
    """Whether the sequence's goal and an exit condition hold at this moment, as reasons."""
    names = {"sequence": sequence.key}
    goal, exit_if = sequence.goal, sequence.exit_if
    return (
        Reason("goal.reached", names)
        if goal is not None and holds(goal, facts, now, setting.segments)
        else None,
        Reason("exit.condition", names)
        if exit_if is not None and holds(exit_if, facts, now, setting.segments)
        else None,
    )


def _hits(person: Person, topic: str | None) -> tuple[Reason, ...]:
    return tuple(
        reason
        for reason in person.suppressed
        if reason.params.get("scope") != "topic" or reason.params.get("topic") == topic
    )
