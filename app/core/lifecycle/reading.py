"""Reading sequences/lifecycle.yaml: every preset is checked, one is handed out."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Literal, cast

from app.core.conditions import parse
from app.core.labels import read_labels
from app.core.lifecycle.criteria import CriterionDef, read_criteria
from app.core.lifecycle.model import By, EntryRule, Lifecycle, Stage, TaskSpec, Transition
from app.core.lifecycle.moves import normal
from app.core.parsing import parsed
from app.core.reading import Node
from app.core.timing import Span

CONTENT_KINDS = ("discovery", "decision", "adoption", "expansion", "advocacy", "re-engagement")

_KINDS = ("main", "side")
_MOVERS = ("automation", "person", "any")


def read_lifecycle(node: Node, preset: str | None = None) -> Lifecycle:
    """The preset called `preset`, or the one the file names under `lifecycle:`. Faults are noted on the node.

    The file's `programme:` part is read by `app.core.programme`.
    """
    node.keys({"lifecycle", "presets", "criteria", "programme"})
    criteria = read_criteria(node.get("criteria"))
    read = _presets(node, criteria)
    named = node.need("lifecycle", "Name the preset to use.")
    chosen = preset or (named.choice(read, next(iter(read), "")) if named else "")
    if preset is not None and preset not in read:
        node.error(f"There is no preset “{preset}”.", f"Known here: {', '.join(read)}.")
    found = read.get(chosen)
    return found if found is not None else Lifecycle(chosen, {}, criteria=criteria)


def read_presets(node: Node) -> dict[str, Lifecycle]:
    """Every preset of the file, by its name. Faults are noted on the node."""
    return _presets(node, read_criteria(node.get("criteria")))


def _presets(node: Node, criteria: Mapping[str, CriterionDef]) -> dict[str, Lifecycle]:
    presets = node.need("presets", "Write at least one preset with its stages.")
    return {key: _preset(key, child, criteria) for key, child in presets.entries()} if presets else {}


def _preset(key: str, node: Node, criteria: Mapping[str, CriterionDef]) -> Lifecycle:
    node.keys({"stages", "transitions", "entries"})
    stages_node = node.need("stages", "Write the stages in their order.")
    stages = _stages(stages_node) if stages_node else {}
    moves = node.get("transitions")
    transitions = tuple(t for child in moves.items() for t in _transitions(child, stages)) if moves else ()
    lifecycle = Lifecycle(key, stages, transitions, criteria=criteria)
    rules = node.get("entries")
    entries = tuple(e for child in rules.items() if (e := _entry(child, lifecycle))) if rules else ()
    if stages_node is not None:
        _look_over(stages_node, lifecycle)
    if moves is not None:
        _no_doubles(moves, transitions)
    return replace(lifecycle, entries=entries)


def _stages(node: Node) -> dict[str, Stage]:
    return {key: _stage(key, child, order) for order, (key, child) in enumerate(node.entries())}


def _stage(key: str, node: Node, order: int) -> Stage:
    node.keys({"label", "kind", "gets", "mailable", "aliases"})
    kind, gets, mailable = node.get("kind"), node.get("gets"), node.get("mailable")
    aliases = node.get("aliases")
    content_kinds = [item.choice(CONTENT_KINDS) for item in gets.items()] if gets else []
    may_mail = mailable.flag(True) if mailable else True
    if content_kinds and not may_mail and mailable is not None:
        mailable.error("A stage that is not mailable gets no content.", "Leave out gets: or mailable: false.")
    return Stage(
        key,
        read_labels(node.get("label"), key),
        cast(Literal["main", "side"], kind.choice(_KINDS, "main") if kind else "main"),
        frozenset(filter(None, content_kinds)),
        may_mail,
        order,
        aliases.texts() if aliases else (),
    )


def _transitions(node: Node, stages: Mapping[str, Stage]) -> list[Transition]:
    node.keys({"from", "to", "by"})
    frm, to, by = node.need("from", "Name a stage."), node.need("to", "Name a stage."), node.get("by")
    mover = cast(By, by.choice(_MOVERS, "any") if by else "any")
    starts, ends = (_names(place, stages) for place in (frm, to))
    if set(starts) & set(ends):
        node.error("A transition leads from a stage to itself.", "Name two stages.")
    return [Transition(start, end, mover) for start in starts for end in ends]


def _entry(node: Node, lifecycle: Lifecycle) -> EntryRule | None:
    node.keys({"stage", "from", "requires", "asks", "if", "task"})
    stage = _names(node.need("stage", "Name the stage that is entered."), lifecycle.stages)
    frm = _names(node.need("from", "Name the stages it is entered from."), lifecycle.stages)
    condition, task = node.get("if"), node.get("task")
    if not stage:
        return None
    for start in frm:
        if not lifecycle.declares(start, stage[0], "automation"):
            node.error(
                f"Automation may not go from “{start}” to “{stage[0]}”.",
                "Declare the transition, or take the entry rule out.",
            )
    required, asked = (_names(node.get(key), lifecycle.criteria) for key in ("requires", "asks"))
    if condition is None and not required:
        node.error("This entry rule asks for nothing.", "Write if: or requires:.")
    return EntryRule(
        stage[0], frm, required, parse(condition) if condition else None, _task(task) if task else None, asked
    )


def _task(node: Node) -> TaskSpec:
    node.keys({"title", "kind", "due"})
    kind, title = node.get("kind"), node.need("title", "Say what is to be done.")
    due = node.get("due")
    return TaskSpec(
        kind.text("call") if kind else "call",
        title.text() if title else "",
        parsed(due, Span.parse, Span(0, "days")) if due else None,
    )


def _names(node: Node | None, known: Collection[str]) -> tuple[str, ...]:
    """The names in a list (or the one name) that are known; each other one is noted."""
    return tuple(filter(None, (item.choice(known) for item in node.items()))) if node else ()


def _no_doubles(node: Node, transitions: tuple[Transition, ...]) -> None:
    counted = Counter((t.frm, t.to) for t in transitions)
    for (frm, to), count in counted.items():
        if count > 1:
            node.error(f"The transition from “{frm}” to “{to}” stands here twice.", "Keep one of them.")


def _look_over(node: Node, lifecycle: Lifecycle) -> None:
    """Faults that show only when all stages are read."""
    reached = {t.to for t in lifecycle.transitions}
    stages = list(lifecycle.stages.values())
    words: dict[str, str] = {}
    for stage in stages:
        child = node.child(stage.key, None)
        if stage.key not in reached and stage is not stages[0]:
            child.warn(f"No transition leads to “{stage.key}”.", "Only a person can put anybody there.")
        for word in {normal(word) for word in (stage.key, *stage.label.values(), *stage.aliases)}:
            if words.setdefault(word, stage.key) != stage.key:
                child.error(f"“{word}” also means the stage “{words[word]}”.", "Use each word for one stage.")
    gets = frozenset().union(*(stage.content_kinds for stage in stages))
    for kind in CONTENT_KINDS:
        if kind not in gets:
            node.warn(f"No stage gets “{kind}”: such mails reach nobody.", "Add it to a stage's gets: list.")
