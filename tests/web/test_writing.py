"""Sequences written in the browser: drafts that nobody loses, what publishing would do, and who may do it."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.factory import create_app
from app.services.authoring import apply, load_folder
from app.services.library import Library
from app.store.database import Database
from app.store.tables import audit_entries, definition_versions, definitions, enrollments, users
from config import Settings
from tests.services.authoring.acts import publish_on_the_web, put_inside
from tests.services.authoring.content import GUIDE, write
from tests.support.seed import NOW, Seeded, seed
from tests.web.conftest import Browser, signed_in

MARK = re.compile(r'name="mark" value="([0-9a-f]*)"')
HTMX = {"HX-Request": "true"}
LONGER = GUIDE + "  - last:  {send: discovery/more}\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None, data_dir=tmp_path, secret_key="k" * 32, content_dir=write(tmp_path / "content")
    )  # type: ignore[call-arg]


@pytest.fixture
def seeded(sqlite_database: Database, settings: Settings) -> Seeded:
    """The content folder in force, and the team of the seed."""
    found = seed(sqlite_database, contacts=0)
    with sqlite_database.write() as connection:
        connection.execute(definition_versions.delete())
        connection.execute(definitions.delete())
    apply(sqlite_database, found.workspace_id, load_folder(settings.content_dir), settings, NOW)
    return found


@pytest.fixture
def app(settings: Settings, sqlite_database: Database, seeded: Seeded) -> Flask:
    return create_app(settings, sqlite_database, None, lambda: NOW)


@pytest.fixture
def jonas(app: Flask, seeded: Seeded, sqlite_database: Database) -> Browser:
    """A marketer without the right to publish."""
    with sqlite_database.write() as connection:
        connection.execute(update(users).where(users.c.id == seeded.sales_id).values(role="marketer"))
    return signed_in(app, "jonas")


def save(browser: Browser, text: str, key: str = "guide", mark: str | None = None):  # type: ignore[no-untyped-def]
    found = mark or MARK.findall(browser.page(f"/sequences/{key}/text"))[0]
    return browser.post(f"/sequences/{key}/text", {"text": text, "mark": found})


def field(page: str) -> str:
    """What stands in the field, as a browser would read it: the first newline is not part of it."""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert found
    return found[1].replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def publish(browser: Browser, key: str = "guide", **more: str):  # type: ignore[no-untyped-def]
    page = browser.page(f"/sequences/{key}/publish")
    base = re.search(r'name="base" value="(\d+)"', page)
    assert base
    form = {"mark": MARK.findall(page)[0], "base": base[1], "rule": "stay", **more}
    return browser.post(f"/sequences/{key}/publish", form)


def live(database: Database, key: str = "guide") -> str:
    with database.read() as connection:
        return connection.execute(
            select(definition_versions.c.source)
            .join(definitions, definitions.c.live_version_id == definition_versions.c.id)
            .where(definitions.c.key == key, definitions.c.kind != "older")
        ).scalar_one()


def test_the_text_stands_in_the_field_with_its_comments(jonas: Browser) -> None:
    page = jonas.page("/sequences/guide/text")
    assert field(page) == GUIDE
    assert "Nothing to mend" in page


def test_a_draft_is_kept_and_nobody_gets_it(jonas: Browser, sqlite_database: Database) -> None:
    answer = save(jonas, LONGER.replace("\n", "\r\n"))
    assert (answer.status_code, answer.location) == (303, "/sequences/guide/text?done=saved")
    page = jonas.page("/sequences/guide/text")
    assert field(page) == LONGER
    assert "by Jonas Weber" in page
    assert live(sqlite_database) == GUIDE


def test_after_a_pause_in_typing_lint_names_line_and_remedy(jonas: Browser) -> None:
    page = jonas.page("/sequences/guide/text")
    proof = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert proof
    form = {"csrf_token": proof[1], "mark": MARK.findall(page)[0], "text": GUIDE.replace("goal:", "gaol:")}
    answer = jonas.client.post("/sequences/guide/text", data=form, headers=HTMX)
    told = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "<html" not in told
    assert "<b>Line 6.</b> “gaol” is not known here." in told
    assert "Did you mean “goal”?" in told
    assert "1 error keeps this from being published." in told
    # The next save begins with what was just saved.
    form |= {"mark": MARK.findall(told)[0], "text": GUIDE + "# more\n"}
    again = jonas.client.post("/sequences/guide/text", data=form, headers=HTMX).get_data(as_text=True)
    assert "saved as a draft" in again


def test_of_two_who_write_none_overrules_the_other(jonas: Browser, app: Flask) -> None:
    marta = signed_in(app, "marta")
    mark = MARK.findall(marta.page("/sequences/guide/text"))[0]
    save(jonas, LONGER)
    mine = GUIDE.replace("2 days", "4 days")
    answer = save(marta, mine, mark=mark)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Jonas Weber saved another text" in page
    assert field(page) == mine
    assert 'class="d-added"' in page
    assert field(jonas.page("/sequences/guide/text")) == LONGER
    # Keep mine: the page holds how it stands now.
    kept = marta.post("/sequences/guide/text", {"text": mine, "mark": MARK.findall(page)[0]})
    assert kept.status_code == 303
    assert field(jonas.page("/sequences/guide/text")) == mine


def test_saving_twice_saves_once(jonas: Browser, sqlite_database: Database) -> None:
    mark = MARK.findall(jonas.page("/sequences/guide/text"))[0]
    assert save(jonas, LONGER, mark=mark).status_code == 303
    assert save(jonas, LONGER, mark=mark).status_code == 303
    with sqlite_database.read() as connection:
        told = connection.execute(
            select(audit_entries.c.action).where(audit_entries.c.action == "definition.drafted")
        )
        assert len(told.all()) == 1


def test_the_text_in_force_saved_again_is_no_draft(jonas: Browser) -> None:
    save(jonas, LONGER)
    save(jonas, GUIDE)
    assert "Draft, saved" not in jonas.page("/sequences/guide/text")


@pytest.mark.parametrize(
    "text",
    ["", "]][", "steps: 5", "- a\n- b", "{{7*7}}{% raw %}", "<script>alert(1)</script></textarea>", "a: &x [*x]", "=1+1"],
)  # fmt: skip
def test_whatever_is_typed_is_kept_and_told(jonas: Browser, text: str) -> None:
    assert save(jonas, text).status_code == 303
    page = jonas.page("/sequences/guide/text")
    assert field(page).rstrip("\n") == text
    assert '<span class="vh">Error: </span>' in page
    assert "disabled" in jonas.page("/sequences/guide/publish")


def test_a_text_that_is_too_long_is_refused_and_stays_in_the_field(jonas: Browser) -> None:
    answer = save(jonas, "# " + "x" * 200_001)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "longer than 200 kB" in page
    assert len(field(page)) > 200_000


def test_a_text_that_cannot_be_read_says_nothing_false_of_people(
    jonas: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    put_inside(sqlite_database, seeded.workspace_id, "pause")
    save(jonas, "steps: [")
    page = jonas.page("/sequences/guide/publish")
    assert "what would become of the 1 person inside cannot be said" in page
    assert "Nobody is inside" not in page


def test_publishing_needs_the_right(jonas: Browser, seeded: Seeded, sqlite_database: Database) -> None:
    save(jonas, LONGER)
    assert "Publishing needs the right to publish" in jonas.page("/sequences/guide/publish")
    assert publish(jonas).status_code == 403
    assert live(sqlite_database) == GUIDE
    with sqlite_database.write() as connection:
        connection.execute(update(users).where(users.c.id == seeded.sales_id).values(may_publish=True))
    assert publish(jonas, note="One more").status_code == 303
    assert live(sqlite_database) == LONGER


def test_the_plan_counts_people_and_the_versions_tell_why(
    app: Flask, seeded: Seeded, sqlite_database: Database
) -> None:
    marta = signed_in(app, "marta")
    stays = [put_inside(sqlite_database, seeded.workspace_id, step) for step in ("hello", "pause", "more")]
    save(marta, LONGER.replace("  - more:  {send: discovery/more}\n", "").replace("2 days", "3 days"))
    page = marta.page("/sequences/guide/publish")
    assert "3 people are inside at this moment" in page
    assert re.search(r"New step <b>last</b>, after <b>pause</b>", page)
    assert re.search(r"<b>more</b> is retired", page)
    assert re.search(r"2 go over", page)
    assert re.search(r"1 stays, because their step is gone", page)
    refused = publish(marta, rule="move")
    assert refused.status_code == 422
    assert "Say that the extra mail is wanted" in refused.get_data(as_text=True)
    assert publish(marta, rule="move", sure="on", note="Shorter now").status_code == 303
    with sqlite_database.read() as connection:
        rows = connection.execute(select(enrollments.c.id, definition_versions.c.number).join(
            definition_versions, definition_versions.c.id == enrollments.c.version_id))  # fmt: skip
        numbers = {row.id: row.number for row in rows}
    assert [numbers[stay] for stay in stays] == [2, 2, 1]
    told = marta.page("/sequences/guide/versions")
    assert "Shorter now" in told
    assert "Marta Lindqvist" in told
    compared = marta.page("/sequences/guide/versions?of=1")
    assert "last:" in compared


def test_publishing_the_same_page_twice_publishes_once(app: Flask, sqlite_database: Database) -> None:
    marta = signed_in(app, "marta")
    save(marta, LONGER)
    page = marta.page("/sequences/guide/publish")
    form = {"mark": MARK.findall(page)[0], "base": "1", "rule": "stay"}
    for _ in range(2):
        assert marta.post("/sequences/guide/publish", form, on="/sequences").status_code == 303
    assert "<td><b>2</b>" in marta.page("/sequences/guide/versions")
    assert "<td><b>3</b>" not in marta.page("/sequences/guide/versions")


def test_a_stale_page_publishes_nothing(jonas: Browser, app: Flask, sqlite_database: Database) -> None:
    marta = signed_in(app, "marta")
    save(marta, LONGER)
    page = marta.page("/sequences/guide/publish")
    save(jonas, GUIDE.replace("2 days", "4 days"))
    answer = marta.post(
        "/sequences/guide/publish", {"mark": MARK.findall(page)[0], "base": "1"}, on="/sequences"
    )
    assert answer.status_code == 422
    assert "Jonas Weber saved this draft meanwhile" in answer.get_data(as_text=True)
    assert live(sqlite_database) == GUIDE


def test_what_others_published_meanwhile_is_not_undone_unseen(
    app: Flask, seeded: Seeded, sqlite_database: Database
) -> None:
    marta = signed_in(app, "marta")
    save(marta, LONGER)
    theirs = GUIDE.replace("2 days", "5 days")
    publish_on_the_web(sqlite_database, seeded.workspace_id, "guide", theirs)
    page = marta.page("/sequences/guide/publish")
    assert "Version 2 was published since this draft was begun with version 1" in page
    assert publish(marta).status_code == 422
    assert live(sqlite_database) == theirs
    assert (
        marta.post("/sequences/guide/follow", {"base": "2"}, on="/sequences/guide/publish").status_code == 303
    )
    assert publish(marta).status_code == 303
    assert live(sqlite_database) == LONGER


def test_an_error_in_another_text_keeps_nobody_from_publishing(
    app: Flask, seeded: Seeded, sqlite_database: Database
) -> None:
    publish_on_the_web(sqlite_database, seeded.workspace_id, "case", "steps: [")
    marta = signed_in(app, "marta")
    save(marta, LONGER)
    assert publish(marta).status_code == 303


def test_a_new_one_begins_small_and_goes_into_force(app: Flask, sqlite_database: Database) -> None:
    marta = signed_in(app, "marta")
    form = {"key": "spring", "title": 'It\'s "spring"', "stage": "lead"}
    assert marta.post("/sequences", form).location == "/sequences/spring/text"
    page = marta.page("/sequences/spring/text")
    assert "Nothing to mend" in page
    assert "draft" in marta.page("/sequences")
    marta.page("/sequences/spring")
    marta.page("/sequences/spring/running")
    marta.page("/sequences/spring/versions")
    assert publish(marta, "spring").status_code == 303
    assert "sequence: spring" in live(sqlite_database, "spring")


@pytest.mark.parametrize("key", ["", "Guide", "a b", "../x", "a" * 70, "<b>", "{{7}}", "guide"])
def test_a_name_that_is_none_or_taken_is_refused_and_stays(app: Flask, key: str) -> None:
    marta = signed_in(app, "marta")
    answer = marta.post("/sequences", {"key": key, "title": "Kept title", "stage": "lead"})
    assert answer.status_code == 422
    assert "Kept title" in answer.get_data(as_text=True)


def test_a_clone_keeps_its_comments(app: Flask) -> None:
    marta = signed_in(app, "marta")
    answer = marta.post("/sequences/guide/clone", {"key": "copy"}, on="/sequences/guide/running")
    assert answer.location == "/sequences/copy/text?done=cloned"
    assert field(marta.page("/sequences/copy/text")) == GUIDE.replace("sequence: guide", "sequence: copy")
    assert (
        marta.post("/sequences/guide/clone", {"key": "copy"}, on="/sequences/guide/running").status_code
        == 422
    )


def test_a_draft_is_dropped_and_what_was_never_published_with_it(app: Flask) -> None:
    marta = signed_in(app, "marta")
    marta.post("/sequences", {"key": "spring", "title": "", "stage": "lead"})
    mark = MARK.findall(marta.page("/sequences/spring/text"))[-1]
    stale = marta.post("/sequences/spring/drop", {"mark": "0" * 64}, on="/sequences/spring/text")
    assert stale.status_code == 422
    assert (
        marta.post("/sequences/spring/drop", {"mark": mark}, on="/sequences/spring/text").status_code == 303
    )
    marta.page("/sequences/spring", 404)


def test_pausing_and_going_on_with_heads_and_a_reason(
    app: Flask, seeded: Seeded, sqlite_database: Database
) -> None:
    marta = signed_in(app, "marta")
    put_inside(sqlite_database, seeded.workspace_id, "pause")
    assert "Pause it for 1 person" in marta.page("/sequences/guide/running")
    assert (
        marta.post("/sequences/guide/pause", {"why": " "}, on="/sequences/guide/running").status_code == 422
    )
    marta.post("/sequences/guide/pause", {"why": "the prices change"}, on="/sequences/guide/running")
    assert "paused" in marta.page("/sequences/guide")
    assert "the prices change" in marta.page("/audit")
    page = marta.page("/sequences/guide/running")
    assert "Let 1 person go on" in page
    for form in ({"way": "all"}, {"way": "re-space", "days": "61"}):
        assert marta.post("/sequences/guide/resume", form, on="/sequences/guide/running").status_code == 422
    form = {"way": "newest only", "days": "3"}
    assert marta.post("/sequences/guide/resume", form, on="/sequences/guide/running").status_code == 303
    assert "paused" not in marta.page("/sequences/guide")


@pytest.mark.parametrize("ending", ["go on", "end"])
def test_retired_it_takes_nobody_in_and_those_inside_go_on_or_leave(
    app: Flask, seeded: Seeded, sqlite_database: Database, ending: str
) -> None:
    marta = signed_in(app, "marta")
    stay = put_inside(sqlite_database, seeded.workspace_id, "pause")
    form = {"ending": ending, "why": "it is over"}
    assert marta.post("/sequences/guide/retire", form, on="/sequences/guide/running").status_code == 303
    assert "retired, takes nobody in" in marta.page("/sequences/guide")
    catalogue = Library(sqlite_database, seeded.workspace_id).catalogue(NOW)
    assert [found.sequence.key for found in catalogue.for_stage("lead")] == []
    with sqlite_database.read() as connection:
        state = connection.execute(select(enrollments.c.state).where(enrollments.c.id == stay)).scalar_one()
    assert (state == "ended") == (ending == "end")
    marta.page("/sequences/guide/running")
    assert marta.post("/sequences/guide/return", on="/sequences/guide/running").status_code == 303
    assert "retired" not in marta.page("/sequences/guide").split("<table")[0].split("cols")[0]


def test_an_older_version_is_published_again_by_way_of_its_plan(
    app: Flask, sqlite_database: Database
) -> None:
    marta = signed_in(app, "marta")
    save(marta, LONGER)
    publish(marta)
    answer = marta.post("/sequences/guide/again", {"number": "1"}, on="/sequences/guide/versions?of=1")
    assert answer.location == "/sequences/guide/publish"
    publish(marta)
    assert live(sqlite_database) == GUIDE
    save(marta, LONGER)
    other = marta.post("/sequences/guide/again", {"number": "1"}, on="/sequences/guide/versions?of=1")
    assert other.status_code == 303 or "has a draft here" in other.get_data(as_text=True)
    marta.page("/sequences/guide/versions?of=99", 404)


def test_a_lost_session_hands_the_text_back(app: Flask, jonas: Browser) -> None:
    page = jonas.page("/sequences/guide/text")
    proof = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert proof
    stranger = Browser(app.test_client())
    form = {"text": "# typed <b>", "mark": "x", "csrf_token": proof[1]}
    answer = stranger.client.post("/sequences/guide/text", data=form)
    assert answer.status_code == 401
    told = answer.get_data(as_text=True)
    assert field(told).strip() == "# typed <b>"
    assert "You were signed out" in told
    part = stranger.client.post("/sequences/guide/text", data=form, headers=HTMX)
    assert part.status_code == 401
    assert "<html" not in part.get_data(as_text=True)
    # A proof that counts no more loses nothing either.
    kept = jonas.client.post("/sequences/guide/text", data={"text": "# typed <b>"})
    assert kept.status_code == 400
    assert field(kept.get_data(as_text=True)).strip() == "# typed <b>"


def test_what_is_not_there_is_not_found(app: Flask) -> None:
    marta = signed_in(app, "marta")
    for path in ("text", "publish", "running", "versions"):
        marta.page(f"/sequences/nobody/{path}", 404)
    for path in (
        "text",
        "drop",
        "clone",
        "publish",
        "follow",
        "pause",
        "resume",
        "retire",
        "return",
        "again",
    ):
        form = {"rule": "stay", "base": "1", "number": "1", "ending": "end", "why": "x", "way": "skip"}
        assert marta.post(f"/sequences/nobody/{path}", form, on="/sequences").status_code == 404, path
