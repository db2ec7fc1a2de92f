"""A small IMAP server on loopback that serves one folder and does what a test tells it: drop, babble, refuse."""

import re
import socket
import ssl
import threading
from base64 import b64decode
from contextlib import suppress
from datetime import datetime
from types import TracebackType

USER, PASSWORD = "bounces", "a password"
TOKEN = "ya29.a-token"
TOKEN_SHOWN = f"user={USER}\1auth=Bearer {TOKEN}\1\1".encode()


class ImapServer:
    """`messages` are (uid, day, bytes). `commands` tells what was asked, `faults` what to do at a command.

    A fault is named by the command's word (LOGIN, EXAMINE, SEARCH, FETCH) and is used up: `drop` closes the line,
    `no` refuses, `babble` answers nonsense, `half` ends in the middle of a message, `huge` announces far too much.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, *, starttls: bool = False) -> None:
        self.messages: list[tuple[int, datetime, bytes]] = []
        self.uid_validity: int | None = 1
        self.tells_next = True
        self.commands: list[str] = []
        self.faults: dict[str, list[str]] = {}
        self._tls, self._starttls = tls, starttls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> "ImapServer":
        thread = threading.Thread(target=self._accept, daemon=True)
        self._threads.append(thread)
        thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        for sock in [self._listener, *self._sockets]:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    def add(self, uid: int, at: datetime, raw: bytes) -> None:
        self.messages.append((uid, at, raw))

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError, ValueError):
            if self._tls is not None and not self._starttls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._sockets.append(sock)
            sock.sendall(b"* OK [CAPABILITY IMAP4rev1] here\r\n")
            reader = sock.makefile("rb")
            while line := reader.readline():
                tag, _, command = line.decode().strip().partition(" ")
                self.commands.append(command)
                if command == "STARTTLS" and self._tls is not None:
                    sock.sendall(f"{tag} OK begin\r\n".encode())
                    sock = self._tls.wrap_socket(sock, server_side=True)
                    self._sockets.append(sock)
                    reader = sock.makefile("rb")
                    continue
                if command == "AUTHENTICATE XOAUTH2":
                    sock.sendall(b"+ \r\n")
                    if b64decode(reader.readline()) != TOKEN_SHOWN:
                        sock.sendall(b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n")
                        assert reader.readline() == b"\r\n"
                        sock.sendall(f"{tag} NO [AUTHENTICATIONFAILED] no such token\r\n".encode())
                        continue
                    sock.sendall(f"{tag} OK in\r\n".encode())
                    continue
                answer = self._answer(tag, command)
                sock.sendall(answer)
                if command == "LOGOUT" or answer.endswith(b"\0"):
                    break
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()

    def _fault(self, word: str) -> str | None:
        waiting = self.faults.get(word)
        return waiting.pop(0) if waiting else None

    def _answer(self, tag: str, command: str) -> bytes:
        words = command.split()
        word = words[1].upper() if words[0].upper() == "UID" else words[0].upper()
        fault = self._fault(word)
        if fault == "drop":
            return b"\0"
        if fault == "no":
            return f"{tag} NO not now\r\n".encode()
        if fault == "babble":
            return b"* SEARCH 1 two \xff 3\r\n* 1 FETCH nonsense\r\n" + f"{tag} OK done\r\n".encode()
        ok = f"{tag} OK {word} done\r\n".encode()
        match word:
            case "CAPABILITY":
                more = " STARTTLS" if self._starttls else ""
                return f"* CAPABILITY IMAP4rev1{more}\r\n".encode() + ok
            case "LOGIN":
                wanted = f'LOGIN {USER} "{PASSWORD}"'
                return ok if command == wanted else f"{tag} NO [AUTHENTICATIONFAILED] wrong\r\n".encode()
            case "EXAMINE":
                return self._folder() + f"{tag} OK [READ-ONLY] EXAMINE done\r\n".encode()
            case "SEARCH":
                found = " ".join(str(uid) for uid in self._search(words[2:]))
                return f"* SEARCH {found}\r\n".encode() + ok
            case "FETCH":
                return self._fetch(int(words[2]), command, fault) + ok
            case "LOGOUT":
                return b"* BYE\r\n" + ok
        return f"{tag} BAD what\r\n".encode()

    def _folder(self) -> bytes:
        lines = [f"* {len(self.messages)} EXISTS", "* 0 RECENT", "* FLAGS (\\Seen)"]
        if self.uid_validity is not None:
            lines.append(f"* OK [UIDVALIDITY {self.uid_validity}] ok")
        if self.tells_next:
            lines.append(f"* OK [UIDNEXT {max((uid for uid, _, _ in self.messages), default=0) + 1}] ok")
        return "".join(f"{line}\r\n" for line in lines).encode()

    def _search(self, words: list[str]) -> list[int]:
        if words[0] == "ALL":
            return [uid for uid, _, _ in self.messages]
        if words[0] == "SINCE":
            since = datetime.strptime(words[1], "%d-%b-%Y").date()  # noqa: DTZ007
            return [uid for uid, at, _ in self.messages if at.date() >= since]
        first = int(words[1].partition(":")[0])
        last = max((uid for uid, _, _ in self.messages), default=0)
        # As RFC 9051 has it: `n:*` always holds the last one, even where n is larger.
        return [uid for uid, _, _ in self.messages if uid >= min(first, last)]

    def _fetch(self, wanted: int, command: str, fault: str | None) -> bytes:
        most = int(re.search(r"<0\.(\d+)>", command)[1])  # type: ignore[index]
        for number, (uid, _, raw) in enumerate(self.messages, 1):
            if uid == wanted:
                part = raw[:most]
                size = 10**10 if fault == "huge" else len(part)
                head = f"* {number} FETCH (UID {uid} BODY[]<0> {{{size}}}\r\n".encode()
                if fault == "half":
                    return head + part[: len(part) // 2] + b"\0"
                return head + part + b")\r\n"
        return b""
