"""Values that fill every field of a template, for its first rendering and for previews without a contact."""

from collections.abc import Mapping
from typing import Any

from app.mail.compile import CompiledTemplate
from app.mail.language import LISTS

_KNOWN: Mapping[str, Any] = {
    "contact.first_name": "Ada",
    "contact.last_name": "Lovelace",
    "contact.name": "Ada Lovelace",
    "contact.email": "ada@example.com",
    "contact.locale": "en",
    "company.name": "Analytical Engines",
    "company.domain": "example.com",
    "sender.name": "Grace Hopper",
    "sender.email": "grace@example.com",
    "mail.remaining": 2,
    "task.url": "https://example.com/task",
    "task.due": "29.11.2026, 13:00",
}


def sample_context(compiled: CompiledTemplate, brand: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """A context with a value for each field the template uses; the brand's are real."""
    context: dict[str, dict[str, Any]] = {"brand": dict(brand)}
    for name in compiled.fields:
        root, _, key = name.partition(".")
        value = ["one", "two"] if name in LISTS else _KNOWN.get(name, key.replace("_", " "))
        context.setdefault(root, {}).setdefault(key, value)
    return context
