"""What a change of the rules says, line by line: what, before, after."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.assignment import AssignRule
from app.core.labels import Labels
from app.core.lifecycle import EntryRule, Lifecycle
from app.core.lifecycle.model import Stage
from app.core.programme import Programme
from app.core.reactions import Rules
from app.core.reasons import Reason
from app.core.scoring import ScoreRule, ScoringModel
from app.core.timing import QuietHours, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST = 200


@dataclass(frozen=True, slots=True)
class Change:
    """`before` is empty for what is new, `after` for what is taken out."""

    what: Reason
    before: str
    after: str

    @property
    def mark(self) -> str:
        return "add" if not self.before else "remove" if not self.after else "change"


def changes(rules: Rules, lifecycle: Lifecycle, programme: Programme, scoring: ScoringModel) -> list[Change]:
    found = [
        *_programme(rules.programme, programme),
        *_tasks(rules.programme.tasks, programme.tasks),
        *_lifecycle(rules.lifecycle, lifecycle),
        *_scoring(rules.scoring, scoring),
    ]
    return found[:MOST]


def _programme(old: Programme, new: Programme) -> Iterator[Change]:
    pairs: dict[str, tuple[str, str]] = {
        "caps": (_list(cap.label for cap in old.caps), _list(cap.label for cap in new.caps)),
        "quiet": (_quiet(old.quiet), _quiet(new.quiet)),
        "window": (_window(old.window), _window(new.window)),
        "late": (str(old.late), str(new.late)),
        "zone": (old.zone, new.zone),
        "locale": (old.locale, new.locale),
        "country": (old.country or "–", new.country or "–"),
        "holidays": (_list(old.holidays_of), _list(new.holidays_of)),
        "away": ("defer" if old.wait_when_away else "send", "defer" if new.wait_when_away else "send"),
        "flags": (_pairs(old.flags), _pairs(new.flags)),
    }
    yield from _each("programme", pairs)
    yield from _members("topic", _labels(old.topics), _labels(new.topics))
    yield from _members("subject", _labels(old.subjects), _labels(new.subjects))
    yield from _members(
        "form", {key: repr(one) for key, one in old.forms.items()}, {key: repr(one) for key, one in new.forms.items()}, True
    )  # fmt: skip


def _tasks(old: Sequence[AssignRule], new: Sequence[AssignRule]) -> Iterator[Change]:
    yield from _members(
        "tasks", {rule.key: _assigns(rule) for rule in old}, {rule.key: _assigns(rule) for rule in new}
    )
    before, after = ({rule.key: rule.condition for rule in one} for one in (old, new))
    for key in before.keys() & after.keys():
        if before[key] != after[key]:
            yield Change(Reason("rules.changed.tasks_when", {"key": key}), "…", "…")
    kept = [[rule.key for rule in one if rule.key in before and rule.key in after] for one in (old, new)]
    if kept[0] != kept[1]:
        yield Change(Reason("rules.changed.tasks_order", {}), _list(kept[0]), _list(kept[1]))


def _assigns(rule: AssignRule) -> str:
    whom = _list(rule.to) if rule.to else rule.who
    return f"{whom}{', in turn' * rule.in_turn}{', who become owners' * rule.own}"


def _lifecycle(old: Lifecycle, new: Lifecycle) -> Iterator[Change]:
    yield from _each(
        "lifecycle", {"preset": (old.key, new.key), "order": (_list(old.stages), _list(new.stages))}
    )
    yield from _members(
        "stage", {key: _stage(one) for key, one in old.stages.items()}, {key: _stage(one) for key, one in new.stages.items()}
    )  # fmt: skip
    yield from _members(
        "transition", {f"{t.frm} → {t.to}": t.by for t in old.transitions}, {f"{t.frm} → {t.to}": t.by for t in new.transitions}
    )  # fmt: skip
    yield from _members("entry", _entries(old), _entries(new), True)
    yield from _members(
        "criterion", {key: repr(one) for key, one in old.criteria.items()}, {key: repr(one) for key, one in new.criteria.items()}, True
    )  # fmt: skip


def _scoring(old: ScoringModel, new: ScoringModel) -> Iterator[Change]:
    days = {
        "half_life": (old.half_life, new.half_life),
        "interests": (old.interests.half_life, new.interests.half_life),
    }
    yield from _each("scoring", {key: (f"{a.days} days", f"{b.days} days") for key, (a, b) in days.items()})
    yield from _each("scoring", {"weights": (_pairs(old.interests.weights), _pairs(new.interests.weights))})
    yield from _members("rule", _rules(old), _rules(new))
    before, after = ({rule.key: rule for rule in (*one.fit, *one.engagement)} for one in (old, new))
    for key in before.keys() & after.keys():
        if (before[key].on, before[key].condition) != (after[key].on, after[key].condition):
            yield Change(Reason("rules.changed.rule_when", {"key": key}), "…", "…")


def _each(room: str, pairs: Mapping[str, tuple[str, str]]) -> Iterator[Change]:
    for key, (before, after) in pairs.items():
        if before != after:
            yield Change(Reason(f"rules.changed.{room}_{key}", {}), before or "–", after or "–")


def _members(
    what: str, old: Mapping[str, str], new: Mapping[str, str], hidden: bool = False
) -> Iterator[Change]:
    """`hidden`: what they say is too long for a line, so that only their coming, going and changing is told."""
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key, ""), new.get(key, "")
        if before != after:
            shown = ("…" if before else "", "…" if after else "") if hidden else (before, after)
            yield Change(Reason(f"rules.changed.{what}", {"key": key}), *shown)


def _stage(stage: Stage) -> str:
    gets = _list(sorted(stage.content_kinds)) if stage.mailable else "no mail"
    side = ", beside the way" if stage.kind == "side" else ""
    return f"{_label(stage.label)}: {gets or 'no content'}{side}"


def _entries(lifecycle: Lifecycle) -> dict[str, str]:
    """By where they lead and their place among those that lead there."""
    found: dict[str, str] = {}
    for entry in lifecycle.entries:
        found[entry_key(entry, found)] = repr(entry)
    return found


def entry_key(entry: EntryRule, taken: Mapping[str, Any]) -> str:
    key = f"{', '.join(entry.frm)} → {entry.stage}"
    number = 2
    while key in taken:
        key, number = f"{', '.join(entry.frm)} → {entry.stage} ({number})", number + 1
    return key


def _rules(model: ScoringModel) -> dict[str, str]:
    return {rule.key: _rule(rule) for rule in (*model.fit, *model.engagement)}


def _rule(rule: ScoreRule) -> str:
    limit = rule.limit
    if limit.count is None:
        return f"{rule.points:+g}"
    often = "once" if limit.per is None and limit.count == 1 else f"{limit.count} in {_span(limit.per)}"
    return f"{rule.points:+g}, {often}"


def _span(per: Any) -> str:
    return "all" if per is None else f"{per.days} days" if per.days else f"{per.seconds // 3600} hours"


def _quiet(quiet: QuietHours | None) -> str:
    return f"{quiet.start:%H:%M} to {quiet.end:%H:%M}" if quiet else ""


def _window(window: Window | None) -> str:
    if window is None:
        return ""
    days = _list(DAYS[day] for day in sorted(window.days))
    holidays = "not on holidays" if window.skip_holidays else "on holidays too"
    return f"{days} {window.opens:%H:%M} to {window.closes:%H:%M}, {window.zone}, {holidays}"


def _labels(members: Mapping[str, Any]) -> dict[str, str]:
    return {key: _label(one.label) for key, one in members.items()}


def _label(labels: Labels) -> str:
    return " / ".join(dict.fromkeys(labels.values())) or "–"


def _pairs(pairs: Mapping[str, Any]) -> str:
    return _list(f"{key} {value}" for key, value in pairs.items())


def _list(texts: Any) -> str:
    return ", ".join(map(str, texts))
