"""Pieces of the library through lint, plan, apply and export, with the files beside them."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from app.services.authoring import Refused, export, lint, load_folder, plan
from app.services.library import Library
from app.store.database import Database
from app.store.tables import content_files
from config import Settings
from tests.services.authoring.acts import publish
from tests.services.authoring.conftest import NOW
from tests.services.authoring.content import mail, write
from tests.support.library import PDF, PNG, piece, write_pieces

LATER = NOW + timedelta(hours=1)
LINKS = 'links:\n  heat: {to: "library:heat"}\n  out: {to: "https://example.com/b"}\n'


@pytest.fixture
def shelf(settings: Settings) -> Path:
    """The content folder with two pieces, and a mail that leads to one of them."""
    hello = mail(more=LINKS, body='<a href="link:heat">Heat</a> <a href="link:out">Out</a>')
    write(settings.content_dir, {"email_templates/discovery/hello.mjml": hello})
    write_pieces(
        settings.content_dir,
        {
            "heat.md": piece(file="heat.pdf", body="See ![a meter](meter.png) and [more](library:leaks)."),
            "heat.it.md": piece("Calore"), "leaks.md": piece("Leaks", kind="checklist", topics="[leaks]"),
            "heat.pdf": PDF, "meter.png": PNG,
        },
    )  # fmt: skip
    return settings.content_dir


def kept(database: Database) -> set[bytes]:
    with database.read() as connection:
        return {bytes(data) for data in connection.execute(select(content_files.c.data)).scalars()}


def test_pieces_are_published_with_their_files(
    database: Database, workspace_id: UUID, settings: Settings, shelf: Path
) -> None:
    publish(database, workspace_id, settings)
    catalogue = Library(database, workspace_id).catalogue(NOW)
    heat = catalogue.pieces["heat"]
    assert (heat.info.kind, heat.info.content_kind, heat.info.topics) == ("guide", "discovery", ("billing",))
    assert (heat.info.locales, heat.for_locale("it-CH")[1].title) == (("", "it"), "Calore")
    assert catalogue.setting.pieces["leaks"].topics == ("leaks",)
    assert catalogue.setting.templates["discovery/hello"].pieces == ("heat",)
    assert kept(database) == {PDF, PNG}
    assert publish(database, workspace_id, settings, LATER).published == ()


def test_a_changed_file_is_a_changed_piece(
    database: Database, workspace_id: UUID, settings: Settings, shelf: Path
) -> None:
    publish(database, workspace_id, settings)
    (shelf / "sequences/library/heat.pdf").write_bytes(PDF + b"again")
    planned = plan(database, workspace_id, load_folder(shelf))
    assert [(item.key, item.conflict) for item in planned.of("changed")] == [("heat", False)]
    [published] = publish(database, workspace_id, settings, LATER).published
    assert (published.key, published.number) == ("heat", 2)
    assert kept(database) == {PDF, PNG, PDF + b"again"}, "older versions keep theirs"


def test_what_is_taken_out_of_the_folder_stays_in_force(
    database: Database, workspace_id: UUID, settings: Settings, shelf: Path
) -> None:
    publish(database, workspace_id, settings)
    for path in (shelf / "sequences/library").iterdir():
        path.unlink()
    planned = plan(database, workspace_id, load_folder(shelf))
    assert {item.key for item in planned.of("database only") if item.kind == "piece"} == {"heat", "leaks"}
    assert publish(database, workspace_id, settings, LATER).published == ()
    assert set(Library(database, workspace_id).catalogue(LATER).pieces) == {"heat", "leaks"}


def test_a_missing_file_keeps_everything_from_being_published(
    database: Database, workspace_id: UUID, settings: Settings, shelf: Path
) -> None:
    (shelf / "sequences/library/heat.pdf").unlink()
    with pytest.raises(Refused) as refused:
        publish(database, workspace_id, settings)
    [told] = refused.value.findings
    assert (told.file, told.line) == ("sequences/library/heat.md", 8)
    assert told.message == "There is no file heat.pdf beside this piece."
    assert told.remedy == "Put it there, or take its name out."
    assert kept(database) == set()


def test_exporting_gives_the_same_bytes(
    database: Database, workspace_id: UUID, settings: Settings, shelf: Path, tmp_path: Path
) -> None:
    publish(database, workspace_id, settings)
    export(database, workspace_id, tmp_path / "out", NOW)
    ours, theirs = (
        {path.name: path.read_bytes() for path in (folder / "sequences/library").iterdir()}
        for folder in (shelf, tmp_path / "out")
    )
    assert ours == theirs
    assert export(database, workspace_id, tmp_path / "out", NOW) == []


def test_links_to_pieces_that_are_not_there_are_told_at_their_lines(settings: Settings, shelf: Path) -> None:
    hello = mail(
        more=LINKS.replace("library:heat", "library:heet"),
        body='<a href="link:heat">x</a> <a href="library:Heat">y</a>',
    )
    write(shelf, {"email_templates/discovery/hello.mjml": hello})
    write_pieces(shelf, {"leaks.md": piece(gets="gossip", body="One.\n\n[x](library:leak)")})
    told = [(one.file, one.line, one.message, one.remedy) for one in lint(load_folder(shelf), settings, NOW)]
    assert ("email_templates/discovery/hello.mjml", 11, "Library:Heat is no address.") in [
        one[:3] for one in told
    ]
    write(shelf, {"email_templates/discovery/hello.mjml": hello.replace("library:Heat", "library:leaks")})
    told = [(one.file, one.line, one.message, one.remedy) for one in lint(load_folder(shelf), settings, NOW)]
    assert told == [
        ("email_templates/discovery/hello.mjml", 8, "There is no piece “heet” in the library.", "Did you mean “heat”?"),
        ("sequences/library/leaks.md", 4, "“gossip” is no kind of content.",
            "Write one of discovery, decision, adoption, expansion, advocacy, re-engagement."),
        ("sequences/library/leaks.md", 12, "There is no piece “leak” in the library.", "Did you mean “leaks”?"),
    ]  # fmt: skip


def test_a_choice_among_a_kind_of_which_there_is_none_is_told(settings: Settings, shelf: Path) -> None:
    path = shelf / "sequences/discovery/guide.yaml"
    text = path.read_text()
    path.write_text(text.replace("{send: discovery/more}", "{send: {best of: {kind: guide}}}"))
    assert lint(load_folder(shelf), settings, NOW) == []
    path.write_text(text.replace("{send: discovery/more}", "{send: {best of: {kind: case}}}"))
    [told] = lint(load_folder(shelf), settings, NOW)
    assert told.message == "No mail that a lead gets leads to a case of the library."
