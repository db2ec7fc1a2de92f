"""What a person chose for an import: where each column goes, and how rows come in."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping

from app.core.contacts import COLUMNS, IGNORE, ORIGINS, TARGETS, TYPES, FieldType, folded, suggest_targets
from app.core.contacts.flags import USUAL
from app.core.lifecycle import Lifecycle
from app.services.importing.faults import ImportFault

Mapped = tuple[str | None, ...]

NO_STAGE = "-"
_A_DAY = re.compile(r"([1-9][0-9]{0,6}) (?:a|per) day")
FIELD_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NEW_FIELD = re.compile(
    rf"([^=]+)=\s*(?:(company)\.)?({FIELD_KEY.pattern})\s*:\s*([a-z]+)(?:\(([^()]*)\))?\s*"
)
_RESERVED = frozenset({*COLUMNS, *TARGETS, IGNORE, "created", "company"})


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`enroll` is "no", "now" or "25 a day". `consents` are topics, given on `basis` and known from `consent_source`.

    `origin` and `source` are those of new contacts whose row says nothing else, `owner` (an address) of contacts
    who have none. `default_stage` takes rows that name no stage (None: the first mailable main stage);
    `unknown_stage` says what becomes of one whose word is not known: "reject" or "default". `words` are words of
    the file for stages (after `folded`), or NO_STAGE for those that mean none.
    """

    default_stage: str | None = None
    unknown_stage: str = "reject"
    enroll: str = "no"
    consents: tuple[str, ...] = ()
    basis: str = ""
    consent_source: str = ""
    tags: tuple[str, ...] = ()
    origin: str = "import"
    source: str | None = None
    owner: str | None = None
    day_first: bool | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "words": dict(self.words),
            "consents": list(self.consents),
            "tags": list(self.tags),
        }

    @classmethod
    def from_json(cls, tree: Mapping[str, Any]) -> "ImportOptions":
        return cls(**{**tree, "consents": tuple(tree["consents"]), "tags": tuple(tree["tags"])})

    @property
    def a_day(self) -> int | None:
        """How many are enrolled a day; None: all at once."""
        found = _A_DAY.fullmatch(self.enroll)
        return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an import needs of the rest of the house.

    `hash_value` is the keyed hash under which suppressions are kept. `sequences_for_stage` names the
    live sequences that somebody who enters the stage is admitted to. `topics` (None: any) may be consented to.
    `flags`: what becomes of a flagged address, by kind of flag.
    """

    lifecycle: Lifecycle
    data_dir: Path
    hash_value: Callable[[str], str]
    sequences_for_stage: Callable[[Connection, UUID, str], list[UUID]]
    topics: Collection[str] | None = None
    flags: Mapping[str, str] = field(default_factory=lambda: USUAL)


@dataclass(frozen=True, slots=True)
class NewField:
    """A custom field to be made for a column: `Flats=flats:number`, `Size=company.size:choice(small|large)`."""

    header: str
    subject: str
    type: FieldType

    @property
    def target(self) -> str:
        return f"company.{self.type.key}" if self.subject == "company" else self.type.key


def read_new_field(text: str) -> NewField:
    """Raises ImportFault."""
    found = _NEW_FIELD.fullmatch(text)
    if found is None:
        raise ImportFault("import.field.form", text=text[:120])
    header, subject, key, kind, choices = found.groups()
    if kind not in TYPES:
        raise ImportFault("import.field.type", text=text[:120], types=list(TYPES))
    if is_reserved(subject or "contact", key):
        raise ImportFault("import.field.reserved", field=key)
    named = tuple(part.strip() for part in (choices or "").split("|") if part.strip())
    if (kind == "choice") != bool(named):
        raise ImportFault("import.field.choices", text=text[:120])
    return NewField(header.strip(), subject or "contact", FieldType(key, kind, named))


def is_reserved(subject: str, key: str) -> bool:
    """Whether a custom field of that key would be taken for a built-in one."""
    return key in _RESERVED or (subject == "company" and key in ("name", "domain"))


def own_fields(rows: Iterable[RowMapping | Mapping[str, Any]]) -> dict[str, FieldType]:
    """Target → type of the custom fields, from rows of `field_definitions`."""
    return {
        f"company.{row['key']}" if row["subject"] == "company" else row["key"]: FieldType(
            row["key"], row["type"], tuple(row["choices"])
        )
        for row in rows
    }


def out_of_use(rows: Iterable[RowMapping | Mapping[str, Any]]) -> dict[str, str]:
    """Target → title of the custom fields that nothing is written to any more."""
    return {
        f"company.{row['key']}" if row["subject"] == "company" else row["key"]: row["label"]
        for row in rows
        if row.get("retired_at") is not None
    }


def refuse_out_of_use(targets: Iterable[str | None], rows: Iterable[RowMapping | Mapping[str, Any]]) -> None:
    """Raises ImportFault for the first of the targets that is out of use."""
    retired = out_of_use(rows)
    for target in targets:
        if target in retired:
            raise ImportFault("import.map.retired", field=retired[target])


def suggest_mapping(header: Sequence[str], definitions: Iterable[RowMapping | Mapping[str, Any]]) -> Mapped:
    """A target for each column by its title; None for a column nobody knows. Fields out of use are passed over."""
    labels = {
        f"company.{row['key']}" if row["subject"] == "company" else row["key"]: row["label"]
        for row in definitions
        if row.get("retired_at") is None
    }
    return suggest_targets(header, labels)


def resolve_mapping(
    header: Sequence[str],
    suggested: Mapped,
    chosen: Mapping[str, str],
    new_fields: Sequence[NewField],
    own: Collection[str],
) -> Mapped:
    """The mapping with a person's choices (title → target, or "ignore") laid over it. Raises ImportFault."""
    targets = list(suggested)
    wishes = dict(chosen) | {field.header: field.target for field in new_fields}
    known = {*TARGETS, *own, *(field.target for field in new_fields), IGNORE}
    for title, target in wishes.items():
        places = [place for place, name in enumerate(header) if folded(name) == folded(title)]
        if not places:
            raise ImportFault("import.map.column", column=title[:120], columns=list(header)[:40])
        if target not in known:
            raise ImportFault("import.map.target", target=target[:120], targets=sorted(known))
        if target not in (IGNORE, "email", "tags"):
            targets = [None if held == target else held for held in targets]
        for place in places:
            targets[place] = None if target == IGNORE else target
    if "email" not in targets:
        raise ImportFault("import.map.no_email", columns=list(header)[:40])
    return tuple(targets)


