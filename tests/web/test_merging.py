"""Two contacts in the browser: laid side by side, merged, told, and made two again."""

import re
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, update

from app.services.world import World
from app.store import tables
from tests.support import line
from tests.support.line import NOW
from tests.web.conftest import Browser, signed_in
from tests.web.test_contact import acts, app, hidden, maja, rows, sam, world

__all__ = ["app", "maja", "sam", "world"]
HOSTILE = "<script>alert(1)</script>{{7*7}}=1+1"


@pytest.fixture
def two(world: World) -> tuple[UUID, UUID]:
    kept, other = line.people(world, 2)
    values = {
        "first_name": "Ida",
        "last_name": HOSTILE,
        "city": "Bergen",
        "phone": "+47 1",
        "fields": {"flats": 3},
    }
    with world.database.write() as connection:
        contacts = tables.contacts
        connection.execute(update(contacts).where(contacts.c.id == other).values(**values))
        mine = {"first_name": "Ida", "last_name": HOSTILE, "city": "Oslo"}
        connection.execute(update(contacts).where(contacts.c.id == kept).values(**mine))
        tag = {"workspace_id": world.workspace_id, "contact_id": other, "tag": "fair", "added_at": NOW}
        connection.execute(insert(tables.contact_tags), [tag])
    line.enroll(world, [other], due_at=NOW)
    return kept, other


def form(page: str, **also: str) -> dict[str, str]:
    return {**{name: hidden(page, name) for name in ("mark", "form_key")}, **also}


def test_a_merge_says_before_what_it_does_and_is_undone_from_the_page(
    world: World, two: tuple[UUID, UUID], maja: Browser
) -> None:
    kept, other = two
    at = f"/contacts/{kept}/merge"
    assert at in maja.page(f"/contacts/{kept}")
    found = maja.page(at)
    assert f"{at}/{other}" in found
    assert "the same name" in found
    assert "<script>alert" not in found
    assert f"{at}/{other}" in maja.page(f"{at}?find={line.address(1)}")
    assert "Nobody found" in maja.page(f"{at}?find=nobody%3Cb%3E")
    page = maja.page(f"{at}/{other}")
    for words in ("leaves “Line”", "Flats", "from the other", "tag is added: fair", "Keep this one instead"):
        assert words in page, words
    assert "<script>alert" not in page
    assert re.search(r'name="take.city" value="mine" checked', page)
    sent = form(page, **{"take.city": "theirs", "take.nothing": "theirs", "take.phone": "=1+1"})
    for _ in range(2):
        answer = maja.post(f"{at}/{other}", sent, on=f"/contacts/{kept}/merge")
        assert (answer.status_code, answer.location) == (303, f"/contacts/{kept}?done=merged")
    [merge] = rows(world, tables.merges)
    assert [row.city for row in rows(world, tables.contacts, id=kept)] == ["Bergen"]
    told = maja.page(answer.location)
    assert "Merged with another contact" in told
    assert "was in “line”" in told
    assert line.address(1) in told
    assert maja.get(f"/contacts/{other}", 302).location == f"/contacts/{kept}"
    undo = f"/contacts/{kept}/merged/{merge.id}"
    assert undo in told
    assert "1</b><span>address goes back" in maja.page(undo)
    answer = maja.post(f"{undo}/undo", on=undo)
    assert (answer.status_code, answer.location) == (303, f"/contacts/{kept}?done=parted")
    assert "A merge was undone" in maja.page(answer.location)
    assert [row.city for row in rows(world, tables.contacts, id=kept)] == ["Oslo"]
    assert maja.get(f"/contacts/{other}").status_code == 200
    maja.get(undo, 404)
    assert sorted(action for action, _ in acts(world)) == ["contact.merged"] * 2 + ["contact.unmerged"] * 2


def test_a_stale_page_is_refused_with_what_was_chosen(
    world: World, two: tuple[UUID, UUID], maja: Browser
) -> None:
    kept, other = two
    path = f"/contacts/{kept}/merge/{other}"
    sent = form(maja.page(path), **{"take.city": "theirs"})
    with world.database.write() as connection:
        change = update(tables.contacts).where(tables.contacts.c.id == other)
        connection.execute(change.values(phone="+47 2", revision=4))
    answer = maja.post(path, sent)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "changed since this page was shown" in page
    assert re.search(r'name="take.city" value="theirs" checked', page)
    assert hidden(page, "form_key") == sent["form_key"]
    assert not rows(world, tables.merges)
    assert maja.post(path, {**sent, "mark": "x" * 900, "form_key": "=1+1"}, on=path).status_code == 422
    assert maja.post(path, {}, on=path).status_code == 422
    assert maja.post(path, form(page), on=path).status_code == 303


def test_strangers_oneself_and_the_merged_are_no_others(
    world: World, two: tuple[UUID, UUID], app: Flask, maja: Browser, sam: Browser
) -> None:
    kept, other = two
    elsewhere = {"id": UUID(int=70), "key": "w", "name": "W", "is_demo": False, "created_at": NOW}
    stranger = {
        "id": UUID(int=71), "workspace_id": UUID(int=70), "fields": {}, "revision": 0, "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(tables.workspaces), [elsewhere])
        connection.execute(insert(tables.contacts), [stranger])
    on = f"/contacts/{kept}"
    for path in (
        f"{on}/merge/{UUID(int=71)}",
        f"/contacts/{UUID(int=71)}/merge/{kept}",
        f"{on}/merge/{UUID(int=9)}",
    ):
        maja.get(path, 404)
        assert maja.post(path, on=on).status_code == 404
    maja.get(f"{on}/merged/{UUID(int=9)}", 404)
    assert maja.post(f"{on}/merged/{UUID(int=9)}/undo", on=on).status_code == 404
    assert "this is the contact itself" in maja.page(f"{on}/merge/{kept}", 422)
    for path in (f"{on}/merge", f"{on}/merge/{other}"):
        sam.get(path, 403)
    assert "/merge" not in signed_in(app, "viewer").page(on)
