"""A programme and a program that calls it with a token."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.factory import create_app
from app.services.api import tokens
from app.services.api.tokens import SCOPES
from app.services.world import World
from app.store.database import Database
from tests.support import line
from tests.web.conftest import Clock


@dataclass
class Program:
    """Calls the API. `token` opens every scope unless others are asked for."""

    app: Flask
    world: World
    clock: Clock
    token: str
    people: list[UUID] = field(default_factory=list)

    def call(self, method: str, path: str, *, token: str | None = None, **options: Any) -> TestResponse:
        chosen = self.token if token is None else token
        headers = {"Authorization": f"Bearer {chosen}"} if chosen else {}
        headers |= options.pop("headers", {})
        # A client of its own each time: what is set as a cookie would be seen.
        client = self.app.test_client(use_cookies=False)
        return client.open(f"/api/v1{path}", method=method, headers=headers, **options)

    def get(self, path: str, status: int = 200, **options: Any) -> Any:
        return told(self.call("GET", path, **options), status)

    def post(self, path: str, body: Any, status: int = 200, **options: Any) -> Any:
        return told(self.call("POST", path, json=body, **options), status)

    def limited(self, scopes: Iterable[str]) -> str:
        """A token that opens these scopes only."""
        return tokens.make(
            self.world.database, self.world.workspace_id, "limited", scopes, None, None, self.clock.at
        )[1]


def told(answer: TestResponse, status: int) -> Any:
    text = answer.get_data(as_text=True)
    assert answer.status_code == status, (answer.status_code, text[:2000])
    assert "Set-Cookie" not in answer.headers
    assert answer.mimetype == ("application/json" if status < 400 else "application/problem+json")
    found = json.loads(text)
    if status >= 400:
        assert found["status"] == status
        assert found["detail"].endswith(".")
        assert found["type"] == f"urn:trellis:problem:{found['code']}"
    return found


def program_of(world: World, **given: Any) -> Program:
    clock = Clock()
    clock.at = line.NOW
    app = create_app(world.settings, world.database, None, clock, world)
    _, token = tokens.make(world.database, world.workspace_id, "test", SCOPES, None, None, line.NOW)
    return Program(app, world, clock, token, **given)


@pytest.fixture
def program(database: Database, tmp_path: Path) -> Program:
    """With three people."""
    world = line.lay(database, tmp_path, secret_key="k" * 32)
    return program_of(world, people=line.people(world, 3))


@pytest.fixture
def quick(sqlite_database: Database, tmp_path: Path) -> Program:
    """The same on SQLite alone, for what is not about the database."""
    world = line.lay(sqlite_database, tmp_path, secret_key="k" * 32)
    return program_of(world, people=line.people(world, 3))
