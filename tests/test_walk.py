"""The first walk of the README, command by command as it is written there, on a moved clock."""

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli.shell import Shell
from app.store.database import Database
from config import ROOT
from tests.scenarios.stage import Stage

BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday
README = (ROOT / "README.md").read_text()
COMMANDS = [line for line in README.splitlines() if line.startswith("trellis ")]
BRAM, YOU = "bram@dewit.example", "you@example.com"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    played = Stage(Database(f"sqlite:///{tmp_path / 'trellis.db'}"), tmp_path, BEGIN)
    yield played
    played.close()
    played.database.close()


class Walker:
    """Types what the README says; `said` keeps what came back, by command."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._left = list(COMMANDS)
        self.said: dict[str, str] = {}

    def walk(self, *, until: str) -> None:
        """All commands up to the last one in a row that begins with `until`."""
        while self._left and not self._left[0].startswith(until):
            self._type(self._left.pop(0))
        while self._left and self._left[0].startswith(until):
            self._type(self._left.pop(0))

    def _type(self, line: str) -> None:
        class Moved(Shell):
            def now(shell) -> datetime:
                return self._stage.clock

        shell = Moved(self._stage.settings, self._stage.database, self._stage.world.workspace_id)
        result = CliRunner().invoke(main, shlex.split(line)[1:], obj=shell, catch_exceptions=False)
        assert result.exit_code == 0, f"{line}\n{result.output}"
        self.said[line] = result.output


def test_the_walk_of_the_readme(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = re.search(r"^```csv\n(.*?)^```$", README, re.M | re.S)
    assert table is not None
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text(table[1], "utf-8")
    walker = Walker(stage)

    walker.walk(until="trellis contacts import")
    assert [text.count("3 rows, 3 created") for line, text in walker.said.items() if "import" in line] == [
        1,
        1,
    ]
    assert all(
        "2 to enter a sequence now, 1 later (2 a day)." in text
        for line, text in walker.said.items()
        if "--enroll" in line
    )
    stage.later(minutes=5)
    first = [stage.mails(f"{name}.example") for name in ("anna@rossi", "bram@dewit", "cleo@lund")]
    assert [len(mails) for mails in first] == [1, 1, 0]
    assert {mail.message["From"] for mails in first for mail in mails} == {f"Your Name <{YOU}>"}

    page = stage.mails(BRAM)[0].links("/a/")[0]
    stage.visit(page)
    assert stage.visit(page, method="POST") == 200
    stage.later(minutes=5)
    walker.walk(until="trellis explain")
    assert "need: yes" in walker.said[f"trellis explain {BRAM}"]
    assert "the limit of 1 a day" in walker.said[f"trellis explain {BRAM} --mail discovery/guide"]

    walker.walk(until="trellis events")
    stage.later(minutes=5)
    assert stage.stage_of(BRAM) == "prospect"
    assert [mail.subject for mail in stage.mails(YOU)] == ["Bram de Wit: Call them while they are interested"]
    assert len(stage.mails(BRAM)) == 1

    walker.walk(until="trellis sequences")
    assert walker.said["trellis sequences lint"].endswith("texts, nothing to mend.\n")
    assert "3 contacts, 30 days ahead" in walker.said["trellis rehearse --days 30"]
    assert walker.said.keys() == set(COMMANDS)
