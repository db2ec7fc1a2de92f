"""A segment's text read and held against what is in force, with every fault at its line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.core.conditions import AllOf, Condition, HasTag, Never, Not, needs, parse
from app.core.conditions.rows import Rows, normal, of_tree
from app.core.labels import Labels, read_labels
from app.core.lint import Known, lint_condition
from app.core.reading import Finding, Path
from app.files.findings import FileFinding
from app.files.sequence_files import path_of
from app.files.trees import Document, read_document
from app.services.authoring.linting import BUILT_IN_FIELDS, custom_fields
from app.services.library import Catalogue
from app.services.world import World
from app.store import contacts as contact_rows

KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
# A static list is a tag that begins so: whoever carries it is on the list.
LIST = "list:"
TEXT_FIELDS = frozenset(field for field in BUILT_IN_FIELDS if field != "created")


@dataclass(frozen=True, slots=True)
class Read:
    """A text as it is understood. `condition` is Never() with an error among the findings."""

    key: str
    text: str
    labels: Labels
    condition: Condition
    findings: tuple[FileFinding, ...]
    document: Document
    paths: tuple[tuple[FileFinding, Path], ...] = ()

    @property
    def errors(self) -> tuple[FileFinding, ...]:
        return tuple(finding for finding in self.findings if finding.level == "error")

    @property
    def tree(self) -> Any:
        """The condition as it stands in the text."""
        tree = self.document.tree
        return tree.get("if") if isinstance(tree, Mapping) else None


def is_list(key: str, condition: Condition | None) -> bool:
    """Whether it asks for nothing but the tag of its own list."""
    return condition == HasTag(LIST + key)


def read(text: str, catalogue: Catalogue, fields: frozenset[str] | None = None, key: str = "") -> Read:
    """`key` is the name it must have; empty: whatever the text says. `fields` None: nobody knows them here."""
    document = read_document(text)
    node = document.node()
    condition: Condition | None = None
    labels: Labels = {"": key}
    name = key
    if not node.failed and node.keys(("segment", "label", "if")):
        said = node.need("segment", "The first line names the segment, such as `segment: warm-leads`.")
        name = said.text() if said else key
        if said and not KEY.fullmatch(name):
            said.error(
                f"“{name[:60]}” cannot name a segment.",
                "Use small letters, digits, dashes and underscores, 63 at most.",
            )
        elif said and key and name != key:
            said.error(f"This is the segment “{key}”.", "A segment keeps its name; make a new one instead.")
        labels = read_labels(node.get("label"), name)
        wanted = node.need("if", "Give the condition of the segment.")
        condition = parse(wanted) if wanted else None
    if condition is not None and not node.failed:
        node.findings += _cross(name, condition, catalogue, fields)
    found = [
        (FileFinding(path_of("segment", name or "new"), document.marks.line(one.path), one.level, one.message, one.remedy), one.path)
        for one in node.findings
    ]  # fmt: skip
    found.sort(key=lambda pair: pair[0])
    return Read(
        name, text, labels, condition or Never(), tuple(one for one, _ in found), document, tuple(found)
    )


def _cross(
    name: str, condition: Condition, catalogue: Catalogue, fields: frozenset[str] | None
) -> list[Finding]:
    others = {**catalogue.setting.segments, name: condition}
    known = Known(replace(catalogue.setting, segments=others), catalogue.sequences, (), fields)
    findings = lint_condition(condition, ("if",), known)
    if name in reached(condition, others):
        message = f"“{name}” asks for itself, so nobody would be in it."
        findings = [*findings, Finding("error", ("if",), message, "Take one of the segments out.")]
    return findings


def reached(condition: Condition, segments: Mapping[str, Condition]) -> set[str]:
    """The segments it names, and those that these name."""
    found: set[str] = set()
    waiting = set(needs(condition).segments)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting |= set(needs(segments[one]).segments) if one in segments else set()
    return found


def fields_of(world: World) -> frozenset[str]:
    """The fields that conditions may name."""
    return frozenset({*BUILT_IN_FIELDS, *custom_fields(world.database, world.workspace_id)})


def text_fields(world: World) -> frozenset[str]:
    """Those whose values are texts, whatever they look like."""
    with world.database.read() as connection:
        own = contact_rows.field_types(connection, world.workspace_id)
    named = {
        f"company.{row['key']}" if row["subject"] == "company" else row["key"]
        for row in own
        if row["type"] in ("text", "choice", "date")
    }
    return TEXT_FIELDS | named


def rows_of(found: Read, texts: frozenset[str]) -> Rows | None:
    """The condition as rows of a form; None where it is one for the text."""
    return None if found.tree is None else of_tree(found.tree, texts)


def same(one: Condition, other: Condition) -> bool:
    return normal(one) == normal(other)


def joined(new: Condition, old: Condition) -> tuple[Condition, Condition]:
    """Who comes in and who goes out when `new` takes the place of `old`."""
    return AllOf((new, Not(old))), AllOf((old, Not(new)))


__all__ = [
    "LIST", "Read", "fields_of", "is_list", "joined", "reached", "read", "rows_of", "same", "text_fields",
]  # fmt: skip
