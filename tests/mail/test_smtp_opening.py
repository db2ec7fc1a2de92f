"""Connecting, TLS and signing in: nothing of it is ever the recipient's fault."""

from __future__ import annotations

import base64
import socket
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.mail import opening
from app.mail.replies import Outcome
from app.mail.smtp import SmtpConnection, SmtpRoute
from tests.support.certificates import self_signed
from tests.support.smtp_server import Action, Challenge, Drop, Say, ScriptedServer, Stall

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
    ("script", "fault", "code"),
    [
        ({"connect": [Drop(b"421 4.3.2 busy\r\n")]}, "busy", 421),
        ({"connect": ["450 4.7.1 later"]}, "busy", 450),
        ({"connect": ["554 5.7.1 go away"]}, "turned_away", 554),
        ({"connect": [Drop()]}, "hung_up", None),
        ({"connect": [Stall()]}, "silent", None),
        ({"connect": [Drop(b"SSH-2.0-x\r\n")]}, "no_smtp", None),
        ({"connect": [Drop(b"220 " + b"x" * 10_000 + b"\r\n")]}, "no_smtp", None),
        ({"connect": [Say(b"220-a\r\n220-b\r\n"), Drop()]}, "silent", None),
        ({"EHLO": [Drop()]}, "hung_up", None),
        ({"EHLO": [Drop(b"421 4.3.2 busy\r\n")]}, "busy", 421),
        ({"EHLO": ["550 5.7.1 no"], "HELO": ["550 5.7.1 no"]}, "turned_away", 550),
    ],
)
def test_a_connection_that_does_not_come_about(
    script: dict[str, list[Action]], fault: str, code: int | None
) -> None:
    """No recipient was named yet, so none of them may be blamed."""
    with ScriptedServer(script) as server:
        outcome = send_to(server, timeout=0.3)
        assert (outcome.kind, outcome.phase, outcome.fault, outcome.code) == (
            "sender_problem",
            "connect",
            fault,
            code,
        )
        assert outcome.text
        assert not any(command.startswith("MAIL") for command in server.commands)


def test_a_pause_that_the_greeting_asks_for_is_heard() -> None:
    with ScriptedServer({"connect": [Drop(b"421 4.3.2 too many, try again in 10 minutes\r\n")]}) as server:
        assert send_to(server).retry_after == timedelta(minutes=10)


def test_an_old_server_that_knows_only_helo() -> None:
    with ScriptedServer({"EHLO": ["502 5.5.1 what"]}) as server:
        assert send_to(server).kind == "accepted"
        assert server.commands[:2] == ["EHLO localhost", "HELO localhost"]


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    outcome = SmtpConnection(SmtpRoute("127.0.0.1", port, "none", timeout=1.0)).open()
    assert outcome is not None
    assert (outcome.kind, outcome.phase, outcome.fault) == ("sender_problem", "connect", "refused")


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (socket.gaierror(-2, "Name or service not known"), "no_host"),
        (TimeoutError(), "silent"),
        (OSError(113, "No route to host"), "unreachable"),
        (UnicodeError("label too long"), "no_host"),
    ],
)
def test_there_is_no_way_to_the_server(error: Exception, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(socket, "create_connection", fail)
    outcome = SmtpConnection(SmtpRoute("mail.example", 25, "none")).open()
    assert outcome is not None
    assert (outcome.kind, outcome.phase, outcome.fault) == ("sender_problem", "connect", fault)
    assert outcome.text


def test_open_says_nothing_when_all_is_well() -> None:
    with ScriptedServer() as server:
        connection = SmtpConnection(SmtpRoute("127.0.0.1", server.port, "none"))
        assert connection.open() is None
        assert connection.open() is None
        assert server.connections == 1
        connection.close()


@pytest.mark.parametrize("security", ["starttls", "tls", "opportunistic"])
def test_a_trusted_certificate(security: str, certificate: tuple[ssl.SSLContext, Path]) -> None:
    context, trusted = certificate
    with ScriptedServer(tls=context, implicit_tls=security == "tls") as server:
        assert send_to(server, security, ca=trusted.read_text()).kind == "accepted"
        assert server.received[0].data == MAIL


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_unknown_certificate(security: str, certificate: tuple[ssl.SSLContext, Path]) -> None:
    with ScriptedServer(tls=certificate[0], implicit_tls=security == "tls") as server:
        refused = send_to(server, security)
        assert (refused.kind, refused.phase, refused.fault) == ("sender_problem", "tls", "certificate")
        assert "self-signed" in refused.text or "self signed" in refused.text
        assert send_to(server, security, verify=False).kind == "accepted"


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"name": "DNS:mail.example"}, "IP address mismatch"), ({"days_ago": 9}, "expired")],
    ids=["another name", "expired"],
)
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_does_not_hold(
    asked: dict[str, Any], words: str, security: str, tmp_path: Path
) -> None:
    context, trusted = self_signed(tmp_path, **asked)
    with ScriptedServer(tls=context, implicit_tls=security == "tls") as server:
        refused = send_to(server, security, ca=trusted.read_text())
        assert (refused.kind, refused.phase, refused.fault) == ("sender_problem", "tls", "certificate")
        assert words in refused.text
        assert not any(command.startswith("MAIL") for command in server.commands)


