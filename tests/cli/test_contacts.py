"""`trellis contacts` over a fresh installation: what it says, its JSON and its exit codes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli.contacts import contacts
from app.cli.shell import Shell
from app.services.starting import start
from app.store.database import Database
from config import Settings
from tests.support.importing import NOW

CONTENT = "E-Mail Adresse;Vorname;Wohnungen;Status;Land\nanna@x.it;Anna;12;MQL;Italien\nbad;;;;\nbo@y.de;Bo;viele;lead;DE\n"
NEW_FIELD = ("--new-field", "Wohnungen=flats:number")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("cli")
    settings = Settings(_env_file=None, data_dir=folder, secret_key="k" * 32)  # type: ignore[call-arg]
    database = Database(settings.url_of_database)
    started = start(database, settings, "admin@halden.example", NOW, lambda line: None)
    yield Shell(settings, database, started.workspace_id)
    database.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(CONTENT)
    return path


def trellis(shell: Shell, *words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(contacts, [str(word) for word in words], obj=shell, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def as_json(shell: Shell, *words: object, code: int = 0) -> Any:
    return json.loads(trellis(shell, *words, "--json", code=code).stdout)


def test_a_file_is_tried_imported_and_looked_at(shell: Shell, file: Path) -> None:
    tried = trellis(shell, "import", file, "--dry-run", *NEW_FIELD, "--enroll", "now").stdout
    assert "Status → stage" in tried
    assert "3 rows, 1 created" in tried
    assert "1 to enter a sequence now." in tried
    assert "row 4, rejected: “viele” in “Wohnungen” is not a number." in tried
    assert "Nothing was written." in tried
    assert as_json(shell, "list") == []

    done = as_json(
        shell,
        "import",
        file,
        *NEW_FIELD,
        "--consent",
        "guides",
        "--basis",
        "fair",
        "--source",
        "fair-2026",
        "--enroll",
        "now",
    )
    assert (done["state"], done["counts"]["created"], done["counts"]["enrolled"]) == ("done", 1, 1)
    assert Path(done["results"]).read_text(encoding="utf-8-sig").count("\n") == 3
    assert [row["email"] for row in as_json(shell, "list", "--stage", "lead")] == ["anna@x.it"]
    assert as_json(shell, "list", "--tag", "warm") == []

    trellis(shell, "set", "anna@x.it", "city", "Roma")
    assert "It was so already." in trellis(shell, "set", "anna@x.it", "city", "Roma").stdout
    trellis(shell, "tag", "anna@x.it", "Warm", "cold")
    assert as_json(shell, "tag", "anna@x.it", "cold", "--remove")[0]["old"] is True
    shown = as_json(shell, "show", "anna@x.it")
    assert shown["facts"]["flats"] == 12
    assert (shown["facts"]["city"], shown["tags"], shown["consents"]) == (
        "Roma",
        ["warm"],
        {"guides": "given"},
    )
    assert {change["kind"] for change in shown["history"]} == {"created", "field", "tag"}
    assert "No import is waiting." in trellis(shell, "resume").stdout


@pytest.mark.parametrize(
    ("enroll", "told"),
    [
        ("no", "nobody to enter a sequence."),
        ("now", "3 to enter a sequence now."),
        ("2 a day", "2 to enter a sequence now, 1 later (2 a day)."),
        ("3 a day", "3 to enter a sequence now."),
    ],
)
def test_who_enters_now_and_who_later_is_told(shell: Shell, tmp_path: Path, enroll: str, told: str) -> None:
    path = tmp_path / "three.csv"
    path.write_text("email\n" + "".join(f"{name}@three.it\n" for name in "abc"))
    assert told in trellis(shell, "import", path, "--dry-run", "--enroll", enroll).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--map", "Nope=email"), "There is no column “Nope”."),
        (("--consent", "golf", "--basis", "b", "--source", "s"), "“golf” is no topic. Known: guides"),
        (("--enroll", "soon"), "Write no, now, or a number such as 25 a day."),
        (("--encoding", "klingon"), "“klingon” is no encoding."),
    ],
)
def test_a_refusal_is_one_sentence_with_the_remedy(
    shell: Shell, file: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in trellis(shell, "import", file, *words, code=1).output
    assert said in as_json(shell, "import", file, *words, code=1)["problem"]


def test_nobody_and_nothing_are_named(shell: Shell) -> None:
    assert "There is no contact who@x.it." in trellis(shell, "show", "who@x.it", code=1).output
    assert "is no stage" in trellis(shell, "list", "--stage", "wizard", code=2).output
    assert as_json(shell, "set", "who@x.it", "city", "Roma", code=1)["code"] == "contact.unknown"
