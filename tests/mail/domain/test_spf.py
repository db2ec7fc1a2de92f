"""SPF as receivers read it: look-ups counted, terms understood, the relay and the address covered."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mail.dns import NoAnswer
from app.mail.domain.findings import Finding
from app.mail.domain.spf import check_spf
from app.mail.domain.spf_record import SpfFault, read_spf, with_end, with_term
from tests.support.names import Names

DOMAIN = "example.com"


def look(
    record: str | Sequence[str], more: Mapping[str, str] | None = None, **wish: str
) -> dict[str, Finding]:
    """The findings by code, with the record of the domain and records of others."""
    texts = [record] if isinstance(record, str) else list(record)
    zone = {DOMAIN: {"TXT": [*texts, "some other text"], "MX": ["10 mx.example.com"], "A": ["192.0.2.10"]},
            "mx.example.com": {"A": ["192.0.2.20"], "AAAA": ["2001:db8::20"]}}  # fmt: skip
    zone |= {name: {"TXT": [text]} for name, text in (more or {}).items()}
    return {found.code.removeprefix("domain.spf."): found for found in check_spf(Names(zone), DOMAIN, **wish)}


@pytest.mark.parametrize(
    ("record", "lookups"),
    [
        ("v=spf1 -all", 0),
        ("V=SPF1 MX ~ALL", 1),
        ("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a mx -all", 2),
        ("v=spf1 a:mx.example.com/24 mx/24//64 exists:%{i}.example.com -all", 3),
        ("v=spf1 include:one.example ~all", 2),
        ("v=spf1 redirect=one.example", 2),
        ("v=spf1 a exp=why.example.com unknown=x -all", 1),
    ],
)
def test_a_good_record_is_told_with_its_look_ups(record: str, lookups: int) -> None:
    found = look(record, {"one.example": "v=spf1 a:example.com -all"})
    assert set(found) == {"ok"}
    assert found["ok"].params["lookups"] == lookups


@pytest.mark.parametrize(
    ("record", "code", "level"),
    [
        ([], "none", "stop"),
        ("v=spf10 -all", "none", "stop"),
        (["v=spf1 -all", "v=spf1 mx -all"], "several", "stop"),
        ("v=spf1 ip4:192.0.2.300 -all", "syntax", "stop"),
        ("v=spf1 ip4:2001:db8::1 -all", "syntax", "stop"),
        ("v=spf1 ip6:192.0.2.1 -all", "syntax", "stop"),
        ("v=spf1 ipv4:192.0.2.1 -all", "syntax", "stop"),
        ("v=spf1 include -all", "syntax", "stop"),
        ("v=spf1 include: -all", "syntax", "stop"),
        ("v=spf1 a/33 -all", "syntax", "stop"),
        ("v=spf1 include:one.example/24 -all", "syntax", "stop"),
        ("v=spf1 192.0.2.1 -all", "syntax", "stop"),
        ("v=spf1 all:x", "syntax", "stop"),
        ("v=spf1 redirect=", "syntax", "stop"),
        ("v=spf1 mx, -all", "syntax", "stop"),
        ("v=spf1 +all", "all_pass", "stop"),
        ("v=spf1 mx all", "all_pass", "stop"),
        ("v=spf1 mx ?all", "neutral", "warn"),
        ("v=spf1 mx", "no_end", "warn"),
        ("v=spf1 ptr -all", "ptr", "warn"),
        ("v=spf1 include:gone.example -all", "broken_include", "stop"),
        ("v=spf1 include:example.com -all", "loop", "stop"),
        ("v=spf1 a:g1.example a:g2.example a:g3.example -all", "void", "stop"),
    ],
)
def test_a_fault_is_named(record: str, code: str, level: str) -> None:
    found = look(record)
    assert found[code].level == level
    assert ("ok" in found) == (level == "warn")


def test_look_ups_are_counted_through_includes() -> None:
    more = {f"i{n}.example": "v=spf1 a:example.com mx:example.com -all" for n in range(4)}
    nested = "v=spf1 " + " ".join(f"include:{name}" for name in more) + " -all"
    found = look(nested, more)
    assert found["many_lookups"].params["count"] == 12
    assert "many_lookups" not in look(nested.replace("include:i3.example ", ""), more)


def test_a_record_without_end_is_given_up() -> None:
    """Each record names two others, a thousand million in all."""
    more = {
        f"d{n}.example": f"v=spf1 include:d{n + 1}.example include:d{n + 1}.example -all" for n in range(30)
    }
    zone = {
        DOMAIN: {"TXT": ["v=spf1 include:d0.example -all"]},
        **{name: {"TXT": [text]} for name, text in more.items()},
    }
    names = Names(zone)
    codes = {found.code for found in check_spf(names, DOMAIN)}
    assert "domain.spf.many_lookups" in codes
    assert len(names.asked) < 60


def test_more_than_ten_mail_hosts_break_mx() -> None:
    zone = {DOMAIN: {"TXT": ["v=spf1 mx -all"], "MX": [f"10 mx{n}.example.com" for n in range(11)]}}
    zone |= {f"mx{n}.example.com": {"A": ["192.0.2.1"]} for n in range(11)}
    assert "domain.spf.many_mx" in {found.code for found in check_spf(Names(zone), DOMAIN)}


@pytest.mark.parametrize(
    ("record", "passes"),
    [
        ("v=spf1 include:amazonses.com ~all", True),
        ("v=spf1 include:deep.example ~all", True),
        ("v=spf1 redirect=deep.example", True),
        ("v=spf1 mx ~all", False),
    ],
)
def test_the_relay_must_be_named(record: str, passes: bool) -> None:
    more = {
        "amazonses.com": "v=spf1 ip4:198.51.100.0/24 -all",
        "deep.example": "v=spf1 include:amazonses.com -all",
    }
    found = look(record, more, mechanism="include:amazonses.com")
    assert ("ok" in found) is passes
    if not passes:
        wanted = found["relay_missing"].publish
        assert wanted is not None
        assert (wanted.name, wanted.type, wanted.value) == (
            DOMAIN,
            "TXT",
            "v=spf1 mx include:amazonses.com ~all",
        )
        assert "ok" in look(wanted.value, more, mechanism="include:amazonses.com")


@pytest.mark.parametrize(
    ("record", "address", "passes"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.77", True),
        ("v=spf1 ip4:192.0.2.77 -all", "192.0.2.78", False),
        ("v=spf1 -ip4:192.0.2.77 -all", "192.0.2.77", False),
        ("v=spf1 a -all", "192.0.2.10", True),
        ("v=spf1 a/24 -all", "192.0.2.99", True),
        ("v=spf1 mx -all", "2001:db8::20", True),
        ("v=spf1 mx//64 -all", "2001:db8::99", True),
        ("v=spf1 include:one.example -all", "198.51.100.7", True),
        ("v=spf1 ip6:2001:db8::/32 -all", "192.0.2.1", False),
    ],
)
def test_the_sending_address_must_be_covered(record: str, address: str, passes: bool) -> None:
    more = {"one.example": "v=spf1 ip4:198.51.100.0/24 -all"}
    found = look(record, more, address=address)
    assert ("ok" in found) is passes
    if not passes:
        wanted = found["address_missing"].publish
        assert wanted is not None
        assert "ok" in look(wanted.value, more, address=address)


def test_a_missing_record_is_written_out() -> None:
    for wish, term in (
        ({"mechanism": "include:amazonses.com"}, "include:amazonses.com"),
        ({"address": "2001:db8::5"}, "ip6:2001:db8::5"),
        ({}, "mx"),
    ):
        wanted = look([], **wish)["none"].publish
        assert wanted is not None
        assert wanted.value == f"v=spf1 {term} ~all"


def test_a_domain_that_is_not_there_has_no_record() -> None:
    assert [found.code for found in check_spf(Names({}), DOMAIN)] == ["domain.spf.none"]


def test_a_resolver_that_is_silent_is_no_finding_about_the_record() -> None:
    zone = {DOMAIN: {"TXT": ["v=spf1 include:slow.example -all"]}}
    with pytest.raises(NoAnswer):
        list(check_spf(Names(zone, {"slow.example": NoAnswer("slow.example")}), DOMAIN))


@given(st.text(max_size=60))
def test_any_text_is_a_record_or_a_named_fault(text: str) -> None:
    record = f"v=spf1 {text}"
    try:
        terms, broken = read_spf(record), "v=spf1"
    except SpfFault as fault:
        terms, broken = (), str(fault)
    assert broken in record.split()
    if broken != "v=spf1":
        return
    assert all(term.written in record.split() for term in terms)
    assert read_spf(with_term(record, "mx")) is not None
    assert [term.kind for term in read_spf(with_end(record, "~all"))][-1] == "all"
