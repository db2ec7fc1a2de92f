"""Contacts as the core sees them: addresses, words, values, header words, and how facts are merged."""
# ruff: noqa: I001

from app.core.contacts.addresses import Address, addresses_in, checked_address, plain_address
from app.core.contacts.countries import country_code
from app.core.contacts.headers import IGNORE, TARGETS, TEXT_TARGETS, suggest_targets, target_of
from app.core.contacts.merging import (
    COLUMNS, Change, CompanyWish, Known, Merged, Wanted, consents_given, fold, merge,
    nameless_key,
)  # fmt: skip
from app.core.contacts.presets import (
    BY_KEY as PRESETS,
    LEFT,
    Preset,
    preset_targets,
    recognised,
    tells_who_left,
)
from app.core.contacts.values import TYPES, FieldType, Stored, ValueFault, typed_value
from app.core.contacts.words import (
    LONGEST_TEXT, ORIGINS, channel_of, flag_of, folded, locale_tag, origin_of, phone_number, split_name, tags_in, tidy,
)  # fmt: skip

__all__ = [
    "COLUMNS", "IGNORE", "LEFT", "LONGEST_TEXT", "ORIGINS", "PRESETS", "TARGETS", "TEXT_TARGETS", "TYPES", "Address", "Change", "CompanyWish",
    "FieldType", "Known", "Merged", "Preset", "Stored", "ValueFault", "Wanted", "addresses_in", "channel_of",
    "checked_address", "consents_given", "country_code", "flag_of", "fold", "folded", "locale_tag", "merge", "nameless_key",
    "origin_of", "phone_number", "plain_address", "preset_targets", "recognised", "split_name", "suggest_targets", "tags_in", "target_of", "tells_who_left", "tidy",
    "typed_value",
]  # fmt: skip
