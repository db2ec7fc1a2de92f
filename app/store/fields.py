"""Where each field of a contact lives, and what a stored value is in Python: the one table of both.

`app.store.facts` loads by it and `app.store.condition_sql` asks by it, so the two cannot disagree.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Column

from app.core.facts import Value
from app.store.tables import companies, contacts

COMPANY = "company."
EMAIL, OWNER, CREATED = "email", "owner", "created"

# Fields that are texts in a column of their own. Beside them stand `email` (the primary address),
# `owner` (the owner's address) and `created` (a date, in UTC); anything else is a custom field: in
# contacts.fields by its key, or in companies.fields by what follows `company.`.
CONTACT_COLUMNS: Mapping[str, Column[Any]] = {
    name: contacts.c[name]
    for name in (
        "first_name", "last_name", "phone", "job_title", "city", "country", "persona", "locale", "zone",
        "origin", "source", "preferred_channel",
    )
}  # fmt: skip
COMPANY_COLUMNS: Mapping[str, Column[Any]] = {
    COMPANY + name: companies.c[name] for name in ("name", "domain")
}
BUILT_IN = frozenset((*CONTACT_COLUMNS, *COMPANY_COLUMNS, EMAIL, OWNER, CREATED))


def from_json(stored: object, is_date: bool) -> Value:
    """A stored JSON value as Python sees it: text, number (always a float), flag, or None.

    `is_date` makes a date of a text that is one; any other text stays a text, so that a value that
    does not fit its field's type is kept and merely fails comparisons.
    """
    if isinstance(stored, str):
        return _date_or_text(stored) if is_date else stored
    if isinstance(stored, bool):
        return stored
    return float(stored) if isinstance(stored, int | float) else None


def _date_or_text(stored: str) -> date | str:
    if len(stored) != 10 or stored[4] != "-":
        return stored
    try:
        return date.fromisoformat(stored)
    except ValueError:
        return stored
