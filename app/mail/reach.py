"""Where an outgoing web hook may go: a public host, found once, and the connection pinned to what was found.

A name is resolved here and nowhere else, every answer is judged, and the connection is made to a judged
address, so a name that answers differently a moment later (DNS rebinding) reaches nothing inside.
"""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urlsplit

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[str]]
Allows = Callable[[Address], bool]

LONGEST_URL = 2000
# Characters by which two readers of an address come to different hosts, or a request to two lines.
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_KEPT = "!#$%&'()*+,/:;=?@[]~"

# IANA special-purpose registries (RFC 6890 and its updates), multicast, reserved.
_CLOSED_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # a cloud's own services behind a public-looking address
    )
)  # fmt: skip
_GLOBAL_6 = IPv6Network("2000::/3")
_CLOSED_6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")


class Unreachable(Exception):
    """There is no way there. `code` is the reason's; `for_good`: another try would find the same."""

    def __init__(self, code: str, *, for_good: bool, error: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.for_good = for_good
        self.error = error


@dataclass(frozen=True, slots=True)
class Target:
    """A hook's address taken apart. `host` is an A-label or a literal, `path` holds the query too."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def shown(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"


def read_target(url: str) -> Target:
    """The parts of a hook's address. Raises Unreachable where it is none."""
    try:
        if len(url) > LONGEST_URL or _UNSAFE.search(url):
            raise ValueError(url)
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host if ":" in host else host.encode("idna").decode("ascii")
        if parts.scheme not in ("https", "http") or not host or "@" in parts.netloc:
            raise ValueError(url)
    except (ValueError, UnicodeError):
        raise Unreachable("hook.address", for_good=True) from None
    path = quote(parts.path or "/", safe=_KEPT) + (
        f"?{quote(parts.query, safe=_KEPT)}" if parts.query else ""
    )
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def system_resolve(host: str, port: int) -> list[str]:
    """Every address of a host, as the system finds it; forms such as `0x7f.1` become addresses here too."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def is_public(address: Address) -> bool:
    """Whether an address is of the open internet; one that carries an IPv4 address is judged by that."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_4)
    if address in _MAPPED or address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    if address in _SIX_TO_FOUR:
        return is_public(IPv4Address(int(address) >> 80 & 0xFFFFFFFF))
    return address in _GLOBAL_6 and not any(address in network for network in _CLOSED_6)


def public_or_this_machine(address: Address) -> bool:
    """For an operator who asked for it: the machine's own loopback as well."""
    return is_public(address) or address.is_loopback


def find(target: Target, resolve: Resolve, allows: Allows) -> list[str]:
    """The addresses to try, in their order. One closed address among them closes the name. Raises Unreachable."""
    try:
        texts = resolve(target.host, target.port)
        found = [ip_address(text) for text in texts]
    except (OSError, UnicodeError, ValueError) as error:
        raise Unreachable("hook.no_such_host", for_good=False, error=str(error)) from None
    if not found:
        raise Unreachable("hook.no_such_host", for_good=False)
    if not all(allows(address) for address in found):
        raise Unreachable("hook.closed_network", for_good=True)
    # Without encryption nothing leaves this machine.
    if target.scheme == "http" and not all(address.is_loopback for address in found):
        raise Unreachable("hook.not_https", for_good=True)
    return [str(address) for address in found]
