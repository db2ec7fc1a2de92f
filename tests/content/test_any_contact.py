"""Whoever the importer lets in, no starter mail is held back by what stands in their fields."""

from itertools import count

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from tests.content.house import LOCALES, OWNER, House

HOSTILE = (
    "", " ", "\u00a0", "\u200b", ".", "{{ contact.first_name }}", "{% raw %}", "{{ 7 * 7 }}", "%s %(x)s {0}", "None", "0",
    "<b>Ada</b>", "</td></table>", "&amp;&#0;", '"><script>x()</script>', "Ada\r\nBcc: all@evil.example", "=?utf-8?q?x?=",
    "\x01 brand.name \x02", "\u202eadA", "\ue000\uf8ff", "=HYPERLINK(1)", "Ёлка «Ель»", "مرים", "李小龍", "👩🏽‍🔧", "O’Brien, Jr.",
    "n" * 200, "W" * 2_000, "very long " * 150,
)  # fmt: skip
CELL = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
LOCAL = st.sampled_from(["ada", "a.b+c", "o'brien", "jörg", "x" * 50, "_", "АДА", "{braces}"])
DOMAIN = st.sampled_from(["example.com", "bücher.example", "xn--bcher-kva.example", "sub.domain.example.org"])
LANGUAGE = st.sampled_from([*LOCALES, "", "fr", "pt", "de-AT", "IT", "nl_BE", "xx", "русский"])
NUMBER = st.one_of(st.sampled_from(["", "0", "-1", "1200", "1,5", "1e9", "many"]), st.integers().map(str))
ROW = st.tuples(
    CELL, CELL, CELL, CELL, st.sampled_from(["", "housing association", "banking"]), NUMBER, CELL, CELL,
    st.sampled_from(["", "DK", "Italy", "XX"]), st.sampled_from(["", "Europe/Rome", "Mars/Base"]), LANGUAGE,
    st.sampled_from(["", OWNER]),
)  # fmt: skip
NUMBERS = count()
ANY_HOUSE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]


def no_mail_raises(house: House, local: str, domain: str, row: tuple[str, ...]) -> None:
    """Composing raises where a mail would be held back."""
    start = f"{next(NUMBERS)}."
    summary = house.take_in([(f"{start}{local}@{domain}", *row)])
    assume(summary.counts["created"])
    event("let in")
    mails = house.mails(house.known_as(start))
    assert len(mails) == len(house.keys)
    for mail in mails:
        assert mail.raw.count(b"\r\nSubject: ") == 1
        assert b"evil.example\r\n" not in mail.raw.partition(b"\r\n\r\n")[0]


@settings(max_examples=25, deadline=None, suppress_health_check=ANY_HOUSE)
@given(local=LOCAL, domain=DOMAIN, row=ROW)
def test_no_mail_raises_for_anybody_let_in(
    house: House, local: str, domain: str, row: tuple[str, ...]
) -> None:
    no_mail_raises(house, local, domain, row)


@pytest.mark.prove
@settings(max_examples=200, deadline=None, suppress_health_check=ANY_HOUSE)
@given(local=LOCAL, domain=DOMAIN, row=ROW)
def test_no_mail_raises_for_many(house: House, local: str, domain: str, row: tuple[str, ...]) -> None:
    no_mail_raises(house, local, domain, row)
