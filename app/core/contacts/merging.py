"""What a row, a form or a person says about a contact, laid over what is known: a list of changes.

An empty value never erases, an explicit one replaces. Consent only ever appears where nothing
was known. A stage is set where there was none and is otherwise left alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from app.core.contacts.addresses import Address
from app.core.contacts.values import Stored
from app.core.contacts.words import folded
from app.core.reasons import Reason

T = TypeVar("T")

COLUMNS = (
    "first_name", "last_name", "phone", "job_title", "city", "country", "persona", "locale", "zone",
    "origin", "source", "preferred_channel",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CompanyWish:
    """`key` is the domain, or "=" and the folded name where there is none. `explicit`: the row names its domain."""

    key: str
    name: str | None = None
    explicit: bool = False
    fields: Mapping[str, Stored] = field(default_factory=dict)

    @property
    def domain(self) -> str | None:
        return None if self.key.startswith("=") else self.key


def nameless_key(name: str) -> str:
    """What stands for a company that has a name and no domain."""
    return "=" + (folded(name) or name.lower())


@dataclass(slots=True)
class Wanted:
    """What is said: typed and normalised. `facts` holds COLUMNS and custom fields by their keys.

    `at_first` are facts of a contact that is new; `first_owner` is for one who has none.
    `consent_source` says where this one agreed; empty: where all of a file did.
    """

    addresses: tuple[Address, ...] = ()
    facts: dict[str, Stored] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    company: CompanyWish | None = None
    owner: UUID | None = None
    stage: str | None = None
    consents: tuple[str, ...] = ()
    basis: str = ""
    consent_source: str = ""
    notes: list[Reason] = field(default_factory=list)
    at_first: Mapping[str, Stored] = field(default_factory=dict)
    first_owner: UUID | None = None


@dataclass(slots=True)
class Known:
    """A contact as it stands. `consents` maps purpose → state; `suppressed`: a live suppression covers an address."""

    contact_id: UUID
    revision: int = 0
    facts: Mapping[str, Stored] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    company: str | None = None
    owner: UUID | None = None
    stage: str | None = None
    consents: Mapping[str, str] = field(default_factory=dict)
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that becomes another. `kind` is that of `fact_changes`; `old` and `new` are JSON values."""

    kind: str
    name: str
    old: Stored | None
    new: Stored | None


@dataclass(slots=True)
class Merged:
    changes: list[Change] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)


def merge(wanted: Wanted, known: Known) -> Merged:
    """The changes that bring `known` to what `wanted` says, and what was deliberately left."""
    merged = Merged(notes=list(wanted.notes))
    add = merged.changes.append
    for name, value in wanted.facts.items():
        old = known.facts.get(name)
        # True == 1: a flag that becomes a number is a change.
        if old != value or type(old) is not type(value):
            add(Change("field", name, old, value))
    for tag in wanted.tags:
        if tag not in known.tags:
            add(Change("tag", tag, None, True))
    for address in wanted.addresses:
        if address.key not in known.addresses:
            add(Change("address", address.key, None, address.shown))
    owner = wanted.owner or known.owner or wanted.first_owner
    if owner != known.owner:
        add(Change("owner", "owner", str(known.owner) if known.owner else None, str(owner)))
    _merge_company(wanted.company, known.company, merged)
    _merge_stage(wanted.stage, known.stage, merged)
    _merge_consents(wanted, known.consents, known.suppressed, merged)
    return merged


def consents_given(
    wanted: Wanted, states: Mapping[str, str], suppressed: bool
) -> tuple[list[str], list[Reason]]:
    """The purposes that become given, and a note for each that stays as it is."""
    given: list[str] = []
    notes: list[Reason] = []
    for purpose in wanted.consents:
        state = states.get(purpose, "unknown")
        if state == "given":
            continue
        if suppressed:
            notes.append(Reason("import.note.suppressed", {"topic": purpose}))
        elif state in ("withdrawn", "asked"):
            notes.append(Reason(f"import.note.consent_{state}", {"topic": purpose}))
        else:
            given.append(purpose)
    return given, notes


def fold(rows: Sequence[Wanted]) -> Wanted:
    """Several rows of one file about one contact, taken as one; where they differ the later says."""
    last = rows[-1]
    facts: dict[str, Stored] = {}
    addresses: dict[str, Address] = {}
    for row in rows:
        facts.update(row.facts)
        addresses.update((address.key, address) for address in row.addresses)
    return Wanted(
        addresses=tuple(addresses.values()),
        facts=facts,
        tags=tuple(dict.fromkeys(tag for row in rows for tag in row.tags)),
        company=_latest([row.company for row in rows]),
        owner=_latest([row.owner for row in rows]),
        stage=_latest([row.stage for row in rows]),
        consents=last.consents,
        basis=last.basis,
        notes=list(last.notes),
        at_first=last.at_first,
        first_owner=last.first_owner,
    )


def _latest(values: Sequence[T | None]) -> T | None:
    return next((value for value in reversed(values) if value is not None), None)


def _merge_company(wish: CompanyWish | None, current: str | None, merged: Merged) -> None:
    if wish is None or wish.key == current:
        return
    if current is None or wish.explicit:
        merged.changes.append(Change("field", "company", current, wish.key))


def _merge_stage(wish: str | None, current: str | None, merged: Merged) -> None:
    if wish is None or wish == current:
        return
    if current is None:
        merged.changes.append(Change("stage", "stage", None, wish))
    else:
        merged.notes.append(Reason("import.note.stage_kept", {"stage": current, "asked": wish}))


def _merge_consents(wanted: Wanted, states: Mapping[str, str], suppressed: bool, merged: Merged) -> None:
    given, notes = consents_given(wanted, states, suppressed)
    merged.changes.extend(Change("consent", purpose, states.get(purpose), "given") for purpose in given)
    merged.notes.extend(notes)
