"""The bytes between us and a server: whole replies in, commands out, and no wait without an end."""

from __future__ import annotations

import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import suppress

from app.mail.replies import MAX_LINE, Reply, read_reply

_AT_ONCE = 8192
_SO_TIMEOUTS = (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO)


class Line:
    """One connected socket. `tick` is how often, in seconds, a wait looks whether it has lasted too long.

    On a plain socket the kernel keeps the tick: Python's own time-outs ask the kernel before every read and
    write, and each call more lets another thread in.
    """

    def __init__(self, sock: socket.socket, tick: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.sock = sock
        self._clock = clock
        self._buffer = b""
        self._deadline = 0.0
        self._is_tls = isinstance(sock, ssl.SSLSocket)
        if self._is_tls:
            sock.settimeout(tick)
        else:
            sock.settimeout(None)
            whole, part = divmod(max(round(tick * 1e6), 1), 1_000_000)
            for name in _SO_TIMEOUTS:
                sock.setsockopt(socket.SOL_SOCKET, name, struct.pack("@ll", whole, part))
        # A body leaves in one write; without this its last segment may wait for an acknowledgement.
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes, seconds: float) -> None:
        """All of it. TimeoutError after `seconds`; whatever is raised, the last byte has not left."""
        sent = self._write(data)
        if sent == len(data):
            return
        deadline = self._clock() + seconds
        view = memoryview(data)[sent:]
        while view:
            if self._clock() >= deadline:
                raise TimeoutError("The server stopped reading.")
            view = view[self._write(view) :]

    def _write(self, data: bytes | memoryview) -> int:
        try:
            return self.sock.send(data)
        except (TimeoutError, BlockingIOError):
            return 0

    def reply(self, seconds: float) -> Reply:
        """The next reply, whole, within `seconds`. Raises what `read_reply` raises."""
        self._deadline = self._clock() + seconds
        return read_reply(self._readline)

    def _readline(self) -> bytes:
        """A line with its end, or what there is when the other side hung up or the line is over-long."""
        while (end := self._buffer.find(b"\n") + 1) == 0:
            if len(self._buffer) > MAX_LINE or not self._more():
                end = len(self._buffer)
                break
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        return line

    def _more(self) -> bool:
        # A reply in drips ends too: the clock is looked at before every read, not only after silence.
        while self._clock() < self._deadline:
            try:
                found = self.sock.recv(_AT_ONCE)
            except (TimeoutError, BlockingIOError):
                continue
            self._buffer += found
            return bool(found)
        raise TimeoutError("The server did not answer in time.")

    @property
    def spoke(self) -> bool:
        """Whether the server has said something that nobody asked for: a farewell, or the end of the stream."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(self._buffer) or bool(poll.poll(0))

    def close(self) -> None:
        self.sock.close()
