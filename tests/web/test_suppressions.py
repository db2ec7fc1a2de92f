"""A list of who left elsewhere, brought in the browser: looked at first, then taken in, by the service of the shell."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.services import previewing
from app.store.database import Database
from app.store.tables import suppressions
from config import Settings
from tests.support.seed import Seeded
from tests.web.conftest import PROOF, Browser, Clock

LIST = (
    "Email Address,Reason\na@example.org,\nb@example.org,marked as spam\n<b>no address</b>,\na@example.org,\n"
)
START = "/suppressions/import"


def upload(browser: Browser, content: bytes, **form: str) -> TestResponse:
    proof = PROOF.search(browser.page(START))
    assert proof is not None
    fields = {"csrf_token": proof[1], **form}
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = '--b\r\nContent-Disposition: form-data; name="file"; filename="left <b>.csv"\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + content + b"\r\n--b--\r\n"
    return browser.client.post(START, data=body, content_type="multipart/form-data; boundary=b")


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(kept|scope|topic|why)" value="([^"]*)"', page))


def codes(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        rows = connection.execute(select(suppressions.c.value, suppressions.c.reason_code))
        return sorted((row.value, row.reason_code) for row in rows)


def kept(settings: Settings) -> list[Path]:
    return list((settings.data_dir / previewing.FOLDER).glob("*"))


def test_a_list_is_looked_at_then_taken_in(
    marta: Browser, sqlite_database: Database, settings: Settings
) -> None:
    answer = upload(marta, LIST.encode(), scope="marketing", why="left the old tool")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Suppress 2?" in page
    assert "<b>4</b><span>rows in left &lt;b&gt;.csv" in page
    assert "<b>1</b><span>row is left out" in page
    assert "<b>no address" not in page
    assert codes(sqlite_database) == []
    done = marta.post(f"{START}/run", hidden(page), on=START).get_data(as_text=True)
    assert "2 are suppressed from now on" in done
    assert codes(sqlite_database) == [
        ("a@example.org", "suppressed.imported"), ("b@example.org", "suppressed.complaint"),
    ]  # fmt: skip
    assert "left the old tool" in marta.page("/suppressions?source=import")
    assert kept(settings) == []
    # Taken in, it is gone: sending the form again is told so and changes nothing.
    again = marta.post(f"{START}/run", hidden(page), on=START)
    assert again.status_code == 422
    assert "choose it again" in again.get_data(as_text=True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty"),
        (b"name,city\nAnn,Ahlen\n", "no column holds addresses"),
        (b"\x89PNG\r\n\x1a\n" + bytes(300), "not text"),
    ],
)
def test_a_file_that_is_no_list_is_refused(
    marta: Browser, settings: Settings, content: bytes, said: str
) -> None:
    answer = upload(marta, content)
    assert answer.status_code == 422
    assert said.lower() in answer.get_data(as_text=True).lower()
    assert kept(settings) == []


def test_nonsense_in_the_form_is_refused(marta: Browser) -> None:
    assert marta.post(START, {"scope": "marketing"}, on=START).status_code == 422
    assert upload(marta, LIST.encode(), scope="planet").status_code == 400
    for name in ("", "x", "../../etc/passwd", str(UUID(int=5))):
        answer = marta.post(f"{START}/run", {"kept": name, "scope": "marketing"}, on=START)
        assert answer.status_code in (400, 422)


def test_a_topic_holds_for_rows_without_one(marta: Browser, sqlite_database: Database) -> None:
    page = upload(marta, LIST.encode(), scope="topic", topic="no-such").get_data(as_text=True)
    assert "Suppress 1?" in page, "a complaint is about more than a topic; the others are refused"


def test_a_file_too_large_is_refused_and_other_forms_stay_small(marta: Browser) -> None:
    big = b"email,note\n" + (b"a@example.org," + b"x" * 1_000 + b"\n") * 1_300
    assert upload(marta, big).status_code == 200, "more than a page's form may bring"
    assert marta.client.post("/suppressions", data={"value": "x" * 1_100_000}).status_code == 413


def test_nobody_else_and_nobody_later(
    marta: Browser, vera: Browser, settings: Settings, clock: Clock, seeded: Seeded
) -> None:
    vera.get(START, 403)
    page = upload(marta, LIST.encode()).get_data(as_text=True)
    upload_id = UUID(hidden(page)["kept"])
    assert previewing.find(settings, upload_id, seeded.admin_id) is not None
    assert previewing.find(settings, upload_id, seeded.sales_id) is None
    assert previewing.forget_previews(settings, clock.at + timedelta(minutes=59)) == 0
    assert previewing.forget_previews(settings, clock.at + timedelta(hours=2)) == 1
    assert kept(settings) == []
