"""The table of routes and roles, told to the team as it is held: read only."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import current_app

from app.services.accounts import ROLES
from app.services.sentences import is_known, say
from app.web.access import ACCESS, PUBLIC, RIGHTS

# Rooms under one heading, in the order of the page.
ROOMS = {
    "Their own account": ("account", "own"),
    "People": ("today", "contacts", "companies", "imports", "contact", "suppressions"),
    "Programme": ("sequences", "library", "checking", "catcher"),
    "Settings": ("settings", "rules", "fields"),
    "What became of mails": ("returned", "deliveries"),
    "Sending": ("sending", "health", "truths"),
    "How mail leaves and what comes back": ("senders", "keys", "webhooks", "outgoing"),
    "Team": ("colleagues", "audit", "tokens"),
}
OTHER = "Other"


@dataclass(frozen=True, slots=True)
class Row:
    """One route: what it does, who may, and which right it needs besides. `acts`: it changes something."""

    words: str
    roles: tuple[str, ...]
    right: str
    acts: bool


def table() -> list[tuple[str, list[Row]]]:
    """Every route that needs a sign-in, by room."""
    acting = {rule.endpoint for rule in current_app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    found: dict[str, list[Row]] = {title: [] for title in (*ROOMS, OTHER)}
    for endpoint, least in ACCESS.items():
        if least != PUBLIC:
            roles = tuple(ROLES[ROLES.index(least) :])
            row = Row(_words(endpoint), roles, RIGHTS.get(endpoint, ""), endpoint in acting)
            found[_room(endpoint.partition(".")[0], ROOMS.items())].append(row)
    return [(title, rows) for title, rows in found.items() if rows]


def _room(name: str, rooms: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    return next((title for title, names in rooms if name in names), OTHER)


def _words(endpoint: str) -> str:
    code = f"route.{endpoint}"
    return say(code, {}) if is_known(code) else endpoint.replace(".", ": ").replace("_", " ")
