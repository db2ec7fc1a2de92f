"""`trellis secrets` gives keys and counts, and never a secret."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from config import Settings
from tests.cli.conftest import Line


@pytest.fixture
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TRELLIS_{name.upper()}", raising=False)
    monkeypatch.setenv("TRELLIS_DATA_DIR", str(tmp_path))


@pytest.mark.usefixtures("_alone")
def test_a_new_key_is_one_and_another_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [CliRunner().invoke(main, ["secrets", "new-key"]).output.strip() for _ in range(2)]
    assert made[0] != made[1]
    monkeypatch.setenv("TRELLIS_ENCRYPTION_KEYS", ",".join(made))
    assert Settings().sealing_keys() == made


@pytest.mark.usefixtures("_alone")
def test_a_spoilt_key_stops_all_but_the_making_of_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    good = CliRunner().invoke(main, ["secrets", "new-key"]).output.strip()
    monkeypatch.setenv("TRELLIS_ENCRYPTION_KEYS", f"{good}, spoilt")
    for command in (["doctor"], ["secrets", "check"], ["secrets", "rotate"]):
        refused = CliRunner().invoke(main, command)
        assert refused.exit_code == 1
        assert "TRELLIS_ENCRYPTION_KEYS: holds no key at place 2" in refused.output
        assert good not in refused.output
        assert "spoilt" not in refused.output
    assert CliRunner().invoke(main, ["secrets", "new-key"]).exit_code == 0


@pytest.mark.usefixtures("_alone")
def test_without_a_database_it_says_so() -> None:
    refused = CliRunner().invoke(main, ["secrets", "check"])
    assert refused.exit_code == 1
    assert "trellis init" in refused.output


def test_check_and_rotate_count(command: Line) -> None:
    assert command.run("secrets", "rotate").exit_code == 0
    for kept in command.told("secrets", "check"):
        assert kept["open"] == kept["lost"] == kept["older"] == 0
