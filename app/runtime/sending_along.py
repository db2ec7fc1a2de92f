"""While much is due, further processes of this worker send along: in one process Python composes one mail at a time.

They come when much waits and go when nothing does. Each has a name and a journal of its own, so a crash of one is
settled like that of any worker; together they hold no more connections than the worker was given.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from app.mail.journal import Journal, JournalBusy
from app.mail.route import SmtpRoute
from app.runtime import clock as real
from app.services.sending.recovering import take_over
from app.services.world import World, open_world
from config import ROOT

log = structlog.get_logger()
# So many mails are worth the second in which a process starts.
MUCH = 2000
# After one that failed the first process goes on alone for a while.
REST = timedelta(minutes=5)
Routes = Mapping[str, tuple[SmtpRoute, int]]


def share(connections: int, processes: int, number: int) -> int:
    """How many of the connections process `number` (from 0) gets; the first ones get what is left over."""
    return connections // processes + (number < connections % processes)


def shared(routes: Routes, processes: int, number: int) -> Routes:
    """The routes with this process's share of their connections."""
    return {key: (route, share(count, processes, number)) for key, (route, count) in routes.items()}


class Along:
    """The further processes of one worker. `clock` is the engine's; they go by the same time."""

    def __init__(self, world: World, clock: Callable[[], datetime]) -> None:
        settings = world.settings
        self._world = world
        self._clock = clock
        # What the built-in catcher takes is bound by its own disk.
        self._most = 1 if settings.uses_catcher else settings.sending_processes
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._rest_until = clock()
        self._stopped = False

    def recover(self) -> None:
        """Settle what further processes of an earlier start left."""
        for number in range(1, self._most):
            self._settle(number)

    def processes(self, due: int, routes: Routes) -> int:
        """How many processes send from now on, this one included. They start where `due` mails are much."""
        for number, process in list(self._running.items()):
            if process.poll() is not None:
                del self._running[number]
                self._ended(number, process)
        # Every process needs a connection to each relay, and no relay gets more than it was promised.
        together = min(self._most, *(count for _, count in routes.values()))
        rests = self._stopped or self._clock() < self._rest_until
        if due >= MUCH and not self._running and not rests:
            for number in range(1, together):
                self._running[number] = self._started(number, together)
        return max(self._running, default=0) + 1

    @property
    def alone(self) -> bool:
        """Whether none may come at all."""
        return self._most == 1

    def stop(self) -> None:
        """They finish their slices in hand; `close` waits for that."""
        self._stopped = True
        for process in self._running.values():
            _close_input(process)

    def close(self) -> None:
        self.stop()
        for number, process in self._running.items():
            if process.wait() != 0:
                self._settle(number)

    def _started(self, number: int, processes: int) -> subprocess.Popen[bytes]:
        ahead = self._clock() - real.now()
        order = {
            "settings": self._world.settings.model_dump(mode="json") | {"worker_name": self._name(number)},
            "workspace_id": str(self._world.workspace_id),
            "processes": processes,
            "number": number,
            "ahead": ahead.total_seconds(),
        }
        # Away from the terminal: Ctrl-C is for the first process, which then closes this one's input.
        process = subprocess.Popen(
            [sys.executable, "-m", "app.runtime.sending_process"],
            stdin=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
        )
        assert process.stdin is not None
        # Secrets go by this pipe, never by arguments, which everybody on the machine can read.
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
        return process

    def _ended(self, number: int, process: subprocess.Popen[bytes]) -> None:
        _close_input(process)
        if process.returncode != 0:
            log.warning("sending.process_ended", process=number, code=process.returncode)
            self._settle(number)
            self._rest_until = self._clock() + REST

    def _name(self, number: int) -> str:
        return f"{self._world.settings.worker_name}.{number + 1}"

    def _settle(self, number: int) -> None:
        settings = self._world.settings.model_copy(update={"worker_name": self._name(number)})
        try:
            journal = Journal(settings.data_dir / "journal", settings.worker_name)
        except JournalBusy:
            return  # one that outlived its first process and is about to end
        try:
            found = take_over(
                open_world(self._world.database, self._world.workspace_id, settings), journal, self._clock()
            )
        finally:
            journal.close()
        log.info("sending.settled", process=number, answered=found.answered, uncertain=found.uncertain)


def _close_input(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
