"""Where a web hook may go: nothing inside is reached, however its address is written."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.reach import (
    Unreachable,
    find,
    is_public,
    public_or_this_machine,
    read_target,
    system_resolve,
)  # fmt: skip

CLOSED = (
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.0.9", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::127.0.0.1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001::1", "2001:db8::1",
    "3fff::1", "5f00::1", "100::1", "64:ff9b:1::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:0a00:0001::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::c0a8:101",
)  # fmt: skip
OPEN = (
    "1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "2606:4700::1111",
    "2a00:1450::1", "::ffff:1.1.1.1", "2002:0101:0101::1", "64:ff9b::101:101",
)  # fmt: skip


@pytest.mark.parametrize("text", CLOSED)
def test_what_is_not_of_the_open_internet_is_closed(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", OPEN)
def test_the_open_internet_is_open(text: str) -> None:
    assert is_public(ip_address(text))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_an_address_inside_another_is_judged_alike(number: int) -> None:
    inner = is_public(IPv4Address(number))
    for outer in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert is_public(IPv6Address(outer)) == inner


def test_this_machine_is_open_only_to_who_asked_for_it() -> None:
    assert public_or_this_machine(ip_address("127.0.0.1"))
    assert public_or_this_machine(ip_address("::1"))
    assert not public_or_this_machine(ip_address("10.0.0.1"))


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost"])
def test_other_ways_to_write_this_machine_are_seen_through(host: str) -> None:
    with pytest.raises(Unreachable) as caught:
        find(read_target(f"https://{host}/"), system_resolve, is_public)
    assert caught.value.code == "hook.closed_network"
    assert caught.value.for_good


def test_one_closed_address_among_open_ones_closes_the_name() -> None:
    with pytest.raises(Unreachable) as caught:
        find(read_target("https://two.example/"), lambda host, port: ["1.1.1.1", "10.0.0.1"], is_public)
    assert caught.value.code == "hook.closed_network"


def test_a_name_that_nobody_knows_may_be_known_later() -> None:
    def nobody(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    for resolve in (nobody, lambda host, port: []):
        with pytest.raises(Unreachable) as caught:
            find(read_target("https://gone.example/"), resolve, is_public)
        assert (caught.value.code, caught.value.for_good) == ("hook.no_such_host", False)


def test_without_encryption_nothing_leaves_this_machine() -> None:
    allows = public_or_this_machine
    assert find(read_target("http://here/"), lambda host, port: ["127.0.0.1"], allows) == ["127.0.0.1"]
    with pytest.raises(Unreachable) as caught:
        find(read_target("http://out.example/"), lambda host, port: ["1.1.1.1"], allows)
    assert caught.value.code == "hook.not_https"


@pytest.mark.parametrize(
    "url",
    ["", "ftp://x.example/", "https://", "https:///path", "//x.example/", "https://user@x.example/", "https://x.example:99999/",
     "https://u:p@x.example/", "https://x.example\\@10.0.0.1/", "https://x.example/\r\nHost: y", "https://x .example/",
     "https://x.example/\t", "javascript:alert(1)", "https://[::1/", f"https://{'a' * 70}.example/",
     f"https://x.example/{'a' * 2000}"],
)  # fmt: skip
def test_what_is_no_address_is_refused_for_good(url: str) -> None:
    with pytest.raises(Unreachable) as caught:
        read_target(url)
    assert (caught.value.code, caught.value.for_good) == ("hook.address", True)


def test_an_address_is_taken_apart_as_it_is_sent() -> None:
    target = read_target("https://Bücher.example:8443/a b?q=ü&r=%20".replace(" ", "/"))
    assert (target.host, target.port, target.path) == ("xn--bcher-kva.example", 8443, "/a/b?q=%C3%BC&r=%20")
    assert target.shown == "xn--bcher-kva.example:8443"
    assert read_target("https://[2606:4700::1111]").shown == "[2606:4700::1111]"
    assert read_target("https://x.example?a=1#part").path == "/?a=1"
