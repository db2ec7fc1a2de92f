"""`trellis inbound --dry-run`: any message, told without a database; and its way to the acting half."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from config import Settings
from tests.cli.conftest import Line
from tests.inbound.returned.building import WHO, letter, recipient, report
from tests.inbound.returned.corpus_others import REPLIES

KEYS = ["address", "what", "class", "enhanced_status", "smtp_code", "reason"]
BOUNCE = report("", recipient("5.1.1", "smtp; 550 5.1.1 user unknown"))
LEAF = {
    "address": WHO, "what": "bounce", "class": "hard", "enhanced_status": "5.1.1", "smtp_code": 550,
    "reason": "550 5.1.1 user unknown",
}  # fmt: skip


def dry(*words: str, stdin: bytes = b"", code: int = 0) -> str:
    """What is printed, with settings and no database behind them."""
    found = CliRunner().invoke(main, ["inbound", *words], obj=Settings(), input=stdin)
    assert found.exit_code == code, found.output
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.stdout


def test_one_record_a_recipient_with_exactly_these_keys() -> None:
    two = report("", recipient("5.1.1") + "\n" + recipient("4.4.1", "", "delayed", "bela@example.org"))
    told = json.loads(dry("--dry-run", "--json", stdin=two))
    assert [list(each) for each in told] == [KEYS, KEYS]
    assert [each["what"] for each in told] == ["bounce", "delay"]
    assert json.loads(dry("--dry-run", "--json", stdin=BOUNCE)) == [LEAF]


def test_what_is_no_bounce_has_no_class_and_no_codes() -> None:
    (told,) = json.loads(dry("--dry-run", "--json", stdin=REPLIES[0].raw))
    assert told == {
        "address": WHO, "what": "reply", "class": None, "enhanced_status": None, "smtp_code": None, "reason": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    "raw", [b"", b"\n\n\n", b"\x00\xff" * 500, b"Subject: =?utf-8?b?////?=\n\n\xff", letter("") * 50]
)
def test_nonsense_is_told_as_such_and_is_no_failure(raw: bytes) -> None:
    (told,) = json.loads(dry("--dry-run", "--json", stdin=raw))
    assert told["what"] in ("none", "bounce")
    assert told["class"] != "hard"


def test_files_are_named_in_their_records(tmp_path: Path) -> None:
    first, second = tmp_path / "1.eml", tmp_path / "2.eml"
    first.write_bytes(BOUNCE)
    second.write_bytes(REPLIES[0].raw)
    # The options stand where the hand puts them.
    for words in (
        ("--dry-run", "--json", str(first), str(second)),
        (str(first), str(second), "--dry-run", "--json"),
    ):
        told = json.loads(dry(*words))
        assert told[0] == {"file": str(first), **LEAF}
        assert (told[1]["file"], told[1]["what"]) == (str(second), "reply")


def test_sentences_for_people() -> None:
    assert dry("--dry-run", stdin=BOUNCE) == f"bounce (hard) {WHO}: 550 5.1.1 550 5.1.1 user unknown\n"
    assert dry("--dry-run", stdin=b"") == "none -: empty\n"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert dry("--dry-run", str(tmp_path / "none.eml"), code=2) == ""


def test_it_needs_no_set_up(tmp_path: Path) -> None:
    """A process of its own in an empty folder: nothing is read from it, and nothing is written into it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRELLIS_")}
    found = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", "inbound", "--dry-run", "--json"],
        cwd=tmp_path, input=BOUNCE, capture_output=True,
        env={**environment, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2])]), "TRELLIS_DATA_DIR": str(tmp_path / "data")},
    )  # fmt: skip
    assert (found.returncode, found.stderr) == (0, b"")
    assert json.loads(found.stdout) == [LEAF]
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_keeps_nothing_and_a_real_one_does(command: Line) -> None:
    assert command.told("inbound", "--dry-run", stdin=BOUNCE) == [LEAF]
    assert command.told("inbound", "list") == []
    kept = command.told("inbound", "--recipient", "bounce@news.example.net", stdin=BOUNCE)
    assert kept["new"] is True
    assert [each["id"] for each in command.told("inbound", "list")] == [kept["id"]]
    assert command.told("inbound", "--recipient", "bounce@news.example.net", stdin=BOUNCE)["new"] is False
