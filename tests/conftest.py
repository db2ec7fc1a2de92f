"""Databases for every test: `database` runs it on SQLite and on PostgreSQL."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import structlog
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from playwright.sync_api import Browser, sync_playwright

from app.mail import limited
from app.mail.compile import CompiledTemplate
from app.mail.limited import Job
from app.mail.source import TemplateError
from app.services import accounts
from app.services.authoring import compiling
from app.store.database import Database
from tests.support.chromium import NEEDED, find_chromium
from tests.support.databases import Postgres, empty, make_sqlite_template, open_sqlite


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Each template is compiled for real once a run, and here: a process of its own for each takes longer, and the
    starters alone are 145.

    What `compile_limited` does with hostile texts is tested on itself.
    """
    kept: dict[str, CompiledTemplate] = {}

    def compile_once(job: Job) -> CompiledTemplate | TemplateError:
        key = json.dumps(asdict(job), sort_keys=True)
        try:
            if key not in kept:
                kept[key] = limited._run(job)
        except TemplateError as error:
            return error
        except RecursionError:  # of our stack, which is deeper than the child's
            return limited.compile_each([job])[0]
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiling, "compile_each", lambda jobs: [compile_once(job) for job in jobs])
        yield


class _Pages(BytecodeCache):
    """The pages' templates as Python has compiled them, for every application that a test makes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def pages_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": _Pages()})
        yield


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One for the whole run: a process can drive only one at a time."""
    path = find_chromium()
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NEEDED)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """What starts a worker says where its lines go; the next test has its own place for them."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords hashed in no time, for tests that are not about how long that takes."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(accounts, "_hasher", hasher)
    monkeypatch.setattr(accounts, "_NOBODYS_HASH", hasher.hash("nobody has this password"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sqlite_template(tmp_path_factory.mktemp("sqlite") / "template.db")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of this run; it starts with the first test that asks for it."""
    server = Postgres()
    # A run that is told to end must not leave the server behind: it ends as by Ctrl-C, fixtures and all.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield server
    signal.signal(signal.SIGTERM, before)
    server.stop()


@pytest.fixture(scope="module")
def postgres_of_module(postgres: Postgres) -> Iterator[Database]:
    """One PostgreSQL database for all tests of a module; `postgres_database` hands it out emptied.

    Not one for the whole run: where rows went for long, new ones take their places, and tables lose the order
    in which they were written.
    """
    database = postgres.create()
    yield database
    postgres.drop(database)


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    database = open_sqlite(sqlite_template, tmp_path / "trellis.db")
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres_of_module: Database) -> Iterator[Database]:
    yield postgres_of_module
    empty(postgres_of_module)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """The same test on both databases, each time without rows."""
    chosen: Database = request.getfixturevalue(
        "sqlite_database" if request.param == "sqlite" else "postgres_database"
    )
    return chosen