def check_options(options: ImportOptions, around: Surroundings, owners: Collection[str]) -> None:
    """Refuse what cannot be meant, before anything is written. Raises ImportFault."""
    if options.enroll not in ("no", "now") and options.a_day is None:
        raise ImportFault("import.option.enroll", given=options.enroll[:60])
    if options.unknown_stage not in ("reject", "default"):
        raise ImportFault("import.option.unknown_stage", given=options.unknown_stage[:60])
    if options.default_stage is not None and options.default_stage not in around.lifecycle.stages:
        raise ImportFault(
            "import.option.stage", given=options.default_stage[:60], stages=list(around.lifecycle.stages)
        )
    for stage in options.words.values():
        if stage != NO_STAGE and stage not in around.lifecycle.stages:
            raise ImportFault("import.option.stage", given=stage[:60], stages=list(around.lifecycle.stages))
    if options.consents and not options.consent_source.strip():
        raise ImportFault("import.option.consent_source")
    for topic in options.consents:
        if around.topics is not None and topic not in around.topics:
            raise ImportFault("import.option.topic", given=topic[:60], topics=sorted(around.topics))
    if options.origin not in ORIGINS:
        raise ImportFault("import.option.origin", given=options.origin[:60], origins=list(ORIGINS))
    if options.owner is not None and options.owner.lower() not in owners:
        raise ImportFault("import.option.owner", given=options.owner[:120])


def default_stage(options: ImportOptions, lifecycle: Lifecycle) -> str:
    """The stage of a row that names none."""
    if options.default_stage is not None:
        return options.default_stage
    stages = sorted(lifecycle.stages.values(), key=lambda stage: stage.order)
    main = [stage.key for stage in stages if stage.mailable and stage.kind == "main"]
    return (main or [stage.key for stage in stages])[0]
