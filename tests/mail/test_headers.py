"""Header values on their own: addresses, coded words, folding."""

import re
from email.header import decode_header, make_header

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.headers import HeaderError, coded_words, needs_smtputf8, unstructured, wire_address, wire_domain
from app.mail.quoted import clean_line


@pytest.mark.parametrize(
    ("address", "wired"),
    [
        ("Ada.Lovelace@Example.ORG", "Ada.Lovelace@example.org"),
        ("a+b@bücher.example", "a+b@xn--bcher-kva.example"),
        ("a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
        ("o'brien@x.co.uk", "o'brien@x.co.uk"),
    ],
)
def test_domains_are_wired_and_local_parts_left_alone(address: str, wired: str) -> None:
    assert wire_address(address) == wired
    assert not needs_smtputf8(address)


def test_a_local_part_outside_ascii_needs_a_newer_server() -> None:
    assert needs_smtputf8("用户@example.com")
    assert wire_address("用户@bücher.example") == "用户@xn--bcher-kva.example"


@pytest.mark.parametrize("domain", ["", "-x.org", "x..org", "a b", "x" * 64 + ".org", "ex_ample.org"])
def test_what_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(HeaderError):
        wire_domain(domain)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=200).map(clean_line).filter(bool))
def test_a_subject_reads_back_and_fits(subject: str) -> None:
    line = unstructured("Subject", subject)
    assert line.endswith("\r\n")
    rows = line[:-2].split("\r\n")
    assert max(map(len, rows)) <= 76
    assert all(row.startswith(" ") for row in rows[1:])
    value = "\r\n".join(rows).removeprefix("Subject: ")
    assert str(make_header(decode_header(value.replace("\r\n", "")))) == subject


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=200), st.integers(0, 20))
def test_coded_words_are_short_and_cut_no_character(text: str, offset: int) -> None:
    words = coded_words(text, offset).split("\r\n ")
    assert len(words[0]) <= 76 - offset
    assert all(re.fullmatch(r"=\?utf-8\?b\?[A-Za-z0-9+/=]+\?=", word) and len(word) <= 75 for word in words)
    assert "".join(str(make_header(decode_header(word))) for word in words) == text
