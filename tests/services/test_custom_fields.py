"""Custom fields on both databases: declared, counted, found where they are used, renamed, taken out of use."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from app.core.ids import timed_id
from app.services import custom_fields as service
from app.services.custom_fields import Field, FieldFault, Use
from app.services.importing import suggest_mapping
from app.services.world import World
from app.store import authoring, tables
from app.store.contacts import field_types
from app.store.custom_fields import MOST
from app.store.database import Database
from tests.support import line
from tests.support.line import NOW

FLATS = {"subject": "contact", "key": "", "label": "Number of  flats", "type": "number", "choices": ""}
BRANCH = {
    "subject": "company",
    "key": "branch",
    "label": "Branch",
    "type": "choice",
    "choices": "Housing\n\nCare\nCare",
}
USER = """\
sequence: user
for: lead
topic: guides
enter: {date: ends}
steps:
  - set: {set: {field: plan, to: small}}
  - wait: {wait: {date: renewal, before: 3 days}}
  - hello: {send: discovery/hello}
goal: {field: number_of_flats, at least: 50}
"""
MAIL = line.MAIL.replace("Hello", "{{ company.branch }} Hello").replace(
    "preheader:", "fallbacks: {company.branch: x}\npreheader:"
)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return line.lay(database, tmp_path, sequences=(line.LINE,))


def field(world: World, name: str) -> Field:
    return next(one for one in service.listed(world, NOW).fields if one.name == name)


def refused(act: Any, *given: Any, **named: Any) -> str:
    with pytest.raises(FieldFault) as caught:
        act(*given, **named)
    return str(caught.value.reason.code)


def test_added_counted_and_told(world: World) -> None:
    made = service.add(world, FLATS, NOW, None)
    assert (made.key, made.label, made.type) == ("number_of_flats", "Number of flats", "number")
    service.add(world, BRANCH, NOW, None)
    line.people(world, 3, fields={"number_of_flats": 12, "branch": "Care"})
    line.people(world, 2, first=3, fields={"number_of_flats": None})
    row = {
        "id": timed_id(NOW, b"company"),
        "workspace_id": world.workspace_id,
        "name": "C",
        "created_at": NOW,
    }
    with world.database.write() as connection:
        connection.execute(
            insert(tables.companies), [{**row, "fields": {"branch": "Care", "number_of_flats": 1}}]
        )
    flats, branch = field(world, "number_of_flats"), field(world, "company.branch")
    assert (flats.filled, flats.looked, flats.uses, flats.held) == (3, 5, (), None)
    assert (branch.choices, branch.filled, branch.looked, branch.held) == (
        ("Housing", "Care"),
        1,
        1,
        {"Care": 1},
    )
    with world.database.read() as connection:
        actions = connection.execute(select(tables.audit_entries.c.action)).scalars()
        assert list(actions).count("field.added") == 2


def test_no_more_people_are_looked_at_than_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST == 5000, "the page says so"
    monkeypatch.setattr("app.store.custom_fields.MOST", 2)
    service.add(world, FLATS, NOW, None)
    line.people(world, 3, fields={"number_of_flats": 12})
    assert (field(world, "number_of_flats").filled, field(world, "number_of_flats").looked) == (2, 2)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"label": "  "}, "fields.no_label"),
        ({"label": "x" * 81}, "fields.label"),
        ({"label": "a\x00b"}, "fields.label"),
        ({"key": "Größe"}, "fields.key"),
        ({"key": "1st"}, "fields.key"),
        ({"key": "a" * 41}, "fields.key"),
        ({"label": "Число"}, "fields.key"),
        ({"key": "email"}, "fields.reserved"),
        ({"label": "Country"}, "fields.reserved"),
        ({"subject": "company", "key": "domain"}, "fields.reserved"),
        ({"type": "choice"}, "fields.no_choices"),
        ({"type": "choice", "choices": "x" * 81}, "fields.choices"),
        ({"type": "choice", "choices": "\n".join(map(str, range(201)))}, "fields.choices"),
        ({"type": "json"}, "fields.form"),
        ({"subject": "deal"}, "fields.form"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_field_is_refused(
    sqlite_database: Database, tmp_path: Path, change: dict[str, str], code: str
) -> None:
    world = line.lay(sqlite_database, tmp_path)
    assert refused(service.add, world, {**FLATS, **change}, NOW, None) == code
    assert service.listed(world, NOW).fields == ()


def test_no_two_of_a_key_or_a_title(world: World) -> None:
    made = service.add(world, FLATS, NOW, None)
    assert (
        refused(service.add, world, {**FLATS, "label": "Flats", "key": made.key}, NOW, None) == "fields.taken"
    )
    assert (
        refused(service.add, world, {**FLATS, "label": "number of FLATS"}, NOW, None) == "fields.label_taken"
    )
    service.add(world, {**FLATS, "subject": "company"}, NOW, None)


def test_uses_are_found_in_rules_and_mails_and_keep_it_in_use(database: Database, tmp_path: Path) -> None:
    world = line.lay(database, tmp_path, sequences=(line.LINE, USER), mails={"discovery/hello": MAIL})
    names = ("number_of_flats", "plan", "renewal", "ends", "other")
    for name in names:
        service.add(world, {**FLATS, "key": name, "label": name}, NOW, None)
    branch = service.add(world, BRANCH, NOW, None)
    for name in names[:4]:
        assert field(world, name).uses == (Use("sequence", "user"),)
        assert refused(service.retire, world, field(world, name).id, NOW, None) == "fields.in_use"
    assert field(world, "company.branch").uses == (Use("template", "discovery/hello"),)
    assert refused(service.retire, world, branch.id, NOW, None) == "fields.in_use"
    service.retire(world, field(world, "other").id, NOW, None)


def test_out_of_use_is_unknown_to_rules_and_not_offered_and_comes_back(world: World) -> None:
    made = service.add(world, FLATS, NOW, None)
    for _ in range(2):
        service.retire(world, made.id, NOW, None)
    with world.database.read() as connection:
        assert authoring.custom_fields(connection, world.workspace_id) == set()
        assert suggest_mapping(["Number of flats"], field_types(connection, world.workspace_id)) == (None,)
    assert refused(service.add, world, {**FLATS, "key": made.key, "label": "X"}, NOW, None) == "fields.taken"
    service.bring_back(world, made.id, NOW, None)
    with world.database.read() as connection:
        assert authoring.custom_fields(connection, world.workspace_id) == {"number_of_flats"}
        actions = list(connection.execute(select(tables.audit_entries.c.action)).scalars())
    acts = sorted(one for one in actions if one.startswith("field."))
    assert acts == ["field.added", "field.brought_back", "field.retired"]


def test_renamed_unless_somebody_did_so_meanwhile(world: World) -> None:
    made = service.add(world, BRANCH, NOW, None)
    service.change(
        world, made.id, {"label": "Trade", "choices": "Care\nHousing\nSchools"}, made.look, NOW, None
    )
    now = field(world, "company.branch")
    assert (now.label, now.choices, now.type) == ("Trade", ("Care", "Housing", "Schools"), "choice")
    assert refused(service.change, world, made.id, BRANCH, made.look, NOW, None) == "fields.stale"


def test_a_choice_that_people_have_goes_only_when_that_is_meant(world: World) -> None:
    made = service.add(world, {**BRANCH, "subject": "contact"}, NOW, None)
    line.people(world, 2, fields={"branch": "Care"})
    wish = {"label": "Branch", "choices": "Housing"}
    assert refused(service.change, world, made.id, wish, made.look, NOW, None) == "fields.held"
    service.change(world, made.id, wish, made.look, NOW, None, sure=True)
    assert field(world, "branch").held == {"Care": 2}, "who has it keeps it"


def test_of_another_workspace_it_is_not_there(world: World) -> None:
    other = timed_id(NOW, b"elsewhere-")
    row = {"id": other, "key": "other", "name": "Other", "is_demo": False, "created_at": NOW}
    with world.database.write() as connection:
        connection.execute(insert(tables.workspaces), [row])
        connection.execute(
            insert(tables.field_definitions),
            [{"id": other, "workspace_id": other, "subject": "contact", "key": "x", "label": "X", "type": "text",
              "choices": [], "created_at": NOW}],
        )  # fmt: skip
    assert service.listed(world, NOW).fields == ()
    for act in (service.retire, service.bring_back):
        assert refused(act, world, other, NOW, None) == "fields.gone"
    assert refused(service.change, world, other, FLATS, "", NOW, None) == "fields.gone"
