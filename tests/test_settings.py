"""A wrong setting stops the start with its name and what to do; the secret key is made once."""

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import ROOT, Settings, SettingsError, load_settings

WRONG = {
    "port": ("70000", "65535"),
    "web_threads": ("0", "greater than or equal to 1"),
    "smtp_port": ("mail", "integer"),
    "smtp_security": ("ssl", "'none', 'opportunistic', 'starttls' or 'tls'"),
    "smtp_ca_file": ("/nowhere/ca.pem", "holds no certificate"),
    "sender_address": ("Halden Metering <hello@halden.example>", "such as hello@example.com"),
    "default_zone": ("Europe/Haldern", "such as Europe/Lisbon"),
    "base_url": ("halden.example", "must start with https://"),
    "brand_home": ("www.halden.example", "must start with https://"),
    "tracking": ("everything", "'none', 'aggregate' or 'individual'"),
    "tick_seconds": ("0", "greater than 0"),
    "batch_size": ("0", "greater than or equal to 1"),
    "lease_seconds": ("5", "greater than or equal to 30"),
    "lifecycle_preset": ("Outbound!", "inbound or outbound"),
    "worker_name": ("../escape", "letters"),
    "smtp_connections": ("101", "less than or equal to 100"),
    "default_locale": ("english please", "such as en or pt-BR"),
    "default_country": ("Denmark", "such as DK"),
    "database_url": ("no address", "such as postgresql"),
    "dns_servers": ("192.0.2.53, localhost", "such as 192.0.2.53"),
    "encryption_keys": ("short", "`trellis secrets new-key`"),
}


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a `.env` nor the environment of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TRELLIS_{name.upper()}", raising=False)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_named_with_its_remedy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    value, remedy = WRONG[name]
    monkeypatch.setenv(f"TRELLIS_{name.upper()}", value)
    with pytest.raises(SettingsError) as fault:
        load_settings()
    assert f"TRELLIS_{name.upper()}" in str(fault.value)
    assert remedy in str(fault.value)


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_PORT", "http")
    monkeypatch.setenv("TRELLIS_DEFAULT_ZONE", "Mars/Base")
    with pytest.raises(SettingsError) as fault:
        load_settings()
    assert [line.split(":")[0] for line in str(fault.value).splitlines()] == [
        "TRELLIS_PORT",
        "TRELLIS_DEFAULT_ZONE",
    ]


def test_a_password_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_SMTP_PASSWORD", "hunter2 hunter2")
    assert "hunter2" not in repr(load_settings())
    monkeypatch.setenv("TRELLIS_DATABASE_URL", "mysql://trellis:hunter2@db/trellis")
    with pytest.raises(SettingsError, match="TRELLIS_DATABASE_URL") as fault:
        load_settings()
    assert "hunter2" not in str(fault.value)


def test_a_wrong_setting_stops_the_start(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", "run"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": "", "PYTHONPATH": str(ROOT), "TRELLIS_DATA_DIR": str(tmp_path), "TRELLIS_DEFAULT_ZONE": "Mars/Base"},
    )  # fmt: skip
    assert ended.returncode == 1
    assert "TRELLIS_DEFAULT_ZONE" in ended.stderr
    assert "Europe/Lisbon" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_defaults_are_right_and_need_nothing() -> None:
    settings = load_settings()
    assert settings.uses_catcher
    assert settings.public_url == "http://localhost:8000"
    assert settings.url_of_database.startswith("sqlite:///")


def test_the_secret_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "new" / "var"
    first = load_settings(data_dir=data).keys()
    path = data / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_settings(data_dir=data).keys() == first
    assert len(first) == 1
    assert len(first[0]) == 32


def test_whoever_starts_at_once_has_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        made = list(threads.map(lambda _: load_settings(data_dir=tmp_path).keys()[0], range(64)))
    assert len(set(made)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_given_key_makes_no_file_and_retired_ones_follow(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, secret_key="new", retired_keys=["old", "older"])
    assert len(settings.keys()) == 3
    assert settings.keys()[1:] == load_settings(secret_key="old", retired_keys=["older"]).keys()
    assert not (tmp_path / "secret.key").exists()


def test_retired_keys_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_RETIRED_KEYS", "old, older")
    assert load_settings().retired_keys == ["old", "older"]


@pytest.mark.parametrize(
    "place", ["192.0.2.53", "192.0.2.53:5353", "[2001:db8::1]:53", "[::1]", "2001:db8::1"]
)
def test_a_dns_server_may_have_a_port(place: str) -> None:
    assert load_settings(dns_servers=f"{place}, 192.0.2.1").dns_servers == [place, "192.0.2.1"]


@pytest.mark.parametrize("place", ["192.0.2", "192.0.2.1:0", "192.0.2.1:70000", "[192.0.2.1", "::1:x", "dns"])
def test_a_dns_server_is_an_address(place: str) -> None:
    with pytest.raises(SettingsError, match="TRELLIS_DNS_SERVERS"):
        load_settings(dns_servers=place)


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    """A disk that was full when the key was made must not leave everybody the same key."""
    (tmp_path / "secret.key").write_text("")
    with pytest.raises(SettingsError, match=r"TRELLIS_SECRET_KEY.*secret\.key"):
        load_settings(data_dir=tmp_path)
    with pytest.raises(SettingsError, match=r"secret\.key"):
        Settings(data_dir=tmp_path).keys()


def test_the_encryption_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: load_settings(data_dir=tmp_path).sealing_keys(), range(16)))
    assert all(keys == made[0] for keys in made)
    path = tmp_path / "encryption.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    given = load_settings(data_dir=tmp_path / "none", encryption_keys=f"{made[0][0]},{made[0][0]}")
    assert given.sealing_keys() == made[0] * 2
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("text", ["", "half a key", "c2hvcnQ="])
def test_a_spoilt_encryption_key_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "encryption.key").write_text(text)
    with pytest.raises(SettingsError, match=r"TRELLIS_ENCRYPTION_KEYS.*encryption\.key"):
        load_settings(data_dir=tmp_path)
