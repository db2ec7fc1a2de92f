"""What is wrong with a sequence although every word of it is known: its references, its mails, its way.

`app.files` turns the paths of the findings into lines.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.core.conditions import (
    AllOf,
    AnswerIs,
    AnyOf,
    Condition,
    ConsentIs,
    CriterionIs,
    EventPattern,
    EventSeen,
    FieldIs,
    InSegment,
    InStage,
    Not,
    ScoreIs,
)  # fmt: skip
from app.core.lifecycle import CriterionDef, allows
from app.core.lint_flow import circles, dead_ends, followers, too_close, unreachable, ways
from app.core.reading import Finding, Path
from app.core.sequences import Sequence
from app.core.setting import Setting
from app.core.steps import Ask, Branch, Enroll, MoveTo, Send, SetFact, Step, Wait, WaitFor
from app.core.timing import next_open, zone_of

MEASURES = ("fit", "engagement")
# Sample of an ordinary day: a window that never opens from here never opens at all.
ORDINARY = datetime(2026, 1, 5, tzinfo=UTC)
NUMERIC = ("at least", "at most", "more than", "less than")
MAIL_EVENTS = ("sent", "opened", "clicked", "replied")


@dataclass(frozen=True, slots=True)
class Known:
    """What a sequence may refer to. `linkless` are templates without a tracked link.

    `fields` None: custom fields are not known here, so no field is called unknown.
    """

    setting: Setting
    sequences: Collection[str] = ()
    linkless: Collection[str] = ()
    fields: Collection[str] | None = None


@dataclass(slots=True)
class _Notes:
    findings: list[Finding] = field(default_factory=list)

    def error(self, path: Path, message: str, remedy: str = "") -> None:
        self.findings.append(Finding("error", path, message, remedy))

    def warn(self, path: Path, message: str, remedy: str = "") -> None:
        self.findings.append(Finding("warning", path, message, remedy))

    def known(self, path: Path, what: str, name: str, names: Collection[str], remedy: str = "") -> bool:
        """Whether `name` is one of `names`; if not, an error that names the nearest one."""
        if name in names:
            return True
        near = difflib.get_close_matches(name, list(names), 1)
        shown = ", ".join(sorted(names)[:8]) or "none"
        self.error(
            path,
            f"There is no {what} “{name}”.",
            f"Did you mean “{near[0]}”?" if near else remedy or f"Known: {shown}.",
        )
        return False


def lint_sequence(sequence: Sequence, known: Known) -> list[Finding]:
    """Errors keep it from being published; warnings are worth a look. Paths as in the sequence's text."""
    notes = _Notes()
    places = {key: ("steps", index, key) for index, key in enumerate(sequence.steps)}
    _head(sequence, known, notes)
    for key, step in sequence.steps.items():
        _step(step, places[key], sequence, known, notes)
    _flow(sequence, places, known, notes)
    return notes.findings


def lint_condition(condition: Condition, path: Path, known: Known) -> list[Finding]:
    """The unknown names in a condition."""
    notes = _Notes()
    _condition(condition, path, known, notes)
    return notes.findings


def _head(sequence: Sequence, known: Known, notes: _Notes) -> None:
    setting = known.setting
    stages, topics = setting.lifecycle.stages, setting.programme.topics
    notes.known(("for",), "stage", sequence.stage, stages)
    if sequence.topic is not None:
        notes.known(("topic",), "topic", sequence.topic, topics)
    elif any(_sends_marketing(step, known) for step in sequence.steps.values()):
        notes.error(
            (), "This sequence sends mail about no topic.", f"Add `topic:`, one of {', '.join(topics)}."
        )
    trigger = sequence.trigger
    if trigger.on == "segment":
        notes.known(("enter",), "segment", trigger.name, setting.segments)
    if trigger.on == "date":
        _field(trigger.name, ("enter",), known, notes)
    for path, condition in (
        (("enter", "if"), trigger.condition),
        (("enter", "never"), trigger.never),
        (("goal",), sequence.goal),
        (("exit",), sequence.exit_if),
    ):
        if condition is not None:
            _condition(condition, path, known, notes)
    if isinstance(sequence.goal, InStage) and sequence.stage in sequence.goal.stages:
        notes.error(
            ("goal",), f"Everybody in “{sequence.stage}” has reached this goal when they enter.",
            "Name the stage this sequence leads to.",
        )  # fmt: skip
    if sequence.exit_events is not None:
        _events(sequence.exit_events, ("exit",), known, notes)


