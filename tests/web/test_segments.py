"""Segments in the browser: rows and text, counted, reviewed, published; what was typed is never lost."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, update

from app.factory import create_app
from app.services.world import World
from app.store.database import Database
from app.store.tables import contact_tags, users
from tests.support.line import NOW, lay, people
from tests.support.seed import PASSWORD_HASH
from tests.web.conftest import Browser, signed_in

SEGMENT = "# why: they asked\nsegment: warm\nlabel: {en: Warm, it: Caldi}\nif: {tag: warm}\n"
ROWS = {"as": "rows", "of": "warm", "base": "1", "title": "Warm", "g-": "all", "k-0": "tag", "v-0": "warm"}


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> World:
    folder = tmp_path / "content/sequences/segments"
    folder.mkdir(parents=True)
    (folder / "warm.yaml").write_text(SEGMENT)
    world = lay(sqlite_database, tmp_path, secret_key="k" * 32)
    rows = [
        {
            "id": people_id, "workspace_id": world.workspace_id, "email": f"{role}@halden.example", "name": role,
            "title": "", "signature": "", "password_hash": PASSWORD_HASH, "role": role, "may_publish": role == "admin",
            "may_send": False, "must_change_password": False, "failed_sign_ins": 0, "created_at": NOW,
        }
        for people_id, role in zip(people(world, 3), ("admin", "marketer", "viewer"), strict=True)
    ]  # fmt: skip
    with sqlite_database.write() as connection:
        connection.execute(insert(users), rows)
        tag = {"tag": "warm", "workspace_id": world.workspace_id, "added_at": NOW}
        connection.execute(insert(contact_tags), [{"contact_id": row["id"], **tag} for row in rows[:2]])
    return world


@pytest.fixture
def app(world: World) -> Flask:
    return create_app(world.settings, world.database, None, lambda: NOW, world)


@pytest.fixture
def admin(app: Flask) -> Browser:
    return signed_in(app, "admin")


def text_in(page: str) -> str:
    found = re.search(r'<textarea name="text" hidden>(.*?)</textarea>', page, re.S)
    assert found
    return found[1].replace("&#34;", '"').replace("&gt;", ">")


def test_the_list_and_the_page(admin: Browser) -> None:
    listing = admin.page("/segments")
    assert "Warm" in listing
    page = admin.page("/segments/of/warm")
    assert "has the tag “warm”" in page
    assert "person1@example.com" in page
    assert "person2@example.com" not in page
    admin.page("/segments/of/cold", 404)
    admin.page("/segments/of/cold/edit", 404)


def test_a_new_segment_from_rows_to_published(admin: Browser) -> None:
    form = {**ROWS, "of": "", "base": "0", "title": "Warm or big", "key": "", "g-": "any",
            "g-1": "none", "k-1.0": "field", "a-1.0": "company.size", "o-1.0": "at most", "v-1.0": "50"}  # fmt: skip
    answer = admin.post("/segments/review", form, on="/segments/new")
    page = answer.get_data(as_text=True)
    assert (answer.status_code, "warm-or-big" in page, "<b>3</b>" in page) == (200, True, True)
    text = text_in(page)
    assert text == (
        "segment: warm-or-big\nlabel: Warm or big\nif:\n  any:\n    - {tag: warm}\n    - not:\n        any:\n"
        "          - {field: company.size, at most: 50}\n"
    )
    done = admin.post("/segments/publish", {"as": "text", "base": "0", "text": text}, on="/segments/new")
    assert (done.status_code, done.location) == (303, "/segments/of/warm-or-big?done=published")
    assert "none of these" in admin.page("/segments/of/warm-or-big/edit")
    again = admin.post("/segments/publish", {"as": "text", "base": "0", "text": text}, on="/segments/new")
    assert again.status_code == 303
    taken = admin.post("/segments/review", form, on="/segments/new")
    assert taken.status_code == 422
    assert "choose another name" in taken.get_data(as_text=True)


def test_labels_of_other_languages_stay_and_an_untouched_form_changes_nothing(admin: Browser) -> None:
    page = admin.post("/segments/review", ROWS, on="/segments/of/warm/edit").get_data(as_text=True)
    assert "label: {en: Warm, it: Caldi}" in text_in(page)
    assert "the condition says the same" in page
    page = admin.post("/segments/review", {"as": "text", "of": "warm", "base": "1", "text": SEGMENT},
                      on="/segments/of/warm/edit").get_data(as_text=True)  # fmt: skip
    assert "Nothing changed" in page
    assert ">Publish<" not in page


def test_rows_come_and_go_and_what_was_typed_stays(admin: Browser) -> None:
    def shape(act: str, **more: str) -> str:
        answer = admin.post("/segments/shape", {**ROWS, "do": act, **more}, on="/segments/of/warm/edit")
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    assert 'name="k-1"' in shape("row:")
    assert 'name="k-1.0"' in shape("group:")
    assert 'name="k-0"' not in shape("drop:0")
    assert 'value="&lt;b&gt;=1+1{{7*7}}"' in shape("row:", **{"v-0": "<b>=1+1{{7*7}}"})
    assert "{tag: warm}" in shape("text")
    assert 'name="v-0" value="warm"' in shape("rows", **{"as": "text", "text": SEGMENT})
    kept = shape("rows", **{"as": "text", "text": "segment: warm\nif: {field: a, is known: false}"})
    assert "says more than rows can show" in kept
    assert "is known: false" in kept


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"v-0": ""}, "empty text"), ({"k-0": "stage", "v-0": "nowhere"}, "There is no stage"),
        ({"k-0": "field", "a-0": "x y", "o-0": "is", "v-0": "1"}, "is no field"),
        ({"k-0": "score", "a-0": "fit", "o-0": "at least", "v-0": "much"}, "Here should stand a number"),
        ({"k-0": "event", "a-0": "danced"}, "is no known event"),
        ({"v-0": "x" * 900}, "longer than 500"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_at_its_row_with_all_that_was_typed(
    admin: Browser, cells: dict[str, str], said: str
) -> None:
    answer = admin.post("/segments/review", {**ROWS, **cells}, on="/segments/of/warm/edit")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in page.partition('class="crow bad"')[2]
    assert 'value="Warm"' in page


@pytest.mark.parametrize(
    "form", [{"k-x": "tag"}, {"base": "soon"}, {f"k-{n}": "tag" for n in range(400)}, {"k-0.1.2.3.4.5.6.7.8.9.10.11": "tag"}]
)  # fmt: skip
def test_a_form_nobody_filled_in_is_refused(admin: Browser, form: dict[str, str]) -> None:
    assert admin.post("/segments/shape", {**ROWS, **form}, on="/segments/of/warm/edit").status_code == 400


def test_two_tabs_the_second_is_told_and_loses_nothing(admin: Browser) -> None:
    form = {"as": "text", "of": "warm", "base": "1", "text": "segment: warm\nlabel: Warm\nif: {tag: first}\n"}
    assert admin.post("/segments/publish", form, on="/segments/new").status_code == 303
    late = admin.post(
        "/segments/publish", {**form, "text": form["text"].replace("first", "second")}, on="/segments/new"
    )
    assert late.status_code == 422
    assert "somebody published" in late.get_data(as_text=True)
    assert "{tag: second}" in late.get_data(as_text=True)


def test_counting_is_a_piece_for_htmx_and_a_page_without(admin: Browser) -> None:
    proof = {"csrf_token": re.findall(r'csrf_token" value="([^"]+)', admin.page("/segments/new"))[0]}
    piece = admin.client.post("/segments/count", data={**ROWS, **proof}, headers={"HX-Request": "true"})
    assert "<b>2</b> people fit now" in piece.get_data(as_text=True)
    assert "<html" not in piece.get_data(as_text=True)
    assert "<b>2</b> people fit now" in admin.post("/segments/count", ROWS, on="/segments/new").get_data(True)


def test_a_marketer_builds_and_whoever_may_publish_publishes(app: Flask, world: World) -> None:
    marketer, viewer = signed_in(app, "marketer"), signed_in(app, "viewer")
    form = {**ROWS, "v-0": "hot"}
    page = marketer.post("/segments/review", form, on="/segments/new").get_data(as_text=True)
    assert "needs the right to publish" in page
    assert marketer.post("/segments/publish", form, on="/segments/new").status_code == 403
    with world.database.write() as connection:
        connection.execute(update(users).where(users.c.role == "marketer").values(may_publish=True))
    text = text_in(marketer.post("/segments/review", form, on="/segments/new").get_data(as_text=True))
    form = {"as": "text", "of": "warm", "base": "1", "text": text}
    assert marketer.post("/segments/publish", form, on="/segments/new").status_code == 303
    assert "New segment" not in viewer.page("/segments")
    viewer.page("/segments/of/warm")
    viewer.page("/segments/new", 403)


def test_one_that_is_asked_for_is_not_put_away(admin: Browser) -> None:
    form = {"as": "text", "base": "0", "text": "segment: other\nif: {segment: warm}\n"}
    assert admin.post("/segments/publish", form, on="/segments/new").status_code == 303
    answer = admin.post("/segments/of/warm/archive", on="/segments/of/other")
    assert answer.status_code == 422
    assert "other asks for it" in answer.get_data(as_text=True)
    assert admin.post("/segments/of/other/archive", on="/segments/of/other").status_code == 303
    assert admin.post("/segments/of/warm/archive", on="/segments/of/warm").status_code == 303
    assert "Take out again" in admin.page("/segments/of/warm")
