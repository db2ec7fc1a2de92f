"""One row: cells in, a typed and normalised `Wanted` out, or the reason why not."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from uuid import UUID

from app.core.contacts import (
    LONGEST_TEXT,
    TEXT_TARGETS,
    Address,
    CompanyWish,
    FieldType,
    Stored,
    ValueFault,
    Wanted,
    channel_of,
    country_code,
    flag_of,
    folded,
    locale_tag,
    nameless_key,
    origin_of,
    phone_number,
    split_name,
    tags_in,
    tidy,
    typed_value,
)  # fmt: skip
from app.core.free_mail import company_domain
from app.core.lifecycle import Lifecycle, stage_of_import
from app.core.reasons import Reason
from app.core.timing.zones import is_zone
from app.services.addresses import AddressFault, read_addresses, read_domain
from app.services.importing.flagged import Flagging
from app.services.importing.options import NO_STAGE, ImportOptions, Mapped

_LONGEST_NAME = 200

Put = Callable[["Draft", str], None]


class RowFault(Exception):
    """This row cannot come in."""

    def __init__(self, code: str, **params: str | int | list[str]) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)


class Draft(Wanted):
    """A row while it is read: what several columns say together is put together at the end."""

    __slots__ = ("agreed", "company_domain", "company_fields", "company_name", "found", "full_name")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Address] = []
        self.full_name = ""
        self.company_name = ""
        self.company_domain = ""
        self.company_fields: dict[str, Stored] = {}
        self.agreed: bool | None = None


class RowReader:
    """Reads the rows of one file under one mapping."""

    def __init__(
        self,
        header: Sequence[str],
        mapping: Mapped,
        options: ImportOptions,
        lifecycle: Lifecycle,
        fields: Mapping[str, FieldType],
        owners: Mapping[str, UUID],
        flagging: Flagging | None = None,
    ) -> None:
        self._width = len(header)
        self._options = options
        self._flagging = flagging
        self._owners = owners
        self._fields = fields
        self._stage_of = lru_cache(maxsize=1000)(
            lambda word: options.words.get(folded(word)) or stage_of_import(lifecycle, word)
        )
        self._emails = [place for place, target in enumerate(mapping) if target == "email"]
        self._puts = [
            (place, self._put(target, header[place], fields))
            for place, target in enumerate(mapping)
            if target is not None and target != "email"
        ]
        self._consent_column = "consent" in mapping
        self._first_owner = owners.get((options.owner or "").lower())
        self._at_first = {
            name: text for name, text in (("origin", options.origin), ("source", options.source)) if text
        }

    def keys(self, cells: Sequence[str]) -> list[str]:
        """The keys of the row's addresses, up to the first that cannot be read: for finding repeats quickly."""
        found: list[str] = []
        for place in self._emails:
            cell = cells[place].strip() if place < len(cells) else ""
            if not cell:
                continue
            try:
                found.extend(address.key for address in read_addresses(cell))
            except AddressFault:
                if not found:
                    break
        return found

    def read(self, cells: Sequence[str]) -> Wanted | Reason:
        """The row's wishes, or why it cannot come in."""
        if len(cells) > self._width and any(cell.strip() for cell in cells[self._width :]):
            return Reason("import.row.wide", {"cells": len(cells), "columns": self._width})
        draft = Draft()
        try:
            self._read_addresses(draft, cells)
            width = len(cells)
            for place, put in self._puts:
                if place < width:
                    text = cells[place].strip()
                    if text:
                        put(draft, text)
        except RowFault as fault:
            return fault.reason
        if self._flagging is not None and (refused := _flag(draft, self._flagging)) is not None:
            return refused
        return self._finished(draft)

    def _read_addresses(self, draft: Draft, cells: Sequence[str]) -> None:
        for place in self._emails:
            cell = cells[place].strip() if place < len(cells) else ""
            if not cell:
                continue
            try:
                draft.found.extend(read_addresses(cell))
            except AddressFault as fault:
                if not draft.found:
                    raise RowFault(fault.reason.code, **fault.reason.params) from None  # type: ignore[arg-type]
                draft.notes.append(Reason("import.note.address", dict(fault.reason.params)))
        if not draft.found:
            raise RowFault("address.missing")

    def _finished(self, draft: Draft) -> Wanted:
        options, facts = self._options, draft.facts
        found = draft.found
        draft.addresses = (
            (found[0],) if len(found) == 1 else tuple({a.key: a for a in reversed(found)}.values())[::-1]
        )
        if draft.full_name and "first_name" not in facts and "last_name" not in facts:
            first, last = split_name(draft.full_name)
            facts.update({name: text for name, text in (("first_name", first), ("last_name", last)) if text})
        agreed = draft.agreed if self._consent_column else True
        draft.basis = draft.basis or options.basis
        if options.consents and agreed:
            if draft.basis:
                draft.consents = options.consents
            else:
                draft.notes.append(Reason("import.note.no_basis"))
        if options.tags:
            draft.tags = tuple(dict.fromkeys((*draft.tags, *options.tags)))
        draft.company = self._company(draft, draft.addresses[0])
        draft.at_first, draft.first_owner = self._at_first, self._first_owner
        return draft

    def _company(self, draft: Draft, address: Address) -> CompanyWish | None:
        name = draft.company_name or None
        if draft.company_domain:
            return CompanyWish(draft.company_domain, name, True, draft.company_fields)
        domain = company_domain(address.domain)
        if domain is not None:
            return CompanyWish(domain, name, False, draft.company_fields)
        return CompanyWish(nameless_key(name), name, False, draft.company_fields) if name else None

    def value(self, target: str, text: str) -> Stored | None:
        """One fact by itself, typed. Raises RowFault where it cannot be read, also where a row would only note it."""
        draft = Draft()
        self._put(target, target, self._fields)(draft, text.strip())
        for note in draft.notes:
            raise RowFault(note.code, **note.params)  # type: ignore[arg-type]
        return draft.facts.get(target)

    def _put(self, target: str, title: str, fields: Mapping[str, FieldType]) -> Put:
        """What is done with a cell of this column that is not empty."""
        if target in TEXT_TARGETS:
            return _text(target, title)
        if target in fields:
            return _own(target, title, fields[target], self._options.day_first)
        if target in _READERS:
            return _understood(target, *_READERS[target])
        return {
            "full_name": _full_name,
            "company.name": _company_name,
            "company.domain": _company_domain,
            "zone": _zone,
            "basis": _basis,
            "tags": _tags,
            "consent": _consent,
            "owner": self._put_owner,
            "stage": self._put_stage,
        }[target]

    def _put_owner(self, draft: Draft, text: str) -> None:
        draft.owner = self._owners.get(text.lower())
        if draft.owner is None:
            draft.notes.append(Reason("import.note.owner", {"value": text[:80]}))

    def _put_stage(self, draft: Draft, text: str) -> None:
        draft.stage = self._stage_of(text)
        if draft.stage == NO_STAGE:
            draft.stage = None
            return
        if draft.stage is not None:
            return
        if self._options.unknown_stage == "reject":
            raise RowFault("import.row.stage", value=text[:60])
        draft.notes.append(Reason("import.note.stage_unknown", {"value": text[:60]}))


