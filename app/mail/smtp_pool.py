"""Kept-open connections to one route, shared by the threads of a process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.mail.smtp import SmtpConnection, SmtpRoute, Trouble


class PoolClosed(Exception):
    """The pool is shutting down; nothing is sent any more."""


class OneLine:
    """A connection for whatever relay is asked for."""

    def __init__(self, connection: SmtpConnection) -> None:
        self._connection = connection

    def to(self, relay: str) -> SmtpConnection:
        if not self._connection.usable:
            self._connection.close()
        return self._connection


class SmtpPool:
    """At most `size` connections to `route`. Waiting for one is no error.

    The connection used last is handed out first, so that few stay warm when little is sent.
    """

    def __init__(self, route: SmtpRoute, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        if size < 1:
            raise ValueError("A pool needs at least one connection.")
        trouble = Trouble()
        self._idle = [SmtpConnection(route, clock, trouble) for _ in range(size)]
        self._changed = threading.Condition()
        self._closed = False

    @contextmanager
    def connection(self) -> Iterator[SmtpConnection]:
        """A connection for this thread alone, opened by its first `send`. PoolClosed after `close`."""
        connection = self._take()
        try:
            if not connection.usable:
                connection.close()
            yield connection
        except BaseException:
            connection.close()
            raise
        finally:
            self._give_back(connection)

    @contextmanager
    def lines(self) -> Iterator[OneLine]:
        """The same as `SmtpPools.lines`, where every mail leaves by one relay."""
        with self.connection() as connection:
            yield OneLine(connection)

    def close(self) -> None:
        """Close what is idle now and what is in use as soon as it comes back."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            idle = list(self._idle)
        for connection in idle:
            connection.close()

    def _take(self) -> SmtpConnection:
        with self._changed:
            self._changed.wait_for(lambda: self._idle or self._closed)
            if self._closed:
                raise PoolClosed
            return self._idle.pop()

    def _give_back(self, connection: SmtpConnection) -> None:
        with self._changed:
            self._idle.append(connection)
            closed = self._closed
            self._changed.notify()
        if closed:
            connection.close()
