"""The page Check: what lint finds in the files and in what is in force, for those who can mend it."""

from pathlib import Path

import pytest
from flask import Flask

from app.factory import create_app
from app.store.database import Database
from config import Settings
from tests.services.authoring.acts import publish_on_the_web
from tests.services.authoring.content import GUIDE, write
from tests.support.seed import NOW, Seeded
from tests.support.seed_story import SOURCE
from tests.web.conftest import Browser, signed_in

GUIDE_FILE = "sequences/discovery/guide.yaml"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None, data_dir=tmp_path, secret_key="k" * 32, content_dir=write(tmp_path / "content")
    )  # type: ignore[call-arg]


@pytest.fixture
def page(sqlite_database: Database, seeded: Seeded, settings: Settings) -> Browser:
    app: Flask = create_app(settings, sqlite_database, None, lambda: NOW)
    return signed_in(app, "marta")


def section(page: str, file: str) -> str:
    return page[page.index(f">{file}</h2>") :].split("</section>")[0]


def test_findings_stand_by_file_with_line_and_remedy_errors_first(page: Browser, settings: Settings) -> None:
    broken = GUIDE.replace("goal:", "gaol:").replace("topic: guides", "topic: guide")
    write(settings.content_dir, {GUIDE_FILE: broken})
    told = page.page("/check")
    mine = section(told, GUIDE_FILE)
    assert "<b>Line 6.</b> “gaol” is not known here." in mine
    assert '<span class="dim">Did you mean “goal”?</span>' in mine
    assert "keep the files from being published" in told
    levels = [
        part.split(":")[0] for part in told.split('<span class="vh">')[1:] if part[:5] in ("Error", "Warni")
    ]
    assert levels[0] == "Error"
    # What is in force is the seed's, and it has no such line.
    assert "gaol" not in page.page("/check?of=live")


def test_what_is_in_force_is_checked_apart(
    page: Browser, settings: Settings, sqlite_database: Database, seeded: Seeded
) -> None:
    broken = SOURCE.replace("goal:", "gaol:")
    publish_on_the_web(sqlite_database, seeded.workspace_id, "discovery-guide", broken)
    write(settings.content_dir, {"sequences/discovery/discovery-guide.yaml": SOURCE})
    assert "“gaol” is not known here" in page.page("/check?of=live")
    assert "gaol" not in page.page("/check")


def test_a_text_is_shown_as_text(page: Browser, settings: Settings) -> None:
    write(settings.content_dir, {GUIDE_FILE: GUIDE.replace("goal:", '"<script>alert(1)</script>":')})
    told = page.page("/check")
    assert "<script>alert" not in told
    assert "&lt;script&gt;alert" in told


def test_an_empty_folder_and_a_wrong_word(page: Browser, settings: Settings, tmp_path: Path) -> None:
    settings.content_dir = tmp_path / "nothing"
    assert page.page("/check")
    page.get("/check?of=drafts", 404)


def test_it_is_for_those_who_can_mend_it(app: Flask) -> None:
    signed_in(app, "vera").get("/check", 403)
