"""One kept-open SMTP connection that says exactly how far each mail came.

The standard library's smtplib opens it (EHLO, STARTTLS, AUTH); the mails themselves go through our own
dialogue, because only that can tell "safe to try again" from "may have arrived", and because pipelining the
envelope (RFC 2920) saves two round trips of four.
"""

from __future__ import annotations

import select
import smtplib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from typing import BinaryIO, Literal

from app.mail.replies import BadReply, Outcome, Phase, Reply, clean_text, judge, read_reply
from app.mail.wire import dot_stuffed, envelope_address

Security = Literal["none", "starttls", "tls"]
Moment = Literal["body", "dot", "sent", "replied"]
OnPhase = Callable[[Moment], None]

_GO_ON = 354
_LONGEST_IDLE = 1.0
_GOODBYE_TIMEOUT = 1.0
_ENVELOPE: tuple[Phase, Phase, Phase] = ("mail", "rcpt", "data")


@dataclass(frozen=True, slots=True)
class SmtpRoute:
    """Where mail is handed over, and how.

    `timeout` in seconds bounds each wait for the server, `dot_timeout` the wait for the verdict after the
    final dot: giving up there leaves an uncertain mail, so it is the longer one (RFC 5321, 4.5.3.2.6).
    """

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    local_hostname: str = "localhost"
    timeout: float = 30.0
    dot_timeout: float = 120.0
    verify: bool = True
    max_mails: int = 100
    max_age: timedelta = timedelta(minutes=5)
    pipelining: bool = True


