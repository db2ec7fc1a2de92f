"""A small, plausible base of contacts, written straight into the tables: for pages and their tests."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from sqlalchemy import insert

from app.core.ids import timed_id
from app.files.variants import join_variants
from app.store import tables as t
from app.store.database import Database
from tests.support.seed_story import SEQUENCE, SOURCE, TEMPLATES, story

NOW = datetime(2026, 11, 24, 8, 24, tzinfo=UTC)
PASSWORD = "a trellis holds things"
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)

_FIRST = (
    "Inês", "Tomáš", "Sanne", "Giulia", "Aleksandr", "Peter", "Chiara", "Helena", "Mikkel", "Anouk",
    "Marek", "Yara", "Lotte", "Pablo", "Freja", "Kenji", "Aoife", "Bruno", "Zofia", "Emil",
)  # fmt: skip
_LAST = (
    "Carvalho", "Novák", "de Boer", "Ferri", "Belov", "Lund", "Galli", "Duarte", "Friis", "Peeters",
    "Kowalski", "Haddad", "Brandt", "Ruiz", "Møller", "Tanaka", "Byrne", "Costa", "Nowak", "Sørensen",
)  # fmt: skip
_COMPANIES = (
    ("casa-alta.example", "Casa Alta Residences"), ("vltava.example", "Vltava Housing"),
    ("woonstad.example", "Woonstad Oost"), ("ferri.example", "Ferri Amministrazioni"),
    ("lund.example", "Lund & Søn"), ("norte.example", "Condomínios Norte"),
)  # fmt: skip
_STAGES = (
    "lead",
    "lead",
    "lead",
    "prospect",
    "lead",
    "customer",
    "dormant",
    "lead",
    "disqualified",
    "ambassador",
)


@dataclass(slots=True)
class Seeded:
    """Ids that tests ask for; `contacts` in the order they came in, the first one with the full story."""

    workspace_id: UUID
    admin_id: UUID
    sales_id: UUID
    viewer_id: UUID
    sequence_id: UUID
    contacts: list[UUID]


class Sower:
    """Collects rows and writes them table by table, so that 200 contacts cost no more statements than 10."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self._drawn = 0

    def id(self, at: datetime = NOW) -> UUID:
        self._drawn += 1
        return timed_id(at, self._drawn.to_bytes(10, "big"))

    def add(self, table: str, **row: Any) -> UUID | None:
        self.rows.setdefault(table, []).append(row)
        return row.get("id")

    def write(self, database: Database) -> None:
        with database.write() as connection:
            for table in t.metadata.sorted_tables:
                rows = self.rows.get(table.name, [])
                # Every row names every column, so that one statement takes them all.
                names = {name for row in rows for name in row}
                if rows:
                    connection.execute(
                        insert(table), [{name: row.get(name) for name in names} for row in rows]
                    )


def seed(database: Database, contacts: int = 60) -> Seeded:
    """Fill an empty database."""
    sower = Sower()
    workspace_id = sower.id()
    sower.add(
        "workspaces", id=workspace_id, key="main", name="Halden Metering", is_demo=False, created_at=NOW
    )
    users = [
        _user(sower, workspace_id, *who)
        for who in (
            ("marta@halden.example", "Marta Lindqvist", "admin"),
            ("jonas@halden.example", "Jonas Weber", "sales"),
            ("vera@halden.example", "Vera Sand", "viewer"),
        )
    ]
    sequence_id, version_id = _definitions(sower, workspace_id, users[0])
    companies = [sower.id(NOW - timedelta(days=90)) for _ in _COMPANIES]
    for company_id, (domain, name) in zip(companies, _COMPANIES, strict=True):
        sower.add(
            "companies", id=company_id, workspace_id=workspace_id, domain=domain, name=name,
            fields={"size": 40, "industry": "housing"}, created_at=NOW,
        )  # fmt: skip
    seeded = Seeded(workspace_id, users[0], users[1], users[2], sequence_id, [])
    for number in range(contacts):
        person = _person(sower, seeded, number, companies[number % len(companies)])
        seeded.contacts.append(person)
        _course(sower, seeded, number, person, version_id)
    if contacts:
        story(sower, seeded, version_id, NOW)
    _machine(sower)
    sower.write(database)
    return seeded


def _user(sower: Sower, workspace_id: UUID, email: str, name: str, role: str) -> UUID:
    user_id = sower.id(NOW - timedelta(days=100))
    sower.add(
        "users", id=user_id, workspace_id=workspace_id, email=email, name=name, title="", signature="",
        password_hash=PASSWORD_HASH, role=role, may_publish=role == "admin", may_send=role == "admin",
        must_change_password=False, failed_sign_ins=0, created_at=NOW, zone="Europe/Copenhagen",
    )  # fmt: skip
    return user_id


def _definitions(sower: Sower, workspace_id: UUID, author_id: UUID) -> tuple[UUID, UUID]:
    found = []
    for kind, key, source in (
        ("sequence", SEQUENCE, SOURCE),
        *(("template", key, join_variants({"": "…"})) for key in TEMPLATES),
    ):
        definition_id, version_id = sower.id(), sower.id()
        sower.add(
            "definitions", id=definition_id, workspace_id=workspace_id, kind=kind, key=key, state="live",
            live_version_id=version_id, created_at=NOW,
        )  # fmt: skip
        sower.add(
            "definition_versions", id=version_id, workspace_id=workspace_id, definition_id=definition_id, number=13,
            source=source, digest="d", author_id=author_id, published_at=NOW - timedelta(days=30),
        )  # fmt: skip
        found.append((definition_id, version_id))
    return found[0]


