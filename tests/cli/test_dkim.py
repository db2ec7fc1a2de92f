"""`trellis dkim` from the making of a key to its retirement, with a name server on loopback."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.mail.dkim_keys import key_text, new_key
from tests.cli.conftest import Line
from tests.support.names import dns_server

DOMAIN = "example.com"


def test_made_published_activated_retired(lay: Callable[..., Line]) -> None:
    zone: dict[str, dict[str, list[str]]] = {}
    with dns_server(zone) as place:
        command = lay(dns_servers=[place])
        made = command.told("dkim", "new", DOMAIN)
        assert [key["algorithm"] for key in made] == ["rsa", "ed25519"]
        refused = command.run("dkim", "activate", DOMAIN)
        assert refused.exit_code == 1
        assert "is not published" in refused.output
        assert "Nothing was activated" in refused.output
        assert states(command) == ["new", "new"]
        for key in made:
            zone[key["name"]] = {"TXT": ["".join(key["strings"])]}
        done = command.run("dkim", "activate", DOMAIN)
        assert done.exit_code == 0, done.output
        assert done.output.count("signs from now on") == 2
        assert states(command) == ["active", "active"]
        again = command.told("dkim", "activate", DOMAIN, code=1)
        assert again["code"] == "dkim.none_new"
        assert command.told("dkim", "retire", DOMAIN, made[0]["selector"])["changed"]
        assert "had retired already" in command.run("dkim", "retire", DOMAIN, made[0]["selector"]).output
        assert states(command) == ["retired", "active"]


def states(command: Line) -> list[str]:
    return [key["state"] for key in command.told("dkim", "list")]


def test_a_resolver_that_does_not_answer_is_told(lay: Callable[..., Line]) -> None:
    with dns_server({}, {f"mail._domainkey.{DOMAIN}": "SERVFAIL"}) as place:
        command = lay(dns_servers=[place])
        command.told("dkim", "new", DOMAIN, "--algorithm", "ed25519", "--selector", "mail")
        refused = command.run("dkim", "activate", DOMAIN, "mail")
    assert refused.exit_code == 1
    assert "the name servers will not say" in refused.output.lower()
    assert command.run("dkim", "activate", DOMAIN, "mail", "--force").exit_code == 0


def test_what_is_printed_can_be_published(command: Line) -> None:
    output = command.run("dkim", "new", DOMAIN, "--selector", "m1").output
    shown = command.run("dkim", "show", DOMAIN, "m1").output
    record: dict[str, Any] = command.told("dkim", "show", DOMAIN, "m1")
    for text in (output, shown):
        assert record["zone_line"] in text
        assert all(f'"{piece}"' in text for piece in record["strings"])
    assert len(record["strings"][0]) == 255
    assert "m1e._domainkey.example.com" in output
    assert "trellis dkim activate example.com" in output


def test_no_command_prints_a_private_key(command: Line, tmp_path: Path) -> None:
    pem = key_text(new_key("rsa"))
    (tmp_path / "key.pem").write_text(pem)
    outputs = [
        command.run("dkim", "new", DOMAIN, "--selector", "own", "--private-key", tmp_path / "key.pem").output,
        command.run("dkim", "show", DOMAIN, "own", "--json").output,
        command.run("dkim", "list", "--json").output,
        command.run("secrets", "check").output,
    ]
    secret = pem.splitlines()[3]
    assert all(secret not in text and "PRIVATE" not in text for text in outputs)
    assert "dkim_keys.private_key: 1 sealed" in outputs[-1]


def test_nonsense_is_told_with_a_remedy(command: Line, tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_bytes(b"\xff\x00")
    assert "no private key" in command.run("dkim", "new", DOMAIN, "--private-key", tmp_path / "no.pem").output
    assert "such as example.com" in command.run("dkim", "new", "nonsense").output
    assert "such as mail2026" in command.run("dkim", "new", DOMAIN, "--selector", "a b").output
    assert "trellis dkim list" in command.run("dkim", "show", DOMAIN, "none").output
    assert command.run("dkim", "new", DOMAIN, "--algorithm", "dsa").exit_code == 2
    assert "There is no key" in command.run("dkim", "list").output
