"""Writing facts into a database, row by row, the other way round than the loader reads them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, insert

from app.core.facts import Facts, Measure
from app.store import tables
from app.store.fields import COMPANY, COMPANY_COLUMNS, CONTACT_COLUMNS, CREATED, EMAIL, OWNER

WORKSPACE = UUID(int=1)
LIFECYCLE = "main"
CREATED_AT = datetime(2026, 1, 1, 23, 59, 59, 999_999, tzinfo=UTC)
DATES = ("renewal", "company.renewal")


def write_workspace(connection: Connection) -> None:
    """The workspace, and two custom fields that are dates."""
    workspace = {"id": WORKSPACE, "key": "test", "name": "Test", "is_demo": False, "created_at": CREATED_AT}
    connection.execute(insert(tables.workspaces), [workspace])
    definitions = [
        {
            "id": _id("definition", key),
            "workspace_id": WORKSPACE,
            "subject": "company" if key.startswith(COMPANY) else "contact",
            "key": key.removeprefix(COMPANY),
            "label": key,
            "type": "date",
            "choices": [],
            "created_at": CREATED_AT,
        }
        for key in DATES
    ]
    connection.execute(insert(tables.field_definitions), definitions)


def write_people(connection: Connection, people: Iterable[Facts], lifecycle: str = LIFECYCLE) -> None:
    """One contact each, with the company, owner, identity and rows that its facts speak of."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for facts in people:
        _person(rows, facts, lifecycle)
    for name in (
        "users", "companies", "contacts", "identities", "contact_stages", "contact_tags", "contact_criteria",
        "consents", "scores", "interests", "events",
    ):  # fmt: skip
        if rows.get(name):
            connection.execute(insert(getattr(tables, name)), rows[name])


def _person(rows: dict[str, list[dict[str, Any]]], facts: Facts, lifecycle: str) -> None:
    who, fields = facts.contact_id, facts.fields
    mine = {"contact_id": who, "workspace_id": WORKSPACE}

    def add(table: str, **values: Any) -> None:
        rows.setdefault(table, []).append({"workspace_id": WORKSPACE, **values})

    owner = fields.get(OWNER)
    if owner is not None and _id("user", owner) not in [row["id"] for row in rows.get("users", ())]:
        add("users", id=_id("user", owner), email=owner, name="", title="", signature="", role="marketer",
            may_publish=False, may_send=False, must_change_password=False, failed_sign_ins=0,
            created_at=CREATED_AT)  # fmt: skip
    company = {key: value for key, value in fields.items() if key.startswith(COMPANY) and value is not None}
    if company:
        own = {key.removeprefix(COMPANY): _stored(value) for key, value in company.items()
               if key not in COMPANY_COLUMNS}  # fmt: skip
        add("companies", id=_id("company", who), name=company.get("company.name", "Some company"),
            domain=company.get("company.domain"), fields=own, created_at=CREATED_AT)  # fmt: skip
    created = fields.get(CREATED)
    custom = {key: _stored(value) for key, value in fields.items()
              if not key.startswith(COMPANY) and key not in (*CONTACT_COLUMNS, EMAIL, OWNER, CREATED)}  # fmt: skip
    columns = {key: fields.get(key) for key in CONTACT_COLUMNS}
    at = datetime(created.year, created.month, created.day, 23, 59, tzinfo=UTC) if created else CREATED_AT
    add("contacts", id=who, company_id=_id("company", who) if company else None,
        owner_id=_id("user", owner) if owner is not None else None, fields=custom, revision=1, created_at=at, updated_at=at,
        **columns)  # fmt: skip
    if fields.get(EMAIL) is not None:
        add("identities", id=_id("email", who), contact_id=who, kind="email", value=fields[EMAIL],
            shown_as=fields[EMAIL], is_primary=True, created_at=CREATED_AT)  # fmt: skip
    _families(add, mine, facts, lifecycle)


def _families(add: Any, mine: dict[str, Any], facts: Facts, lifecycle: str) -> None:
    if facts.stage:
        add("contact_stages", **mine, lifecycle=lifecycle, stage=facts.stage,
            since=facts.stage_since or CREATED_AT, reason_code="test", reason_params={}, revision=1)  # fmt: skip
    for tag in facts.tags:
        add("contact_tags", **mine, tag=tag, added_at=CREATED_AT)
    for criterion, fact in facts.criteria.items():
        add("contact_criteria", **mine, criterion=criterion, state=fact.state, value=_stored(fact.value),
            evidence={}, changed_at=CREATED_AT)  # fmt: skip
    for purpose, state in facts.consents.items():
        add("consents", **mine, purpose=purpose, state=state, basis="consent", at=CREATED_AT)
    for measure, worth in facts.measures.items():
        add("scores", **mine, measure=measure, **_measure(worth))
    for topic, worth in facts.interests.items():
        add("interests", **mine, topic=topic, **_measure(worth))
    for number, event in enumerate(facts.happenings):
        topics = f",{','.join(event.topics)}," if event.topics else ","
        add("events", **mine, id=_id(f"event {number:05}", facts.contact_id), kind=event.kind, subject=event.subject,
            topics=topics, verdict=event.verdict, source="test", occurred_at=event.at, received_at=event.at,
            failures=0, payload={})  # fmt: skip


def _measure(measure: Measure) -> dict[str, Any]:
    half_life = measure.half_life.total_seconds() if measure.half_life is not None else None
    return {"value": measure.value, "as_of": measure.as_of, "half_life": half_life}


def _stored(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _id(kind: str, name: object) -> UUID:
    return uuid5(WORKSPACE, f"{kind} {name}")