def _person(sower: Sower, seeded: Seeded, number: int, company_id: UUID) -> UUID:
    came = NOW - timedelta(days=60) + timedelta(hours=number)
    person, stage = sower.id(came), "prospect" if number == 0 else _STAGES[number % len(_STAGES)]
    first = _FIRST[number % len(_FIRST)]
    last = _LAST[(number + number // len(_FIRST) * 7) % len(_LAST)]
    here: dict[str, Any] = {"workspace_id": seeded.workspace_id, "contact_id": person}
    sower.add(
        "contacts", id=person, workspace_id=seeded.workspace_id, company_id=company_id,
        owner_id=seeded.sales_id if number % 3 == 0 else None, first_name=first, last_name=last,
        job_title="Facilities lead", city="Porto", country="PT", locale="pt", zone="Europe/Lisbon",
        origin="inbound", source="heat cost guide", fields={"flats": 2300}, revision=1, created_at=came,
        updated_at=NOW,
    )  # fmt: skip
    sower.add(
        "identities", id=sower.id(came), kind="email", value=f"person{number}@example.com",
        shown_as=f"person{number}@example.com", is_primary=True, created_at=came, **here,
    )  # fmt: skip
    sower.add(
        "contact_stages", lifecycle="main", stage=stage, since=NOW - timedelta(days=5),
        reason_code="contact.imported", reason_params={}, revision=1, **here,
    )  # fmt: skip
    if number:
        _measures(sower, here, number)
    if number % 4 == 1:
        sower.add("contact_tags", tag="webinar", added_at=NOW, **here)
    if number % 10 != 4:
        sower.add(
            "events", id=sower.id(NOW - timedelta(hours=number)), kind="clicked", subject="discovery/guide",
            topics=",guide,", verdict="human", source="hit", occurred_at=NOW - timedelta(hours=number),
            received_at=NOW, processed_at=NOW, failures=0, payload={}, **here,
        )  # fmt: skip
    return person


def _measures(sower: Sower, here: dict[str, Any], number: int) -> None:
    """Every tenth contact's fit is unknown; the others' scores are one entry each."""
    for measure, value, half_life in (
        ("fit", float(30 + number * 7 % 65), None),
        ("engagement", float(number * 13 % 90), 21 * 86400.0),
    ):
        if measure == "fit" and number % 10 == 9:
            continue
        at = NOW - timedelta(days=2)
        sower.add("scores", measure=measure, value=value, as_of=at, half_life=half_life, **here)
        sower.add(
            "score_entries", id=sower.id(at), measure=measure, rule=measure, model_version=1, occasion="first",
            points=value, at=at, reason_code="score.fit", reason_params={"rule": "first", "points": value}, **here,
        )  # fmt: skip


def _course(sower: Sower, seeded: Seeded, number: int, person: UUID, version_id: UUID) -> None:
    """Where this contact is in the sequence, with the mail that got it there."""
    if number == 0 or _STAGES[number % len(_STAGES)] != "lead":
        return
    course = (
        ("pause", "due", NOW + timedelta(hours=number), "wait.span", {"for": "2 working days", "field": ""}),
        (
            "read",
            "waiting",
            NOW + timedelta(days=2),
            "wait_for.waits",
            {"event": "clicked", "subject": "guide"},
        ),
        ("guide", "sending", None, "wait.delivery", {"template": "discovery/guide"}),
        ("guide", "parked", None, "parked.error", {"error": "“city” is empty", "sequence": SEQUENCE}),
    )[number % 4]
    step, state, due_at, code, params = course
    enrollment_id = sower.id(NOW - timedelta(days=6))
    sower.add(
        "enrollments", id=enrollment_id, workspace_id=seeded.workspace_id, definition_id=seeded.sequence_id,
        version_id=version_id, contact_id=person, entry_number=1, state=state, step=step, visit=1, inside=True,
        since=NOW - timedelta(days=1), due_at=due_at, visits={step: 1}, failures=0,
        waiting_for={"event": "clicked"} if state == "waiting" else None,
        entered_at=NOW - timedelta(days=6), entered_by="trigger", reason_code=code, reason_params=params, revision=3,
    )  # fmt: skip
    _mail(sower, seeded, person, enrollment_id, "hello", "accepted", NOW - timedelta(days=6))
    if state == "sending":
        _mail(sower, seeded, person, enrollment_id, "guide", "queued", NOW + timedelta(hours=1))


def _mail(
    sower: Sower, seeded: Seeded, person: UUID, enrollment_id: UUID, step: str, state: str, at: datetime
) -> UUID:
    delivery_id = sower.id(at)
    accepted = state == "accepted"
    sower.add(
        "deliveries", id=delivery_id, workspace_id=seeded.workspace_id, contact_id=person,
        enrollment_id=enrollment_id, definition_id=seeded.sequence_id, step=step, visit=1,
        dedupe_key=f"{enrollment_id}:{step}:1", message_class="marketing", content_kind="discovery",
        topic="getting-started", template=f"discovery/{step}", priority=50, once=True, state=state, due_at=at,
        planned_at=min(at, NOW), intent_at=at if accepted or state == "uncertain" else None,
        accepted_at=at if accepted else None, ended_at=at if accepted else None, attempts=int(accepted),
        reason_code="mail.planned", reason_params={"step": step},
    )  # fmt: skip
    return delivery_id


def _machine(sower: Sower) -> None:
    for job, ago, error in (("run", 2, None), ("send", 3, None), ("react", 4, "ValueError: no such rule")):
        sower.add(
            "job_runs", job=job, every=5.0, last_started_at=NOW - timedelta(seconds=ago + 1),
            last_finished_at=NOW - timedelta(seconds=ago), handled=12, worker="main", last_error=error,
            last_error_at=NOW - timedelta(minutes=9) if error else None,
        )  # fmt: skip


mail = _mail
