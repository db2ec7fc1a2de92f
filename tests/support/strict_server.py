"""An SMTP server that takes a mail only where every rule is kept to the letter, and keeps its bytes.

The protocol is aiosmtpd's; on top of it stand the limits and forms of RFC 5321, 5322, 6152 and 6531. What is
refused is kept too, with the reason.
"""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session

_FIELD = re.compile(rb"[!-9;-~]+: ?[^\r\n]*")
_PATH = re.compile(
    r"(?:[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@(?:[a-z0-9-]+\.)+[a-z0-9-]+", re.I
)


@dataclass(frozen=True)
class Taken:
    """One mail as it came over the wire, dots taken off again."""

    mail_from: str
    recipients: tuple[str, ...]
    options: tuple[str, ...]
    data: bytes


@dataclass
class StrictServer:
    """`port`, what was taken, and what was refused with why."""

    smtputf8: bool = True
    put_off: int = 0  # so many mails are asked to come back later
    deferred: list[Taken] = field(default_factory=list)
    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    refused: list[tuple[Taken, str]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        mail = Taken(
            envelope.mail_from or "", tuple(envelope.rcpt_tos), tuple(envelope.mail_options), envelope.original_content or b""
        )  # fmt: skip
        faults = list(faults_of(mail))
        if faults:
            self.refused.append((mail, "; ".join(faults)))
            return f"554 5.6.0 {faults[0]}"
        if len(self.deferred) < self.put_off:
            self.deferred.append(mail)
            return "451 4.3.0 come back later"
        self.taken.append(mail)
        return "250 2.0.0 taken"


def faults_of(mail: Taken) -> Iterator[str]:
    """Every rule that a mail breaks."""
    head, gap, body = mail.data.partition(b"\r\n\r\n")
    if not gap:
        yield "no empty line ends the head"
    if re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", mail.data) or not mail.data.endswith(b"\r\n"):
        yield "a line does not end with CRLF, or there is a NUL"
    if max(map(len, mail.data.split(b"\r\n"))) > 998:
        yield "a line is longer than 998 octets"
    for line in re.sub(rb"\r\n[ \t]+(?=[^ \t\r\n])", b" ", head).split(b"\r\n"):
        if not _FIELD.fullmatch(line):
            yield f"no field of a head: {line[:60]!r}"
    utf8 = "SMTPUTF8" in mail.options
    if not head.isascii() and not utf8:
        yield "a head outside ASCII without SMTPUTF8"
    if not body.isascii() and "BODY=8BITMIME" not in mail.options:
        yield "a body outside ASCII without 8BITMIME"
    if len(mail.recipients) != 1:
        yield "more than one recipient"
    for path in (mail.mail_from, *mail.recipients):
        if not (path.isascii() or utf8) or len(path.rpartition("@")[0].encode()) > 64 or len(path) > 254:
            yield f"a path that is too long or needs SMTPUTF8: {path}"
        elif path.isascii() and not _PATH.fullmatch(path):
            yield f"no path: {path}"


class _Strict(SMTP):
    line_length_limit = 1000  # 998 and CRLF (RFC 5321 4.5.3.1.6)


@contextmanager
def strict_server(*, smtputf8: bool = True, put_off: int = 0) -> Iterator[StrictServer]:
    """One on loopback, gone at the end."""
    kept = StrictServer(smtputf8, put_off)
    ready, done = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        listener = socket.create_server(("127.0.0.1", 0))
        kept.port = listener.getsockname()[1]
        server = await loop.create_server(
            lambda: _Strict(kept, enable_SMTPUTF8=smtputf8, hostname="strict.example", loop=loop),
            sock=listener,
        )
        loops.append(loop)
        ready.set()
        await done.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield kept
    finally:
        loops[0].call_soon_threadsafe(done.set)
        thread.join(10)
