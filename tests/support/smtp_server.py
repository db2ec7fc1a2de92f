"""An SMTP server on a thread that does what its script says, good or bad.

The script names what happens at a command: `{"RCPT": ["550 5.1.1 unknown", Drop()]}` answers the first RCPT
with a refusal and hangs up at the second; where a list is used up, the server behaves. Keys: "connect",
"EHLO", "HELO", "STARTTLS", "TLS" (the handshake), "AUTH", "MAIL", "RCPT", "DATA", "body" (its first bytes),
"dot", "RSET", "NOOP", "QUIT".

Every accepted mail is appended to `log` (if given), recipient first, *before* the server says so: what the
file says was taken, was.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO


@dataclass(frozen=True)
class Drop:
    """Close the connection, after saying `say` if given; at the dot, `takes` says whether the mail is taken first."""

    say: bytes = b""
    takes: bool = False


@dataclass(frozen=True)
class Say:
    """These bytes as they are, and then go on."""

    raw: bytes


@dataclass(frozen=True)
class Stall:
    """Say nothing more until the server stops, or forever; `say` goes out first."""

    say: bytes = b""


@dataclass(frozen=True)
class Drip:
    """These bytes in pieces of `piece`, with a rest of `every` seconds between them; `again` for ever."""

    raw: bytes
    every: float
    piece: int = 16
    again: bool = False


@dataclass(frozen=True)
class Challenge:
    """The steps of a sign-in: each is said with 334, and what comes back is kept; then `verdict`."""

    steps: tuple[str, ...]
    verdict: str = "235 2.7.0 welcome"


Action = str | Drop | Say | Stall | Drip | Challenge


@dataclass(frozen=True)
class Received:
    mail_from: str
    recipient: str
    data: bytes


@dataclass
class _Dialogue:
    mail: str | None = None
    recipients: list[str] = field(default_factory=list)


class _HungUp(Exception):
    pass


class ScriptedServer:
    """Use as a context manager; `port` is the real one."""

    def __init__(
        self,
        script: Mapping[str, Sequence[Action]] | None = None,
        *,
        extensions: Sequence[str] = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"),
        log: Path | None = None,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
    ) -> None:
        self._script = {key: list(actions) for key, actions in (script or {}).items()}
        self._extensions = list(extensions) + (["STARTTLS"] if tls and not implicit_tls else [])
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if log else None
        self._tls, self._implicit = tls, implicit_tls
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.received: list[Received] = []
        self.commands: list[str] = []
        self.connections = 0
        self.half_bodies: list[int] = []
        """Bytes of each body that broke off."""
        self.hung_up = threading.Event()
        """Set each time a connection has been closed from this side or the other."""

    def __enter__(self) -> ScriptedServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._stopped.set()
        for sock in [self._listener, *self._sockets]:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)
        if self._log is not None:
            os.close(self._log)

    def hang_up(self) -> None:
        """Close every open connection from this side, as a server does with idle ones."""
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _spawn(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(sock)
            self.connections += 1
            self._spawn(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        session = _Session(self, sock)
        try:
            with suppress(_HungUp, OSError):
                session.run()
        finally:
            session.close()
            self.hung_up.set()

    def next_action(self, key: str) -> Action | None:
        with self._lock:
            actions = self._script.get(key)
            return actions.pop(0) if actions else None

    def accept_mail(self, mail: Received) -> None:
        with self._lock:
            self.received.append(mail)
            if self._log is not None:
                os.write(self._log, f"{mail.recipient}\t{mail.mail_from}\t{len(mail.data)}\n".encode())

    def stopped_within(self, seconds: float) -> bool:
        return self._stopped.wait(seconds)

    def wait_stopped(self) -> None:
        self._stopped.wait(60)


class _Session:
    def __init__(self, server: ScriptedServer, sock: socket.socket) -> None:
        self._server, self._sock = server, sock
        self._dialogue = _Dialogue()
        self._reader: BinaryIO | None = None

    def run(self) -> None:
        self._reader = self._sock.makefile("rb")
        if self._server._implicit:
            self._start_tls()
        self._act("connect", "220 test.example ESMTP")
        while line := self._reader.readline():
            command = line.decode("utf-8", "replace").rstrip("\r\n")
            self._server.commands.append(command)
            self._handle(command)

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._sock.close()

    def _handle(self, command: str) -> None:
        verb = command.split(" ")[0].upper()
        match verb:
            case "EHLO":
                lines = ["test.example", *self._server._extensions]
                reply = [f"250{'-' if n < len(lines) - 1 else ' '}{line}" for n, line in enumerate(lines)]
                self._act(verb, "\r\n".join(reply))
            case "STARTTLS":
                if self._act(verb, "220 2.0.0 ready").startswith("220"):
                    self._start_tls()
            case "AUTH":
                self._act(verb, "235 2.7.0 welcome")
            case "":  # the answer to what is said of a token
                self._act("AUTH", "535 5.7.8 no such token")
            case "MAIL":
                if self._act(verb, "250 2.1.0 ok").startswith("250"):
                    self._dialogue = _Dialogue(command[command.index("<") + 1 : command.index(">")])
            case "RCPT":
                default = "503 5.5.1 need MAIL first" if self._dialogue.mail is None else "250 2.1.5 ok"
                if self._act(verb, default).startswith("250"):
                    self._dialogue.recipients.append(command[command.index("<") + 1 : command.index(">")])
            case "DATA":
                default = "354 go on" if self._dialogue.recipients else "554 5.5.1 no valid recipients"
                if self._act(verb, default).startswith("354"):
                    self._data()
            case "RSET":
                self._dialogue = _Dialogue()
                self._act(verb, "250 2.0.0 ok")
            case "QUIT":
                self._act(verb, "221 2.0.0 bye")
                raise _HungUp
            case "NOOP":
                self._act(verb, "250 2.0.0 ok")
            case "HELO":
                self._act(verb, "250 test.example")
            case _:
                self._say(b"500 5.5.2 what\r\n")

    def _data(self) -> None:
        body = self._server.next_action("body")
        if body is not None:
            self._sock.recv(10)
            self._do(body)
        lines = []
        assert self._reader is not None
        while (line := self._reader.readline()) != b".\r\n":
            if not line.endswith(b"\n"):
                self._server.half_bodies.append(sum(map(len, lines)) + len(line))
                raise _HungUp
            lines.append(line[1:] if line.startswith(b".") else line)
        dialogue, self._dialogue = self._dialogue, _Dialogue()
        default = "250 2.0.0 queued as 1" if dialogue.recipients else "554 5.5.1 no valid recipients"
        action = self._server.next_action("dot") or default
        if getattr(action, "takes", False) or (isinstance(action, str) and action.startswith("250")):
            for recipient in dialogue.recipients:
                self._server.accept_mail(Received(dialogue.mail or "", recipient, b"".join(lines)))
        self._do(action)

    def _act(self, key: str, default: str) -> str:
        action = self._server.next_action(key) or default
        self._do(action)
        return action if isinstance(action, str) else ""

    def _do(self, action: Action) -> None:
        match action:
            case str():
                self._say(action.encode() + b"\r\n")
            case Say(raw):
                self._say(raw)
            case Drop(say):
                self._say(say)
                raise _HungUp
            case Drip():
                self._drip(action)
            case Challenge():
                self._ask(action)
            case Stall(say):
                self._say(say)
                self._server.wait_stopped()
                raise _HungUp

    def _drip(self, drip: Drip) -> None:
        while True:
            for start in range(0, len(drip.raw), drip.piece):
                self._say(drip.raw[start : start + drip.piece])
                if self._server.stopped_within(drip.every):
                    raise _HungUp
            if not drip.again:
                return

    def _ask(self, challenge: Challenge) -> None:
        assert self._reader is not None
        for step in challenge.steps:
            self._say(f"334 {step}\r\n".encode())
            self._server.commands.append(self._reader.readline().decode().rstrip("\r\n"))
        self._say(challenge.verdict.encode() + b"\r\n")

    def _say(self, raw: bytes) -> None:
        self._sock.sendall(raw)

    def _start_tls(self) -> None:
        assert self._server._tls is not None
        if self._server.next_action("TLS") is not None:
            raise _HungUp
        assert self._reader is not None
        self._reader.close()
        self._sock = self._server._tls.wrap_socket(self._sock, server_side=True)
        self._server._sockets.append(self._sock)
        self._reader = self._sock.makefile("rb")
