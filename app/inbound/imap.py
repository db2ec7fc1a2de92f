"""A mailbox read over IMAP without changing it: EXAMINE and BODY.PEEK, so that no flag ever moves (RFC 9051)."""

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Literal

TIMEOUT = 30.0
MOST_UIDS = 100_000
LARGEST_LITERAL = 64 * 1024 * 1024
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UID = re.compile(rb"\bUID (\d{1,10})\b")


class ImapProblem(Exception):
    """The mailbox could not be read; the text says what the other side said."""


@dataclass(frozen=True, slots=True)
class ImapRoute:
    """Where the mailbox is. `tls` replaces the usual checks of the certificate, for a house's own authority.

    With `token` the account is proven by an access token (XOAUTH2) instead of the password.
    """

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    timeout: float = TIMEOUT
    token: Callable[[], str] | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        return f"{self.username}@{self.host}:{self.port}/{self.folder}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """One message. `raw` is None where the server does not hand it out."""

    uid: int
    raw: bytes | None


class _Bounded:
    """A server that announces more than was asked for is not listened to."""

    def read(self, size: int) -> bytes:
        if size > LARGEST_LITERAL:
            raise imaplib.IMAP4.abort(f"the server announces {size} octets, more than it was asked for")
        return super().read(size)  # type: ignore[misc,no-any-return]


class _Line(_Bounded, imaplib.IMAP4):
    pass


class _TlsLine(_Bounded, imaplib.IMAP4_SSL):
    pass


class Mailbox:
    """One opened folder. Use it in a `with`; every fault of the line or the server is an ImapProblem."""

    def __init__(self, route: ImapRoute) -> None:
        self._route = route
        self._line: imaplib.IMAP4 | None = None
        self.uid_validity = 0
        self.uid_next: int | None = None

    def __enter__(self) -> "Mailbox":
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_fault: object) -> None:
        if self._line is not None:
            # Whether the server still says good-bye is nothing to us.
            with suppress(imaplib.IMAP4.error, OSError, ValueError):
                self._line.logout()
            with suppress(imaplib.IMAP4.error, OSError, ValueError):
                self._line.shutdown()
            self._line = None

    def _show_token(self, line: imaplib.IMAP4, username: str, token: Callable[[], str]) -> None:
        if self._route.security == "none" and not ip_address(line.socket().getpeername()[0]).is_loopback:
            raise ImapProblem("the line is not secured, so the token is not sent")
        # Asked a second time, the server says what is wrong; an empty answer ends it.
        answers = iter([f"user={username}\1auth=Bearer {token()}\1\1".encode()])
        line.authenticate("XOAUTH2", lambda _challenge: next(answers, b""))

    def _open(self) -> None:
        route = self._route
        context = route.tls or ssl.create_default_context()
        try:
            if route.security == "tls":
                self._line = _TlsLine(route.host, route.port, ssl_context=context, timeout=route.timeout)
            else:
                self._line = _Line(route.host, route.port, timeout=route.timeout)
                if route.security == "starttls":
                    self._line.starttls(ssl_context=context)
            if route.token is not None:
                self._show_token(self._line, route.username, route.token)
            else:
                self._line.login(route.username, route.password)
        except Exception as error:
            raise _problem(error) from None
        self._asked("EXAMINE", lambda line: line.select(_quoted(route.folder), readonly=True))
        validity = self._told("UIDVALIDITY")
        if validity is None:
            raise ImapProblem("the server tells no UIDVALIDITY, so nobody could say what was read before")
        self.uid_validity, self.uid_next = validity, self._told("UIDNEXT")

    def _told(self, code: str) -> int | None:
        assert self._line is not None
        found = self._line.response(code)[1]
        word = found[-1] if found else None
        return int(word) if isinstance(word, bytes) and word.isdigit() and len(word) <= 10 else None

    def last_uid(self) -> int:
        """The newest message there was when the folder was opened, or a little later."""
        return self.uid_next - 1 if self.uid_next else max(self._search("ALL"), default=0)

    def uids_after(self, last: int) -> list[int]:
        """The messages that came after the one with this uid, in their order."""
        return [uid for uid in self._search(f"UID {last + 1}:*") if uid > last]

    def uids_since(self, at: datetime) -> list[int]:
        """The messages that came on the day of `at` or later."""
        return self._search(f"SINCE {at.day}-{_MONTHS[at.month - 1]}-{at.year}")

    def _search(self, criterion: str) -> list[int]:
        data = self._asked("SEARCH", lambda line: line.uid("SEARCH", *criterion.split()))
        words = b" ".join(part for part in data if isinstance(part, bytes)).split()
        if any(not word.isdigit() or len(word) > 10 for word in words):
            raise ImapProblem("the server answers SEARCH with something that is no uid")
        return sorted({int(word) for word in words})[:MOST_UIDS]

    def fetch(self, uids: Sequence[int], most: int) -> Iterator[Fetched]:
        """The messages, one at a time, of each at most `most` octets. One that vanished meanwhile is left out."""
        for uid in uids:
            try:
                data = self._asked(
                    "FETCH", lambda line, uid=uid: line.uid("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{most}>)")
                )
            except _Refused:
                yield Fetched(uid, None)
                continue
            found = [raw for head, raw in _literals(data) if _uid_of(head, data) == uid]
            if found:
                yield Fetched(uid, found[0][:most])

    def _asked(self, what: str, ask: Any) -> list[Any]:
        assert self._line is not None
        try:
            status, data = ask(self._line)
        except Exception as error:
            raise _problem(error) from None
        if status != "OK":
            said = data[0] if data else b""
            raise _Refused(f"{what}: {_said(said)}")
        return list(data)


class _Refused(ImapProblem):
    """The server understood, and said no."""


def _literals(data: Sequence[Any]) -> Iterator[tuple[bytes, bytes]]:
    for part in data:
        if isinstance(part, tuple) and len(part) == 2 and all(isinstance(each, bytes) for each in part):
            yield part


def _uid_of(head: bytes, data: Sequence[Any]) -> int | None:
    """The uid may stand before the literal or behind it."""
    found = _UID.search(head) or _UID.search(b" ".join(part for part in data if isinstance(part, bytes)))
    return int(found[1]) if found else None


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _problem(error: Exception) -> ImapProblem:
    if isinstance(error, ImapProblem):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        return ImapProblem(f"its certificate does not hold: {error.verify_message}")
    return ImapProblem(_said(error.args[0] if error.args else type(error).__name__) or type(error).__name__)


def _said(what: object) -> str:
    text = what.decode("utf-8", "replace") if isinstance(what, bytes) else str(what)
    return "".join(sign if sign.isprintable() else " " for sign in text)[:300].strip()
