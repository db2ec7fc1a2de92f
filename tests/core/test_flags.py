"""What an address says about itself: roles in several languages, slips of the fingers, thrown-away domains."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.contacts.flags import DISPOSABLE, ROLE, TYPO, Flag, flag_of

DISPOSABLES = frozenset(("mailinator.com",))


@pytest.mark.parametrize(
    ("key", "flag"),
    [
        ("ann@example.com", None),
        ("info@example.com", Flag(ROLE)),
        ("info+news@example.com", Flag(ROLE)),
        ("vendite@example.it", Flag(ROLE)),
        ("kundenservice@example.de", Flag(ROLE)),
        ("faturamento@example.com.br", Flag(ROLE)),
        ("klantenservice@example.nl", Flag(ROLE)),
        ("zakupki@example.ru", Flag(ROLE)),
        ("infos.ann@example.com", None),
        ("x@mailinator.com", Flag(DISPOSABLE)),
        ("x@in.mailinator.com", Flag(DISPOSABLE)),
        ("info@mailinator.com", Flag(DISPOSABLE)),
        ("ann@gmial.com", Flag(TYPO, "ann@gmail.com")),
        ("ann@gmal.com", Flag(TYPO, "ann@gmail.com")),
        ("ann@gmaill.com", Flag(TYPO, "ann@gmail.com")),
        ("ann@gmail.con", Flag(TYPO, "ann@gmail.com")),
        ("ann@hotnail.com", Flag(TYPO, "ann@hotmail.com")),
        ("ann@yahoo.co", None),
        ("ann@gmail.com", None),
        ("ann@hotmail.de", None),
        ("ann@gmx.ch", None),
        ("ann@mail.de", None),
        ("ann@libero.it", None),
    ],
)
def test_the_weightiest_flag_counts(key: str, flag: Flag | None) -> None:
    assert flag_of(key, DISPOSABLES) == flag


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_it_and_what_is_meant_is_never_flagged(local: str, domain: str) -> None:
    found = flag_of(f"{local}@{domain}", DISPOSABLES)
    if found is not None and found.suggestion is not None:
        again = flag_of(found.suggestion, DISPOSABLES)
        assert again is None or again.kind == ROLE
