"""Publishing files: what changed becomes a version, once; what somebody published meanwhile is not undone."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from app.mail.compile import CompiledTemplate
from app.services.authoring import Refused, export, load_folder, load_starters, plan
from app.services.library import Library
from app.store import definitions
from app.store.database import Database
from app.store.tables import audit_entries, definition_versions, enrollments, template_variants
from config import Settings
from tests.services.authoring.acts import publish, publish_on_the_web, put_inside
from tests.services.authoring.conftest import NOW
from tests.services.authoring.content import FILES, GUIDE, LAYOUT, mail, write

LATER = NOW + timedelta(hours=1)
GUIDE_FILE = "sequences/discovery/guide.yaml"


def test_what_stands_in_files_is_in_force_and_can_be_used(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    applied = publish(database, workspace_id, settings)
    assert len(applied.published) == len({name for name in FILES if ".it." not in name})
    catalogue = Library(database, workspace_id).catalogue(NOW)
    assert set(catalogue.sequences) == {"guide", "case"}
    assert set(catalogue.templates["discovery/hello"].variants) == {"", "it"}
    assert "warm" in catalogue.setting.segments
    assert catalogue.setting.programme.calendar.holidays


def test_applying_again_publishes_nothing(database: Database, workspace_id: UUID, settings: Settings) -> None:
    publish(database, workspace_id, settings)
    again = publish(database, workspace_id, settings, LATER)
    assert (again.published, again.recompiled) == ((), ())
    with database.read() as connection:
        numbers = connection.execute(select(definition_versions.c.number)).scalars().all()
    assert set(numbers) == {1}


def test_an_error_anywhere_publishes_nothing(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    write(settings.content_dir, {GUIDE_FILE: GUIDE.replace("discovery/more", "discovery/mare")})
    with pytest.raises(Refused) as refused:
        publish(database, workspace_id, settings)
    assert [(finding.file, finding.line) for finding in refused.value.findings] == [(GUIDE_FILE, 11)]
    with database.read() as connection:
        assert connection.execute(select(definition_versions)).first() is None


def test_the_plan_names_steps_and_heads(database: Database, workspace_id: UUID, settings: Settings) -> None:
    publish(database, workspace_id, settings)
    put_inside(database, workspace_id, "pause")
    write(settings.content_dir, {GUIDE_FILE: GUIDE.replace("2 days", "3 days")})
    changed = plan(database, workspace_id, load_folder(settings.content_dir)).of("changed")
    assert [(item.key, item.base, item.conflict, dict(item.people)) for item in changed] == [
        ("guide", 1, False, {"pause": 1})
    ]
    assert changed[0].diff is not None
    assert [(step.key, step.how, step.what) for step in changed[0].diff.steps] == [
        ("pause", "changed", ("span",))
    ]


def test_what_was_published_meanwhile_is_not_undone(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    publish(database, workspace_id, settings)
    publish_on_the_web(database, workspace_id, "guide", GUIDE.replace("2 days", "5 days"))
    write(settings.content_dir, {GUIDE_FILE: GUIDE.replace("2 days", "3 days")})
    with pytest.raises(Refused, match="Version 2 was published since"):
        publish(database, workspace_id, settings, LATER)
    with pytest.raises(Refused, match="Version 2 is in force, not 1"):
        publish(database, workspace_id, settings, LATER, base=1)
    applied = publish(database, workspace_id, settings, LATER, base=2)
    assert [(one.key, one.number) for one in applied.published] == [("guide", 3)]


def test_force_publishes_over_it(database: Database, workspace_id: UUID, settings: Settings) -> None:
    publish(database, workspace_id, settings)
    publish_on_the_web(database, workspace_id, "guide", GUIDE.replace("2 days", "5 days"))
    assert [one.number for one in publish(database, workspace_id, settings, LATER, force=True).published] == [
        3
    ]


def test_export_brings_it_into_the_files(database: Database, workspace_id: UUID, settings: Settings) -> None:
    publish(database, workspace_id, settings)
    theirs = GUIDE.replace("2 days", "5 days")
    publish_on_the_web(database, workspace_id, "guide", theirs)
    assert export(database, workspace_id, settings.content_dir, LATER, of_record=True) == [GUIDE_FILE]
    assert (settings.content_dir / GUIDE_FILE).read_bytes() == theirs.encode()
    write(settings.content_dir, {GUIDE_FILE: GUIDE.replace("2 days", "6 days")})
    assert [one.number for one in publish(database, workspace_id, settings, LATER).published] == [3]


def test_export_keeps_every_byte(
    database: Database, workspace_id: UUID, settings: Settings, tmp_path: Path
) -> None:
    odd = "# ümläut\r\n" + GUIDE + "\n\n# the end, without a newline"
    write(settings.content_dir, {GUIDE_FILE: odd})
    publish(database, workspace_id, settings)
    export(database, workspace_id, tmp_path / "elsewhere", LATER)
    for name in FILES:
        assert (tmp_path / "elsewhere" / name).read_bytes() == (settings.content_dir / name).read_bytes()


def test_export_spares_a_file_somebody_works_on(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    publish(database, workspace_id, settings)
    write(settings.content_dir, {GUIDE_FILE: GUIDE.replace("2 days", "3 days")})
    with pytest.raises(Refused, match="was changed and not applied"):
        export(database, workspace_id, settings.content_dir, LATER, of_record=True)
    assert export(database, workspace_id, settings.content_dir, LATER, force=True) == [GUIDE_FILE]


def test_people_inside_stay_on_their_version(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    publish(database, workspace_id, settings)
    enrollment_id = put_inside(database, workspace_id, "pause")
    write(settings.content_dir, {GUIDE_FILE: GUIDE.replace("2 days", "3 days")})
    applied = publish(database, workspace_id, settings, LATER)
    assert (applied.published[0].moved, applied.published[0].stayed) == ((), (enrollment_id,))
    assert number_of(database, enrollment_id) == 1


def test_people_inside_move_where_their_step_still_stands(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    publish(database, workspace_id, settings)
    moves, gone = put_inside(database, workspace_id, "pause"), put_inside(database, workspace_id, "more")
    write(settings.content_dir, {GUIDE_FILE: GUIDE.replace("  - more:", "  - last:")})
    applied = publish(database, workspace_id, settings, LATER, rule="move")
    assert (applied.published[0].moved, applied.published[0].stayed) == ((moves,), (gone,))
    assert (number_of(database, moves), number_of(database, gone)) == (2, 1)
    with database.read() as connection:
        details = (
            connection.execute(select(audit_entries.c.detail).order_by(audit_entries.c.at.desc()))
            .scalars()
            .all()
        )
        before, after = (
            str(
                connection.execute(
                    select(definition_versions.c.id).where(definition_versions.c.source == source)
                ).scalar()
            )
            for source in (GUIDE, GUIDE.replace("  - more:", "  - last:"))
        )
    detail = next(detail for detail in details if detail.get("moved"))
    assert detail["moved"] == {str(moves): [before, "pause", after]}
    assert detail["stayed"] == {str(gone): [before, "more", before]}


def test_a_step_of_another_kind_is_another_step(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    publish(database, workspace_id, settings)
    inside = put_inside(database, workspace_id, "pause")
    write(
        settings.content_dir, {GUIDE_FILE: GUIDE.replace("pause: {wait: 2 days}", "pause: {set: {tag: a}}")}
    )
    assert publish(database, workspace_id, settings, LATER, rule="move").published[0].stayed == (inside,)


def number_of(database: Database, enrollment_id: UUID) -> int:
    with database.read() as connection:
        query = (
            select(definition_versions.c.number)
            .join(enrollments, enrollments.c.version_id == definition_versions.c.id)
            .where(enrollments.c.id == enrollment_id)
        )
        return int(connection.execute(query).scalar_one())


def test_a_new_layout_compiles_the_mails_made_of_it(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    publish(database, workspace_id, settings)
    layout = LAYOUT.replace("<mj-body>", '<mj-body background-color="#f2f4f6">')
    write(settings.content_dir, {"email_templates/layouts/base.mjml": layout})
    applied = publish(database, workspace_id, settings, LATER)
    assert [one.kind for one in applied.published] == ["layout"]
    assert set(applied.recompiled) == {"discovery/hello", "discovery/more", "decision/case"}
    assert "#f2f4f6" in newest_html(database, workspace_id)


def test_a_layout_changed_back_is_not_compiled_twice(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    publish(database, workspace_id, settings)
    for hours, layout in (
        (1, LAYOUT.replace("<mj-body>", '<mj-body background-color="#f4f8fb">')),
        (2, LAYOUT),
    ):
        write(settings.content_dir, {"email_templates/layouts/base.mjml": layout})
        publish(database, workspace_id, settings, NOW + timedelta(hours=hours))
    assert "#f4f8fb" not in newest_html(database, workspace_id)
    with database.read() as connection:
        assert len(connection.execute(select(template_variants.c.id)).all()) == 8


def newest_html(database: Database, workspace_id: UUID) -> str:
    with database.read() as connection:
        live = next(
            row
            for row in definitions.live(connection, workspace_id, "template")
            if row.key == "discovery/more"
        )
        assert live.version_id is not None
        [newest, *_] = definitions.variants(connection, [live.version_id])[live.version_id]
        return CompiledTemplate.from_json(definitions.compiled(connection, [newest.id])[newest.id]).html


def test_what_was_put_away_stays_away(database: Database, workspace_id: UUID, settings: Settings) -> None:
    publish(database, workspace_id, settings)
    with database.write() as connection:
        found = definitions.find(connection, workspace_id, "sequence", "guide")
        assert found is not None
        definitions.set_state(connection, found.id, "archived", NOW)
    write(settings.content_dir, {GUIDE_FILE: GUIDE.replace("2 days", "3 days")})
    assert publish(database, workspace_id, settings, LATER).published == ()
    assert [
        item.key for item in plan(database, workspace_id, load_folder(settings.content_dir)).of("put away")
    ] == ["guide"]


def test_what_is_only_in_the_database_is_named(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    publish(database, workspace_id, settings)
    (settings.content_dir / "sequences/decision/case.yaml").unlink()
    listed = plan(database, workspace_id, load_folder(settings.content_dir)).of("database only")
    assert [(item.key, item.path) for item in listed] == [("case", "sequences/decision/case.yaml")]


def test_the_starters_are_loaded_once(database: Database, workspace_id: UUID, settings: Settings) -> None:
    told: list[str] = []
    first = load_starters(database, workspace_id, settings.content_dir, settings, NOW, told.append)
    assert len(first.published) == len(told) == 10
    write(settings.content_dir, {GUIDE_FILE: GUIDE.replace("2 days", "3 days")})
    assert load_starters(database, workspace_id, settings.content_dir, settings, LATER).published == ()


def test_a_first_start_that_was_cut_off_goes_on(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    class Cut(Exception):
        pass

    def cut(line: str) -> None:
        if "hello" in line:
            raise Cut

    with pytest.raises(Cut):
        load_starters(database, workspace_id, settings.content_dir, settings, NOW, cut)
    rest = load_starters(database, workspace_id, settings.content_dir, settings, LATER)
    assert {one.key for one in rest.published} == {"discovery/more", "guide", "case"}


def test_what_is_published_between_plan_and_apply_is_not_undone(
    database: Database, workspace_id: UUID, settings: Settings
) -> None:
    publish(database, workspace_id, settings)
    changed = {
        GUIDE_FILE: GUIDE.replace("2 days", "3 days"),
        "email_templates/discovery/more.mjml": mail(body="New"),
    }
    write(settings.content_dir, changed)
    theirs = GUIDE.replace("2 days", "5 days")
    with pytest.raises(Refused, match="published at this moment"):
        publish(
            database, workspace_id, settings, LATER,
            progress=lambda line: publish_on_the_web(database, workspace_id, "guide", theirs),
        )  # fmt: skip
    with database.read() as connection:
        live = {row.key: row for row in definitions.live(connection, workspace_id, "sequence")}
    assert (live["guide"].number, live["guide"].source) == (2, theirs)
