"""One process: web server, ticks and mail catcher, from the first line it prints to the last mail in hand."""

import errno
import signal
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

from flask import Flask
from waitress.server import create_server

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.runtime import clock
from app.runtime.catcher import Catcher, PortBusy
from app.runtime.demo_life import DemoLife
from app.runtime.engine import Engine, resolver_of, route_of
from app.runtime.scheduler import start_scheduler
from app.services.world import World
from app.store.caught import CaughtMails
from config import Settings

Say = Callable[[str], None]
TRIES = 50
LAST_PORT = 65_535


class NoPort(Exception):
    """There is nowhere to listen; the text names the setting that changes that."""


def free_port(host: str, wanted: int, what: str, say: Say) -> int:
    """The wanted port, or the next free one; a busy port is named. Raises NoPort where there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(wanted, min(wanted + TRIES, LAST_PORT + 1)):
        try:
            with socket.create_server((host, port), family=family) as probe:
                return int(probe.getsockname()[1])
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise NoPort(
                    f"Cannot listen on {host}, port {port}, for {what}: {error.strerror}. "
                    "Check TRELLIS_HOST and TRELLIS_PORT."
                ) from error
            say(f"Port {port} for {what} is busy; trying {port + 1}.")
    raise NoPort(f"No port from {wanted} on is free for {what}. Name another with TRELLIS_PORT.")


class House:
    """All parts of the one process, started in order and stopped in the opposite one."""

    def __init__(self, world: World, app: Flask, spool: Spool, links: LinkMaps, say: Say) -> None:
        self._world = world
        self._app = app
        self._say = say
        self._spool = spool
        self._links = links
        self._caught = CaughtMails(world.settings.data_dir / "caught.db")

    def serve(self, address: str) -> None:
        """Serve until SIGINT or SIGTERM, then finish what is in hand."""
        settings = self._world.settings
        catcher, catcher_port = self._catcher(settings)
        engine = Engine(
            self._world,
            self._spool,
            self._links,
            route_of(settings, catcher_port),
            clock.now,
            resolver=resolver_of(settings),
        )
        recovered = engine.recover()
        if recovered.uncertain:
            self._say(f"{recovered.uncertain} mails may or may not have arrived; see the health page.")
        scheduler = start_scheduler(engine, timedelta(seconds=settings.tick_seconds))
        beside = DemoLife(self._world.database, settings, clock.now)
        beside.start()
        server = create_server(
            self._app, host=settings.host, port=settings.port, threads=settings.web_threads
        )
        _on_signals(lambda: server.close())
        self._say(f"\nTrellis is ready: {address}\n")
        try:
            server.run()
        except (KeyboardInterrupt, SystemExit):
            pass
        finally:
            self._say("Finishing what is in hand …")
            beside.stop()
            engine.stop()
            scheduler.shutdown(wait=True)
            server.close()
            engine.close()
            if catcher is not None:
                catcher.stop()
            self._say("Done. Nothing is lost.")

    def _catcher(self, settings: Settings) -> tuple[Catcher | None, int | None]:
        if not settings.uses_catcher:
            return None, None
        port = settings.catcher_port
        for _ in range(min(TRIES, LAST_PORT + 1 - port)):
            catcher = Catcher(self._caught, "127.0.0.1", port, clock.now)
            try:
                return catcher, catcher.start()
            except PortBusy:
                self._say(f"Port {port} for the mail catcher is busy; trying {port + 1}.")
                port += 1
        raise NoPort(
            f"No port from {settings.catcher_port} on is free for the mail catcher. "
            "Name another with TRELLIS_CATCHER_PORT."
        )


def _on_signals(stop: Callable[[], None]) -> None:
    def handler(number: int, frame: FrameType | None) -> None:
        raise SystemExit

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, handler)