def test_an_old_tls_is_refused(certificate: tuple[ssl.SSLContext, Path]) -> None:
    context, trusted = certificate
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        with ScriptedServer(tls=context, implicit_tls=True) as server:
            refused = send_to(server, "tls", ca=trusted.read_text())
            assert (refused.kind, refused.phase) == ("sender_problem", "tls")
            assert server.received == []
    finally:
        context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED


@pytest.mark.parametrize("ca", ["nonsense", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"])
def test_a_spoilt_file_of_certificates(ca: str, certificate: tuple[ssl.SSLContext, Path]) -> None:
    with ScriptedServer(tls=certificate[0]) as server:
        refused = send_to(server, "starttls", ca=ca)
        assert (refused.kind, refused.phase, refused.fault) == ("sender_problem", "tls", "tls")


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ({"STARTTLS": ["454 4.3.0 later"]}, "busy"),
        ({"STARTTLS": ["502 5.5.1 no"]}, "tls"),
        ({"STARTTLS": [Drop()]}, "hung_up"),
        ({"TLS": [Drop()]}, "hung_up"),
    ],
)
def test_tls_troubles(
    script: dict[str, list[Action]], fault: str, certificate: tuple[ssl.SSLContext, Path]
) -> None:
    with ScriptedServer(script, tls=certificate[0]) as server:
        outcome = send_to(server, "starttls", timeout=0.5)
        assert (outcome.kind, outcome.phase) == ("sender_problem", "tls")
        assert outcome.fault == fault
        assert not any(command.startswith("MAIL") for command in server.commands)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_no_tls_means_no_mail(security: str) -> None:
    """A line on which somebody cut the offer of STARTTLS out looks just like this one."""
    with ScriptedServer() as server:
        outcome = send_to(server, security, username="me", password="secret", timeout=0.5)
        assert (outcome.kind, outcome.phase) == ("sender_problem", "tls")
        assert outcome.fault == {"starttls": "no_tls", "tls": "tls"}[security]
        assert server.received == []
        assert not any("AUTH" in command or "MAIL" in command for command in server.commands)


def test_opportunistic_goes_on_in_the_clear_where_nothing_else_is_offered() -> None:
    with ScriptedServer() as server:
        assert send_to(server, "opportunistic").kind == "accepted"
        assert "STARTTLS" not in server.commands


def test_plain_replies_sent_ahead_of_tls_are_not_believed(certificate: tuple[ssl.SSLContext, Path]) -> None:
    """What a man in the middle appends to the go-ahead must not be read as said under TLS."""
    context, trusted = certificate
    ahead = "220 2.0.0 ready\r\n250-evil\r\n250 SIZE 1"
    with ScriptedServer({"STARTTLS": [ahead]}, tls=context) as server:
        assert send_to(server, "starttls", ca=trusted.read_text()).kind == "accepted"


@pytest.mark.parametrize(
    ("reply", "fault", "code"),
    [
        ("535 5.7.8 wrong", "password", 535),
        ("534 5.7.9 too weak", "password", 534),
        ("454 4.7.0 later", "busy", 454),
        (Drop(), "hung_up", None),
        (Say(b"what\r\n"), "no_smtp", None),
        (Stall(), "silent", None),
    ],
)
def test_signing_in_fails(reply: Action, fault: str, code: int | None) -> None:
    with ScriptedServer({"AUTH": [reply] * 3}, extensions=("AUTH PLAIN LOGIN",)) as server:
        outcome = send_to(server, username="me", password="secret", timeout=0.3)
        assert (outcome.kind, outcome.phase, outcome.fault, outcome.code) == (
            "sender_problem",
            "auth",
            fault,
            code,
        )
        assert "secret" not in outcome.text
        # A second guess may lock the account.
        assert sum(command.startswith("AUTH") for command in server.commands) == 1
        assert server.received == []


@pytest.mark.parametrize("password", ["secret", "gehe\u00efm"])
def test_signing_in_plainly(password: str) -> None:
    with ScriptedServer(extensions=("AUTH PLAIN",)) as server:
        assert send_to(server, username="me", password=password).kind == "accepted"
        assert "AUTH PLAIN " + coded("\0me\0" + password) in server.commands


def test_signing_in_by_login() -> None:
    asked = Challenge((coded("Username:"), coded("Password:")))
    with ScriptedServer({"AUTH": [asked]}, extensions=("AUTH=LOGIN",)) as server:
        assert send_to(server, username="me", password="secret").kind == "accepted"
        assert server.commands[1:4] == ["AUTH LOGIN", coded("me"), coded("secret")]


