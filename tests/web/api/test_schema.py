"""The API keeps to its own description, whatever is sent: schemathesis makes the requests up."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.checks import negative_data_rejection as REJECTION

from app.store.database import Database
from tests.support import line
from tests.web.api.conftest import Program, program_of

# What the description cannot say (a topic that exists, an address that is one) is refused with a 422.
LEFT_OUT = "positive_data_acceptance"


@pytest.fixture
def tireless(sqlite_database: Database, tmp_path: Path) -> Program:
    world = line.lay(sqlite_database, tmp_path, secret_key="k" * 32, api_rate=1_000_000)
    return program_of(world, people=line.people(world, 3))


def looks_plain(case: Case, asked: str) -> bool:
    """Whether an address cannot show what is wrong: an empty list is nothing in it, a list of one is its one value."""
    known = {each.name for each in case.operation.query}
    sent = parse_qs(asked, keep_blank_values=True)
    return any(
        isinstance(value, list | dict) and len(sent.get(name, [])) < (2 if name in known else 1)
        for name, value in (case.query or {}).items()
    )


def walk(program: Program, examples: int) -> int:
    """Every operation with made-up requests, good ones and bad ones; how many were sent."""
    load_all_checks()
    asked: list[str] = []

    def listening(environ: dict[str, Any], start_response: Any) -> Any:
        asked[:] = [environ["QUERY_STRING"]]
        return program.app.extensions["api"](environ, start_response)

    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", listening)
    checks = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name != LEFT_OUT]
    headers = {"Authorization": f"Bearer {program.token}"}
    sent = 0
    chosen = settings(
        max_examples=examples, database=None, deadline=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    for found in schema.get_all_operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @chosen
            @given(case=found.ok().as_strategy(generation_mode=mode))
            def each(case: Case) -> None:
                nonlocal sent
                sent += 1
                answer = case.call(headers=headers)
                hidden = looks_plain(case, asked[-1])
                used = [check for check in checks if not (hidden and check is REJECTION)]
                case.validate_response(answer, checks=used, headers=headers)

            each()
    return sent


def test_made_up_requests_find_nothing(tireless: Program) -> None:
    assert walk(tireless, 4) > 100


@pytest.mark.prove
def test_many_made_up_requests_find_nothing(tireless: Program) -> None:
    assert walk(tireless, 150) > 4_000
