"""A workspace to import into, with a small lifecycle, and a way to run a file through it in one call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, func, insert, select

from app.core.lifecycle import Lifecycle, Stage
from app.services.ids import new_id
from app.services.importing import (
    ImportOptions,
    ImportSummary,
    Mapped,
    Surroundings,
    read_new_field,
    read_table,
    rehearse_import,
    resolve_mapping,
    run_import,
    start_import,
    suggest_mapping,
)
from app.services.importing.options import NewField, own_fields
from app.store import tables
from app.store.contacts import field_types
from app.store.database import Database

NOW = datetime(2026, 11, 12, 9, tzinfo=UTC)
WORKSPACE = UUID(int=11)
SEQUENCE = UUID(int=21)
COUNTED = ("contacts", "identities", "companies", "contact_stages", "contact_tags", "consents", "consent_entries",
           "fact_changes", "timeline", "admissions")  # fmt: skip


def lifecycle() -> Lifecycle:
    stages = [
        Stage("visitor", {"en": "Visitor"}, "main", frozenset(), False, 0),
        Stage("lead", {"en": "Lead", "it": "Contatto"}, "main", frozenset({"discovery"}), True, 1, ("MQL",)),
        Stage("prospect", {"en": "Prospect"}, "main", frozenset({"decision"}), True, 2, ("SQL",)),
        Stage("customer", {"en": "Customer", "it": "Cliente"}, "main", frozenset({"adoption"}), True, 3),
    ]
    return Lifecycle("inbound", {stage.key: stage for stage in stages})


def hash_value(value: str) -> str:
    return blake2b(value.encode(), key=b"test", digest_size=16).hexdigest()


def _lead_sequence(_connection: Connection, _workspace_id: UUID, stage: str) -> list[UUID]:
    return [SEQUENCE] if stage == "lead" else []


def surroundings(data_dir: Path) -> Surroundings:
    return Surroundings(lifecycle(), data_dir, hash_value, _lead_sequence, ("guides", "pricing"))


@dataclass
class House:
    """A database with one workspace, one user and one sequence, and a data folder."""

    database: Database
    data_dir: Path
    around: Surroundings = field(init=False)

    def __post_init__(self) -> None:
        self.around = surroundings(self.data_dir)
        with self.database.write() as connection:
            connection.execute(
                insert(tables.workspaces).values(
                    id=WORKSPACE, key="main", name="M", is_demo=False, created_at=NOW
                )
            )
            connection.execute(
                insert(tables.users).values(
                    id=UUID(int=31), workspace_id=WORKSPACE, email="owner@halden.example", name="O", title="", signature="",
                    role="sales", may_publish=False, may_send=False, must_change_password=False, failed_sign_ins=0,
                    created_at=NOW,
                )
            )  # fmt: skip
            connection.execute(
                insert(tables.definitions).values(
                    id=SEQUENCE,
                    workspace_id=WORKSPACE,
                    kind="sequence",
                    key="discovery",
                    state="live",
                    created_at=NOW,
                )
            )

    def file(self, content: str | bytes, name: str = "contacts.csv") -> Path:
        path = self.data_dir / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def mapping(self, path: Path, chosen: dict[str, str], new: Sequence[NewField]) -> Mapped:
        with self.database.read() as connection:
            own = field_types(connection, WORKSPACE)
        header = read_table(path).header
        return resolve_mapping(header, suggest_mapping(header, own), chosen, new, own_fields(own))

    def begin(
        self, content: str | bytes, options: ImportOptions | None = None, chosen: dict[str, str] | None = None,
        fields: Sequence[str] = (),
    ) -> UUID:  # fmt: skip
        path, new = self.file(content), [read_new_field(text) for text in fields]
        mapping = self.mapping(path, chosen or {}, new)
        return start_import(
            self.database, WORKSPACE, path, mapping, options or ImportOptions(), self.around, NOW, new
        )

    def run(self, content: str | bytes, options: ImportOptions | None = None, **given: Any) -> ImportSummary:
        return run_import(self.database, self.begin(content, options, **given), self.around, NOW)

    def rehearse(
        self, content: str | bytes, options: ImportOptions | None = None, **given: Any
    ) -> ImportSummary:
        path, new = self.file(content), [read_new_field(text) for text in given.get("fields", ())]
        mapping = self.mapping(path, given.get("chosen", {}), new)
        return rehearse_import(
            self.database, WORKSPACE, path, mapping, options or ImportOptions(), self.around, NOW, new
        )

    def rows(self, table: Table, *order: str) -> list[dict[str, Any]]:
        with self.database.read() as connection:
            found = connection.execute(select(table).order_by(*(table.c[name] for name in order))).mappings()
            return [dict(row) for row in found]

    def sizes(self) -> dict[str, int]:
        with self.database.read() as connection:
            return {
                name: connection.execute(select(func.count()).select_from(getattr(tables, name))).scalar_one()
                for name in COUNTED
            }

    def contact(self, address: str) -> dict[str, Any]:
        with self.database.read() as connection:
            contact_id = connection.execute(
                select(tables.identities.c.contact_id).where(tables.identities.c.value == address)
            ).scalar_one()
            query = select(tables.contacts).where(tables.contacts.c.id == contact_id)
            return dict(connection.execute(query).mappings().one())

    def reasons(self, import_id: UUID | None) -> list[tuple[int, str, str]]:
        return [
            (row["row_number"], row["result"], row["reason_code"])
            for row in self.rows(tables.import_rows, "row_number")
            if row["import_id"] == import_id
        ]

    def stage(self, address: str) -> str:
        who = self.contact(address)["id"]
        return next(row["stage"] for row in self.rows(tables.contact_stages) if row["contact_id"] == who)

    def set_consent(self, address: str, topic: str, state: str) -> None:
        with self.database.write() as connection:
            connection.execute(
                insert(tables.consents).values(
                    contact_id=self.contact(address)["id"], purpose=topic, workspace_id=WORKSPACE, state=state, basis="", at=NOW
                )
            )  # fmt: skip

    def suppress(self, value: str, scope: str, source: str, topic: str = "") -> None:
        with self.database.write() as connection:
            connection.execute(
                insert(tables.suppressions).values(
                    id=new_id(NOW), workspace_id=WORKSPACE, scope=scope, value_hash=hash_value(value), topic=topic,
                    source=source, reason_code="x", reason_params={}, at=NOW,
                )
            )  # fmt: skip
