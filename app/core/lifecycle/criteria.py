"""Qualification criteria: what is asked, with which answers, and what an answer is worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast

from app.core.facts import Value
from app.core.labels import Labels, read_labels
from app.core.parsing import parsed
from app.core.reading import Node
from app.core.timing import Span

CriterionType = Literal["text", "number", "date", "choice"]
TYPES: tuple[CriterionType, ...] = ("text", "number", "date", "choice")
STATES = ("yes", "no", "unknown")

_ASK = "Write the question in one or more languages, such as question: {en: Who decides?}."


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer button. `key` stands in the link; a Span as `value` means a date so long after the answer."""

    key: str
    value: Value | Span
    label: Labels
    state: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A task `before` the date that was answered: a timeline schedules the follow-up instead of losing it."""

    kind: str
    title: str
    before: Span


@dataclass(frozen=True, slots=True)
class CriterionDef:
    key: str
    label: Labels
    type: CriterionType
    question: Labels
    answers: tuple[Answer, ...] = ()
    follow_up: FollowUp | None = None

    def answer(self, key: str) -> Answer | None:
        return next((answer for answer in self.answers if answer.key == key), None)


def read_criteria(node: Node | None) -> Mapping[str, CriterionDef]:
    return {} if node is None else {key: _criterion(key, child) for key, child in node.entries()}


def _criterion(key: str, node: Node) -> CriterionDef:
    node.keys({"label", "type", "question", "answers", "follow up"})
    kind = node.need("type", f"One of: {', '.join(TYPES)}.")
    type_ = cast(CriterionType, kind.choice(TYPES, "text") if kind else "text")
    answers_node = node.get("answers")
    answers = tuple(_answer(child, type_) for child in answers_node.items()) if answers_node else ()
    keys = [answer.key for answer in answers]
    if answers_node is not None and len(set(keys)) < len(keys):
        answers_node.error("Two answers have the same value.", "Give each its own value or key.")
    return CriterionDef(
        key,
        read_labels(node.get("label"), key),
        type_,
        read_labels(node.need("question", _ASK), key),
        answers,
        _follow_up(node, type_),
    )


def _answer(node: Node, type_: CriterionType) -> Answer:
    node.keys({"key", "value", "label", "state"})
    value_node = node.get("value")
    value = _value(value_node, type_) if value_node else None
    state = node.need("state", "Write yes, no or unknown.")
    key_node = node.get("key")
    if key_node is None and value_node is None:
        node.error("This answer has no value.", "Write value:, or key: where there is nothing to remember.")
    named = key_node or value_node
    key = str(named.value).replace(" ", "-") if named else ""
    return Answer(key, value, read_labels(node.get("label"), key), _state(state) if state else "unknown")


def _value(node: Node, type_: CriterionType) -> Value | Span:
    if type_ == "number":
        return node.number()
    if type_ != "date":
        return node.text()
    if isinstance(node.value, date) and not isinstance(node.value, datetime):
        return node.value
    return parsed(node, Span.parse, Span(0, "days"))


def _state(node: Node) -> str:
    # YAML 1.1 reads a bare yes or no as true or false; either is meant as the word.
    if isinstance(node.value, bool):
        return "yes" if node.value else "no"
    return node.choice(STATES, "unknown")


def _follow_up(node: Node, type_: CriterionType) -> FollowUp | None:
    child = node.get("follow up")
    if child is None:
        return None
    if type_ != "date":
        child.error("Only a date can be followed up.", "Make the criterion's type date, or leave this out.")
    child.keys({"title", "kind", "before"})
    title, kind = child.need("title", "Say what is to be done."), child.get("kind")
    return FollowUp(
        kind.text("call") if kind else "call",
        title.text() if title else "",
        parsed(child.get("before"), Span.parse, Span(0, "days")),
    )
