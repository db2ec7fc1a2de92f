"""Which domain somebody registered, and what follows from it for DMARC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mail.domain.dmarc import aligned, check_dmarc, find_policy
from app.mail.domain.organisation import organisation_of, same_organisation
from tests.support.names import Names

LABEL = st.from_regex(r"[a-z0-9]{1,10}", fullmatch=True)


@pytest.mark.parametrize(
    ("domain", "organisation"),
    [
        ("example.com", "example.com"),
        ("news.mail.example.com", "example.com"),
        ("mail.shop.co.uk", "shop.co.uk"),
        ("co.uk", "co.uk"),
        ("loja.com.br", "loja.com.br"),
        ("mail.loja.com.br", "loja.com.br"),
        ("ann.github.io", "ann.github.io"),
        ("mail.xn--d1abbgf6aiiy.xn--p1ai", "xn--d1abbgf6aiiy.xn--p1ai"),
        ("Mail.Example.COM.", "example.com"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_the_organisation_of_a_domain(domain: str, organisation: str) -> None:
    assert organisation_of(domain) == organisation


@given(st.lists(LABEL, min_size=1, max_size=5))
def test_it_is_the_domains_end_and_its_own_organisation(labels: list[str]) -> None:
    domain = ".".join(labels)
    found = organisation_of(domain)
    assert domain == found or domain.endswith(f".{found}")
    assert organisation_of(found) == found
    assert same_organisation(domain, found)


def test_the_policy_is_the_domains_own_or_the_organisations_and_no_other() -> None:
    record = {"TXT": ["v=DMARC1; p=reject"]}
    names = Names({"_dmarc.co.uk": record, "_dmarc.mail.shop.co.uk": record, "_dmarc.shop.co.uk": record})
    found = find_policy(names, "news.mail.shop.co.uk")
    assert found is not None
    assert found.owner == "shop.co.uk"
    assert find_policy(Names({"_dmarc.co.uk": record}), "shop.co.uk") is None, "a registry speaks for nobody"
    asked = Names({})
    find_policy(asked, "a.b.c.d.shop.co.uk")
    assert len(asked.asked) == 2


def test_siblings_are_aligned_and_neighbours_are_not() -> None:
    names = Names({"_dmarc.news.shop.co.uk": {"TXT": ["v=DMARC1; p=reject; aspf=s"]}})
    policy = find_policy(names, "news.shop.co.uk")
    assert aligned(policy, "news.shop.co.uk", "bounce.shop.co.uk", "adkim")
    assert not aligned(policy, "news.shop.co.uk", "bounce.shop.co.uk", "aspf")
    assert not aligned(None, "ann.github.io", "bob.github.io", "adkim")
    assert not aligned(None, "shop.co.uk", "co.uk", "aspf")


def test_reports_within_the_organisation_need_no_word_of_the_other_side() -> None:
    text = "v=DMARC1; p=reject; rua=mailto:d@reports.shop.co.uk,mailto:d@other.co.uk"
    names = Names({"_dmarc.shop.co.uk": {"TXT": [text]}})
    found = list(check_dmarc(names, "shop.co.uk", find_policy(names, "shop.co.uk")))
    assert [one.params["to"] for one in found if one.code == "domain.dmarc.reports_refused"] == [
        "other.co.uk"
    ]
