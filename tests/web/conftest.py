"""A seeded installation behind Flask's test client."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.factory import create_app
from app.store.caught import CaughtMails
from app.store.database import Database
from config import Settings
from tests.support.seed import NOW, PASSWORD, Seeded, seed

PROOF = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture(autouse=True)
def no_time_for_passwords(quick_passwords: None) -> None:
    """Most tests sign somebody in."""


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


class Browser:
    """The test client, with the proofs of forms found as a browser would."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, status: int = 200, **options: Any) -> TestResponse:
        answer = self.client.get(path, **options)
        assert answer.status_code == status, (path, answer.status_code)
        return answer

    def page(self, path: str, status: int = 200) -> str:
        return self.get(path, status).get_data(as_text=True)

    def post(self, path: str, form: dict[str, str] | None = None, on: str | None = None) -> TestResponse:
        """Send a form that stands on the page `on` (the path itself, if it is not named)."""
        found = PROOF.search(self.client.get(on or path).get_data(as_text=True))
        proof = {"csrf_token": found[1]} if found else {}
        return self.client.post(path, data={**proof, **(form or {})})

    def sign_in(self, email: str = "marta@halden.example", password: str = PASSWORD) -> TestResponse:
        return self.post("/sign-in", {"email": email, "password": password})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path, secret_key="k" * 32)  # type: ignore[call-arg]


@pytest.fixture
def seeded(sqlite_database: Database) -> Seeded:
    return seed(sqlite_database)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def caught(tmp_path: Path) -> Iterator[CaughtMails]:
    mails = CaughtMails(tmp_path / "caught.db")
    yield mails
    mails.close()


@pytest.fixture
def app(
    settings: Settings, sqlite_database: Database, seeded: Seeded, caught: CaughtMails, clock: Clock
) -> Flask:
    return create_app(settings, sqlite_database, caught, clock)


def signed_in(app: Flask, name: str) -> Browser:
    browser = Browser(app.test_client())
    assert browser.sign_in(f"{name}@halden.example").status_code == 302
    return browser


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Not signed in."""
    return Browser(app.test_client())


@pytest.fixture
def marta(app: Flask) -> Browser:
    """Signed in as an admin."""
    return signed_in(app, "marta")


@pytest.fixture
def vera(app: Flask) -> Browser:
    """Signed in as a viewer."""
    return signed_in(app, "vera")
