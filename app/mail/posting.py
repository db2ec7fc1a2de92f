"""One signed POST of JSON to a pinned address: no redirects, one deadline for everything, little read back.

The signature is an HMAC-SHA256 over the second of sending, a full stop and the body, in the header
`Trellis-Signature: t=<seconds>,v1=<hex>`; a receiver refuses what is older than it likes.
"""

import hashlib
import hmac
import io
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, cast

from app.mail.reach import Allows, Resolve, Target, Unreachable, find, is_public, read_target, system_resolve

SECONDS = 10.0
LARGEST_BODY = 64 * 1024
READ_BACK = 2048
SIGNATURE = "Trellis-Signature"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other end said: its status, the start of its text, and when to come back (Retry-After)."""

    status: int
    text: str
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Poster:
    """How a hook is called. `resolve`, `allows` and `tls` are arguments so that a test can stand in for the world."""

    resolve: Resolve = system_resolve
    allows: Allows = is_public
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    seconds: float = SECONDS

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send and read the answer. Raises Unreachable where there is none, whatever the reason."""
        target = read_target(url)
        if len(body) > LARGEST_BODY:
            raise Unreachable("hook.too_large", for_good=True)
        addresses = find(target, self.resolve, self.allows)
        deadline = time.monotonic() + self.seconds
        try:
            with closing(self._connect(target, addresses, deadline)) as sock:
                return _exchange(_Line(sock, deadline), target, body, headers)
        except TimeoutError:
            raise Unreachable("hook.timed_out", for_good=False) from None
        except ssl.SSLCertVerificationError as error:
            raise Unreachable("hook.certificate", for_good=False, error=error.verify_message) from None
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable("hook.no_connection", for_good=False, error=_told(error)) from None

    def _connect(self, target: Target, addresses: list[str], deadline: float) -> socket.socket:
        """A line to the first address that answers; the certificate is the name's, not the address's."""
        for number, address in enumerate(addresses):
            try:
                share = _left(deadline) / (len(addresses) - number)
                raw = socket.create_connection((address, target.port), timeout=share)
                break
            except OSError:
                if number == len(addresses) - 1:
                    raise
        if target.scheme == "http":
            return raw
        secured = self.tls.wrap_socket(raw, server_hostname=target.host, do_handshake_on_connect=False)
        try:
            secured.settimeout(_left(deadline))
            secured.do_handshake()
        except BaseException:
            secured.close()
            raise
        return secured


def sign(key: bytes, at: int, body: bytes) -> str:
    """The signature header for a body sent at the second `at`."""
    mac = hmac.new(key, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


class _Line:
    """A socket of which every act counts against one deadline, so that an answer in drips ends too."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: Any) -> None:
        self._sock.settimeout(_left(self._deadline))
        self._sock.sendall(data)

    def receive(self, buffer: Any) -> int:
        self._sock.settimeout(_left(self._deadline))
        return self._sock.recv_into(buffer)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """The answer is still to be read when http.client lets go; who opened the socket closes it."""


class _Incoming(io.RawIOBase):
    def __init__(self, line: _Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._line.receive(buffer)


def _exchange(line: _Line, target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
    connection = HTTPConnection(target.host, target.port)
    connection.sock = cast(socket.socket, line)
    connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
    common = {"Host": target.shown, "Content-Type": "application/json", "Content-Length": str(len(body)),
              "Accept-Encoding": "identity", "Connection": "close"}  # fmt: skip
    for name, value in {**common, **headers}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer: HTTPResponse = connection.getresponse()
    with answer:
        return Answer(answer.status, _start_of(answer), answer.headers.get("Retry-After"))


def _start_of(answer: HTTPResponse) -> str:
    """The first of its text, for a person to read; a broken end does not undo the status."""
    try:
        data = answer.read(READ_BACK)
    except (OSError, HTTPException):
        return ""
    text = data.decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()[:500]


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _told(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]
