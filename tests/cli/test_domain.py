"""`trellis doctor --domain` over a real name server on loopback, and without one."""

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.services import dkim_keys
from config import Settings
from tests.support import line
from tests.support.databases import open_sqlite
from tests.support.line import NOW
from tests.support.names import dns_server

DOMAIN = "example.com"
GOOD = {
    DOMAIN: {"MX": ["10 mx.example.com."], "TXT": ["v=spf1 mx -all", "an other text"]},
    "mx.example.com": {"A": ["93.184.215.14"]},
    "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject; rua=mailto:dmarc@example.com"]},
    "14.215.184.93.in-addr.arpa": {"PTR": ["mx.example.com."]},
}


@pytest.fixture
def settings(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with a key that signs; the DNS servers come by the environment."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TRELLIS_{name.upper()}", raising=False)
    database = open_sqlite(sqlite_template, tmp_path / "trellis.db")
    world = line.lay(database, tmp_path)
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (:head)", {"head": head()})
    (key,) = dkim_keys.make(world, DOMAIN, NOW, algorithms=("rsa",), selector="mail")
    dkim_keys.activate(world, key, NOW)
    GOOD[key.name] = {"TXT": [key.record]}
    database.close()
    monkeypatch.setenv("TRELLIS_DATA_DIR", str(tmp_path))
    return world.settings


def head() -> str:
    from alembic.script import ScriptDirectory

    from app.services.starting import alembic_config

    found = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert found is not None
    return found


def doctor(*words: str) -> Result:
    return CliRunner().invoke(main, ["doctor", "--domain", DOMAIN, *words])


@pytest.mark.usefixtures("settings")
def test_a_domain_in_order_by_real_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    with dns_server(GOOD) as place:
        monkeypatch.setenv("TRELLIS_DNS_SERVERS", place)
        result = doctor("--address", "93.184.215.14", "--json")
    lines = json.loads(result.stdout)
    assert result.exit_code == 0
    assert {found["state"] for found in lines} == {"ok"}
    assert {"what", "state", "found", "remedy"} <= set(lines[0])
    assert [found["code"].split(".")[1] for found in lines] == [
        "spf",
        "dkim",
        "dmarc",
        "alignment",
        "mx",
        "ptr",
    ]


@pytest.mark.usefixtures("settings")
def test_what_is_missing_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = {name: records for name, records in GOOD.items() if not name.startswith(("_dmarc", "mail._"))}
    with dns_server(zone) as place:
        monkeypatch.setenv("TRELLIS_DNS_SERVERS", place)
        result = doctor()
    assert result.exit_code == 1
    assert "STOP  DKIM: mail._domainkey.example.com is not published\n" in result.output
    assert "      mail._domainkey.example.com  TXT\n        v=DKIM1; k=rsa; p=" in result.output
    assert "v=DMARC1; p=none; rua=mailto:dmarc@example.com" in result.output
    assert "ok    SPF" in result.output


@pytest.mark.usefixtures("settings")
def test_a_resolver_that_does_not_answer_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.mail import dns

    monkeypatch.setattr(dns, "LIFETIME_SECONDS", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TRELLIS_DNS_SERVERS", f"127.0.0.1:{deaf.getsockname()[1]}")
        result = doctor()
    assert result.exit_code == 1
    assert "the DNS does not answer" in result.output
    assert "TRELLIS_DNS_SERVERS" in result.output
    assert result.output.count("STOP") == 1


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--domain", "nonsense"], "such as example.com"),
        (["--domain", DOMAIN, "--address", "mx.example.com"], "no IP address"),
        (["--selector", "mail"], "go with --domain"),
    ],
)
def test_wrong_use_is_told(words: list[str], told: str) -> None:
    result = CliRunner().invoke(main, ["doctor", *words])
    assert result.exit_code == 2
    assert told in result.output