def _flag(draft: Draft, flagging: Flagging) -> Reason | None:
    """Note what the addresses say about themselves; the reason where the first one is refused for it."""
    kept = []
    for place, address in enumerate(draft.found):
        flagged = flagging.of(address)
        if flagged is not None and flagged.refused and not place:
            return flagged.reasons[0]
        if flagged is not None:
            draft.notes.extend(flagged.reasons)
        if flagged is not None and flagged.refused:
            draft.notes.append(Reason("import.note.address_flagged", {"value": address.shown}))
        else:
            kept.append(address)
    draft.found = kept
    return None


_READERS: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "phone": ("import.note.phone", phone_number),
    "country": ("import.note.country", lru_cache(maxsize=2000)(country_code)),
    "locale": ("import.note.locale", lru_cache(maxsize=2000)(locale_tag)),
    "origin": ("import.note.origin", lru_cache(maxsize=200)(origin_of)),
    "preferred_channel": ("import.note.channel", lru_cache(maxsize=200)(channel_of)),
}


def _understood(target: str, code: str, reader: Callable[[str], str | None]) -> Put:
    """A value that is read or, with a note, left out."""

    def put(draft: Draft, text: str) -> None:
        value = reader(text)
        if value is None:
            draft.notes.append(Reason(code, {"value": text[:80]}))
        else:
            draft.facts[target] = value

    return put


def _text(target: str, title: str) -> Put:
    longest = _LONGEST_NAME if target.endswith("_name") else LONGEST_TEXT

    def put(draft: Draft, text: str) -> None:
        value = tidy(text)
        if len(value) > longest:
            raise RowFault("import.row.text_long", column=title, longest=longest)
        if value:
            draft.facts[target] = value

    return put


def _own(target: str, title: str, field: FieldType, day_first: bool | None) -> Put:
    of_company = target.startswith("company.")

    def put(draft: Draft, text: str) -> None:
        try:
            value = typed_value(field, text, day_first)
        except ValueFault as fault:
            raise RowFault(fault.reason.code, **{**fault.reason.params, "column": title}) from None  # type: ignore[arg-type]
        (draft.company_fields if of_company else draft.facts)[field.key] = value

    return put


def _full_name(draft: Draft, text: str) -> None:
    draft.full_name = text[:_LONGEST_NAME]


def _company_name(draft: Draft, text: str) -> None:
    draft.company_name = tidy(text)[:_LONGEST_NAME]


def _company_domain(draft: Draft, text: str) -> None:
    try:
        domain = read_domain(text)
    except AddressFault:
        draft.notes.append(Reason("import.note.domain", {"value": text[:80]}))
        return
    draft.company_domain = company_domain(domain) or ""


def _zone(draft: Draft, text: str) -> None:
    draft.facts["zone"] = tidy(text)[:80]
    if not is_zone(text):
        draft.notes.append(Reason("import.note.zone", {"value": text[:80]}))


def _basis(draft: Draft, text: str) -> None:
    draft.basis = tidy(text)[:LONGEST_TEXT]


def _tags(draft: Draft, text: str) -> None:
    draft.tags = tuple(dict.fromkeys((*draft.tags, *tags_in(text))))


def _consent(draft: Draft, text: str) -> None:
    draft.agreed = flag_of(text)
    if draft.agreed is None:
        draft.notes.append(Reason("import.note.consent_word", {"value": text[:60]}))
