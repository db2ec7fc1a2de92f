"""Names asked of a real server on loopback: records, their absence, and each way of not answering."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.dns import (
    NULL_MX,
    NoAnswer,
    NoSuchDomain,
    Refused,
    SystemResolver,
    mail_hosts,
    takes_mail,
)  # fmt: skip
from tests.support.names import Names, dns_server

LONG = "v=DKIM1; k=rsa; p=" + "A" * 400
ZONE = {
    "example.com": {
        "MX": ["20 Backup.example.com.", "10 mx.example.com."],
        "TXT": ["v=spf1 -all", LONG],
        "A": ["192.0.2.1", "192.0.2.2"],
        "AAAA": ["2001:db8::1"],
    },
    "bare.example.com": {"A": ["192.0.2.3"]},
    "none.example.com": {"MX": ["0 ."]},
    "empty.example.com": {},
    "xn--bcher-kva.example": {"MX": ["5 mx.example.com."]},
    "1.2.0.192.in-addr.arpa": {"PTR": ["mail.example.com."]},
}


@pytest.fixture(scope="module")
def resolver() -> Iterator[SystemResolver]:
    rcodes = {"refused.example.com": "REFUSED", "broken.example.com": "SERVFAIL"}
    with dns_server(ZONE, rcodes) as place:
        yield SystemResolver([place])


def test_records_are_read(resolver: SystemResolver) -> None:
    assert resolver.mx("EXAMPLE.com") == ((10, "mx.example.com"), (20, "backup.example.com"))
    assert sorted(resolver.txt("example.com.")) == [LONG, "v=spf1 -all"]
    assert sorted(resolver.addresses("example.com")) == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
    assert resolver.names_of("192.0.2.1") == ("mail.example.com",)
    assert resolver.mx("bücher.example") == ((5, "mx.example.com"),)


def test_a_name_without_such_records_has_none(resolver: SystemResolver) -> None:
    assert resolver.mx("bare.example.com") == ()
    assert resolver.txt("empty.example.com") == ()
    assert resolver.addresses("empty.example.com") == ()


def test_who_takes_a_domains_mail(resolver: SystemResolver) -> None:
    assert mail_hosts(resolver, "example.com") == ("mx.example.com", "backup.example.com")
    assert mail_hosts(resolver, "bare.example.com") == ("bare.example.com",)
    assert resolver.mx("none.example.com") == NULL_MX
    assert [
        takes_mail(resolver, name) for name in ("none.example.com", "empty.example.com", "gone.example.com")
    ] == [False, False, False]


def test_a_name_that_is_not_there_is_told_from_a_server_that_will_not_say(resolver: SystemResolver) -> None:
    with pytest.raises(NoSuchDomain):
        resolver.mx("gone.example.com")
    with pytest.raises(Refused, match="REFUSED"):
        resolver.mx("refused.example.com")
    with pytest.raises(Refused):
        takes_mail(resolver, "broken.example.com")
    with pytest.raises(NoSuchDomain):
        resolver.names_of("192.0.2.99")
    with pytest.raises(ValueError, match="no IP address"):
        resolver.names_of("mail.example.com")


def test_a_server_that_is_silent_is_told_as_such() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        resolver = SystemResolver([f"127.0.0.1:{deaf.getsockname()[1]}"], lifetime=0.2)
        with pytest.raises(NoAnswer, match=r"no answer in 0\.2 seconds from 127\.0\.0\.1"):
            resolver.mx("example.com")


def test_a_machine_without_name_servers_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import dns.resolver

    def read(*_: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", read)
    with pytest.raises(NoAnswer, match="names no DNS server"):
        SystemResolver().mx("example.com")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80).filter(lambda text: text not in ZONE))
def test_nonsense_is_no_domain_and_no_crash(name: str) -> None:
    """What is no name never reaches a server; what is one is told as gone."""
    with dns_server({}) as place:
        with suppress(NoSuchDomain):
            assert SystemResolver([place], lifetime=1).mx(name) == ()


def test_the_dictionary_answers_as_the_server_does(resolver: SystemResolver) -> None:
    names = Names(ZONE)
    for name in ("example.com", "bare.example.com", "none.example.com", "empty.example.com"):
        assert names.mx(name) == resolver.mx(name)
        assert sorted(names.txt(name)) == sorted(resolver.txt(name))
        assert sorted(names.addresses(name)) == sorted(resolver.addresses(name))
    with pytest.raises(NoSuchDomain):
        names.mx("gone.example.com")