def _step(step: Step, path: Path, sequence: Sequence, known: Known, notes: _Notes) -> None:
    if isinstance(step, Send | Ask):
        _mail(step, path, sequence, known, notes)
    if isinstance(step, Ask):
        _ask(step, path, known, notes)
    elif isinstance(step, Branch):
        for arm in step.arms:
            _condition(arm.condition, path, known, notes)
    elif isinstance(step, WaitFor):
        _wait_for(step, path, sequence, known, notes)
    elif isinstance(step, Wait) and step.field is not None:
        _field(step.field, path, known, notes)
    elif isinstance(step, SetFact) and step.what == "field":
        _field(step.name, path, known, notes)
    elif isinstance(step, Enroll) and step.value == sequence.key:
        notes.error(path, "This sequence enrolls people in itself.", "Lead back with `go:` instead.")
    elif isinstance(step, Enroll):
        notes.known(path, "sequence", step.value, known.sequences)
    elif isinstance(step, MoveTo):
        _move(step, path, sequence, known, notes)


def _mail(step: Send | Ask, path: Path, sequence: Sequence, known: Known, notes: _Notes) -> None:
    setting, capped = known.setting, step.manner.when_capped.template
    among = step.choice(sequence.stage, setting) if isinstance(step, Send) else ()
    if isinstance(step, Send) and step.among and not among:
        notes.error(
            path, f"No mail that a {sequence.stage} gets leads to a {step.among} of the library.",
            "Write one with a link such as `guide: {to: \"library:its-key\"}`.",
        )  # fmt: skip
    for key in dict.fromkeys((*step.templates, *among, *((capped,) if capped else ()))):
        if not notes.known(path, "template", key, setting.templates):
            continue
        info = setting.templates[key]
        if info.message_class == "internal":
            notes.error(
                path, f"“{key}” is mail for colleagues.", "Send a template of class marketing or service."
            )
        elif info.message_class == "marketing":
            stage = setting.lifecycle.stages.get(sequence.stage)
            if stage is not None and not allows(setting.lifecycle, stage.key, info.content_kind):
                gets = ", ".join(sorted(stage.content_kinds)) or "no mail"
                notes.error(
                    path, f"“{key}” is {info.content_kind} mail, and a {sequence.stage} gets {gets}.",
                    f"Send another template, or add {info.content_kind} to the stage in lifecycle.yaml.",
                )  # fmt: skip
        if info.ask and isinstance(step, Send):
            notes.warn(
                path,
                f"“{key}” asks for {info.ask}, and nobody waits for the answer.",
                f"Write `ask: {info.ask}, with: {key}`.",
            )
    window, programme = step.manner.window or setting.programme.window, setting.programme
    if window is not None and programme.quiet is not None:
        zone = zone_of(None, programme.zone)[0]
        if next_open(ORDINARY, window, programme.quiet, zone, programme.calendar, programme.country) is None:
            notes.error(
                path,
                "This window lies in the quiet hours, so nothing is ever sent.",
                "Open it outside of them.",
            )


def _ask(step: Ask, path: Path, known: Known, notes: _Notes) -> None:
    if not notes.known(path, "criterion", step.criterion, known.setting.lifecycle.criteria):
        return
    info = known.setting.templates.get(step.template)
    if info is not None and info.ask != step.criterion:
        asks = f"asks for “{info.ask}”" if info.ask else "has no answer buttons"
        notes.error(
            path, f"“{step.template}” {asks}, not for “{step.criterion}”.",
            f"Add `ask: {step.criterion}` to its front matter, or name another template.",
        )  # fmt: skip


def _wait_for(step: WaitFor, path: Path, sequence: Sequence, known: Known, notes: _Notes) -> None:
    _events(step.pattern, path, known, notes)
    over = ways(sequence)
    for pattern in _each(step.pattern):
        if pattern.kinds == ("opened",):
            notes.warn(
                path, "Mail programs open mails by themselves.", "Wait for a click, an answer or a visit."
            )
        if not set(pattern.kinds) & set(MAIL_EVENTS):
            continue
        for key in pattern.subjects:
            senders = [name for name, mails in sequence.templates().items() if key in mails]
            if "clicked" in pattern.kinds and key in known.linkless:
                notes.error(
                    path,
                    f"“{key}” has no link, so nobody can click it.",
                    "Add a link, or wait for another event.",
                )
            elif senders and not any(step.key in followers(name, over) for name in senders):
                notes.warn(path, f"“{key}” is sent after this wait only.", "Move the wait behind it.")


def _move(step: MoveTo, path: Path, sequence: Sequence, known: Known, notes: _Notes) -> None:
    lifecycle = known.setting.lifecycle
    if not notes.known(path, "stage", step.value, lifecycle.stages) or sequence.stage not in lifecycle.stages:
        return
    if step.value == sequence.stage:
        notes.warn(path, f"People here are in “{step.value}” already.", "Take this step out.")
    elif not lifecycle.declares(sequence.stage, step.value, "automation"):
        notes.error(
            path, f"Automation may not move from “{sequence.stage}” to “{step.value}”.",
            "Declare the transition in lifecycle.yaml, or make it a task for a person.",
        )  # fmt: skip


