"""`trellis hits`: judging what is told from outside, and judging kept hits again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import insert

from app.cli import main
from app.core.ids import timed_id
from app.inbound.judging import VERSION
from app.store import tables
from tests.cli.conftest import Line
from tests.support import line
from tests.support.line import NOW

CURL = {"id": "a", "at": "2026-11-24T10:00:00Z", "kind": "click", "user_agent": "curl/8.5.0", "delivery": "m"}
CHROME = {
    "at": "2026-11-24T11:00:00+01:00", "accepted_at": "2026-11-24T09:00:00Z", "kind": "click", "delivery": "m",
    "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "headers": {"Accept-Language": "da"}, "ip": "203.0.113.7",
}  # fmt: skip


def judged(*lines: object, code: int = 0, words: tuple[str, ...] = ("--json",)) -> list[str]:
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    result = CliRunner().invoke(
        main, ["hits", "judge", *words], input=text.encode("utf-8", "surrogateescape")
    )
    assert result.exit_code == code, result.output
    return result.stdout.splitlines()


def test_each_line_is_judged_in_its_order() -> None:
    found = [json.loads(one) for one in judged(CURL, "", CHROME)]
    assert [(one["line"], one.get("id"), one["verdict"]) for one in found] == [
        (1, "a", "machine"),
        (3, None, "human"),
    ]
    assert found[0]["reasons"] == ["library_agent"]
    assert found[0]["score"] > 0 > found[1]["score"]


def test_the_whole_input_is_the_context() -> None:
    burst = [{**CHROME, "at": f"2026-11-24T10:00:0{n}Z", "link": n} for n in range(1, 5)]
    assert {json.loads(one)["verdict"] for one in judged(*burst)} == {"machine"}
    assert [json.loads(one)["verdict"] for one in judged(burst[0])] == ["human"]


def test_a_bad_line_is_told_and_the_rest_goes_on() -> None:
    found = [json.loads(one) for one in judged("nonsense", "[]", '{"at": "yesterday"}', "\udcff\udcfe", CURL)]
    assert [one.get("verdict") for one in found] == [None, None, None, None, "machine"]
    assert all(one["error"] for one in found[:4])
    assert len(judged("{", "}", code=2)) == 2
    assert judged() == []


def test_a_table_is_to_be_read() -> None:
    shown = judged(CURL, "nonsense", words=())
    assert "machine" in shown[0]
    assert "library agent" in shown[0]
    assert "no JSON" in shown[1]


def test_it_needs_no_installation(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", "hits", "judge", "--json"],
        input=json.dumps(CURL) + "\n", capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "TRELLIS_DATA_DIR": str(tmp_path / "none"), "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "machine"
    assert not (tmp_path / "none").exists()


@pytest.fixture
def kept(command: Line) -> Line:
    (who,) = line.people(command.world, 1)
    row = {
        "id": timed_id(NOW, b"hit       "), "workspace_id": command.world.workspace_id, "kind": "click", "method": "GET",
        "contact_id": who, "delivery_id": None, "variant_id": None, "link": 1, "at": NOW, "received_at": NOW,
        "address": "203.0.113.7", "user_agent": "curl/8.5.0", "headers": {}, "tracking": "individual", "verdict": "human",
        "score": -1.0, "reasons": ["known_program"], "classifier": VERSION - 1, "judged_at": NOW,
    }  # fmt: skip
    with command.world.database.write() as connection:
        connection.execute(insert(tables.hits), [row])
    return command


def test_kept_hits_are_listed_and_judged_again(kept: Line) -> None:
    assert [one["verdict"] for one in kept.told("hits", "list")] == ["human"]
    told = kept.told("hits", "rejudge", "--dry-run")
    assert (told["judged"], told["turned"]) == (1, [{"from": "human", "to": "machine", "hits": 1}])
    assert kept.told("hits", "list", line.address(0), "--verdict", "machine") == []
    assert kept.told("hits", "rejudge")["judged"] == 1
    assert kept.told("hits", "rejudge", "--since", "2026-11-01")["judged"] == 0
    assert [one["classifier"] for one in kept.told("hits", "list", "--verdict", "machine")] == [VERSION]
    assert kept.told("hits", "promoted") == []
    assert "Nobody was promoted" in kept.run("hits", "promoted").stdout
    assert "0 hits" in kept.run("hits", "rejudge").stdout
    assert "library agent" in kept.run("hits", "list").stdout


def test_a_time_that_is_none_is_refused(kept: Line) -> None:
    assert kept.run("hits", "rejudge", "--since", "lately").exit_code == 2
