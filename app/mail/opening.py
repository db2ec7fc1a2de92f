"""From nothing to a line on which mail may be handed over: connect, greet, secure, sign in.

Nothing of it concerns a recipient, so whatever goes wrong is the sender's problem, with a name of its own.
"""

from __future__ import annotations

import hmac
import socket
import ssl
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address

from app.mail.line import Line
from app.mail.replies import BadReply, Outcome, Phase, Reply, clean_text, judge
from app.mail.route import SmtpRoute, Token

# Every value `Outcome.fault` can have, in the order in which a line is opened and used.
FAULTS = (
    "no_host", "refused", "unreachable", "silent", "hung_up", "no_smtp", "busy", "turned_away", "certificate", "no_tls",
    "tls", "clear", "no_auth", "password", "mail_from", "sign_in_first", "policy",
)  # fmt: skip

_LONGEST_EHLO = 100


class NotOpened(Exception):
    """There is no line; `outcome` says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.text)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Opened:
    """A line ready for mail. `features` are the words of EHLO in lower case, each with its parameters."""

    line: Line
    features: dict[str, str]
    tls: str = ""
    signed_in: str = ""
    greeting: str = ""


@dataclass(slots=True)
class _Progress:
    phase: Phase = "connect"
    line: Line | None = field(default=None, repr=False)


def open_line(route: SmtpRoute, clock: Callable[[], float]) -> Opened:
    """Connect, secure and sign in as the route says. Raises NotOpened; then nothing is left open."""
    progress = _Progress()
    try:
        return _Opening(route, clock, progress).run()
    except BaseException as error:
        if progress.line is not None:
            progress.line.close()
        if isinstance(error, OSError | BadReply | ValueError):
            raise NotOpened(_told(error, progress.phase)) from None
        raise


class _Opening:
    def __init__(self, route: SmtpRoute, clock: Callable[[], float], progress: _Progress) -> None:
        self._route, self._clock, self._progress = route, clock, progress
        waits = (route.timeout, route.data_timeout, route.body_timeout, route.dot_timeout)
        self._tick = min(waits)
        self._tls = ""

    def run(self) -> Opened:
        route = self._route
        self._line = self._connect()
        greeting = self._line.reply(route.timeout)
        if not greeting.positive:
            raise NotOpened(judge(greeting, "connect"))
        features = self._greet()
        if route.security in ("starttls", "opportunistic") and not (
            route.security == "opportunistic" and "starttls" not in features
        ):
            self._progress.phase = "tls"
            self._start_tls(features)
            features = self._greet()
        signed_in = ""
        if route.username is not None:
            self._progress.phase = "auth"
            if route.token is not None:
                signed_in = self._show_token(route.username, route.token, features)
            else:
                signed_in = self._sign_in(route.username, route.password or "", features)
        return Opened(self._line, features, self._tls, signed_in, greeting.text)

    def _connect(self) -> Line:
        route = self._route
        try:
            raw = socket.create_connection((route.host, route.port), route.patience(route.connect_timeout))
        except (TimeoutError, BlockingIOError):
            raise _refused(
                "connect", "silent", f"{route.host} did not answer on port {route.port}."
            ) from None
        if route.security != "tls":
            return self._keep(Line(raw, self._tick, self._clock))
        self._progress.phase = "tls"
        secured = self._wrap(raw)
        self._progress.phase = "connect"
        return secured

    def _wrap(self, raw: socket.socket) -> Line:
        """The line under TLS. Whatever was said before belongs to nobody and is forgotten with the old line."""
        raw.settimeout(self._route.patience(self._route.connect_timeout))
        try:
            secured = self._route.tls().wrap_socket(raw, server_hostname=self._route.host)
        except BaseException:
            raw.close()
            raise
        self._tls = secured.version() or ""
        return self._keep(Line(secured, self._tick, self._clock))

    def _keep(self, line: Line) -> Line:
        self._progress.line = line
        return line

    def _say(self, command: str) -> Reply:
        self._line.send(command.encode() + b"\r\n", self._route.timeout)
        return self._line.reply(self._route.timeout)

    def _greet(self) -> dict[str, str]:
        reply = self._say(f"EHLO {self._route.local_hostname}")
        if not reply.positive and 500 <= reply.code < 600:
            reply = self._say(f"HELO {self._route.local_hostname}")
            if reply.positive:
                return {}
        if not reply.positive:
            raise NotOpened(judge(reply, self._progress.phase))
        return read_features(reply)

    def _start_tls(self, features: dict[str, str]) -> None:
        if "starttls" not in features:
            raise _refused("tls", "no_tls", "The server does not offer STARTTLS.")
        reply = self._say("STARTTLS")
        if not reply.positive:
            raise NotOpened(judge(reply, "tls"))
        self._line = self._wrap(self._line.sock)

    def _show_token(self, username: str, token: Token, features: dict[str, str]) -> str:
        """XOAUTH2, as Google and Microsoft describe it. A token that is refused is not used again."""
        if not self._tls and not _is_loopback(self._line.sock):
            raise _refused("auth", "clear", "The line is not secured, so the token is not sent.")
        if "XOAUTH2" not in features.get("auth", "").upper().split():
            raise _refused("auth", "no_auth", "The server does not take access tokens (XOAUTH2).")
        try:
            secret = f"user={username}\1auth=Bearer {token()}\1\1".encode()
        except ValueError as error:
            raise _refused("auth", "password", str(error)) from None
        reply = self._say(f"AUTH XOAUTH2 {_base64(secret)}")
        if reply.code == 334:  # what is wrong with it; an empty line asks for the verdict
            reply = self._say("")
        if not reply.positive:
            token.forget()
            raise NotOpened(judge(reply, "auth"))
        return "XOAUTH2"

    def _sign_in(self, username: str, password: str, features: dict[str, str]) -> str:
        """The mechanism that worked. A password that was refused is not tried a second time in another way."""
        if not self._tls and not _is_loopback(self._line.sock):
            raise _refused("auth", "clear", "The line is not secured, so the password is not sent.")
        if any(sign in username + password for sign in "\0\r\n"):
            raise _refused("auth", "password", "User name or password hold a character SMTP cannot carry.")
        offered = features.get("auth", "").upper().split()
        # Under TLS the plain one; without it the one that does not show the password.
        order = ("PLAIN", "LOGIN", "CRAM-MD5") if self._tls else ("CRAM-MD5", "PLAIN", "LOGIN")
        for mechanism in order:
            if mechanism in offered:
                reply = _MECHANISMS[mechanism](self._say, username.encode(), password.encode())
                if reply.positive:
                    return mechanism
                if reply.code != 504:
                    raise NotOpened(judge(reply, "auth"))
        words = " ".join(offered) or "nothing"
        raise _refused(
            "auth", "no_auth", f"The server offers no way to sign in that we know (it offers {words})."
        )


Say = Callable[[str], Reply]


def _plain(say: Say, username: bytes, password: bytes) -> Reply:
    """RFC 4616."""
    secret = b"\0".join((b"", username, password))
    return say(f"AUTH PLAIN {_base64(secret)}")


def _login(say: Say, username: bytes, password: bytes) -> Reply:
    """Never standardised, and the only one some servers know."""
    reply = say("AUTH LOGIN")
    for secret in (username, password):
        if reply.code != 334:
            break
        reply = say(_base64(secret))
    return reply


def _cram_md5(say: Say, username: bytes, password: bytes) -> Reply:
    """RFC 2195."""
    reply = say("AUTH CRAM-MD5")
    if reply.code != 334:
        return reply
    try:
        challenge = b64decode(reply.raw, validate=True)
    except NotBase64:
        raise BadReply("The server's challenge is not base64.") from None
    answer = hmac.new(password, challenge, "md5").hexdigest().encode()
    return say(_base64(username + b" " + answer))


_MECHANISMS = {"PLAIN": _plain, "LOGIN": _login, "CRAM-MD5": _cram_md5}


def read_features(reply: Reply) -> dict[str, str]:
    """What the server offers; the old spelling `AUTH=LOGIN` counts as `AUTH LOGIN`."""
    found: dict[str, str] = {}
    for line in reply.raw.decode("ascii", "replace").split("\n")[1:_LONGEST_EHLO]:
        word, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        key = word.lower()
        found[key] = f"{found[key]} {rest}".strip() if found.get(key) else rest.strip()
    return found


def _is_loopback(sock: socket.socket) -> bool:
    return ip_address(sock.getpeername()[0].partition("%")[0]).is_loopback


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _refused(phase: Phase, fault: str, text: str) -> NotOpened:
    return NotOpened(Outcome("sender_problem", phase, text=text, fault=fault))


def _told(error: Exception, phase: Phase) -> Outcome:
    """An error of the network, of TLS or of the dialogue, by name."""
    return Outcome("sender_problem", phase, text=error_text(error), fault=_fault_of(error, phase))


def _fault_of(error: Exception, phase: Phase) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return "certificate"
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return "hung_up"
        case ssl.SSLError():
            return "tls"
        case socket.gaierror():
            return "no_host"
        case ConnectionRefusedError():
            return "refused"
        case TimeoutError():
            return "silent"
        case ConnectionError():
            return "hung_up"
        case BadReply():
            return "no_smtp"
        case ValueError():
            return "no_host"  # a name that no resolver takes
    return "unreachable"


def error_text(error: Exception) -> str:
    """The words of an error for people, in one line."""
    if isinstance(error, TimeoutError) and not str(error).startswith("The server"):
        return "The server did not answer in time."
    return clean_text(getattr(error, "verify_message", "") or str(error) or type(error).__name__)
