"""The page of API tokens: shown once, revoked at once."""

import re

import pytest
from flask import Flask

from app.services.api.tokens import PREFIX, SCOPES, caller
from app.store.database import Database
from tests.support.seed import NOW, Seeded
from tests.web.conftest import Browser


def made(browser: Browser, **form: object) -> str:
    answer = browser.post("/api-tokens", {"name": "CRM", "scope": ["contacts:read"], "days": "30", **form})  # type: ignore[dict-item]
    return answer.get_data(as_text=True)


def test_a_token_is_shown_once_and_revoked(marta: Browser, seeded: Seeded, sqlite_database: Database) -> None:
    assert "No program comes in yet" in marta.page("/api-tokens")
    found = re.search(rf"<code>({PREFIX}[\w-]{{43}})</code>", made(marta))
    assert found is not None
    who = caller(sqlite_database, seeded.workspace_id, found[1], NOW)
    assert who is not None
    assert who.scopes == {"contacts:read"}
    page = marta.page("/api-tokens")
    assert found[1] not in page
    assert f"…{found[1][-4:]}" in page
    assert "Marta Lindqvist" in page
    answer = marta.post(f"/api-tokens/{who.id}/revoke", on="/api-tokens")
    assert answer.status_code == 303
    assert caller(sqlite_database, seeded.workspace_id, found[1], NOW) is None
    assert "revoked before" in marta.post(f"/api-tokens/{who.id}/revoke", on="/api-tokens").get_data(
        as_text=True
    )


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"scope": []}, "no scope is chosen"),
        ({"scope": ["contacts:read", "all"]}, "there is no scope “all”"),
        ({"name": "x" * 100}, "longer than 80 signs"),
        ({"name": "a\x07b"}, "control signs"),
    ],
)
def test_what_was_typed_stays_when_it_is_refused(marta: Browser, form: dict[str, object], told: str) -> None:
    page = made(marta, **form)
    assert told in page
    assert 'value="30" selected' in page


def test_a_name_is_no_markup(marta: Browser) -> None:
    assert "<script>alert" not in made(marta, name="<script>alert(1)</script>{{7*7}}")


def test_a_time_that_is_not_offered_is_refused(app: Flask, marta: Browser) -> None:
    assert marta.post("/api-tokens", {"name": "x", "days": "999999999"}).status_code == 400


def test_the_page_names_every_scope(marta: Browser) -> None:
    page = marta.page("/api-tokens")
    for scope in SCOPES:
        assert f"{scope}</code>" in page
    assert "token.scope" not in page
