"""The mails: which there are, in which languages, who uses them, and how many people have one ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from app.core.lint_flow import followers, ways
from app.mail.compile import CompiledTemplate
from app.mail.lint import MUST, NOTES
from app.services.authoring.planning import read_text
from app.services.viewing import Place, programme
from app.store import authoring, definitions
from app.store.views import Found
from app.store.views import programme as rows


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """`used_by` are sequences (key, title); `errors` and `warnings` of the newest compilation in any language."""

    key: str
    state: str
    number: int
    kind: str
    message_class: str
    subject: str
    locales: tuple[str, ...]
    used_by: tuple[tuple[str, str], ...]
    errors: int
    warnings: int
    is_draft: bool


@dataclass(frozen=True, slots=True)
class Users:
    """The sequences that send a mail (key, title), and the heads inside who have it ahead of them."""

    sequences: tuple[tuple[str, str], ...]
    ahead: int


def list_templates(place: Place) -> list[TemplateLine]:
    with place.database.read() as connection:
        found = definitions.live(connection, place.workspace_id, "template")
        drafts = definitions.drafts_of(connection, place.workspace_id, "template")
        compiled = authoring.compiled_digests(connection, place.workspace_id)
        outlines = _outlines(rows.sequences(connection, place.workspace_id))
    by_version: dict[UUID, dict[str, CompiledTemplate]] = {}
    for (version_id, locale), (_, text) in compiled.items():
        try:
            by_version.setdefault(version_id, {})[locale] = CompiledTemplate.from_json(text)
        except ValueError:  # made by another release
            continue
    used: dict[str, dict[str, str]] = {}
    for key, outline in outlines.items():
        for step in outline.steps:
            for template in step.templates:
                used.setdefault(template, {})[key] = outline.title
    return [
        _line(
            row,
            by_version.get(row.version_id, {}) if row.version_id else {},
            used.get(row.key, {}),
            row.id in drafts,
        )
        for row in found
    ]


def users_of(place: Place, template: str) -> Users:
    with place.database.read() as connection:
        live = rows.sequences(connection, place.workspace_id)
        heads = authoring.heads(connection, place.workspace_id)
    found, ahead = [], 0
    for row in live:
        outline = _outlines([row]).get(row.key)
        steps = [step.key for step in outline.steps if template in step.templates] if outline else []
        if outline is None or not steps:
            continue
        found.append((row.key, outline.title))
        sequence = read_text(row.source)
        over = ways(sequence) if sequence is not None else {}
        for step, people in heads.get(row.id, {}).items():
            if step in over and (step in steps or followers(step, over) & set(steps)):
                ahead += people
    return Users(tuple(found), ahead)


def _outlines(found: list[Found]) -> Mapping[str, programme.Outline]:
    return {
        row.key: programme.outline(row.version_id, row.key, row.source)
        for row in found
        if row.version_id and row.state != "archived"
    }


def _line(
    row: definitions.Live, variants: Mapping[str, CompiledTemplate], used: Mapping[str, str], is_draft: bool
) -> TemplateLine:
    original = variants.get("")
    codes = [problem.code for one in variants.values() for problem in one.warnings]
    return TemplateLine(
        row.key, row.state, row.number, original.kind if original else "", original.message_class if original else "",
        _shown(original.subject) if original else "", tuple(sorted(locale for locale in variants if locale)),
        tuple(used.items()), sum(code in MUST for code in codes),
        sum(code not in MUST and code not in NOTES for code in codes), is_draft,
    )  # fmt: skip


def _shown(subject: str) -> str:
    """A compiled subject has signs of its own where a field stands."""
    return subject if subject.isprintable() else ""
