"""Connecting, TLS and signing in: nothing of it is ever the recipient's fault."""

from __future__ import annotations

import base64
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from app.mail.replies import Outcome
from app.mail.smtp import SmtpConnection, SmtpRoute
from tests.support.certificates import self_signed
from tests.support.smtp_server import Action, Drop, Say, ScriptedServer, Stall

MAIL = b"Subject: hello\r\n\r\nA line.\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


def send_to(server: ScriptedServer, security: Any = "none", **changes: Any) -> Outcome:
    settings: dict[str, Any] = {"timeout": 5.0, "dot_timeout": 5.0, **changes}
    connection = SmtpConnection(SmtpRoute("127.0.0.1", server.port, security, **settings))
    outcome = connection.send("a@b.example", "c@d.example", MAIL)
    assert connection.is_open == (outcome.kind == "accepted")
    connection.close()
    return outcome


@pytest.mark.parametrize(
    ("script", "kind", "code"),
    [
        ({"connect": [Drop(b"421 4.3.2 busy\r\n")]}, "deferred", 421),
        ({"connect": ["554 5.7.1 go away"]}, "sender_problem", 554),
        ({"connect": [Drop()]}, "deferred", None),
        ({"connect": [Stall()]}, "deferred", None),
        ({"connect": [Drop(b"SSH-2.0-x\r\n")]}, "deferred", None),
        ({"connect": [Drop(b"220 " + b"x" * 10_000 + b"\r\n")]}, "sender_problem", 500),
        ({"EHLO": [Drop()]}, "deferred", None),
        ({"EHLO": [Drop(b"421 4.3.2 busy\r\n")]}, "deferred", None),
    ],
)
def test_a_connection_that_does_not_come_about(
    script: dict[str, list[Action]], kind: str, code: int | None
) -> None:
    with ScriptedServer(script) as server:
        outcome = send_to(server, timeout=0.3)
        assert (outcome.kind, outcome.phase, outcome.code) == (kind, "connect", code)
        assert outcome.text
        assert not any(command.startswith("MAIL") for command in server.commands)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    outcome = SmtpConnection(SmtpRoute("127.0.0.1", port, "none", timeout=1.0)).open()
    assert outcome is not None
    assert (outcome.kind, outcome.phase) == ("deferred", "connect")


def test_open_says_nothing_when_all_is_well() -> None:
    with ScriptedServer() as server:
        connection = SmtpConnection(SmtpRoute("127.0.0.1", server.port, "none"))
        assert connection.open() is None
        assert connection.open() is None
        assert server.connections == 1
        connection.close()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_trusted_certificate(
    security: str, certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with ScriptedServer(tls=context, implicit_tls=security == "tls") as server:
        assert send_to(server, security).kind == "accepted"
        assert server.received[0].data == MAIL


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_unknown_certificate(security: str, certificate: tuple[ssl.SSLContext, Path]) -> None:
    with ScriptedServer(tls=certificate[0], implicit_tls=security == "tls") as server:
        refused = send_to(server, security)
        assert (refused.kind, refused.phase) == ("sender_problem", "tls")
        assert "self-signed" in refused.text or "self signed" in refused.text
        assert send_to(server, security, verify=False).kind == "accepted"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ({"STARTTLS": ["454 4.3.0 later"]}, "deferred"),
        ({"STARTTLS": ["502 5.5.1 no"]}, "sender_problem"),
        ({"STARTTLS": [Drop()]}, "deferred"),
        ({"TLS": [Drop()]}, "deferred"),
    ],
)
def test_tls_troubles(
    script: dict[str, list[Action]], kind: str, certificate: tuple[ssl.SSLContext, Path]
) -> None:
    with ScriptedServer(script, tls=certificate[0]) as server:
        outcome = send_to(server, "starttls")
        assert (outcome.kind, outcome.phase) == (kind, "tls")
        assert not any(command.startswith("MAIL") for command in server.commands)


def test_no_tls_means_no_mail() -> None:
    with ScriptedServer() as server:
        for security in ("starttls", "tls"):
            outcome = send_to(server, security)
            assert (outcome.kind, outcome.phase) == ("sender_problem", "tls")
        assert server.received == []


def test_plain_replies_sent_ahead_of_tls_are_not_believed(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a man in the middle appends to the go-ahead must not be read as said under TLS."""
    context, trusted = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    ahead = "220 2.0.0 ready\r\n250-evil\r\n250 SIZE 1"
    with ScriptedServer({"STARTTLS": [ahead]}, tls=context) as server:
        assert send_to(server, "starttls").kind == "accepted"


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        ("535 5.7.8 wrong", "sender_problem", 535),
        ("454 4.7.0 later", "deferred", 454),
        (Drop(), "deferred", None),
        (Say(b"what\r\n"), "deferred", None),
    ],
)
def test_signing_in_fails(reply: Action, kind: str, code: int | None) -> None:
    with ScriptedServer({"AUTH": [reply] * 3}, extensions=("AUTH PLAIN",)) as server:
        outcome = send_to(server, username="me", password="secret")
        assert (outcome.kind, outcome.phase, outcome.code) == (kind, "auth", code)
        assert server.received == []


def test_signing_in_works() -> None:
    with ScriptedServer(extensions=("AUTH PLAIN",)) as server:
        assert send_to(server, username="me", password="secret").kind == "accepted"
        assert "AUTH PLAIN " + base64.b64encode(b"\0me\0secret").decode() in server.commands


def test_signing_in_is_not_offered() -> None:
    with ScriptedServer() as server:
        outcome = send_to(server, username="me", password="secret")
        assert (outcome.kind, outcome.phase) == ("sender_problem", "auth")


def test_a_password_smtp_cannot_carry() -> None:
    with ScriptedServer(extensions=("AUTH PLAIN",)) as server:
        outcome = send_to(server, username="me", password="gehe\u00efm")
        assert (outcome.kind, outcome.phase) == ("sender_problem", "auth")
        assert "\u00ef" not in outcome.text
