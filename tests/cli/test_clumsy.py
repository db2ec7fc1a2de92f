"""Clumsy hands on `trellis`: a sentence with the remedy, an exit code, no traceback, nothing half-done."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from app.mail.journal import Journal
from app.store import tables
from app.store.database import Database
from config import ROOT
from tests.cli.conftest import Line
from tests.support import line
from tests.support.databases import make_sqlite_template

CALL = "import sys; sys.argv[0] = 'trellis'; from app.cli import main; main()"
Before = Callable[[], None] | None


def trellis(folder: Path, *words: str | bytes, before: Before = None, **settings: str) -> tuple[int, str]:
    """Run the command in a process of its own, in `folder`; its exit code and all it said."""
    around = {name: value for name, value in os.environ.items() if not name.startswith("TRELLIS_")}
    around |= {"PYTHONPATH": str(ROOT), "TRELLIS_DATA_DIR": str(folder), "TRELLIS_DEMO": "off"}
    around |= {f"TRELLIS_{name.upper()}": value for name, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-c", CALL, *words], cwd=folder, env=around, capture_output=True, timeout=60, preexec_fn=before
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def refused(folder: Path, *words: str | bytes, before: Before = None, **settings: str) -> str:
    code, said = trellis(folder, *words, before=before, **settings)
    assert code in (1, 2), said
    assert "Traceback" not in said
    return said


@pytest.fixture
def anna(command: Line) -> str:
    return str(line.people(command.world, 1)[0])


@pytest.mark.parametrize("command", ["list", "init", "doctor"])
def test_a_file_that_is_no_database(tmp_path: Path, command: str) -> None:
    (tmp_path / "trellis.db").write_bytes(b"a letter to my aunt" * 900)
    words = ["contacts", "list"] if command == "list" else [command]
    assert "not a database" in refused(tmp_path, *words)
    assert (tmp_path / "trellis.db").read_bytes().startswith(b"a letter to my aunt")


@pytest.mark.parametrize("command", ["list", "init", "migrate", "doctor"])
def test_a_database_of_a_newer_release_is_left_alone(tmp_path: Path, command: str) -> None:
    path = make_sqlite_template(tmp_path / "trellis.db")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999_ahead')")
    connection.close()
    words = ["contacts", "list"] if command == "list" else [command]
    said = refused(tmp_path, *words)
    assert "newer Trellis (schema 9999_ahead)" in said
    assert "Install that release" in said


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    url = "postgresql+psycopg://user:secret@127.0.0.1:1/trellis"
    for command in (["init"], ["contacts", "list"]):
        said = refused(tmp_path, *command, database_url=url)
        assert "TRELLIS_DATABASE_URL" in said
        assert "secret" not in said


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("data_dir", "/proc/nowhere", "/proc/nowhere"),
        ("data_dir", "/dev/null", "/dev/null"),
        ("database_url", "postgresql+psycopg://u:p@host:port/x", "has no port"),
        ("database_url", "postgresql+psycopg://u:p@host", "names no database"),
        ("database_url", "sqlite:///:memory:", "names no database"),
        ("base_url", "http://", "is no web address"),
        ("base_url", 'https://a.example/"><b>', "is no web address"),
        ("sender_name", "Ann\nBcc: x@y.example", "write it in one line"),
        ("sender_address", "a@b.example\x01", "is not a mail address"),
    ],
)
def test_a_setting_that_cannot_be(tmp_path: Path, setting: str, value: str, told: str) -> None:
    assert told in refused(tmp_path, "init", **{setting: value})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"TRELLIS_BRAND_NAME=\xff\xfe\n", "byte 20 is not UTF-8"),
        (b"TRELLIS_PORT=9\nTRELLIS_BRAND_NAME=\"unclosed\nTRELLIS_HOST=x\n", "line 2: this is no setting"),
        (b"TRELLIS_PORT=http\n", "TRELLIS_PORT"),
    ],
)  # fmt: skip
def test_a_broken_env_file(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / ".env").write_bytes(content)
    assert told in refused(tmp_path, "init")
    assert not (tmp_path / "trellis.db").exists()


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    assert "Make room on the disk" in refused(tmp_path, "init", before=small)
    assert trellis(tmp_path, "migrate")[0] == 0, "with room again it goes on"


def test_two_at_once_on_one_data_folder(sqlite_database: Database, tmp_path: Path) -> None:
    line.lay(sqlite_database, tmp_path)  # for its small programme
    folder = tmp_path / "two"
    held = Journal(folder / "journal", "main")
    said = refused(
        folder, "run", content_dir=str(tmp_path / "content"), port="18710", catcher_port="18750", tick_seconds="3600"
    )  # fmt: skip
    assert "Worker 'main' is already running here" in said
    assert "TRELLIS_WORKER_NAME" in said
    held.close()


def test_words_that_are_no_text(tmp_path: Path) -> None:
    assert "is not UTF-8" in refused(tmp_path, "contacts", "list", "--tag", b"\xff")


def test_the_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    assert trellis(tmp_path, "migrate", data_dir=str(tmp_path / "new"))[0] == 0
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59", "soon"]
)
def test_instants_at_the_ends_of_the_calendar(command: Line, anna: str, at: str) -> None:
    explained = command.run("explain", anna, "--at", at)
    assert (explained.exit_code, "Write it such as" in explained.output) == (2, True)
    added = command.run("events", "add", anna, "visited", "--at", at)
    assert added.exit_code == 1
    assert at in added.output


def test_a_draft_that_is_no_text(command: Line, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_bytes(b"sequence: x\xff\n")
    told = command.run("rehearse", "--with", draft)
    assert told.exit_code == 1
    assert "draft.yaml is not UTF-8 (byte 12)" in told.output


@pytest.mark.parametrize("encoding", ["zip", "rot13", "punycode", "undefined", "hex", "nowhere"])
def test_an_encoding_that_is_none(command: Line, tmp_path: Path, encoding: str, database: Database) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email,first_name,last_name\na@b.example,A,B\n")
    told = command.run("contacts", "import", file, "--encoding", encoding)
    assert told.exit_code == 1
    assert encoding in told.output
    with database.read() as connection:
        assert connection.execute(select(tables.imports)).first() is None


def test_a_cell_of_half_a_million_letters_costs_no_hour(command: Line, tmp_path: Path) -> None:
    """It once took the square of its length: some hours."""
    file = tmp_path / "people.csv"
    file.write_text(f"email,first_name\n{'x' * 500_000},A\nok@b.example,B\n")
    told = command.run("contacts", "import", file)
    assert told.exit_code == 0
    assert "1 created" in told.output
    assert "1 rejected" in told.output
