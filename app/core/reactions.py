"""What follows from a happening: scores, interests, criteria, and the next stage."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from app.core.conditions import CERTAIN_KINDS, Condition
from app.core.effects import (
    AddInterest,
    AddScore,
    CreateTask,
    Effect,
    Emit,
    MoveStage,
    Note,
    SetCriterion,
)
from app.core.facts import CriterionFact, Facts, Happening, Measure, Value
from app.core.lifecycle import Answer, CriterionDef, EntryRule, Lifecycle
from app.core.programme import Programme
from app.core.qualification import judge, open_entry, with_segments
from app.core.reasons import Reason
from app.core.scoring import ScoringModel, add_to, entries_for_event, fit_entries
from app.core.timing import Span, add_span, on_date, parse_time, zone_of

# They tell about a mail or about our own doing, not about what the contact wants.
MOVES_NOBODY = frozenset({"sent", "opened", "bounced", "complained", "unsubscribed", "stage_entered"})
# Their consequences (suppression, consent) are written by the service that received them.
SETTLED_ELSEWHERE = frozenset({"bounced", "complained", "unsubscribed"})
# The door and the end of a stay write their own line.
TOLD_ALREADY = frozenset({"stage_entered", "goal_reached"})

_MORNING = parse_time("09:00")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules a happening is judged by, all of one workspace. The segments are put in once, here."""

    lifecycle: Lifecycle
    scoring: ScoringModel
    programme: Programme = field(default_factory=Programme)
    segments: Mapping[str, Condition] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.segments:
            object.__setattr__(self, "lifecycle", with_segments(self.lifecycle, self.segments))
            object.__setattr__(self, "scoring", self.scoring.with_segments(self.segments))


def react(
    happening: Happening,
    facts: Facts,
    rules: Rules,
    now: datetime,
    *,
    event_id: str,
    earlier: Mapping[str, Sequence[datetime]],
    standing: Mapping[str, float],
    payload: Mapping[str, Any] | None = None,
) -> list[Effect]:
    """The effects of one happening, in the order in which they are to be obeyed. `facts` stay as they are.

    `earlier` holds the instants of the contact's engagement entries by rule, `standing` the sum of its
    fit entries by rule. `payload` is the event's own; of `answered` it holds the key under `answer`.
    """
    if happening.verdict != "human" and happening.kind not in CERTAIN_KINDS:
        return [_note(happening, now, f"signal.{happening.verdict}")]
    effects: list[Effect] = []
    if happening.kind in SETTLED_ELSEWHERE:
        effects.append(_note(happening, now, f"signal.{happening.kind}"))
    if happening.kind == "answered":
        effects += _answered(happening, facts, rules, now, event_id, (payload or {}).get("answer"))
    effects += entries_for_event(rules.scoring, happening, facts, earlier, event_id)
    if happening.kind in MOVES_NOBODY:
        return effects
    seen = changed(_with(facts, happening), effects, rules.scoring)
    fit = fit_entries(rules.scoring, seen, now, standing)
    return [*effects, *fit, *_moves(changed(seen, fit, rules.scoring), rules, now, event_id)]


def said_by_its_event(effect: Effect) -> bool:
    """Whether the line of the happening itself says it: how it was judged."""
    return effect.reason.code.startswith("signal.")


def changed(facts: Facts, effects: Sequence[Effect], scoring: ScoringModel) -> Facts:
    """A copy of the facts after the scores, interests, criteria and stage moves among `effects`."""
    measures, interests = dict(facts.measures), dict(facts.interests)
    criteria, stage, since = dict(facts.criteria), facts.stage, facts.stage_since
    for effect in effects:
        match effect:
            case AddScore(measure=measure, points=points, at=at):
                measures[measure] = _added(measures, measure, points, at, scoring)
            case AddInterest(topic=topic, points=points, at=at):
                interests[topic] = add_to(interests.get(topic), points, at, scoring.interests.half_life)
            case SetCriterion(criterion=criterion, state=state, value=value):
                criteria[criterion] = CriterionFact(state, value)
            case Emit(kind="stage_entered", subject=entered, at=at):
                stage, since = entered, at
            case _:
                pass
    return replace(
        facts, measures=measures, interests=interests, criteria=criteria, stage=stage, stage_since=since
    )