class SmtpConnection:
    """A connection to one route, opened by the first `send` and again by the next `send` after it broke.

    Not for use by two threads at once; SmtpPool hands each to one.
    """

    def __init__(self, route: SmtpRoute, clock: Callable[[], float] = time.monotonic) -> None:
        self._route = route
        self._clock = clock
        self._tls: ssl.SSLContext | None = None
        self._smtp: smtplib.SMTP | None = None
        self._opened = self._used = 0.0
        self._mails = 0

    @property
    def is_open(self) -> bool:
        return self._smtp is not None

    @property
    def usable(self) -> bool:
        """Open, not yet tired (`max_mails`, `max_age`), and not hung up by the server while it lay idle."""
        if self._smtp is None or self._mails >= self._route.max_mails:
            return False
        now = self._clock()
        if now - self._opened >= self._route.max_age.total_seconds():
            return False
        # Whatever an idle server says is a farewell: 421, or the end of the stream.
        return now - self._used < _LONGEST_IDLE or not _readable(self._sock)

    def open(self) -> Outcome | None:
        """Connect, secure and sign in where that has not happened yet. None when ready, else what failed."""
        if self._smtp is not None:
            return None
        steps: tuple[tuple[Phase, Callable[[], None]], ...] = (
            ("connect", self._connect),
            ("tls", self._secure),
            ("auth", self._sign_in),
        )
        for phase, step in steps:
            try:
                step()
            except (smtplib.SMTPException, OSError, ValueError) as error:
                self._drop()
                return _opening_failed(error, phase)
        self._settle_in()
        return None

    def send(
        self,
        mail_from: str,
        recipient: str,
        data: bytes,
        *,
        smtputf8: bool = False,
        on_phase: OnPhase | None = None,
    ) -> Outcome:
        """Hand over one mail for one recipient. Never raises for what a server or a network does.

        `data` is the whole message with CRLF line ends, not dot-stuffed. `smtputf8` says that its headers
        need RFC 6531 (the addresses are looked at here). `on_phase` is called at the four moments between
        which a crash means something else. ValueError, before anything is sent, for data or addresses that
        could be read as commands. After any other exception (a signal's, say) the mail is uncertain.
        """
        body = dot_stuffed(data)
        envelope_address(mail_from, empty_allowed=True)
        envelope_address(recipient)
        refused = self.open()
        if refused is not None:
            return refused
        needs_utf8 = smtputf8 or not (mail_from.isascii() and recipient.isascii())
        unable = self._unable(len(data), needs_utf8)
        if unable is not None:
            return unable
        self._mails += 1
        commands = self._envelope(mail_from, recipient, data, needs_utf8)
        try:
            outcome = self._offer(commands) or self._transmit(body, on_phase)
        except BaseException:
            self._drop()
            raise
        self._used = self._clock()
        return outcome

    def close(self) -> None:
        """Say QUIT and hang up. Never raises, and waits a second at most."""
        if self._smtp is None:
            return
        try:
            self._sock.settimeout(min(_GOODBYE_TIMEOUT, self._route.timeout))
            self._sock.sendall(b"QUIT\r\n")
            self._reader.readline()
        except (OSError, ValueError):
            pass
        self._drop()

    # -- opening ---------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        route = self._route
        if route.security == "tls":
            self._smtp = smtplib.SMTP_SSL(
                route.host, route.port, route.local_hostname, timeout=route.timeout, context=self._context()
            )
        else:
            self._smtp = smtplib.SMTP(route.host, route.port, route.local_hostname, timeout=route.timeout)
        self._smtp.ehlo_or_helo_if_needed()

    def _secure(self) -> None:
        if self._smtp is not None and self._route.security == "starttls":
            self._smtp.starttls(context=self._context())
            self._smtp.ehlo_or_helo_if_needed()

    def _sign_in(self) -> None:
        if self._smtp is not None and self._route.username is not None:
            self._smtp.login(self._route.username, self._route.password or "")

    def _settle_in(self) -> None:
        smtp = self._smtp
        assert smtp is not None
        assert smtp.sock is not None
        assert smtp.file is not None
        self._sock: socket = smtp.sock
        # Bodies leave in one write; without this their last segment may wait for an acknowledgement.
        self._sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        # smtplib's own reader, so that no byte it has buffered is lost.
        self._reader: BinaryIO = smtp.file
        self._features: dict[str, str] = smtp.esmtp_features
        self._pipelined = self._route.pipelining and smtp.has_extn("pipelining")
        size = self._features.get("size", "")
        self._size_limit = int(size) if size.isascii() and size.isdigit() else 0
        self._mails = 0
        self._opened = self._used = self._clock()

    def _context(self) -> ssl.SSLContext:
        """The TLS settings, made once: loading the trusted roots takes tens of milliseconds."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
            if not self._route.verify:
                self._tls.check_hostname = False
                self._tls.verify_mode = ssl.CERT_NONE
        return self._tls

    # -- one mail --------------------------------------------------------------------------------------------

    def _unable(self, size: int, needs_utf8: bool) -> Outcome | None:
        """A mail this server has said in its greeting that it cannot take."""
        if 0 < self._size_limit < size:
            return Outcome(
                "failed", "mail", None, "5.3.4", f"The server takes at most {self._size_limit} bytes."
            )
        if needs_utf8 and "smtputf8" not in self._features:
            return Outcome("failed", "mail", None, "5.6.7", "The server cannot take international addresses.")
        return None

    def _envelope(
        self, mail_from: str, recipient: str, data: bytes, needs_utf8: bool
    ) -> tuple[bytes, bytes, bytes]:
        options = f" SIZE={len(data)}" if "size" in self._features else ""
        if not data.isascii() and "8bitmime" in self._features:
            options += " BODY=8BITMIME"
        if needs_utf8:
            options += " SMTPUTF8"
        mail = f"MAIL FROM:<{mail_from}>{options}\r\n".encode()
        return mail, f"RCPT TO:<{recipient}>\r\n".encode(), b"DATA\r\n"

    def _offer(self, commands: tuple[bytes, bytes, bytes]) -> Outcome | None:
        """Send the envelope; None when the server waits for the body."""
        phase: Phase = "mail"
        replies: list[Reply] = []
        try:
            if self._pipelined:
                self._sock.sendall(b"".join(commands))
            for phase, command in zip(_ENVELOPE, commands, strict=True):
                if not self._pipelined:
                    self._sock.sendall(command)
                reply = self._reply()
                replies.append(reply)
                if not (reply.code == _GO_ON if phase == "data" else reply.positive):
                    break
            else:
                return None
        except (OSError, BadReply) as error:
            self._drop()
            return Outcome("deferred", phase, text=_words(error))
        self._clear(replies)
        return judge(reply, phase)

    def _clear(self, replies: list[Reply]) -> None:
        """Bring the dialogue back to its start after a refusal, or hang up."""
        out_of_step = replies[-1].closing or replies[-1].code < 400
        try:
            if out_of_step or not self._cleared(replies):
                self._drop()
        except (OSError, BadReply):
            self._drop()

    def _cleared(self, replies: list[Reply]) -> bool:
        if self._pipelined:
            rest = [self._reply() for _ in range(3 - len(replies))]
            _, recipient, data = (*replies, *rest)
            if data.code == _GO_ON:
                if recipient.positive:
                    # A dot would deliver an empty mail here; only hanging up takes nothing to anybody.
                    return False
                self._command(b".\r\n")
        return self._command(b"RSET\r\n").positive

    def _transmit(self, body: bytes, on_phase: OnPhase | None) -> Outcome:
        """Send the body and its dot, read the verdict.

        A write that fails has not handed over all its bytes, so a dot that is the last of them cannot have
        arrived whole: until that write returns, all is safe to repeat; after it, all is uncertain.
        """
        tell = on_phase or _nobody
        phase: Phase = "body"
        try:
            tell("body")
            if on_phase is None:
                self._sock.sendall(body + b".\r\n")
            else:
                self._sock.sendall(body)
                tell("dot")
                self._sock.sendall(b".\r\n")
            phase = "dot"
            tell("sent")
            reply = self._verdict()
        except (OSError, BadReply) as error:
            self._drop()
            return Outcome("uncertain" if phase == "dot" else "deferred", phase, text=_words(error))
        tell("replied")
        outcome = judge(reply, "dot")
        if reply.closing or outcome.kind == "uncertain":
            self._drop()
        return outcome

    def _command(self, command: bytes) -> Reply:
        self._sock.sendall(command)
        return self._reply()

    def _reply(self, timeout: float | None = None) -> Reply:
        deadline = self._clock() + (timeout or self._route.timeout)
        return read_reply(self._reader.readline, lambda: self._clock() > deadline)

    def _verdict(self) -> Reply:
        """The reply to the final dot, with the patience that one deserves."""
        self._sock.settimeout(self._route.dot_timeout)
        reply = self._reply(self._route.dot_timeout)
        self._sock.settimeout(self._route.timeout)
        return reply

    def _drop(self) -> None:
        """Hang up without a word."""
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _nobody(_: Moment) -> None:
    return None


def _readable(sock: socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _opening_failed(error: Exception, phase: Phase) -> Outcome:
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Outcome("deferred", "tls", text=_words(error))
    if isinstance(error, ssl.SSLError):
        return Outcome("sender_problem", "tls", text=_words(error))
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        reply = Reply(error.smtp_code, words if isinstance(words, bytes) else words.encode())
        # smtplib makes -1 of what is no reply at all.
        return judge(reply, phase) if reply.code >= 200 else Outcome("deferred", phase, text=reply.text)
    if isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected):
        return Outcome("sender_problem", phase, text=_words(error))
    if isinstance(error, ValueError):
        return Outcome(
            "sender_problem", phase, text="Host, user name or password hold a character SMTP cannot carry."
        )
    return Outcome("deferred", phase, text=_words(error))


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError) and not str(error).startswith("The server"):
        return "The server did not answer in time."
    return clean_text(str(error) or type(error).__name__)
