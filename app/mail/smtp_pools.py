"""One pool of connections for each relay, so that a slow or sick one holds up no other's mail."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from app.mail.route import SmtpRoute
from app.mail.smtp import SmtpConnection
from app.mail.smtp_pool import PoolClosed, SmtpPool


class UnknownRelay(LookupError):
    """There is no such relay (any more)."""


class SmtpPools:
    """The pools of all relays by key; `routes` are replaced as they are changed by people."""

    def __init__(self, routes: Mapping[str, tuple[SmtpRoute, int]]) -> None:
        self._guard = threading.Lock()
        self._closed = False
        self._routes: dict[str, tuple[SmtpRoute, int]] = {}
        self._pools: dict[str, SmtpPool] = {}
        self.replace(routes)

    def replace(self, routes: Mapping[str, tuple[SmtpRoute, int]]) -> None:
        """Take over routes with the most connections of each. What is in use ends its mail on the old ones."""
        with self._guard:
            changed = [key for key, route in self._routes.items() if routes.get(key) != route]
            old = [self._pools.pop(key) for key in changed if key in self._pools]
            self._routes = dict(routes)
        for pool in old:
            pool.close()

    def close(self) -> None:
        with self._guard:
            self._closed = True
            pools = list(self._pools.values())
        for pool in pools:
            pool.close()

    @contextmanager
    def lines(self) -> Iterator[Lines]:
        """Connections for one thread, whatever relays its mails go to. PoolClosed after `close`."""
        with Lines(self) as lines:
            yield lines

    def pool(self, relay: str) -> SmtpPool:
        """The pool of one relay. Raises UnknownRelay, or PoolClosed."""
        with self._guard:
            if self._closed:
                raise PoolClosed
            if relay not in self._routes:
                raise UnknownRelay(relay)
            if relay not in self._pools:
                self._pools[relay] = SmtpPool(*self._routes[relay])
            return self._pools[relay]


class Lines:
    """One connection at a time: whoever holds one and waits for another may wait for ever."""

    def __init__(self, pools: SmtpPools) -> None:
        self._pools = pools
        self._held = ExitStack()
        self._relay: str | None = None
        self._pool: SmtpPool | None = None
        self._connection: SmtpConnection | None = None

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *error: object) -> None:
        self._relay = None
        self._held.__exit__(*error)  # type: ignore[arg-type]

    def to(self, relay: str) -> SmtpConnection:
        """A connection to this relay that can be used; the one held before goes back, still open.

        Raises UnknownRelay, or PoolClosed.
        """
        if relay == self._relay and self._connection is not None:
            if not self._connection.usable:
                self._connection.close()
            return self._connection
        pool = self._pools.pool(relay)
        self._relay = None
        self._held.close()
        self._connection = self._held.enter_context(pool.connection())
        self._relay = relay
        return self._connection
