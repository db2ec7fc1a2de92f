"""Mails written in the browser: every language, seen as a contact would get them, tried out and published."""

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import update

from app.factory import create_app
from app.files.variants import split_variants
from app.mail.replies import Outcome
from app.mail.source import Problem, TemplateError
from app.services.authoring import apply, compiling, load_folder, previews
from app.store.database import Database
from app.store.tables import contacts, definitions, users
from config import Settings
from tests.services.authoring.content import mail, write
from tests.support.seed import NOW, Seeded, seed
from tests.web.conftest import Browser, signed_in
from tests.web.test_writing import MARK, field, live

GREETING = mail(body='<p>Dear {{ contact.first_name }}</p><a href="https://example.com/a">Read</a>')
CITY = mail(body='<p>In {{ contact.city }}</p><a href="https://example.com/a">Read</a>')


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = write(tmp_path / "content", {"email_templates/discovery/hello.mjml": GREETING})
    return Settings(_env_file=None, data_dir=tmp_path, secret_key="k" * 32, content_dir=folder)  # type: ignore[call-arg]


@pytest.fixture
def seeded(sqlite_database: Database, settings: Settings) -> Seeded:
    found = seed(sqlite_database, contacts=3)
    with sqlite_database.write() as connection:
        connection.execute(update(definitions).values(kind="older"))
    apply(sqlite_database, found.workspace_id, load_folder(settings.content_dir), settings, NOW)
    return found


@pytest.fixture
def app(settings: Settings, sqlite_database: Database, seeded: Seeded) -> Flask:
    return create_app(settings, sqlite_database, None, lambda: NOW)


@pytest.fixture
def marta(app: Flask) -> Browser:
    return signed_in(app, "marta")


@pytest.fixture
def jonas(app: Flask, seeded: Seeded, sqlite_database: Database) -> Browser:
    """A marketer with neither right."""
    with sqlite_database.write() as connection:
        connection.execute(update(users).where(users.c.id == seeded.sales_id).values(role="marketer"))
    return signed_in(app, "jonas")


def save(browser: Browser, text: str, locale: str = "", key: str = "discovery/hello"):  # type: ignore[no-untyped-def]
    page = browser.page(f"/templates/of/{key}?locale={locale}")
    return browser.post(
        f"/templates/of/{key}", {"text": text, "mark": MARK.findall(page)[0], "locale": locale}
    )


def publish(browser: Browser, key: str = "discovery/hello"):  # type: ignore[no-untyped-def]
    page = browser.page(f"/templates/publish/{key}")
    base = re.search(r'name="base" value="(\d+)"', page)
    assert base
    return browser.post(f"/templates/publish/{key}", {"mark": MARK.findall(page)[0], "base": base[1]})


def test_the_list_says_kind_languages_and_use(marta: Browser) -> None:
    page = marta.page("/templates")
    row = page[page.index(">discovery/hello<") :].split("</tr>")[0]
    assert "discovery</td>" in row
    assert "original, it" in row
    assert ">Guide<" in row or ">guide<" in row.lower()


def test_a_viewer_reads_and_writes_nothing(app: Flask) -> None:
    vera = signed_in(app, "vera")
    page = vera.page("/templates/of/discovery/hello")
    assert "<textarea" not in page
    assert vera.post("/templates/of/discovery/hello", {"text": "x"}, on="/password").status_code == 403


def test_it_is_seen_as_a_contact_would_get_it(marta: Browser, seeded: Seeded) -> None:
    page = marta.page(f"/templates/of/discovery/hello?as={seeded.contacts[0]}")
    assert "A subject" in page
    frame = re.search(r'<iframe src="([^"]+)"', page)
    assert frame
    answer = marta.get(frame[1].replace("&amp;", "&"))
    assert "Dear Inês" in answer.get_data(as_text=True)
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "Dear Ada" in marta.page("/templates/html/discovery/hello")
    assert "Leggi" in marta.page("/templates/html/discovery/hello?locale=it")
    assert "Dear Ada" in marta.page("/templates/of/discovery/hello?look=text")
    assert "https://example.com/a" in marta.page("/templates/of/discovery/hello?look=links")
    assert "nobody with this address" in marta.page("/templates/of/discovery/hello?as=nobody@x.example")
    marta.page("/templates/of/discovery/hello?locale=xx", 404)
    marta.page("/templates/of/discovery/nothing", 404)


def test_a_field_that_is_missing_is_named(marta: Browser, seeded: Seeded, sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        connection.execute(update(contacts).where(contacts.c.id == seeded.contacts[0]).values(city=None))
    save(marta, CITY)
    page = marta.page(f"/templates/of/discovery/hello?as={seeded.contacts[0]}")
    assert "“contact.city” is empty for this contact" in page


def test_each_language_is_written_apart(marta: Browser, jonas: Browser, sqlite_database: Database) -> None:
    italian = mail(body='<a href="https://example.com/a">Leggi ora</a>')
    first = MARK.findall(marta.page("/templates/of/discovery/hello"))[0]
    assert save(jonas, italian, "it").status_code == 303
    # Somebody who writes the original meanwhile is in nobody's way.
    form = {"text": CITY, "mark": first, "locale": ""}
    assert marta.post("/templates/of/discovery/hello", form).status_code == 303
    assert field(marta.page("/templates/of/discovery/hello?locale=it")) == italian
    assert publish(jonas).status_code == 403
    assert publish(marta).status_code == 303
    texts = split_variants(live(sqlite_database, "discovery/hello"))
    assert texts == {"": CITY, "it": italian}
    assert "Leggi ora" in marta.page("/templates/html/discovery/hello?locale=it")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "does not begin with front matter"),
        ("---\nkind: [\n---\n", "no YAML"),
        (GREETING.replace("mj-text", "mj-tekst"), "Error"),
        (GREETING.replace("{{ contact.first_name }}", "{% for x in y %}"), "Error"),
        ("<script>alert(1)</script></textarea>{{7*7}}", "does not begin with front matter"),
    ],
)
def test_a_broken_text_is_kept_told_and_breaks_no_page(marta: Browser, text: str, told: str) -> None:
    assert save(marta, text).status_code == 303
    page = marta.page("/templates/of/discovery/hello")
    assert told in page
    assert field(page).rstrip("\n") == text.rstrip("\n")
    assert "disabled" in marta.page("/templates/publish/discovery/hello")
    assert publish(marta).status_code == 422
    marta.page("/templates/html/discovery/hello", 404)


