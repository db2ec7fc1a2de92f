"""DKIM and DMARC records, alignment, and the hosts behind a domain: each fault named, with what to publish."""

from collections.abc import Iterable, Mapping, Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from app.mail.dkim_keys import new_key, public_text, record
from app.mail.domain.dkim_record import check_dkim
from app.mail.domain.dmarc import check_alignment, check_dmarc, find_policy
from app.mail.domain.findings import Finding
from app.mail.domain.hosts import check_links, check_mx, check_ptr
from app.mail.domain.tag_list import TagFault, read_tags
from tests.support.names import Names

DOMAIN = "example.com"
KEY, OTHER = (public_text(new_key("rsa")) for _ in range(2))
ED = public_text(new_key("ed25519"))


def codes(found: Iterable[Finding]) -> dict[str, str]:
    return {each.code.split(".", 2)[2]: each.level for each in found}


def texts(name: str, *records: str) -> Names:
    return Names({name: {"TXT": list(records)}})


def dkim(*records: str, ours: tuple[str, str] | None = ("rsa", KEY)) -> dict[str, str]:
    names = texts(f"mail._domainkey.{DOMAIN}", *records) if records else Names({})
    return codes(check_dkim(names, DOMAIN, "mail", ours))


@pytest.mark.parametrize(
    "text",
    [
        record("rsa", KEY),
        f"p={KEY}",
        f"v=DKIM1;k=rsa;p={KEY};",
        f"v=DKIM1; k=rsa; p={KEY[:100]} {KEY[100:]}",
        f"v=DKIM1; h=sha1:sha256; s=email; t=s; k=rsa; n=a note; p={KEY}",
    ],
)
def test_our_key_is_recognised(text: str) -> None:
    assert dkim(text) == {"ok": "ok"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("v=DKIM1; k=rsa; p=", "revoked"),
        (record("rsa", OTHER), "other_key"),
        (f"v=DKIM1; k=ed25519; p={KEY}", "other_key"),
        (f"v=DKIM2; p={KEY}", "syntax"),
        (f"k=rsa; v=DKIM1; p={KEY}", "syntax"),
        (f'"v=DKIM1; p={KEY}"', "syntax"),
        ("v=DKIM1; k=rsa", "syntax"),
        ("hello", "syntax"),
        (f"v=DKIM1; p={KEY}; p={KEY}", "syntax"),
        (f"v=DKIM1; h=sha1; p={KEY}", "hash"),
        (f"v=DKIM1; s=tlsrpt; p={KEY}", "service"),
    ],
)
def test_a_fault_of_the_key_is_named_with_the_right_record(text: str, code: str) -> None:
    assert dkim(text) == {code: "stop"}
    found = list(check_dkim(texts(f"mail._domainkey.{DOMAIN}", text), DOMAIN, "mail", ("rsa", KEY)))
    assert found[0].publish is not None
    assert found[0].publish.value == record("rsa", KEY)


def test_missing_doubled_and_on_trial() -> None:
    assert dkim() == {"missing": "stop"}
    assert dkim(record("rsa", KEY), record("rsa", OTHER)) == {"several": "stop"}
    assert dkim(f"v=DKIM1; t=y:s; p={KEY}") == {"ok": "ok", "testing": "warn"}


def test_a_key_of_the_relay_must_be_one() -> None:
    short = public_text(generate_private_key(65537, 1024))
    assert dkim(record("rsa", OTHER), ours=None) == {"ok": "ok"}
    assert dkim(record("ed25519", ED), ours=None) == {"ok": "ok"}
    assert dkim(record("rsa", short), ours=None) == {"short": "stop"}
    for bad in ("v=DKIM1; p=AAAA", "v=DKIM1; k=ed25519; p=AAAA", "v=DKIM1; p=%%%", f"v=DKIM1; k=x; p={KEY}"):
        assert dkim(bad, ours=None) == {"syntax": "stop"}


def dmarc(text: str | None, domain: str = DOMAIN, more: Mapping[str, str] | None = None) -> dict[str, str]:
    zone = {f"_dmarc.{DOMAIN}": {"TXT": [text]}} if text else {}
    zone |= {name: {"TXT": [value]} for name, value in (more or {}).items()}
    names = Names(zone)
    return codes(check_dmarc(names, domain, find_policy(names, domain)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("v=DMARC1; p=reject; rua=mailto:d@example.com", {"ok": "ok"}),
        ("V=dmarc1 ; P = Reject; RUA=mailto:d@reports.example.com", {"ok": "ok"}),
        ("v=DMARC1; p=none; rua=mailto:d@example.com", {"ok": "ok", "watching": "warn"}),
        ("v=DMARC1; p=reject; pct=20; rua=mailto:d@example.com", {"ok": "ok", "share": "warn"}),
        ("v=DMARC1; p=reject", {"ok": "ok", "no_reports": "warn"}),
        ("v=DMARC1; p=reject; rua=mailto:d@other.example", {"ok": "ok", "reports_refused": "warn"}),
        ("v=DMARC1; p=block", {"syntax": "stop"}),
        ("v=DMARC1; rua=mailto:d@example.com", {"syntax": "stop"}),
        ("v=DMARC1; p=reject; pct=200", {"syntax": "stop"}),
        ("v=DMARC1; p=reject; adkim=x", {"syntax": "stop"}),
        ("v=DMARC1; p=reject; hello", {"syntax": "stop"}),
        ("v=DMARC2; p=reject", {"none": "stop"}),
        (None, {"none": "stop"}),
    ],
)
def test_the_policy(text: str | None, found: dict[str, str]) -> None:
    assert dmarc(text) == found


