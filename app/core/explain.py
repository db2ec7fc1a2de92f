"""What would change a decision: each objection of the gate, and each condition that does not hold, by name.

A change is data (`kind` and `params`), so that a page can offer it as a button and a test can carry it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.core.conditions import (
    AnswerIs,
    Condition,
    ConsentIs,
    CriterionIs,
    EventSeen,
    FieldIs,
    HasTag,
    InSegment,
    InStage,
    InterestIs,
    Not,
    ScoreIs,
    Unmet,
    describe,
    unmet,
)
from app.core.decisions import Decision, Defer, Expire, Pass, Replace
from app.core.facts import Facts
from app.core.gate import MailFacts, ask_all
from app.core.lifecycle import Lifecycle, allows
from app.core.qualification import Judgement
from app.core.reasons import Param, Reason
from app.core.sequences import Sequence


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do, or (`wait`) to wait for. `kind` is a stable word, the sentence is `change.<kind>`."""

    kind: str
    params: Mapping[str, Param] = field(default_factory=dict)

    @property
    def reason(self) -> Reason:
        return Reason(f"change.{self.kind}", self.params)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says. `reason` None: it has no objection. `changes`: all of them are needed."""

    rule: str
    decision: str
    reason: Reason | None = None
    changes: tuple[Change, ...] = ()


def verdicts(
    mail: MailFacts,
    now: datetime,
    *,
    sequence: Sequence | None = None,
    facts: Facts | None = None,
    segments: Mapping[str, Condition] | None = None,
) -> list[Verdict]:
    """Every rule's verdict on one mail, in the rules' order, with what would change it."""
    found = []
    for rule, decision in ask_all(mail, now):
        if isinstance(decision, Pass):
            found.append(Verdict(rule, "pass"))
            continue
        if rule in ("goal", "exits") and sequence is not None and facts is not None:
            condition = sequence.goal if rule == "goal" else sequence.exit_if
            changes = not_any_more(condition, facts, now, segments or {})
        else:
            changes = (_change(rule, decision, mail, sequence),)
        found.append(Verdict(rule, type(decision).__name__.lower(), decision.reason, changes))
    return found


def _change(rule: str, decision: Decision, mail: MailFacts, sequence: Sequence | None) -> Change:
    if rule in ENDS_BY_ITSELF and isinstance(decision, Defer | Replace):
        return Change("wait", {"until": decision.until.isoformat(), "zone": mail.zone.key})
    key = sequence.key if sequence is not None else None
    match rule:
        case "suppression" if not isinstance(decision, Pass | Expire):
            return Change("lift_suppression", dict(decision.reason.params))
        case "consent":
            return (
                Change("give_consent", {"topic": mail.topic})
                if mail.topic
                else Change("name_topic", {"sequence": key})
            )
        case "stage":
            return Change(
                "move_stage", {"from": mail.stage, "to": stages_for(mail.lifecycle, mail.content_kind)}
            )
        case "once":
            return Change("repeat_template", {"template": mail.template})
        case "enrollment" | "late":
            again = sequence.again.way if sequence is not None else None
            return Change("enroll_again", {"sequence": key, "again": again})
        case "cap":
            full = decision.reason.params.get("until") if not isinstance(decision, Pass) else None
            if full is None:
                return Change("want_mails")
            return Change("wait", {"until": full, "zone": mail.zone.key})
    return Change(_PLAIN[rule], {"sequence": key} if key else {})


# Rules whose delay ends by itself.
ENDS_BY_ITSELF = ("sender", "pause", "away", "cap", "window")
_PLAIN = {
    "archived": "bring_back_sequence",
    "goal": "undo_goal",
    "exits": "undo_exit",
    "address": "give_address",
    "suppression": "lift_suppression",
    "holdout": "release_from_holdout",
    "stopped": "resume_sending",
    "sequence": "resume_sequence",
    "person": "let_machine_speak",
    "window": "widen_window",
}


def stages_for(lifecycle: Lifecycle, content_kind: str) -> list[str]:
    """The stages at which mail of this kind may be had."""
    return [stage for stage in lifecycle.stages if allows(lifecycle, stage, content_kind)]


def in_the_way(found: list[Verdict]) -> list[Change]:
    """All that has to change so that the mail goes, each thing once."""
    seen: list[Change] = []
    for verdict in found:
        seen += [change for change in verdict.changes if change not in seen]
    return seen


def would_hold(
    condition: Condition | None, facts: Facts, now: datetime, segments: Mapping[str, Condition]
) -> tuple[Change, ...]:
    """The fewest changes after which the condition holds; none where it holds."""
    if condition is None:
        return ()
    return tuple(_leaf(leaf) for leaf in unmet(condition, facts, now, segments))


def not_any_more(
    condition: Condition | None, facts: Facts, now: datetime, segments: Mapping[str, Condition]
) -> tuple[Change, ...]:
    """The fewest changes after which the condition does not hold any more."""
    return would_hold(Not(condition), facts, now, segments) if condition is not None else ()


def next_stage(judgement: Judgement, facts: Facts, now: datetime) -> tuple[Change, ...]:
    """What is missing for the stage that was judged: criteria to be yes, and the parts of its condition."""
    rule = judgement.rule
    if rule is None or judgement.stage is not None:
        return ()
    missing = [key for key in rule.required if key not in judgement.held]
    missing += [key for key in judgement.failed if key not in missing]
    criteria = tuple(
        Change("settle_criterion", {"criterion": key, "states": ["yes"], "seen": _state(facts, key)})
        for key in missing
    )
    return (*criteria, *would_hold(rule.condition, facts, now, {}))


def _state(facts: Facts, criterion: str) -> str:
    known = facts.criteria.get(criterion)
    return known.state if known is not None else "unknown"


def _leaf(leaf: Unmet) -> Change:
    """One leaf that does not hold, as something to do. `wanted` False: it holds, and must not."""
    condition, wanted = leaf.condition, True
    if isinstance(condition, Not):
        condition, wanted = condition.part, False
    told = describe(condition)
    params: dict[str, Param] = {"wanted": wanted, "seen": leaf.seen}
    match condition:
        case HasTag(tag):
            return Change("add_tag" if wanted else "remove_tag", {"tag": tag})
        case InStage(stages):
            return Change(
                "be_at_stage" if wanted else "leave_stage", {"stages": list(stages), "seen": leaf.seen}
            )
        case FieldIs(key, comparison):
            return _compared("set_field", {"field": key, **params}, comparison.operator, told)
        case AnswerIs(key, comparison):
            return _compared("settle_answer", {"criterion": key, **params}, comparison.operator, told)
        case ScoreIs(measure, comparison):
            return _compared("reach_score", {"measure": measure, **params}, comparison.operator, told)
        case InterestIs(topic, comparison):
            return _compared("reach_interest", {"topic": topic, **params}, comparison.operator, told)
        case CriterionIs(key, states):
            return Change("settle_criterion", {"criterion": key, "states": list(states), **params})
        case ConsentIs(topic, states):
            return Change("settle_consent", {"topic": topic, "states": list(states), **params})
        case EventSeen(pattern):
            kinds: list[str] = list(pattern.kinds)
            subjects: list[str] = list(pattern.subjects)
            return Change(
                "happen", {"kinds": kinds, "subjects": subjects, "times": condition.at_least, **params}
            )
        case InSegment(key):
            return Change("be_in_segment", {"segment": key, **params})
    return Change("never", params)


def _compared(kind: str, params: Mapping[str, Param], operator: str, told: object) -> Change:
    """With the operator and its value as they stand in the text."""
    own = dict(told.params) if isinstance(told, Reason) else {}
    operand = own.get("value", own.get("values", own.get("days")))
    return Change(kind, {**params, "operator": operator, "value": operand})


__all__ = [
    "Change",
    "Verdict",
    "in_the_way",
    "next_stage",
    "not_any_more",
    "stages_for",
    "verdicts",
    "would_hold",
]
