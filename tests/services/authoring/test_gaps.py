"""How many people a field without fall-back would hold up, on both databases."""

from uuid import UUID

import pytest
from sqlalchemy import insert

from app.files.findings import FileFinding
from app.services.authoring import check, gaps, load_folder
from app.services.ids import new_id
from app.store.database import Database
from app.store.tables import companies, consents, contact_stages, contacts
from config import Settings
from tests.services.authoring.conftest import NOW
from tests.services.authoring.content import mail, write

HELLO = "email_templates/discovery/hello.mjml"


def found(
    database: Database, workspace_id: UUID, settings: Settings, body: str, more: str = ""
) -> list[FileFinding]:
    write(settings.content_dir, {HELLO: mail(body=body, more=more)})
    checked = check(load_folder(settings.content_dir), settings, NOW)
    return gaps(database, workspace_id, checked, NOW)


def person(
    database: Database, workspace_id: UUID, *, stage: str = "lead", consent: str = "given", company: str | None = None,
    lifecycle: str = "inbound", **columns: object,
) -> None:  # fmt: skip
    contact_id, company_id = new_id(NOW), new_id(NOW)
    with database.write() as connection:
        if company is not None:
            connection.execute(
                insert(companies).values(
                    id=company_id, workspace_id=workspace_id, name=company, fields={}, created_at=NOW
                )
            )
        values = {"fields": {}, "revision": 1, "created_at": NOW, "updated_at": NOW, **columns}
        if company is not None:
            values["company_id"] = company_id
        connection.execute(insert(contacts).values(id=contact_id, workspace_id=workspace_id, **values))
        connection.execute(
            insert(contact_stages).values(
                contact_id=contact_id, workspace_id=workspace_id, lifecycle=lifecycle, stage=stage, since=NOW,
                revision=1, reason_code="x", reason_params={},
            )
        )  # fmt: skip
        connection.execute(
            insert(consents).values(
                contact_id=contact_id,
                workspace_id=workspace_id,
                purpose="guides",
                state=consent,
                basis="form",
                at=NOW,
            )
        )


@pytest.fixture
def people(database: Database, workspace_id: UUID) -> None:
    """Four who may get the guide, of whom three have no city; and four who may not."""
    person(database, workspace_id, city="Aarhus", fields={"flat": "2"}, company="A")
    person(database, workspace_id, city="", fields={"flat": ""}, company="")
    person(database, workspace_id, first_name="Ada", fields={"flat": 3})
    person(database, workspace_id, last_name="Lovelace")
    person(database, workspace_id, stage="prospect")
    person(database, workspace_id, consent="withdrawn")
    person(database, workspace_id, lifecycle="other")
    person(database, workspace_id, erased_at=NOW)


WITHOUT = {"contact.city": 3, "contact.flat": 2, "contact.name": 2, "company.name": 3, "contact.persona": 4}


@pytest.mark.usefixtures("people")
def test_those_without_a_value_are_counted(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    told = found(database, workspace_id, settings, "".join(f"\n{{{{ {field} }}}}" for field in WITHOUT))
    assert [(one.file, one.line, one.level) for one in told] == [
        (HELLO, line, "warning") for line in range(9, 14)
    ]
    assert [one.message for one in told] == [
        f"{{{{ {field} }}}} has no fall-back: {without} of 4 people in the stage lead who agreed to guides"
        " have none, and “guide” would hold this mail for them."
        for field, without in WITHOUT.items()
    ]
    assert told[0].remedy == "Write fallbacks: {contact.city: …}, or a condition around it."


@pytest.mark.usefixtures("people")
def test_what_has_a_way_round_is_not_told(database: Database, workspace_id: UUID, settings: Settings) -> None:
    body = (
        "To {{ contact.flat }}, {% if contact.city %}{{ contact.city }}{% endif %}, {{ company.name|default('a') }}"
        " {{ contact.email }}, from {{ sender.name }} of {{ brand.name }}"
    )
    assert found(database, workspace_id, settings, body, "fallbacks: {contact.flat: your flat}\n") == []


def test_a_field_that_nobody_lacks_is_not_told(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    person(database, workspace_id, city="Aarhus")
    assert found(database, workspace_id, settings, "To {{ contact.city }}") == []
