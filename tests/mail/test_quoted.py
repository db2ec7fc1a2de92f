"""Quoted-printable pieces, and that one contact's mail never holds another's values."""

import quopri
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.quoted import clean_body, clean_line, html_value, quoted, text_value, unquoted, without_holes
from tests.mail.support import built, context, part, read

ANY = st.text(st.characters(codec="utf-8"), max_size=300).map(clean_body)


@settings(max_examples=300, deadline=None)
@given(st.lists(ANY, max_size=6))
def test_pieces_joined_read_as_their_texts_joined(pieces: list[str]) -> None:
    encoded = "".join(quoted(piece) for piece in pieces)
    assert all(len(line) <= 76 for line in encoded.split("\r\n"))
    assert re.search(r"\r(?!\n)|(?<!\r)\n|[ \t]\r\n", encoded) is None
    assert quopri.decodestring(encoded.encode("ascii")).replace(b"\r\n", b"\n").decode() == "".join(pieces)
    assert unquoted(encoded) == "".join(pieces)


@pytest.mark.parametrize("length", range(70, 80))
@pytest.mark.parametrize("end", ["", ".", "é", " ", "\n"])
def test_lines_around_the_limit(length: int, end: str) -> None:
    text = "x" * length + end
    assert all(len(line) <= 76 for line in quoted(text).split("\r\n"))
    assert unquoted(quoted(text)) == text


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_a_cleaned_line_is_one_line_without_coded_words(text: str) -> None:
    line = clean_line(text)
    assert line == " ".join(line.split())
    assert "=?" not in line
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line)


def test_values_of_a_mail_are_escaped_in_html_only() -> None:
    assert unquoted(html_value("a<b>&\"'")) == "a&lt;b&gt;&amp;&quot;&#x27;"
    assert unquoted(text_value("a<b>&\"'")) == "a<b>&\"'"
    assert (html_value(3), text_value(True), html_value(None)) == ("3=\r\n", "True=\r\n", "")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["a", "b c", "\n", "\n\n", "\n\n\n", "é", "x" * 80]), max_size=12))
def test_holes_are_closed_and_nothing_else_is_changed(pieces: list[str]) -> None:
    closed = unquoted(without_holes("".join(quoted(piece) for piece in pieces)))
    assert closed == re.sub(r"\n{3,}", "\n\n", "".join(pieces))
    assert "\n\n\n" not in closed


MARKED = st.text("abcdefgh", min_size=6, max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(MARKED, min_size=8, max_size=8, unique=True))
def test_no_other_contacts_value_is_in_a_mail(values: list[str]) -> None:
    ours: dict[str, Any] = {
        "first_name": f"Q{values[0]}Q",
        "city": f"Q{values[1]}Q",
        "persona": "finance",
        "lines": [f"Q{values[2]}Q", f"Q{values[3]}Q"],
    }
    theirs: dict[str, Any] = {
        "first_name": f"Q{values[4]}Q",
        "city": f"Q{values[5]}Q",
        "persona": "finance",
        "lines": [f"Q{values[6]}Q"],
    }
    alone = built(data=context(**ours))
    built(data=context(**theirs))
    again = built(data=context(**ours))
    assert again == alone
    shown = part(again, "html") + part(again, "plain") + str(read(again)["Subject"])
    expected = {ours["first_name"], ours["city"], *ours["lines"]}
    assert set(re.findall("Q[a-h]+Q", shown)) == expected
    bare = built(data=context(first_name=ours["first_name"]))
    assert set(re.findall("Q[a-h]+Q", part(bare, "html") + part(bare, "plain"))) == {ours["first_name"]}
