"""Is a contact ready for the next stage? Every required criterion must hold, however high the score."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.core.conditions import (
    AllOf,
    AnyOf,
    Condition,
    CriterionIs,
    EventSeen,
    FieldIs,
    HasTag,
    ScoreIs,
    holds,
    resolve,
)
from app.core.facts import Facts
from app.core.lifecycle import EntryRule, Lifecycle
from app.core.reasons import Param, Reason


@dataclass(frozen=True, slots=True)
class Judgement:
    """`stage` is where the contact goes now, or None; `rule` the entry rule that was looked at.

    `held`, `unknown` and `failed` part that rule's criteria by their state. The unknown ones are to be
    asked for; where nothing else is missing the reason is `stage.asks`.
    """

    stage: str | None
    reason: Reason
    held: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    rule: EntryRule | None = None


def judge(
    lifecycle: Lifecycle, facts: Facts, now: datetime, segments: Mapping[str, Condition] | None = None
) -> Judgement:
    """The next stage of the contact: of the entry rules from its stage the first that holds.

    When none does, the judgement is about the next main stage and says what is missing there. Where it
    is asked often, put the segments in once by `with_segments`.
    """
    if segments:
        lifecycle = with_segments(lifecycle, segments)
    entry = open_entry(lifecycle, facts, now)
    rule = entry if entry is not None else _next_main(lifecycle, facts.stage)
    if rule is None:
        return Judgement(None, Reason("stage.no_way_on", {"stage": facts.stage}))
    return _judged(rule, facts, now)


def open_entry(lifecycle: Lifecycle, facts: Facts, now: datetime) -> EntryRule | None:
    """The first entry rule from the contact's stage that holds."""
    for rule in lifecycle.entries:
        if facts.stage in rule.frm and _holds(rule, facts, now):
            return rule
    return None


def _holds(rule: EntryRule, facts: Facts, now: datetime) -> bool:
    known = facts.criteria
    for key in rule.required:
        if key not in known or known[key].state != "yes":
            return False
    if any(key in known and known[key].state == "no" for key in rule.asked):
        return False
    return rule.condition is None or holds(rule.condition, facts, now)


def with_segments(lifecycle: Lifecycle, segments: Mapping[str, Condition]) -> Lifecycle:
    """The lifecycle whose entry rules have the segments' own conditions in place of their names."""
    entries = tuple(
        rule if rule.condition is None else replace(rule, condition=resolve(rule.condition, segments))
        for rule in lifecycle.entries
    )
    return replace(lifecycle, entries=entries)


def _next_main(lifecycle: Lifecycle, stage: str) -> EntryRule | None:
    """The rule that leads from `stage` to a main stage further on."""
    here = lifecycle.stages.get(stage)
    start = -1 if here is None or here.kind == "side" else here.order
    for rule in lifecycle.entries:
        ahead = lifecycle.stages[rule.stage]
        if stage in rule.frm and ahead.kind == "main" and ahead.order > start:
            return rule
    return None


def _judged(rule: EntryRule, facts: Facts, now: datetime) -> Judgement:
    asked = (*rule.required, *(key for key in rule.asked if key not in rule.required))
    held, unknown, failed = (_in_state(asked, facts, state) for state in ("yes", "unknown", "no"))
    condition = rule.condition
    ready = condition is None or holds(condition, facts, now)
    lacking = [key for key in unknown if key in rule.required]
    params: dict[str, Param] = {"from": facts.stage, "stage": rule.stage, **_evidence(condition, facts, now)}
    if failed:
        code, params["failed"] = "stage.criteria_no", list(failed)
    elif not ready:
        code = "stage.not_yet"
    elif lacking:
        code, params["unknown"] = "stage.asks", lacking
    else:
        code = "stage.qualified"
        params["criteria"] = list(held)
    goes = rule.stage if code == "stage.qualified" else None
    return Judgement(goes, Reason(code, params), held, unknown, failed, rule)


def _in_state(criteria: tuple[str, ...], facts: Facts, state: str) -> tuple[str, ...]:
    """Those of `criteria` in `state`; nobody has judged one that is absent."""
    known = facts.criteria
    return tuple(key for key in criteria if (known[key].state if key in known else "unknown") == state)


def _evidence(condition: Condition | None, facts: Facts, now: datetime) -> dict[str, Param]:
    """The numbers and marks that the condition looked at and that speak for it.

    For each score its worth under its name, rounded to a tenth, and the bound beside it
    (`fit`, `fit_at_least`); of everything else what holds: `events`, `tags`, `fields`, `answers`.
    """
    seen: dict[str, Param] = {}
    marks: dict[str, list[str]] = {}
    for leaf in _leaves(condition):
        match leaf:
            case ScoreIs(measure, comparison):
                found = facts.measures.get(measure)
                seen[measure] = round(found.at(now), 1) if found else 0.0
                operand = comparison.operand
                seen[f"{measure}_{comparison.operator.replace(' ', '_')}"] = (
                    operand if isinstance(operand, int | float) else None
                )
            case EventSeen(pattern) if holds(leaf, facts, now):
                marks.setdefault("events", []).extend(pattern.kinds)
            case HasTag(tag) if tag in facts.tags:
                marks.setdefault("tags", []).append(tag)
            case FieldIs(key) if holds(leaf, facts, now):
                marks.setdefault("fields", []).append(key)
            case CriterionIs(key) if holds(leaf, facts, now):
                marks.setdefault("answers", []).append(key)
            case _:
                pass
    return {**seen, **marks}


def _leaves(condition: Condition | None) -> Iterator[Condition]:
    """The leaves that can speak for the condition: not those below a `not`."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _leaves(part)
        case None:
            return
        case _:
            yield condition
