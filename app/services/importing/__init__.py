"""Contacts out of CSV files: read, mapped, planned and written in chunks that a crash cannot repeat."""

from app.services.importing.faults import ImportFault
from app.services.importing.options import (
    ImportOptions,
    Mapped,
    NewField,
    Surroundings,
    own_fields,
    read_new_field,
    resolve_mapping,
    suggest_mapping,
)
from app.services.importing.reading import Record, Table, read_table
from app.services.importing.results import Noted, explained
from app.services.importing.running import (
    COUNTS,
    ImportSummary,
    Progress,
    rehearse_import,
    resume_imports,
    run_import,
    start_import,
)
from app.services.importing.sentences import known_codes, sentence

__all__ = [
    "COUNTS",
    "ImportFault",
    "ImportOptions",
    "ImportSummary",
    "Mapped",
    "NewField",
    "Noted",
    "Progress",
    "Record",
    "Surroundings",
    "Table",
    "explained",
    "known_codes",
    "own_fields",
    "read_new_field",
    "read_table",
    "rehearse_import",
    "resolve_mapping",
    "resume_imports",
    "run_import",
    "sentence",
    "start_import",
    "suggest_mapping",
]