def entry_task(
    rule: EntryRule, programme: Programme, now: datetime, occasion: str, reason: Reason
) -> CreateTask | None:
    """The task that goes with entering a stage, in the programme's working days; None where there is none."""
    if rule.task is None:
        return None
    zone = zone_of(programme.zone, "UTC")[0]
    due = rule.task.due
    due_at = add_span(now, due, zone, programme.calendar, programme.country) if due is not None else None
    key = f"stage:{rule.stage}:{occasion}"
    return CreateTask(key, rule.task.kind, rule.task.title, due_at, reason, dict(reason.params))


def _added(
    measures: Mapping[str, Measure], measure: str, points: float, at: datetime, scoring: ScoringModel
) -> Measure:
    return add_to(measures.get(measure), points, at, scoring.half_life_of(measure))


def _with(facts: Facts, happening: Happening) -> Facts:
    """The facts with the happening among the others, in the order of their time."""
    told = facts.happenings
    place = bisect_right(told, happening.at, key=lambda one: one.at)
    before = place
    while before and told[before - 1].at == happening.at:
        before -= 1
        if told[before] == happening:
            return facts
    return replace(facts, happenings=[*told[:place], happening, *told[place:]])


def _moves(facts: Facts, rules: Rules, now: datetime, event_id: str) -> list[Effect]:
    """Stage by stage along the entry rules that hold; no stage is entered twice in one go."""
    effects: list[Effect] = []
    been = {facts.stage}
    while True:
        rule = open_entry(rules.lifecycle, facts, now)
        if rule is None or rule.stage in been:
            return effects
        been.add(rule.stage)
        reason = judge(rules.lifecycle, facts, now).reason
        effects += [MoveStage(rule.stage, reason), Emit("stage_entered", rule.stage, now, reason)]
        task = entry_task(rule, rules.programme, now, event_id, reason)
        if task is not None:
            effects.append(task)
        facts = replace(facts, stage=rule.stage, stage_since=now)


def _answered(
    happening: Happening, facts: Facts, rules: Rules, now: datetime, event_id: str, key: object
) -> list[Effect]:
    criterion = rules.lifecycle.criteria.get(happening.subject)
    answer = criterion.answer(str(key)) if criterion is not None else None
    if criterion is None or answer is None:
        code = "ask.unknown_criterion" if criterion is None else "ask.unknown_answer"
        return [Note("answered", now, Reason(code, {"criterion": happening.subject, "answer": str(key)}))]
    value = _value(answer, happening.at, facts, rules.programme)
    reason = Reason("ask.answered", {"criterion": criterion.key, "answer": answer.key, "state": answer.state})
    evidence = {"what": answer.key, "when": happening.at.isoformat(), "who": "contact", "event": event_id}
    made: list[Effect] = [SetCriterion(criterion.key, answer.state, value, evidence, reason)]
    task = follow_up(criterion, value, now, event_id, rules.programme)
    return [*made, task] if task is not None else made


def _value(answer: Answer, at: datetime, facts: Facts, programme: Programme) -> Value:
    if not isinstance(answer.value, Span):
        return answer.value
    zone = zone_of(facts.zone_name(), programme.zone)[0]
    country = facts.country() or programme.country
    return add_span(at, answer.value, zone, programme.calendar, country).astimezone(zone).date()


def follow_up(
    criterion: CriterionDef, value: Value, now: datetime, event_id: str, programme: Programme
) -> CreateTask | None:
    """The task before the date that was answered, where the criterion asks for one."""
    spec = criterion.follow_up
    if spec is None or not isinstance(value, date):
        return None
    zone = zone_of(programme.zone, "UTC")[0]
    due = on_date(value, spec.before, True, _MORNING, zone, programme.calendar, programme.country)
    reason = Reason("ask.follow_up", {"criterion": criterion.key, "date": value.isoformat()})
    key = f"follow-up:{criterion.key}:{event_id}"
    return CreateTask(key, spec.kind, spec.title, max(due, now), reason, dict(reason.params))


def _note(happening: Happening, now: datetime, code: str) -> Note:
    return Note(happening.kind, now, Reason(code, {"kind": happening.kind, "subject": happening.subject}))


def judge_again(
    facts: Facts, rules: Rules, now: datetime, *, occasion: str, standing: Mapping[str, float]
) -> list[Effect]:
    """The effects of changed facts without a happening: fit anew, and the stage that follows from it.

    `occasion` makes the stage's task unique; `standing` is the sum of the fit entries by rule.
    """
    fit = fit_entries(rules.scoring, facts, now, standing)
    return [*fit, *_moves(changed(facts, fit, rules.scoring), rules, now, occasion)]
