"""Fields that mails print without a fall-back, and how many people of their sequence have none."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from app.core.conditions import AllOf, AnyOf, Comparison, Condition, FieldIs
from app.core.sequences import Sequence
from app.files.findings import FileFinding
from app.files.sequence_files import path_of
from app.services.authoring.linting import Checked
from app.store.database import Database
from app.store.gaps import Missing, count_missing

# Every contact that mail can go to has these.
_ALWAYS = frozenset({"contact.email", "contact.locale"})


def gaps(database: Database, workspace_id: UUID, checked: Checked, now: datetime) -> list[FileFinding]:
    """A warning for each field of a mail that would hold the mail of somebody in its sequence's stage."""
    required = _required(checked)
    found: dict[FileFinding, None] = {}
    for sequence in checked.books.sequences.values():
        wanted = {key: required.get(key, ()) for step in sequence.templates().values() for key in step}
        lacking = {name: _lacking(name) for names in wanted.values() for name in names}
        if not lacking:
            continue
        with database.read() as connection:
            missing = count_missing(
                connection, lacking, workspace_id=workspace_id, lifecycle=checked.books.lifecycle.key,
                stage=sequence.stage, topic=sequence.topic, now=now,
            )  # fmt: skip
        found |= dict.fromkeys(_findings(checked, sequence, wanted, missing))
    return sorted(found)


def _required(checked: Checked) -> dict[str, tuple[str, ...]]:
    """By template: what any of its languages prints of a contact or a company without a fall-back."""
    found: dict[str, dict[str, None]] = {}
    for recipe in checked.recipes:
        compiled = checked.compiled.done.get(recipe.digest)
        for name in compiled.required if compiled else ():
            if name.startswith(("contact.", "company.")) and name not in _ALWAYS:
                found.setdefault(recipe.key, {})[name] = None
    return {key: tuple(names) for key, names in found.items()}


def _lacking(name: str) -> Condition:
    root, _, key = name.partition(".")
    if name == "contact.name":
        return AllOf((_empty("first_name"), _empty("last_name")))
    return _empty(name if root == "company" else key)


def _empty(field: str) -> Condition:
    return AnyOf((FieldIs(field, Comparison("is unknown")), FieldIs(field, Comparison("is", ("",)))))


def _findings(
    checked: Checked, sequence: Sequence, wanted: Mapping[str, tuple[str, ...]], missing: Missing
) -> Iterator[FileFinding]:
    for key, names in wanted.items():
        for name in names:
            if count := missing.without[name]:
                file, line = _place(checked, key, name)
                agreed = f" who agreed to {sequence.topic}" if sequence.topic else ""
                people = "person" if missing.people == 1 else "people"
                yield FileFinding(
                    file, line, "warning",
                    f"{{{{ {name} }}}} has no fall-back: {count} of {missing.people} {people} in the stage"
                    f" {sequence.stage}{agreed} have none, and “{sequence.key}” would hold this mail for them.",
                    f"Write fallbacks: {{{name}: …}}, or a condition around it.",
                )  # fmt: skip


def _place(checked: Checked, key: str, name: str) -> tuple[str, int]:
    """The first line that prints it: of the mail in any language, else of a file it is made with."""
    ours = [recipe for recipe in checked.recipes if recipe.key == key]
    for recipe in ours:
        parts = {"": recipe.job.text} | {f"partials/{one}": text for one, text in recipe.job.partials.items()}
        for where, text in parts.items():
            for number, line in enumerate(text.splitlines(), 1):
                if name in line and "{{" in line:
                    return recipe.files[where], number
    return path_of("template", key), 1
