"""The built-in SMTP server that keeps every mail it is given instead of delivering it."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from app.store.caught import CaughtMails, NewlyCaught

MAX_BYTES = 30 * 1024 * 1024
_PATIENCE = 5.0
_LOOK_EVERY = 0.02


class PortBusy(Exception):
    """Somebody else listens there; `port` is the one that was asked for."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} is in use by another program. Stop that program, or choose another port."
        )
        self.port = port


class Catcher:
    """An SMTP server on a thread of its own that puts every mail into `store`.

    A mail is answered with 250 once it is committed; mails that arrive together share a commit.
    """

    def __init__(
        self,
        store: CaughtMails,
        host: str,
        port: int,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._host, self._port, self._clock = store, host, port, clock
        self._sessions: set[_CatcherSession] = set()
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """Listen, and serve from now on; the real port (0 asks for a free one). PortBusy when it is taken."""
        # aiosmtpd writes each command, and so each address, to this log.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        listener = self._listener()
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, ready)), name="mail-catcher", daemon=True
        )
        self._thread.start()
        ready.wait(_PATIENCE)
        return int(listener.getsockname()[1])

    def stop(self) -> None:
        """Take no new connections, let mails in hand be stored and answered (five seconds at most), end."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._thread = None

    def _listener(self) -> socket.socket:
        try:
            return socket.create_server((self._host, self._port), family=_family(self._host), backlog=128)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortBusy(self._port) from error
            raise

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        handler = _Keeper(self._store, self._clock)
        server = await self._loop.create_server(
            lambda: _CatcherSession(handler, self._sessions), sock=listener
        )
        ready.set()
        await self._stopping.wait()
        server.close()
        await self._wait_while(lambda: any(session.in_hand for session in self._sessions))
        for session in list(self._sessions):
            session.hang_up()
        await self._wait_while(lambda: bool(self._sessions))

    async def _wait_while(self, busy: Callable[[], bool]) -> None:
        deadline = self._loop.time() + _PATIENCE
        while busy() and self._loop.time() < deadline:
            await asyncio.sleep(_LOOK_EVERY)


class _CatcherSession(SMTP):
    """One connection. Commands written in one go wait in its reader, so PIPELINING holds (RFC 2920)."""

    line_length_limit = 1 << 16

    def __init__(self, handler: _Keeper, sessions: set[_CatcherSession]) -> None:
        super().__init__(
            handler,
            data_size_limit=MAX_BYTES,
            enable_SMTPUTF8=True,
            hostname="catcher.localhost",
            ident="Trellis mail catcher",
            loop=asyncio.get_running_loop(),
        )
        self._all = sessions

    @property
    def in_hand(self) -> bool:
        """A mail has begun and is not yet answered."""
        return self.envelope is not None and self.envelope.mail_from is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Replies are small writes of their own; without this each second one waits for an acknowledgement.
        sock: socket.socket = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self._all.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._all.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()


@dataclass
class _Keeper:
    """What aiosmtpd calls for each greeting and each mail."""

    store: CaughtMails
    clock: Callable[[], datetime]
    waiting: list[tuple[NewlyCaught, asyncio.Future[str]]] = field(default_factory=list)
    flushing: asyncio.Task[None] | None = None

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw: Any = envelope.original_content or b""
        mail = NewlyCaught(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw, self.clock())
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.waiting.append((mail, answer))
        if self.flushing is None or self.flushing.done():
            self.flushing = asyncio.create_task(self._flush())
        return await answer

    async def _flush(self) -> None:
        """Store what waits, all of it in one transaction, until nothing does."""
        while self.waiting:
            batch, self.waiting = self.waiting, []
            replies = await asyncio.to_thread(self._stored, [mail for mail, _ in batch])
            for (_, answer), reply in zip(batch, replies, strict=True):
                if not answer.done():
                    answer.set_result(reply)

    def _stored(self, mails: list[NewlyCaught]) -> list[str]:
        try:
            return [f"250 2.0.0 Caught as {number}" for number in self.store.add_all(mails)]
        except Exception:
            logging.getLogger(__name__).exception("The catcher could not store %d mails.", len(mails))
            return ["451 4.3.0 The catcher could not store the mail; its disk may be full."] * len(mails)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
