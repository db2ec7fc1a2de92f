"""Published texts to core values. What was published once can be read; if not, the place is named."""

from collections.abc import Mapping
from datetime import datetime

from app.core.conditions import Condition
from app.core.lifecycle import read_lifecycle
from app.core.programme import Programme, read_programme
from app.core.reactions import Rules
from app.core.reading import Node
from app.core.scoring import read_scoring
from app.core.sequences import Sequence, read_sequence
from app.files.trees import Document, read_document
from app.services.calendars import calendar_for
from app.store.definitions import Live


class Unreadable(Exception):
    """A text in force that this release cannot read; the message names it, its line and the fault."""


def read_sequence_text(key: str, source: str) -> Sequence:
    document = read_document(source)
    node = document.node()
    sequence = read_sequence(node) if not node.failed else None
    if sequence is None:
        raise Unreadable(_first_fault(f"sequence {key}", document, node))
    return sequence


def read_rules(
    lifecycle: Live | None,
    scoring: Live | None,
    segments: Mapping[str, Condition],
    preset: str | None,
    now: datetime,
) -> Rules:
    """The lifecycle with its programme (holidays looked up) and the scoring model."""
    if lifecycle is None or scoring is None:
        raise Unreadable("There is no lifecycle or no scoring yet; run `trellis sequences apply`.")
    document = read_document(lifecycle.source)
    node = document.node()
    read = read_lifecycle(node, preset or None)
    part = node.get("programme")
    bare = read_programme(part, Programme().calendar)
    programme = read_programme(part, calendar_for(bare.holidays_of, range(now.year - 1, now.year + 3)))
    if read is None or node.failed:
        raise Unreadable(_first_fault("lifecycle", document, node))
    document = read_document(scoring.source)
    node = document.node()
    model = read_scoring(node, scoring.number)
    if model is None or node.failed:
        raise Unreadable(_first_fault("scoring", document, node))
    return Rules(lifecycle=read, scoring=model, programme=programme, segments=segments)


def _first_fault(name: str, document: Document, node: Node) -> str:
    fault = next((finding for finding in node.findings if finding.level == "error"), None)
    if fault is None:
        return f"The {name} cannot be read."
    return f"{name}, line {document.marks.line(fault.path)}: {fault.message} {fault.remedy}"
