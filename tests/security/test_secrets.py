"""Secrets stay where they are: not in a settings' text, a page, an error, `doctor --json`, nor on a line of a log."""

import json
import logging
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from config import Settings
from tests.security.conftest import Site

SECRETS = {
    "secret_key": "sekret-of-the-links-0123456789",
    "smtp_password": "sekret-of-the-relay",
    "database_url": "postgresql+psycopg://user:sekret-of-the-base@127.0.0.1:1/trellis",
    "broker_url": "redis://:sekret-of-the-broker@127.0.0.1:1/0",
    "retired_keys": "sekret-that-was-retired-0123456789",
    "encryption_keys": "sekret" * 7 + "A=",
}


@pytest.fixture
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TRELLIS_{name.upper()}", raising=False)
    monkeypatch.setenv("TRELLIS_DATA_DIR", str(tmp_path))
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"TRELLIS_{name.upper()}", value)


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize(
    "command",
    [["doctor"], ["doctor", "--json"], ["contacts", "list"], ["init"], ["migrate"], ["secrets", "check"]],
)
def test_a_command_that_fails_tells_none(command: list[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), "a sentence, no traceback"
    assert "sekret" not in result.output
    assert "sekret" not in caplog.text
    if "--json" in command:
        assert json.loads(result.stdout)[-1]["state"] == "stop"


@pytest.mark.usefixtures("_environment")
def test_the_text_of_the_settings_holds_none() -> None:
    settings = Settings()
    for text in (repr(settings), str(settings)):
        assert "sekret" not in text


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize("name", ["smtp_connections", "retired_keys", "database_url"])
def test_a_wrong_setting_beside_them_tells_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"TRELLIS_{name.upper()}", "sekret" if name == "database_url" else "-1")
    result = CliRunner().invoke(main, ["doctor"])
    assert "sekret" not in result.output


def test_no_page_holds_a_key_a_hash_or_a_sign_in(site: Site) -> None:
    browser = site.as_role("admin")
    session = browser.client.get_cookie("trellis_session")
    assert session is not None
    for endpoint, path in site.paths().items():
        answer = browser.client.get(path)
        text = answer.get_data(as_text=True)
        answer.close()
        for secret in ("k" * 32, "$argon2", session.value):
            assert secret not in text, endpoint