def test_a_text_that_takes_too_long_is_told_in_a_clear_word(
    marta: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(jobs: Any) -> list[TemplateError]:
        return [
            TemplateError((Problem(0, "too_slow", "compiling used too much time or memory", "Simpler."),))
        ]

    monkeypatch.setattr(compiling, "compile_each", lambda jobs: never(jobs) * len(jobs))
    save(marta, CITY + "<!-- long -->\n")
    page = marta.page("/templates/of/discovery/hello")
    assert "Compiling used too much time or memory" in page
    assert "cannot be compiled yet" in page


def test_another_language_begins_with_this_one(marta: Browser) -> None:
    on = "/templates/of/discovery/hello"
    answer = marta.post("/templates/translate/discovery/hello", {"into": "pt-BR", "locale": ""}, on=on)
    assert (answer.status_code, "locale=pt-BR" in (answer.location or "")) == (303, True)
    assert field(marta.page("/templates/of/discovery/hello?locale=pt-BR")) == GREETING
    for bad in ("it", "", "<b>", "x" * 30, "../a"):
        again = marta.post("/templates/translate/discovery/hello", {"into": bad, "locale": ""}, on=on)
        assert again.status_code == 422, bad


def test_a_test_goes_to_oneself_and_elsewhere_with_the_right_only(
    marta: Browser, jonas: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[tuple[str, bytes]] = []

    def take(world: Any, route: Any, sender: str, recipient: str, mail: bytes, now: Any) -> Outcome:
        handed.append((recipient, mail))
        return Outcome("accepted", "dot", 250)

    monkeypatch.setattr(previews, "hand_over", take)
    on = "/templates/of/discovery/hello"
    assert jonas.post("/templates/test/discovery/hello", {"to": "", "locale": ""}, on=on).status_code == 303
    assert handed[0][0] == "jonas@halden.example"
    sent = cast(EmailMessage, message_from_bytes(handed[0][1], policy=SMTP))
    part = sent.get_body(("plain",))
    assert part is not None
    assert "Dear Ada" in part.get_content()
    other = jonas.post("/templates/test/discovery/hello", {"to": "a@x.example", "locale": ""}, on=on)
    assert other.status_code == 422
    assert "needs the right to send" in other.get_data(as_text=True)
    assert marta.post("/templates/test/discovery/hello", {"to": "a@x.example"}, on=on).status_code == 303
    assert marta.post("/templates/test/discovery/hello", {"to": "no address"}, on=on).status_code == 422
    assert [recipient for recipient, _ in handed] == ["jonas@halden.example", "a@x.example"]
    assert "test mail sent" in marta.page("/audit")


def test_a_new_mail_begins_small_and_can_be_published(marta: Browser, sqlite_database: Database) -> None:
    form = {"key": "discovery/spring", "subject": 'A "fresh" start', "kind": "discovery"}
    assert marta.post("/templates", form).location == "/templates/of/discovery/spring"
    page = marta.page("/templates/of/discovery/spring")
    assert '<span class="vh">Error: </span>' not in page
    assert "A &#34;fresh&#34; start" in page
    assert publish(marta, "discovery/spring").status_code == 303
    assert "fresh" in live(sqlite_database, "discovery/spring")
    for key in ("", "spring", "a/b/c", "../x", "Discovery/x", "discovery/hello"):
        refused = marta.post("/templates", {**form, "key": key})
        assert refused.status_code == 422, key


def test_versions_are_compared_and_come_again(marta: Browser, sqlite_database: Database) -> None:
    save(marta, CITY)
    publish(marta)
    page = marta.page("/templates/versions/discovery/hello?of=1")
    assert "contact.city" in page
    assert 'class="d-removed"' in page
    form = {"number": "1"}
    on = "/templates/versions/discovery/hello?of=1"
    assert marta.post("/templates/again/discovery/hello", form, on=on).status_code == 303
    publish(marta)
    assert split_variants(live(sqlite_database, "discovery/hello"))[""] == GREETING


def test_a_draft_is_dropped(marta: Browser) -> None:
    save(marta, CITY)
    page = marta.page("/templates/of/discovery/hello")
    form = {"mark": MARK.findall(page)[-1]}
    answer = marta.post("/templates/drop/discovery/hello", form, on="/templates/of/discovery/hello")
    assert answer.status_code == 303
    assert field(marta.page("/templates/of/discovery/hello")) == GREETING
