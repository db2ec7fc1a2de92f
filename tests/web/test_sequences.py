"""Sequences with the people inside, and one of them step by step."""

import re

import pytest
from sqlalchemy import select, update

from app.services.viewing import counting, sequences
from app.store.database import Database
from app.store.tables import definitions, enrollments
from tests.support.seed import NOW, Seeded
from tests.web.conftest import Browser


def step(page: str, key: str) -> str:
    return page[page.index(f'id="step-{key}"') :].split("</li>")[0]


def test_the_list_counts_people(marta: Browser) -> None:
    page = marta.page("/sequences")
    assert "Discovery guide" in page
    assert "30 people are inside, 6 of them parked" in page


def test_a_paused_sequence_says_so(marta: Browser, sqlite_database: Database, seeded: Seeded) -> None:
    with sqlite_database.write() as connection:
        connection.execute(
            update(definitions).where(definitions.c.id == seeded.sequence_id).values(paused_at=NOW)
        )
    assert "paused" in marta.page("/sequences")


def test_steps_stand_in_the_order_of_the_text_with_their_numbers(marta: Browser) -> None:
    page = marta.page("/sequences/discovery-guide")
    order = ["hello", "pause", "guide", "read", "nudge", "interested", "ask", "call"]
    assert re.findall(r'id="step-([a-z]+)"', page) == order
    assert "<b>30</b> sent" in step(page, "hello")
    assert "<b>8</b> here" in step(page, "pause")
    guide = step(page, "guide")
    assert "<b>1</b> clicked" in guide
    assert "<b>9</b> mail on its way" in guide
    assert "<b>15</b> here" in guide
    assert "this person could not be taken further" in guide
    assert "<b>6</b> waiting" in step(page, "read")


def test_figures_of_an_earlier_look_say_when_they_were_counted(
    marta: Browser, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "counted at" not in marta.page("/sequences/discovery-guide")
    monkeypatch.setattr(counting, "COUNTED_EACH_TIME", 0)
    monkeypatch.setattr(sequences, "_figures", counting.Kept())  # nothing stays for other tests
    assert "counted at" not in marta.page("/sequences/discovery-guide")
    with sqlite_database.write() as connection:
        connection.execute(update(enrollments).values(state="ended"))
    page = marta.page("/sequences/discovery-guide")
    assert re.search(r"counted at <time [^>]+>\d\d:\d\d</time>", page)
    assert "30 people inside" in page
    assert "0 people inside" in marta.page("/sequences/discovery-guide/running"), (
        "what is done to them is counted"
    )


def test_people_at_a_step_that_is_gone_are_still_shown(
    marta: Browser, sqlite_database: Database, seeded: Seeded
) -> None:
    with sqlite_database.write() as connection:
        one = (
            connection.execute(select(enrollments.c.id).where(enrollments.c.step == "pause"))
            .scalars()
            .first()
        )
        connection.execute(update(enrollments).where(enrollments.c.id == one).values(step="older-step"))
    gone = step(marta.page("/sequences/discovery-guide"), "older-step")
    assert "people still stand here" in gone
    assert "<b>1</b> here" in gone


def test_the_text_is_shown_as_it_is(marta: Browser) -> None:
    page = marta.page("/sequences/discovery-guide")
    assert "<code># The first weeks of a lead.\n</code>" in page
    assert page.count("<code>") >= 20


def test_an_unknown_sequence_is_no_page(marta: Browser) -> None:
    marta.page("/sequences/none", 404)
