"""`trellis run` as a person starts it: one address, a password once, and an orderly end."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from urllib.request import urlopen

import pytest

from app.runtime.serving import LAST_PORT, TRIES, NoPort, free_port
from config import ROOT

PATIENCE = 60


@pytest.fixture
def busy() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken


def test_a_free_port_is_taken_without_a_word(busy: socket.socket) -> None:
    wanted = busy.getsockname()[1]
    busy.close()
    said: list[str] = []
    assert free_port("127.0.0.1", wanted, "the pages", said.append) == wanted
    assert said == []


def test_a_busy_port_is_named_and_the_next_one_taken(busy: socket.socket) -> None:
    wanted = busy.getsockname()[1]
    said: list[str] = []
    found = free_port("127.0.0.1", wanted, "the pages", said.append)
    assert wanted < found < wanted + TRIES
    assert said[0] == f"Port {wanted} for the pages is busy; trying {wanted + 1}."
    assert len(said) == found - wanted


def test_no_port_above_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", LAST_PORT))
            taken.listen()
        except OSError:
            pass  # somebody else holds it, which is as good
        with pytest.raises(NoPort, match="TRELLIS_PORT"):
            free_port("127.0.0.1", LAST_PORT, "the pages", lambda line: None)


def test_an_address_that_is_not_ours_is_no_busy_port() -> None:
    said: list[str] = []
    with pytest.raises(NoPort, match=r"192\.0\.2\.1.*TRELLIS_HOST"):
        free_port("192.0.2.1", 8000, "the pages", said.append)
    assert said == []


class Running:
    """`trellis run` in a folder of its own; `lines` as they come, `wait_for` one of them."""

    def __init__(self, folder: Path, **settings: str) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRELLIS_")}
        self.lines: list[str] = []
        self._coming: Queue[str] = Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from app.cli import main; main()", "run"],
            cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={
                **inherited, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "TRELLIS_DATA_DIR": str(folder / "var"),
                "TRELLIS_PORT": "0", "TRELLIS_CATCHER_PORT": "0", "TRELLIS_DEMO": "off", **settings,
            },
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._coming.put(line)

    def wait_for(self, wanted: str) -> re.Match[str]:
        while True:
            try:
                line = self._coming.get(timeout=PATIENCE)
            except Empty:
                raise AssertionError(f"“{wanted}” did not come; there was: {self.lines}") from None
            self.lines.append(line)
            if (found := re.search(wanted, line)) is not None:
                return found

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        while not self._coming.empty():
            self.lines.append(self._coming.get())
        return code

    @property
    def text(self) -> str:
        return "".join(self.lines)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[type[Running]]:
    started: list[Running] = []

    class Started(Running):
        def __init__(self, **settings: str) -> None:
            super().__init__(tmp_path, **settings)
            started.append(self)

    yield Started  # type: ignore[misc]
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait(PATIENCE)
        assert one.process.stdout is not None
        one.process.stdout.close()


def page(address: str) -> tuple[int, str]:
    with urlopen(address, timeout=PATIENCE) as answer:
        return answer.status, answer.read().decode()


def test_two_starts_and_their_ends(run: type[Running]) -> None:
    first = run()  # type: ignore[call-arg]
    password = first.wait_for(r"Password\s+(\S+)")[1]
    address = first.wait_for(r"Trellis is ready: (\S+)")[1]
    assert len(password) >= 12
    status, shown = page(address)
    assert (status, "Sign in" in shown) == (200, True)
    assert first.end() == 0
    assert "Finishing what is in hand" in first.text
    assert "Traceback" not in first.text
    assert first.text.count("http://") == 1

    second = run()  # type: ignore[call-arg]
    again = second.wait_for(r"Trellis is ready: (\S+)")[1]
    assert page(again)[0] == 200
    assert second.end(signal.SIGTERM) == 0
    # Nothing is made twice, and the password is shown once.
    for done_once in ("Password", "starter texts", "up to date"):
        assert done_once in first.text
        assert done_once not in second.text


def test_a_busy_port_is_told_and_another_address_given(run: type[Running], busy: socket.socket) -> None:
    wanted = busy.getsockname()[1]
    started = run(TRELLIS_PORT=str(wanted))  # type: ignore[call-arg]
    started.wait_for(f"Port {wanted} for the pages is busy")
    address = started.wait_for(r"Trellis is ready: (\S+)")[1]
    assert not address.endswith(f":{wanted}")
    assert page(address)[0] == 200
    assert started.end() == 0