def _condition(condition: Condition, path: Path, known: Known, notes: _Notes) -> None:
    lifecycle, programme = known.setting.lifecycle, known.setting.programme
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                _condition(part, path, known, notes)
        case Not(part):
            _condition(part, path, known, notes)
        case InStage(stages):
            for stage in stages:
                notes.known(path, "stage", stage, lifecycle.stages)
        case CriterionIs(key, _):
            notes.known(path, "criterion", key, lifecycle.criteria)
        case AnswerIs(key, comparison):
            if notes.known(path, "criterion", key, lifecycle.criteria):
                _answer(lifecycle.criteria[key], comparison.operator, path, notes)
        case ConsentIs(topic, _):
            notes.known(path, "topic", topic, (*programme.topics, "tracking"))
        case ScoreIs(measure, _):
            notes.known(path, "score", measure, MEASURES)
        case InSegment(key):
            notes.known(path, "segment", key, known.setting.segments)
        case FieldIs(key, _):
            _field(key, path, known, notes)
        case EventSeen(pattern, _, _):
            _events(pattern, path, known, notes)


def _answer(criterion: CriterionDef, operator: str, path: Path, notes: _Notes) -> None:
    if operator in NUMERIC and criterion.type != "number":
        notes.error(
            path, f"The answers to “{criterion.key}” are no numbers.", f"Compare them as {criterion.type}."
        )


def _events(pattern: EventPattern, path: Path, known: Known, notes: _Notes) -> None:
    for one in _each(pattern):
        for subject in one.subjects:
            if set(one.kinds) & set(MAIL_EVENTS):
                notes.known(path, "template", subject, known.setting.templates)
            elif one.kinds == ("stage_entered",):
                notes.known(path, "stage", subject, known.setting.lifecycle.stages)


def _each(pattern: EventPattern) -> Iterator[EventPattern]:
    yield pattern
    for other in pattern.others:
        yield from _each(other)


def _field(key: str, path: Path, known: Known, notes: _Notes) -> None:
    if known.fields is not None and key not in known.fields:
        near = difflib.get_close_matches(key, list(known.fields), 1)
        notes.warn(
            path, f"No contact has a field “{key}” yet.",
            f"Did you mean “{near[0]}”?" if near else "Add it under Fields, or import it.",
        )  # fmt: skip


def _sends_marketing(step: Step, known: Known) -> bool:
    if isinstance(step, Send) and step.among:
        return True
    return isinstance(step, Send | Ask) and any(_is_marketing(key, known) for key in step.templates)


def _is_marketing(template: str, known: Known) -> bool:
    info = known.setting.templates.get(template)
    return info is not None and info.message_class == "marketing"


def _flow(sequence: Sequence, places: Mapping[str, Path], known: Known, notes: _Notes) -> None:
    for key in unreachable(sequence):
        notes.warn(places[key], f"No way leads to “{key}”.", "Lead a step there with `go:`, or take it out.")
    for key in circles(sequence):
        notes.error(places[key], f"From “{key}” a circle leads back without a wait.", "Put a wait into it.")
    has_exit = any((sequence.goal, sequence.exit_if, sequence.exit_events))
    for key in dead_ends(sequence)[:1]:
        tell = notes.warn if has_exit else notes.error
        tell(places[key], f"From “{key}” on nobody comes to an end.", "Let a way lead to `end`.")
    _twice(sequence, places, known, notes)
    late = known.setting.programme.late
    for key, cap, gap in too_close(
        sequence, known.setting.programme.caps,
        lambda step: _sends_marketing(sequence.steps[step], known), late.delta,
    ):  # fmt: skip
        hours = round(gap.total_seconds() / 3600)
        notes.warn(
            places[key], f"“{key}” may come {hours} hours after the mail that fills “{cap.label}”, and is then not sent.",
            "Wait longer before it, or let it be later with `late:`.",
        )  # fmt: skip


def _twice(sequence: Sequence, places: Mapping[str, Path], known: Known, notes: _Notes) -> None:
    over = ways(sequence)
    first: dict[str, list[str]] = {}
    for key, step in sequence.steps.items():
        if isinstance(step, Send | Ask) and len(step.templates) == 1:
            first.setdefault(step.templates[0], []).append(key)
    for template, keys in first.items():
        info = known.setting.templates.get(template)
        if info is None or info.repeat or info.message_class != "marketing":
            continue
        for key in keys:
            if any(key in followers(other, over) for other in keys):
                notes.warn(
                    places[key], f"“{template}” was sent before; a mail reaches a person once.",
                    "Send another one, or write `repeat: true` in its front matter.",
                )  # fmt: skip
