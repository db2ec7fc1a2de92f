"""Names for tests: answers from a dictionary, and the same over a real DNS server on loopback (UDP)."""

import socketserver
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from app.mail.dns import DnsFault, Mx, NoSuchDomain, Resolver

Zone = Mapping[str, Mapping[str, Sequence[str]]]


class Names(Resolver):
    """`{"example.com": {"MX": ["10 mx.example.com"], "TXT": ["v=spf1 -all"], "A": […], "PTR": […]}}`.

    A name that is not there does not exist. `faults` maps a name to what is raised for it. `asked` keeps
    what was asked, in order.
    """

    def __init__(self, zone: Zone, faults: Mapping[str, DnsFault] | None = None) -> None:
        self.zone = {name.lower(): records for name, records in zone.items()}
        self.faults = dict(faults or {})
        self.asked: list[tuple[str, str]] = []

    def _records(self, name: str, kind: str) -> Sequence[str]:
        name = name.lower().rstrip(".")
        self.asked.append((name, kind))
        if name in self.faults:
            raise self.faults[name]
        if name not in self.zone:
            raise NoSuchDomain(name)
        return self.zone[name].get(kind, ())

    def mx(self, domain: str) -> tuple[Mx, ...]:
        split = (record.split() for record in self._records(domain, "MX"))
        return tuple(sorted((int(preference), host.rstrip(".").lower()) for preference, host in split))

    def txt(self, name: str) -> tuple[str, ...]:
        return tuple(self._records(name, "TXT"))

    def addresses(self, name: str) -> tuple[str, ...]:
        return (*self._records(name, "A"), *self._records(name, "AAAA"))

    def names_of(self, address: str) -> tuple[str, ...]:
        return tuple(self._records(address, "PTR"))


@contextmanager
def dns_server(zone: Zone, rcodes: Mapping[str, str] | None = None) -> Iterator[str]:
    """A name server on loopback; gives its `address:port`. `rcodes` says which names it answers otherwise."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, line = self.request
            line.sendto(
                _answer(dns.message.from_wire(data), zone, rcodes or {}).to_wire(), self.client_address
            )

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _answer(query: dns.message.Message, zone: Zone, rcodes: Mapping[str, str]) -> dns.message.Message:
    answer = dns.message.make_response(query)
    question: Any = query.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    if name in rcodes:
        answer.set_rcode(dns.rcode.from_text(rcodes[name]))
    elif name not in zone:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    else:
        records = zone[name].get(dns.rdatatype.to_text(question.rdtype), ())
        if records:
            answer.answer.append(
                dns.rrset.from_text(question.name, 60, "IN", question.rdtype, *map(_written, records))
            )
    return answer


def _written(record: str) -> str:
    """A text record in quotes, in strings of at most 255 octets; others as they are."""
    if " " not in record and "=" not in record:
        return record
    head, _, rest = record.partition(" ")
    if head.isdigit() and "=" not in rest:
        return record
    pieces = [record[start : start + 255] for start in range(0, len(record), 255)]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)
