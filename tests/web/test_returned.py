"""The page of returned mail: the list, one message as text, and what a person decides about it."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.store.database import Database
from app.store.tables import inbound_messages
from tests.support.seed import NOW, Seeded
from tests.web.conftest import Browser, signed_in

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def kept(sqlite_database: Database, seeded: Seeded) -> list[UUID]:
    """One for review, one that was read, one whose text is gone."""
    columns = {
        "workspace_id": seeded.workspace_id, "source": "imap", "size": 60, "recipient": "", "message_id": "",
        "failures": 0, "due_at": NOW, "reason_params": {}, "address": "", "sender": "", "subject": "", "said": "",
        "what": "reply", "kind": None, "enhanced": None, "code": None, "confidence": None, "contact_id": None,
        "raw": f"From: {HOSTILE}@x.example\r\nSubject: Hi\r\n\r\n{HOSTILE}".encode(),
    }  # fmt: skip
    rows = [
        {**columns, "id": UUID(int=1), "state": "review", "reason_code": "returned.nobody", "sender": "s@x.example",
         "subject": HOSTILE, "said": HOSTILE, "received_at": NOW},
        {**columns, "id": UUID(int=2), "state": "read", "what": "bounce", "kind": "hard", "enhanced": "5.1.1",
         "code": 550, "address": "person1@example.com", "contact_id": seeded.contacts[1], "confidence": "sealed",
         "reason_code": "returned.bounce_hard", "received_at": NOW - timedelta(hours=1)},
        {**columns, "id": UUID(int=3), "state": "read", "raw": None, "reason_code": "returned.gone",
         "received_at": NOW - timedelta(days=100)},
    ]  # fmt: skip
    with sqlite_database.write() as connection:
        for row in rows:
            connection.execute(insert(inbound_messages).values(**row))
    return [row["id"] for row in rows]


def test_the_list_tells_what_came_of_each(marta: Browser, kept: list[UUID]) -> None:
    page = marta.page("/returned")
    assert "1 message waits for a person." in page
    for text in ("nothing in it leads to a mail of ours", "there is no such mailbox", "Tomáš Novák"):
        assert text in page
    assert HOSTILE not in page
    assert "for review" in marta.page("/returned?state=review")
    assert "Tomáš" not in marta.page("/returned?state=review")
    assert "No message matches" in marta.page("/returned?q=50%25_nothing")
    assert "Tomáš" in marta.page("/returned?q=PERSON1@&what=bounce")


@pytest.mark.parametrize("query", ["state=lost", "what=cheese"])
def test_what_is_no_state_or_kind_is_not_found(marta: Browser, query: str) -> None:
    marta.get(f"/returned?{query}", 404)


@pytest.mark.parametrize("before", ["x", "2026-11-24_1", "2026-11-24T08:00:00+00:00_x", "_"])
def test_a_place_in_the_list_that_is_none_is_refused(marta: Browser, before: str) -> None:
    marta.get(f"/returned?before={before}", 400)


def test_a_long_list_goes_on(marta: Browser, kept: list[UUID], sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        row = dict(
            connection.execute(select(inbound_messages).where(inbound_messages.c.id == kept[1]))
            .one()
            ._mapping
        )
        more = [{**row, "id": UUID(int=100 + number), "subject": f"nr {number}."} for number in range(60)]
        connection.execute(insert(inbound_messages), more)
    first = marta.page("/returned?state=read")
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = marta.page(older)
    shown = {number for number in range(60) if f"nr {number}." in first}
    rest = {number for number in range(60) if f"nr {number}." in second}
    assert shown | rest == set(range(60))
    assert not shown & rest


def test_a_letter_is_text_and_a_viewer_sees_no_bytes_of_it(
    app: Flask, marta: Browser, vera: Browser, kept: list[UUID]
) -> None:
    page = marta.page(f"/returned/{kept[0]}")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert HOSTILE not in page
    assert "As it came" in page
    looked = vera.page(f"/returned/{kept[0]}")
    assert "As it came" not in looked
    assert "Give it to this contact" not in looked
    vera.get(f"/returned/{kept[0]}/raw", 403)
    signed_in(app, "jonas").get(f"/returned/{kept[0]}/raw", 403)


def test_the_bytes_are_a_file(marta: Browser, kept: list[UUID]) -> None:
    answer = marta.get(f"/returned/{kept[0]}/raw")
    assert answer.get_data().startswith(b"From: ")
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{kept[0]}.eml"'
    marta.get(f"/returned/{kept[2]}/raw", 404)
    marta.get(f"/returned/{UUID(int=9)}", 404)


def test_whose_text_is_gone_says_so(marta: Browser, kept: list[UUID]) -> None:
    assert "is not kept any more" in marta.page(f"/returned/{kept[2]}")


def test_somebody_unknown_is_told_with_what_was_typed(marta: Browser, kept: list[UUID]) -> None:
    path = f"/returned/{kept[0]}"
    for who in ("", "nobody@else.example", HOSTILE):
        answer = marta.post(f"{path}/assign", {"who": who}, on=path)
        assert answer.status_code == 422
        assert "There is no contact with this address." in answer.get_data(as_text=True)
        assert HOSTILE not in answer.get_data(as_text=True)


def test_it_is_put_aside_once(app: Flask, kept: list[UUID]) -> None:
    jonas, path = signed_in(app, "jonas"), f"/returned/{kept[0]}"
    assert jonas.post(f"{path}/dismiss", {"why": "a letter of thanks"}, on=path).status_code == 302
    assert "put aside by a colleague: a letter of thanks" in jonas.page(path)
    again = jonas.post(f"{path}/dismiss", {"why": "again"}, on="/contacts")
    assert again.status_code in (400, 409)
    assert "a letter of thanks" in jonas.page(path)


def test_a_viewer_settles_nothing(vera: Browser, kept: list[UUID]) -> None:
    for act in ("assign", "dismiss"):
        answer = vera.post(f"/returned/{kept[0]}/{act}", {"who": "person1@example.com"}, on="/sending")
        assert answer.status_code in (400, 403)
    assert "for review" in vera.page(f"/returned/{kept[0]}")