def test_reports_to_a_domain_that_takes_them() -> None:
    text = "v=DMARC1; p=reject; rua=mailto:d@other.example!10m"
    assert dmarc(text, more={"example.com._report._dmarc.other.example": "v=DMARC1;"}) == {"ok": "ok"}


def test_a_domain_below_takes_the_policy_for_such() -> None:
    found = dmarc("v=DMARC1; p=reject; sp=none; rua=mailto:d@example.com", "news.example.com")
    assert found == {"ok": "ok", "watching": "warn"}
    names = texts(f"_dmarc.{DOMAIN}", "v=DMARC1; p=quarantine; sp=none; rua=mailto:d@example.com")
    watching = list(check_dmarc(names, "news.example.com", find_policy(names, "news.example.com")))[-1]
    assert watching.publish is not None
    assert watching.publish.value == "v=DMARC1; p=quarantine; sp=quarantine; rua=mailto:d@example.com"
    own = Names({
        "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
        "_dmarc.news.example.com": {"TXT": ["v=DMARC1; p=none"]},
    })  # fmt: skip
    policy = find_policy(own, "news.example.com")
    assert policy is not None
    assert policy.owner == "news.example.com"


def test_two_policies_are_none() -> None:
    names = texts(f"_dmarc.{DOMAIN}", "v=DMARC1; p=none", "v=DMARC1; p=reject")
    assert codes(check_dmarc(names, DOMAIN, find_policy(names, DOMAIN))) == {"several": "stop"}


@pytest.mark.parametrize(
    ("text", "bounce", "keys", "code"),
    [
        (None, DOMAIN, [DOMAIN], "ok"),
        (None, "b.example.com", [DOMAIN], "ok"),
        (None, "other.example", [DOMAIN], "dkim_only"),
        (None, DOMAIN, [], "spf_only"),
        (None, "other.example", ["relay.example"], "none"),
        ("v=DMARC1; p=none; aspf=s", "b.example.com", [DOMAIN], "dkim_only"),
        ("v=DMARC1; p=none; adkim=s", DOMAIN, ["mail.example.com"], "spf_only"),
        ("v=DMARC1; p=none", "b.example.com", ["x.example.com"], "ok"),
        (None, DOMAIN, ["notexample.com"], "spf_only"),
    ],
)
def test_alignment(text: str | None, bounce: str, keys: Sequence[str], code: str) -> None:
    names = texts(f"_dmarc.{DOMAIN}", text) if text else Names({})
    assert list(codes(check_alignment(find_policy(names, DOMAIN), DOMAIN, bounce, keys))) == [code]


def test_siblings_below_the_owner_of_the_policy_are_aligned() -> None:
    names = texts(f"_dmarc.{DOMAIN}", "v=DMARC1; p=none")
    policy = find_policy(names, "news.example.com")
    assert list(codes(check_alignment(policy, "news.example.com", "bounce.example.com", []))) == ["spf_only"]


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ({"MX": ["10 mx.example.com"]}, {"ok": "ok"}),
        ({"MX": ["10 mx.example.com", "20 gone.example.com"]}, {"lost_host": "warn", "ok": "ok"}),
        ({"MX": ["10 gone.example.com"]}, {"lost_host": "stop"}),
        ({"MX": ["0 ."]}, {"refuses": "stop"}),
        ({"A": ["192.0.2.1"]}, {"by_address": "warn"}),
        ({"TXT": ["x"]}, {"none": "stop"}),
        (None, {"no_domain": "stop"}),
    ],
)
def test_who_takes_what_comes_back(records: dict[str, list[str]] | None, found: dict[str, str]) -> None:
    zone = {"mx.example.com": {"A": ["192.0.2.1"]}, **({DOMAIN: records} if records else {})}
    assert codes(check_mx(Names(zone), DOMAIN, "replies")) == found


def test_the_name_of_the_sending_address() -> None:
    zone = {
        "192.0.2.1": {"PTR": ["out.example.com"]}, "out.example.com": {"A": ["192.0.2.1"]},
        "192.0.2.2": {"PTR": ["lost.example.com"]}, "192.0.2.3": {},
        "2001:db8::1": {"PTR": ["six.example.com"]}, "six.example.com": {"AAAA": ["2001:0db8:0::1"]},
    }  # fmt: skip
    names = Names(zone)
    assert [list(codes(check_ptr(names, f"192.0.2.{n}"))) for n in (1, 2, 3, 4)] == [
        ["ok"], ["no_way_back"], ["none"], ["none"],
    ]  # fmt: skip
    assert list(codes(check_ptr(names, "2001:db8::1"))) == ["ok"]


def test_where_links_lead() -> None:
    zone = {
        "a.example.com": {"A": ["93.184.215.14"]},
        "b.example.com": {"A": ["10.0.0.1"]},
        "c.example.com": {},
    }
    names = Names(zone)
    assert [list(codes(check_links(names, f"{n}.example.com"))) for n in "abcd"] == [
        ["ok"], ["private"], ["none"], ["none"],
    ]  # fmt: skip


@given(st.text(max_size=80))
def test_any_text_is_a_list_of_tags_or_a_fault(text: str) -> None:
    try:
        tags, part = read_tags(text), ""
    except TagFault as fault:
        tags, part = {}, fault.part
    assert part in text
    assert read_tags("; ".join(f"{name}={value}" for name, value in tags.items())) == tags
    assert set(dkim(text)) - {"ok"} or not tags
