"""One kept-open SMTP connection that says exactly how far each mail came.

The dialogue is our own, because only that can tell "safe to try again" from "may have arrived", and because
pipelining (RFC 2920) saves three round trips of four: the envelope goes in one write, and the next mail's right behind
the dot of this one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Protocol

from app.mail.opening import NotOpened, Opened, error_text, open_line
from app.mail.replies import BadReply, Outcome, Phase, Reply, judge
from app.mail.route import Security, SmtpRoute
from app.mail.wire import dot_stuffed, envelope_address

Moment = Literal["data", "body", "dot", "sent", "replied"]
OnPhase = Callable[[Moment], None]

_GO_ON = 354
# Seconds after which an idle connection is looked at, and after which it is asked.
_LONGEST_IDLE = 1.0
_LONGEST_QUIET = 30.0
_NOOP_TIMEOUT = 5.0
_GOODBYE_TIMEOUT = 1.0
# How long a relay that could not be opened is not tried again: what it said stands for the mails in hand.
_COOLING = 15.0
# Seconds to a server and back from which on an envelope goes ahead. Nearer ones answer before the next mail is there, and
# with them it only costs: on loopback 1,500 mails a second instead of 1,850.
_FAR = 0.003
_ENVELOPE: tuple[Phase, Phase, Phase] = ("mail", "rcpt", "data")
Commands = tuple[str, str, str]


class Mail(Protocol):
    """One mail for one recipient, as `send` takes it."""

    @property
    def mail_from(self) -> str: ...
    @property
    def recipient(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def smtputf8(self) -> bool: ...


class Trouble:
    """What the connections of a pool tell each other: that the relay could not be opened just now, and that it
    overlooks an envelope that comes right behind a dot.
    """

    def __init__(self) -> None:
        self.overlooks = False
        self._outcome: Outcome | None = None
        self._until = 0.0

    def note(self, outcome: Outcome | None, now: float) -> None:
        self._outcome, self._until = outcome, now + _COOLING

    def at(self, now: float) -> Outcome | None:
        return self._outcome if self._outcome is not None and now < self._until else None


class SmtpConnection:
    """A connection to one route, opened by the first `send` and again by the next `send` after it broke.

    Not for use by two threads at once; SmtpPool hands each to one.
    """

    def __init__(
        self,
        route: SmtpRoute,
        clock: Callable[[], float] = time.monotonic,
        trouble: Trouble | None = None,
    ) -> None:
        self._route = route
        self._clock = clock
        self._trouble = trouble or Trouble()
        self._ahead: Commands | None = None
        self._nearest = math.inf
        self._opened: Opened | None = None
        self._since = self._used = 0.0
        self._mails = 0
        self._was_left = False

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    @property
    def opened(self) -> Opened | None:
        """What was agreed on when the line was opened; None while it is closed."""
        return self._opened

    @property
    def usable(self) -> bool:
        """Open, not yet tired (`max_mails`, `max_age`), and not left by the server while it lay idle."""
        if self._opened is None or self._mails >= self._route.max_mails:
            return False
        now = self._clock()
        if now - self._since >= self._route.max_age.total_seconds():
            return False
        idle = now - self._used
        if idle < _LONGEST_IDLE:
            return True
        # Whatever an idle server says is a farewell: 421, or the end of the stream.
        return not self._line.spoke and (idle < _LONGEST_QUIET or self._answers())

    def open(self) -> Outcome | None:
        """Connect, secure and sign in where that has not happened yet. None when ready, else what failed."""
        if self._opened is not None:
            return None
        known = self._trouble.at(self._clock())
        if known is not None:
            return known
        try:
            opened = open_line(self._route, self._clock)
        except NotOpened as error:
            self._trouble.note(error.outcome, self._clock())
            return error.outcome
        self._settle_in(opened)
        return None

    def send(
        self,
        mail_from: str,
        recipient: str,
        data: bytes,
        *,
        smtputf8: bool = False,
        on_phase: OnPhase | None = None,
        following: Mail | None = None,
    ) -> Outcome:
        """Hand over one mail for one recipient. Never raises for what a server or a network does.

        `data` is the whole message with CRLF line ends, not dot-stuffed. `smtputf8` says that its headers
        need RFC 6531 (the addresses are looked at here). `on_phase` is called at the five moments between
        which a crash means something else: before the body, in the middle of it, before its dot, after it,
        and when the verdict is in. `following` is the mail of the next call: its envelope may go ahead, which
        commits nobody to anything. ValueError, before anything is sent, for data or addresses that could be
        read as commands. After any other exception (a signal's, say) the mail is uncertain.
        """
        ahead, self._ahead = self._ahead, None
        try:
            body = dot_stuffed(data)
            envelope_address(mail_from, empty_allowed=True)
            envelope_address(recipient)
        except ValueError:
            if ahead is not None:
                # The server waits for a body: only hanging up takes nothing to anybody.
                self._drop()
            raise
        envelope = (mail_from, recipient, data, smtputf8)
        if ahead is not None and ahead != self._commands(*envelope):
            self._drop()
            ahead = None
        refused = self.open()
        if refused is not None:
            return refused
        is_used = self._mails > 0
        try:
            outcome = self._hand_over(envelope, body, on_phase, following, ahead)
            if is_used and self._was_left:
                # A server may leave a connection at any time; nothing of this mail was taken yet.
                outcome = self.open() or self._hand_over(envelope, body, on_phase, following, None)
        except BaseException:
            self._drop()
            raise
        self._used = self._clock()
        return outcome

    def close(self) -> None:
        """Say QUIT and hang up. Never raises, and waits a second at most."""
        if self._opened is None:
            return
        if self._ahead is not None:
            # A mail was announced that does not come; a QUIT would be its text.
            self._drop()
            return
        try:
            self._line.sock.settimeout(_GOODBYE_TIMEOUT)
            self._line.send(b"QUIT\r\n", _GOODBYE_TIMEOUT)
            self._line.reply(_GOODBYE_TIMEOUT)
        except (OSError, BadReply):
            pass
        self._drop()

    def _settle_in(self, opened: Opened) -> None:
        self._opened, self._line = opened, opened.line
        features = opened.features
        self._pipelined = self._route.pipelining and "pipelining" in features
        size = features.get("size", "")
        self._size_limit = int(size) if size.isascii() and size.isdigit() else 0
        self._with_size = "size" in features
        self._mails = 0
        self._since = self._used = self._clock()

    def _answers(self) -> bool:
        try:
            return self._command(b"NOOP\r\n", _NOOP_TIMEOUT).positive
        except (OSError, BadReply):
            return False

    # -- one mail --------------------------------------------------------------------------------------------

    def _hand_over(
        self,
        envelope: tuple[str, str, bytes, bool],
        body: bytes,
        on_phase: OnPhase | None,
        following: Mail | None,
        ahead: Commands | None,
    ) -> Outcome:
        commands = self._commands(*envelope)
        if isinstance(commands, Outcome):
            return commands
        self._mails += 1
        self._was_left = False
        return self._offer(commands, ahead is not None) or self._transmit(body, on_phase, following)

    def _commands(self, mail_from: str, recipient: str, data: bytes, smtputf8: bool) -> Commands | Outcome:
        """The envelope as this server wants it, or why it cannot take the mail."""
        needs_utf8 = smtputf8 or not (mail_from.isascii() and recipient.isascii())
        is_8bit = not data.isascii()
        unable = self._unable(len(data), needs_utf8, is_8bit)
        if unable is not None:
            return unable
        options = f" SIZE={len(data)}" if self._with_size else ""
        if is_8bit:
            options += " BODY=8BITMIME"
        if needs_utf8:
            options += " SMTPUTF8"
        return f"MAIL FROM:<{mail_from}>{options}\r\n", f"RCPT TO:<{recipient}>\r\n", "DATA\r\n"

    def _unable(self, size: int, needs_utf8: bool, is_8bit: bool) -> Outcome | None:
        """A mail this server has said in its greeting that it cannot take."""
        if 0 < self._size_limit < size:
            text = f"The server takes at most {self._size_limit} bytes."
            return Outcome("failed", "mail", None, "5.3.4", text)
        if not (needs_utf8 or is_8bit):
            return None
        features = self._opened.features if self._opened else {}
        if needs_utf8 and "smtputf8" not in features:
            return Outcome("failed", "mail", None, "5.6.7", "The server cannot take international addresses.")
        if is_8bit and "8bitmime" not in features:
            return Outcome(
                "failed", "mail", None, "5.6.3", "The server cannot take mail with eight-bit text."
            )
        return None

    def _offer(self, commands: Commands, is_ahead: bool) -> Outcome | None:
        """Send the envelope, if it has not gone ahead; None when the server waits for the body."""
        phase: Phase = "mail"
        replies: list[Reply] = []
        line, patience = self._line, self._route.timeout
        begun = self._clock()
        try:
            if self._pipelined and not is_ahead:
                line.send("".join(commands).encode(), patience)
            for phase, command in zip(_ENVELOPE, commands, strict=True):
                if not self._pipelined:
                    line.send(command.encode(), patience)
                if phase == "data":
                    patience = self._route.patience(self._route.data_timeout)
                reply = line.reply(patience)
                replies.append(reply)
                if phase == "mail" and not is_ahead:
                    self._nearest = min(self._nearest, self._clock() - begun)
                if not (reply.code == _GO_ON if phase == "data" else reply.positive):
                    break
            else:
                return None
        except (OSError, BadReply) as error:
            self._drop()
            self._was_left = phase == "mail" and (is_ahead or isinstance(error, ConnectionError))
            self._trouble.overlooks |= is_ahead and phase == "mail"
            return Outcome("deferred", phase, text=error_text(error))
        self._clear(replies)
        if is_ahead and phase == "mail" and reply.code >= 500:
            # Perhaps only because it came early: in its turn the same is judged.
            self._was_left = self._trouble.overlooks = True
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
            # Every command of the group is answered, whatever the first answers were.
            replies = replies + [self._line.reply(self._route.timeout) for _ in range(3 - len(replies))]
            recipient, data = replies[1:]
            if data.code == _GO_ON:
                if recipient.positive:
                    # A dot would deliver an empty mail here; only hanging up takes nothing to anybody.
                    return False
                self._command(b".\r\n", self._route.timeout)
        return self._command(b"RSET\r\n", self._route.timeout).positive

    def _transmit(self, body: bytes, on_phase: OnPhase | None, following: Mail | None) -> Outcome:
        """Send the body and its dot, and the next envelope behind them; read the verdict.

        A write that fails has not handed over all its bytes, so a dot that is the last of them cannot have
        arrived whole: until that write returns, all is safe to repeat; after it, all is uncertain.
        """
        route = self._route
        phase: Phase = "body"
        try:
            if on_phase is None:
                self._line.send(body + b".\r\n", route.patience(route.body_timeout))
                phase = "dot"
            else:
                self._send_watched(body, on_phase)
                phase = "dot"
                on_phase("sent")
            if following is not None:
                self._go_ahead(following)
            reply = self._line.reply(route.dot_timeout)
        except (OSError, BadReply) as error:
            self._drop()
            return Outcome("uncertain" if phase == "dot" else "deferred", phase, text=error_text(error))
        if on_phase is not None:
            on_phase("replied")
        outcome = judge(reply, "dot")
        if reply.closing or outcome.kind == "uncertain":
            self._drop()
        return outcome

    def _go_ahead(self, mail: Mail) -> None:
        """Offer the next mail while the server looks at this one: RFC 2920, 3.1, allows it behind a body.

        In a write of its own: one that fails half-way could not say any more whether the dot is out.
        """
        route = self._route
        tired = self._mails >= route.max_mails or self._clock() - self._since >= route.max_age.total_seconds()
        near = self._nearest < _FAR
        if tired or near or not self._pipelined or self._trouble.overlooks:
            return
        try:
            envelope_address(mail.mail_from, empty_allowed=True)
            envelope_address(mail.recipient)
        except ValueError:
            return
        commands = self._commands(mail.mail_from, mail.recipient, mail.data, mail.smtputf8)
        if isinstance(commands, Outcome):
            return
        self._ahead = commands
        # Where it cannot be written, the verdict on this mail may still be there to be read.
        with suppress(OSError):
            self._line.send("".join(commands).encode(), route.timeout)

    def _send_watched(self, body: bytes, on_phase: OnPhase) -> None:
        """The same bytes, with a word to whoever watches before, amid and after them."""
        patience = self._route.patience(self._route.body_timeout)
        half = len(body) // 2
        on_phase("data")
        self._line.send(body[:half], patience)
        on_phase("body")
        self._line.send(body[half:], patience)
        on_phase("dot")
        self._line.send(b".\r\n", patience)

    def _command(self, command: bytes, patience: float) -> Reply:
        self._line.send(command, patience)
        return self._line.reply(patience)

    def _drop(self) -> None:
        """Hang up without a word."""
        self._ahead = None
        if self._opened is not None:
            self._opened = None
            self._line.close()


__all__ = ["Moment", "OnPhase", "Security", "SmtpConnection", "SmtpRoute", "Trouble"]
