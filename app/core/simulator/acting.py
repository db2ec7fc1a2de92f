"""One contact in a rehearsal: their state, and what becomes of it when effects are obeyed."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from app.core.admission import Stay
from app.core.effects import (
    AddInterest,
    AddScore,
    CallWebHook,
    CreateTask,
    Effect,
    Emit,
    EnrollIn,
    MoveStage,
    Note,
    QueueMail,
    SetCriterion,
    SetField,
    SetTag,
)  # fmt: skip
from app.core.enrollments import Enrollment
from app.core.facts import CriterionFact, Happening, Value
from app.core.lifecycle import may_move
from app.core.reasons import Reason
from app.core.scoring import add_to
from app.core.simulator.model import Asked, Inside, Line, Mail, Person, Told
from app.core.simulator.play import Play
from app.core.steps import Capped, Manner


class Actor:
    """Holds one person and does to them what effects ask for; what it did is in `lines`."""

    __slots__ = ("facts", "lines", "number", "person", "play", "reached", "tasks", "told_in_all")

    def __init__(self, play: Play, person: Person) -> None:
        self.play = play
        self.person = person
        self.facts = person.facts
        self.lines: list[Line] = []
        self.tasks: set[str] = set()
        self.told_in_all = 0
        self.reached = {template for template, message_class, _ in person.sent if message_class != "internal"}
        self.note_had()

    def tell(
        self,
        action: str,
        at: datetime,
        reason: Reason,
        sequence: str | None = None,
        step: str | None = None,
        template: str | None = None,
    ) -> Line:
        line = Line(self.facts.contact_id, sequence, step, action, at, reason, template)
        self.lines.append(line)
        return line

    def note_had(self) -> None:
        """What reached the contact or is on its way, as choosing a mail looks at it."""
        self.facts.had = frozenset((*self.reached, *(mail.template for mail in self.person.mails)))

    def happen(
        self,
        happening: Happening,
        now: datetime,
        payload: dict[str, Any] | None = None,
        source: str = "engine",
    ) -> None:
        """Something happens now: it is a fact at once, and somebody is to react to it."""
        self.facts.happenings = [*self.facts.happenings, happening]
        self.told_in_all += 1
        id = f"{self.facts.contact_id}:{self.told_in_all}"
        self.person.told.append(Told(now, happening, id, payload or {}, source, seen=True))

    def end(self, inside: Inside, now: datetime) -> None:
        """A stay is over; its mails that are not out yet go with it."""
        person, enrollment = self.person, inside.enrollment
        person.inside = [one for one in person.inside if one is not inside]
        person.past[enrollment.sequence] = Stay(enrollment.entry_number, now)
        if any(mail.enrollment_id == enrollment.id for mail in person.mails):
            person.mails = [mail for mail in person.mails if mail.enrollment_id != enrollment.id]
            self.note_had()

    def obey(self, effects: Iterable[Effect], now: datetime, inside: Inside | None = None) -> None:
        """In their order. A move that the door refuses takes along what was to come with it."""
        refused: list[Reason] = []
        for effect in effects:
            if refused and effect.reason in refused:
                continue
            if isinstance(effect, MoveStage):
                if not self._moves(effect, now):
                    refused.append(effect.reason)
            else:
                self._do(effect, now, inside)

    def _do(self, effect: Effect, now: datetime, inside: Inside | None) -> None:
        sequence = inside.enrollment.sequence if inside else None
        match effect:
            case QueueMail():
                assert inside is not None
                self._queue(effect, inside.enrollment, inside, now)
            case Note(kind, at, reason):
                self.tell(kind, at, reason, sequence, _step(reason))
            case CreateTask():
                if effect.key not in self.tasks:
                    self.tasks.add(effect.key)
                    due = effect.due_at.isoformat() if effect.due_at else None
                    told = Reason(
                        effect.reason.code, {**effect.reason.params, "title": effect.title, "due": due}
                    )
                    self.tell("task", now, told, sequence, _step(effect.reason))
            case CallWebHook():
                self.tell("web_hook", now, effect.reason, sequence, _step(effect.reason))
            case EnrollIn(key, reason):
                self._enroll(key, reason, sequence, now)
            case Emit(kind, subject, at, _):
                if kind != "stage_entered":
                    self.happen(Happening(kind, subject, at), now)
            case _:
                self._change(effect, now)

    def _change(self, effect: Effect, now: datetime) -> None:
        facts, person = self.facts, self.person
        match effect:
            case AddScore(measure, rule, _, points, at, _):
                half_life = self.play.rules.scoring.half_life_of(measure)
                worth = add_to(facts.measures.get(measure), points, at, half_life)
                facts.measures = {**facts.measures, measure: worth}
                if measure == "fit":
                    person.standing[rule] = person.standing.get(rule, 0.0) + points
                else:
                    person.earlier.setdefault(rule, []).append(at)
            case AddInterest(topic, points, at, _):
                half_life = self.play.rules.scoring.interests.half_life
                interest = add_to(facts.interests.get(topic), points, at, half_life)
                facts.interests = {**facts.interests, topic: interest}
            case SetField(field, value, reason):
                old = _plain(facts.fields.get(field))
                if old != _plain(value):
                    facts.fields = {**facts.fields, field: value}
                    self._fact_changed("field", field, reason, now)
            case SetTag(tag, present, reason):
                if (tag in facts.tags) != present:
                    facts.tags = facts.tags | {tag} if present else facts.tags - {tag}
                    self._fact_changed("tag", tag, reason, now)
            case SetCriterion(criterion, state, value, _, reason):
                facts.criteria = {**facts.criteria, criterion: CriterionFact(state, value)}
                self._fact_changed("criterion", criterion, reason, now)

    def _fact_changed(self, kind: str, name: str, reason: Reason, now: datetime) -> None:
        """Its line, and fit and stage are to be judged anew."""
        self.person.judge_at = now
        told = Reason(reason.code, {**reason.params, "name": name})
        sequence = reason.params.get("sequence")
        self.tell(kind, now, told, sequence if isinstance(sequence, str) else None, _step(reason))

    def _moves(self, move: MoveStage, now: datetime) -> bool:
        """Through the one door; whether it opened."""
        facts = self.facts
        frm = facts.stage
        refusal = may_move(self.play.rules.lifecycle, frm, move.stage, move.by)
        if refusal is not None:
            if refusal.code != "stage.already_there":
                self.tell("stage_refused", now, refusal)
            return False
        facts.stage, facts.stage_since = move.stage, now
        self.tell(
            "stage", now, Reason(move.reason.code, {**move.reason.params, "from": frm, "to": move.stage})
        )
        payload = {"from": frm, "by": move.by}
        self.happen(Happening("stage_entered", move.stage, now), now, payload, "stage")
        return True

    def _enroll(self, key: str, reason: Reason, sequence: str | None, now: datetime) -> None:
        if key in self.play.offers:
            self.person.asked.append(Asked(key, "sequence", reason, now))
        else:
            self.tell("not_enrolled", now, Reason("enroll.unknown", {"sequence": key}), sequence)

    def _queue(self, mail: QueueMail, enrollment: Enrollment, inside: Inside, now: datetime) -> None:
        template = mail.templates[0]
        sequence = inside.sequence
        info = self.play.setting.templates.get(template)
        manner: Manner = getattr(sequence.steps.get(mail.step), "manner", None) or sequence.manner
        self.person.mails.append(
            Mail(
                enrollment_id=enrollment.id,
                sequence=sequence.key,
                step=mail.step,
                visit=mail.visit,
                template=template,
                topic=sequence.topic,
                message_class=info.message_class if info else "marketing",
                content_kind=info.content_kind if info else "",
                priority=sequence.priority,
                once=not (mail.repeat or (info is not None and info.repeat)),
                when_capped=when_capped(manner.when_capped),
                due_at=mail.due_at,
                planned_at=now,
                expires_at=mail.expires_at,
                code=mail.reason.code,
            )
        )
        self.note_had()


def when_capped(capped: Capped) -> str:
    """As the gate reads it: defer, drop, or the template that goes instead."""
    return capped.template or "defer" if capped.way == "replace" else capped.way


def _step(reason: Reason) -> str | None:
    step = reason.params.get("step")
    return step if isinstance(step, str) else None


def _plain(value: Value) -> str | float | bool | None:
    return value.isoformat() if isinstance(value, date) else value
