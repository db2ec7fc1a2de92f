"""Stages, criteria and sequences as the pages name them; a version never changes, so each is read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.labels import Labels, label_in
from app.core.lifecycle import Lifecycle, read_lifecycle
from app.core.steps import KINDS
from app.files.trees import read_document
from app.store.views import programme as rows

STAGES = ("visitor", "lead", "prospect", "customer", "ambassador", "dormant", "disqualified")
SIDE_STAGES = ("dormant", "disqualified")


@dataclass(frozen=True, slots=True)
class StageName:
    """A stage in its order; without labels the page has a word of its own for the usual ones."""

    key: str
    labels: Labels
    is_side: bool

    def label(self, locale: str) -> str | None:
        return label_in(self.labels, locale) if self.labels else None


@dataclass(frozen=True, slots=True)
class Names:
    """The words of the live lifecycle; `key` is the preset in force, under which stages are kept."""

    key: str
    stages: Mapping[str, StageName]
    criteria: Mapping[str, Labels] = field(default_factory=dict)
    topics: tuple[str, ...] = ()

    def stage(self, key: str) -> StageName:
        return self.stages.get(key) or StageName(key, {}, False)

    def criterion(self, key: str, locale: str) -> str:
        labels = self.criteria.get(key)
        return label_in(labels, locale) if labels else key.replace("_", " ").capitalize()


USUAL = Names("main", {key: StageName(key, {}, key in SIDE_STAGES) for key in STAGES})


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step as a line of the outline. `code` and `params` make the sentence that says what it does."""

    key: str
    kind: str
    code: str
    params: Mapping[str, Any]
    templates: tuple[str, ...] = ()
    ways: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """A sequence's text, read just far enough to show it; `steps` keep the order of the text."""

    title: str
    stage: str | None
    topic: str | None
    steps: Sequence[StepLine]
    preset: str | None = None


def names(connection: Connection, workspace_id: UUID, preset: str | None) -> Names:
    """The words of the live lifecycle, or the usual ones while there is none."""
    live = rows.lifecycle_source(connection, workspace_id)
    return _names(live.version_id, live.source, preset) if live else USUAL


def lifecycle(connection: Connection, workspace_id: UUID, preset: str | None) -> Lifecycle | None:
    """The live lifecycle itself, or None while there is none."""
    live = rows.lifecycle_source(connection, workspace_id)
    return _lifecycle(live.version_id, live.source, preset) if live else None


@lru_cache(maxsize=32)
def _lifecycle(_version_id: UUID, source: str, preset: str | None) -> Lifecycle:
    return read_lifecycle(read_document(source).node(), preset)


@lru_cache(maxsize=32)
def _names(_version_id: UUID, source: str, preset: str | None) -> Names:
    document = read_document(source)
    lifecycle = read_lifecycle(document.node(), preset)
    if not lifecycle.stages:
        return USUAL
    stages = {
        stage.key: StageName(stage.key, stage.label, stage.kind == "side")
        for stage in sorted(lifecycle.stages.values(), key=lambda stage: (stage.kind == "side", stage.order))
    }
    criteria = {key: criterion.label for key, criterion in lifecycle.criteria.items()}
    return Names(lifecycle.key, stages, criteria, _topics(document.tree))


def _topics(tree: Any) -> tuple[str, ...]:
    """The topics people may consent to, as the text of the programme names them."""
    part = tree.get("programme") if isinstance(tree, dict) else None
    found = part.get("topics") if isinstance(part, dict) else None
    return tuple(sorted(str(key) for key in found)) if isinstance(found, dict) else ()


@lru_cache(maxsize=512)
def outline(_version_id: UUID, key: str, source: str) -> Outline:
    return read_outline(key, source)


def read_outline(key: str, source: str) -> Outline:
    """The outline of a text that may be a draft, and broken."""
    tree = read_document(source).tree
    tree = tree if isinstance(tree, dict) else {}
    listed = tree.get("steps")
    steps = [
        _line(str(name), body)
        for item in (listed if isinstance(listed, list) else ())
        if isinstance(item, dict)
        for name, body in item.items()
        if isinstance(body, dict)
    ]
    title = tree.get("title") or key.replace("-", " ").capitalize()
    return Outline(str(title), tree.get("for"), tree.get("topic"), steps, tree.get("preset"))


def _line(key: str, body: dict[str, Any]) -> StepLine:
    kind = next((word for word in body if word in KINDS), "step")
    value = body.get(kind)
    templates = _templates(kind, value, body)
    code, params = _said(kind, value, body, templates)
    return StepLine(key, kind, code, params, templates, tuple(_ways(kind, value, body)))


def _templates(kind: str, value: Any, body: dict[str, Any]) -> tuple[str, ...]:
    mail = body.get("with") if kind == "ask" else value if kind == "send" else None
    if isinstance(mail, dict):
        among = mail.get("best of") or ()
        return () if isinstance(among, dict) else tuple(str(template) for template in among)
    return (str(mail),) if mail else ()


def _said(
    kind: str, value: Any, body: dict[str, Any], templates: tuple[str, ...]
) -> tuple[str, dict[str, Any]]:
    if kind == "send":
        if isinstance(value, dict) and isinstance(among := value.get("best of"), dict):
            return "step.best_of_kind", {"kind": _flat(among.get("kind"))}
        if len(templates) > 1:
            return "step.best_of", {"count": len(templates), "templates": list(templates)}
        return "step.send", {"template": "".join(templates)}
    if kind == "wait":
        return "step.wait", {"what": _flat(value)}
    if kind == "wait_for":
        return "step.wait_for", {"what": _flat(value), "up_to": _flat(body.get("up to"))}
    if kind == "ask":
        return "step.ask", {"criterion": _flat(value)}
    if kind in ("branch", "split"):
        return f"step.{kind}", {"count": len(value) if isinstance(value, list) else 1}
    return f"step.{kind}", {"what": _flat(value)}


def _ways(kind: str, value: Any, body: dict[str, Any]) -> list[tuple[str, str]]:
    """Where a step leads, as (on what, to which step): only what the text says itself."""
    if kind in ("branch", "split") and isinstance(value, list):
        ways = [way for way in value if isinstance(way, dict)]
        return [
            (_flat(way.get("if") or way.get("share") or "else"), str(way.get("go") or way.get("else")))
            for way in ways
        ]
    return [(word, str(body[word])) for word in ("then", "else", "go") if body.get(word) is not None]


def _flat(value: Any) -> str:
    """A piece of the text on one line, without its brackets."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_flat(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_flat(inner) for inner in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
