"""What the address of the list of contacts asks for, read and written: the list, its acts and its views share it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any
from uuid import UUID

from flask import abort
from werkzeug.datastructures import MultiDict

from app.services.viewing.people import COLUMNS, CONSENT_STATES, ORDERS, USUAL_COLUMNS, Asked
from app.store.views.people import BY_SCORE, Key

LONGEST = 200
BOUNDS = ("fit_from", "fit_to", "eng_from", "eng_to")
# Every name an address of the list may carry, places in it left out.
NAMES = (
    "stage", "q", "owner", "tag", "seq", *BOUNDS, "topic", "consent", "company", "source", "suppressed", "sort", "col",
)  # fmt: skip


def read(args: MultiDict[str, str]) -> Asked:
    """What is asked for. What cannot be read is a bad request; what is only unknown finds nobody."""

    def line(name: str) -> str:
        return args.get(name, "")[:LONGEST].replace("\0", "").strip()

    def one_of(name: str, known: Iterable[str], usual: str = "") -> str:
        given = args.get(name, "")
        if given and given not in known:
            abort(400)
        return given or usual

    owner = args.get("owner", "")
    if owner and owner != "none":
        owner = str(_uuid(owner))
    order = one_of("sort", ORDERS, ORDERS[0])
    chosen = set(args.getlist("col"))
    return Asked(
        stage=line("stage") or None,
        text=line("q"),
        owner=owner,
        tag=line("tag"),
        sequence=line("seq"),
        bounds=(_bound(args, 0), _bound(args, 1), _bound(args, 2), _bound(args, 3)),
        topic=line("topic"),
        consent=one_of("consent", CONSENT_STATES),
        company_id=_uuid(args["company"]) if args.get("company") else None,
        source=line("source"),
        suppressed=one_of("suppressed", ("yes", "no")),
        order=order,
        columns=tuple(name for name in COLUMNS if name in chosen) if chosen else USUAL_COLUMNS,
        older_than=_place(args.get("older"), order),
        newer_than=_place(args.get("newer"), order),
    )


def params(asked: Asked, **cursor: tuple[Key, UUID] | None) -> dict[str, Any]:
    """The address that asks for the same, with a place in the list; what is not asked for is left out."""
    wanted: Mapping[str, Any] = {
        "stage": asked.stage, "q": asked.text, "owner": asked.owner, "tag": asked.tag, "seq": asked.sequence,
        **{name: _figure(bound) for name, bound in zip(BOUNDS, asked.bounds, strict=True)},
        "topic": asked.topic if asked.consent else "", "consent": asked.consent if asked.topic else "",
        "company": asked.company_id, "source": asked.source, "suppressed": asked.suppressed,
        "sort": asked.order if asked.order != ORDERS[0] else "",
        **{name: _written(place) for name, place in cursor.items()},
    }  # fmt: skip
    found: dict[str, Any] = {name: str(value) for name, value in wanted.items() if value}
    if asked.columns != USUAL_COLUMNS:
        found["col"] = list(asked.columns)
    return found


def pairs(asked: Asked) -> list[tuple[str, str]]:
    """The same as hidden fields of a form."""
    return [
        (name, each)
        for name, value in params(asked).items()
        for each in (value if isinstance(value, list) else [value])
    ]


def _figure(bound: float | None) -> str:
    return "" if bound is None else f"{bound:g}"


def _bound(args: MultiDict[str, str], place: int) -> float | None:
    given = args.get(BOUNDS[place], "").strip()
    if not given:
        return None
    try:
        bound = float(given.replace(",", "."))
    except ValueError:
        abort(400)
    if not isfinite(bound) or abs(bound) > 1e6:
        abort(400)
    return bound


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        abort(400)


def _place(text: str | None, order: str) -> tuple[Key, UUID] | None:
    if not text:
        return None
    key, _, row_id = text.rpartition("_")
    if order not in BY_SCORE:
        return None, _uuid(text)
    try:
        found: Key = float(key) if order == "fit" else datetime.fromisoformat(key)
    except ValueError:
        abort(400)
    if isinstance(found, datetime) and found.tzinfo is None:
        abort(400)
    return found, _uuid(row_id)


def _written(place: tuple[Key, UUID] | None) -> str:
    if place is None:
        return ""
    key, row_id = place
    if key is None:
        return str(row_id)
    return f"{key.isoformat() if isinstance(key, datetime) else repr(key)}_{row_id}"