def test_signing_in_by_challenge_is_the_example_of_the_standard() -> None:
    """RFC 2195, 2."""
    asked = Challenge((coded("<1896.697170952@postoffice.reston.mci.net>"),))
    with ScriptedServer({"AUTH": [asked]}, extensions=("AUTH PLAIN CRAM-MD5",)) as server:
        assert send_to(server, username="tim", password="tanstaaftanstaaf").kind == "accepted"
        assert server.commands[1] == "AUTH CRAM-MD5"
        assert server.commands[2] == coded("tim b913a602c7eda7a495b4e6e7334d3890")


def test_under_tls_the_plain_way_is_taken_and_one_that_is_not_known_passed_by(
    certificate: tuple[ssl.SSLContext, Path],
) -> None:
    context, trusted = certificate
    asked: list[Action] = ["504 5.5.4 not that one", Challenge((coded("u"), coded("p")))]
    with ScriptedServer({"AUTH": asked}, extensions=("AUTH CRAM-MD5 PLAIN LOGIN",), tls=context) as server:
        sent = send_to(server, "starttls", ca=trusted.read_text(), username="me", password="secret")
        assert sent.kind == "accepted"
        ways = [command.split()[1] for command in server.commands if command.startswith("AUTH")]
        assert ways == ["PLAIN", "LOGIN"]


@pytest.mark.parametrize("extensions", [(), ("AUTH GSSAPI NTLM",)])
def test_signing_in_is_not_offered(extensions: tuple[str, ...]) -> None:
    with ScriptedServer(extensions=extensions) as server:
        outcome = send_to(server, username="me", password="secret")
        assert (outcome.kind, outcome.phase, outcome.fault) == ("sender_problem", "auth", "no_auth")


def test_a_password_never_travels_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_is_loopback", lambda _: False)
    with ScriptedServer(extensions=("AUTH PLAIN CRAM-MD5",)) as server:
        for security in ("none", "opportunistic"):
            outcome = send_to(server, security, username="me", password="secret")
            assert (outcome.kind, outcome.phase, outcome.fault) == ("sender_problem", "auth", "clear")
        assert not any("AUTH" in command for command in server.commands)


@pytest.mark.parametrize("password", ["a\0b", "a\r\nMAIL FROM:<x@y.example>"])
def test_a_password_smtp_cannot_carry(password: str) -> None:
    with ScriptedServer(extensions=("AUTH PLAIN",)) as server:
        outcome = send_to(server, username="me", password=password)
        assert (outcome.kind, outcome.phase, outcome.fault) == ("sender_problem", "auth", "password")
        assert len(server.commands) == 1


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Token:
    """Gives its word, and counts how often it was refused."""

    def __init__(self, word: str = "ya29.a-token") -> None:
        self.word, self.refused = word, 0

    def __call__(self) -> str:
        if not self.word:
            raise ValueError("The token command ended with 1.")
        return self.word

    def forget(self) -> None:
        self.refused += 1


def test_an_access_token_is_shown_instead_of_a_password() -> None:
    token = Token()
    with ScriptedServer(extensions=("AUTH PLAIN XOAUTH2",)) as server:
        assert send_to(server, username="me@x.example", password="secret", token=token).kind == "accepted"
        shown = coded("user=me@x.example\1auth=Bearer ya29.a-token\1\1")
        assert server.commands[1] == f"AUTH XOAUTH2 {shown}"
    assert token.refused == 0


def test_a_token_that_is_refused_is_forgotten_and_its_verdict_is_told() -> None:
    token = Token()
    with ScriptedServer({"AUTH": ["334 eyJzdGF0dXMiOiI0MDEifQ=="]}, extensions=("AUTH XOAUTH2",)) as server:
        outcome = send_to(server, username="me", token=token)
        assert server.commands[-2:] == ["", "QUIT"] or server.commands[-1] == ""
    assert (outcome.kind, outcome.phase, outcome.fault, outcome.code) == (
        "sender_problem",
        "auth",
        "password",
        535,
    )
    assert token.refused == 1
    assert token.word not in outcome.text


@pytest.mark.parametrize(
    ("extensions", "word", "fault"), [(("AUTH PLAIN",), "a", "no_auth"), (("AUTH XOAUTH2",), "", "password")]
)
def test_without_a_token_or_a_server_that_takes_one_nothing_is_sent(
    extensions: tuple[str, ...], word: str, fault: str
) -> None:
    with ScriptedServer(extensions=extensions) as server:
        outcome = send_to(server, username="me", password="secret", token=Token(word))
        assert (outcome.kind, outcome.fault) == ("sender_problem", fault)
        assert not [command for command in server.commands if command.startswith("AUTH")]


def test_a_token_never_travels_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.mail.opening._is_loopback", lambda _: False)
    with ScriptedServer(extensions=("AUTH XOAUTH2",)) as server:
        outcome = send_to(server, username="me", token=Token())
        assert outcome.fault == "clear"
        assert not [command for command in server.commands if command.startswith("AUTH")]
