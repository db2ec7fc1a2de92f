"""Where mail is handed over, how the line is secured, and how long each wait may last."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Literal, Protocol


class Token(Protocol):
    """Gives an access token when called, with a ValueError where there is none; `forget` those that were refused."""

    def __call__(self) -> str: ...

    def forget(self) -> None: ...


Security = Literal["none", "opportunistic", "starttls", "tls"]


@dataclass(frozen=True, slots=True)
class SmtpRoute:
    """A relay and how to speak with it.

    `security`: "tls" from the first byte, "starttls" or no mail, "opportunistic" where the server offers it
    (against listeners only: nobody is proven to be anybody), "none". `ca` holds certificates (PEM) that are
    trusted instead of the system's. Waits are in seconds and those of RFC 5321, 4.5.3.2; `timeout` bounds
    the wait for a greeting or a reply, and the others too where it is shorter, but never `dot_timeout`, the
    wait for the verdict after the final dot: giving up there leaves an uncertain mail. With `token` the account
    is proven by an access token instead of the password.
    """

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: Token | None = field(default=None, repr=False)
    local_hostname: str = "localhost"
    timeout: float = 300.0
    connect_timeout: float = 30.0
    data_timeout: float = 120.0
    body_timeout: float = 180.0
    dot_timeout: float = 600.0
    verify: bool = True
    ca: str = field(default="", repr=False)
    max_mails: int = 100
    max_age: timedelta = timedelta(minutes=5)
    pipelining: bool = True

    def patience(self, wait: float) -> float:
        return min(wait, self.timeout)

    def tls(self) -> ssl.SSLContext:
        """The TLS settings. Raises ssl.SSLError where `ca` holds no certificate."""
        return _context(self.ca, self.verify and self.security != "opportunistic")


@lru_cache(maxsize=64)
def _context(ca: str, verify: bool) -> ssl.SSLContext:
    """Made once: loading the trusted roots takes tens of milliseconds."""
    context = ssl.create_default_context(cadata=ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
