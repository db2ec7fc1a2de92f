"""Front matter: what is read, and what is refused with its line."""

import pytest

from app.mail.source import MAX_SOURCE_BYTES, TemplateError, parse_source

GOOD = """---
kind: discovery
class: marketing
topics: [getting-started]
subject: "Where your hours go"
preheader: "Three places"
fallbacks: {contact.first_name: there}
links:
  guide: {to: "{{ brand.home }}/guide", topics: [pricing]}
  site: https://example.com
---
<mj-section></mj-section>
"""


def problems(text: str, locale: str = "") -> list[tuple[int, str]]:
    with pytest.raises(TemplateError) as caught:
        parse_source("discovery/hello", locale, text)
    assert all(problem.message and problem.remedy for problem in caught.value.problems)
    return [(problem.line, problem.code) for problem in caught.value.problems]


def test_everything_is_read_and_defaults_are_filled_in() -> None:
    source = parse_source("discovery/hello", "it", GOOD)
    assert (source.key, source.locale, source.kind, source.message_class) == (
        "discovery/hello", "it", "discovery", "marketing",
    )  # fmt: skip
    assert source.topics == ("getting-started",)
    assert source.fallbacks == {"contact.first_name": "there"}
    assert source.links["guide"].topics == ("pricing",)
    assert source.links["site"].to == "https://example.com"
    assert (source.layout, source.repeat, source.ask) == ("base", False, "")


def test_the_body_keeps_the_lines_of_the_file() -> None:
    source = parse_source("discovery/hello", "", GOOD)
    assert source.body.split("\n")[11] == "<mj-section></mj-section>"
    assert GOOD.split("\n")[11] == "<mj-section></mj-section>"
    assert source.lines["subject"] == 5


def test_windows_line_ends_and_a_byte_order_mark_do_not_matter() -> None:
    strange = "\ufeff" + GOOD.replace("\n", "\r\n")
    assert parse_source("discovery/hello", "", strange) == parse_source("discovery/hello", "", GOOD)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("---\nkind", "kind", [(1, "no_front_matter")]),
        ("class: marketing", "class: marketing\n  bad: [", [(4, "bad_yaml")]),
        ("class: marketing", "class: spam", [(3, "bad_class")]),
        ("kind: discovery", "kind: Discovery Mail", [(2, "bad_name")]),
        ("subject: ", "subjekt: ", [(5, "unknown_key"), (2, "bad_value")]),
        ("topics: [getting-started]", "topics: getting started", [(4, "bad_topics")]),
        ('to: "{{ brand.home }}/guide"', "two: x", [(9, "bad_link")]),
        ("{contact.first_name: there}", "{first_name: there}", [(7, "bad_fallback")]),
        ("kind: discovery", "kind: discovery\nrepeat: often", [(3, "bad_value")]),
        ("topics: [pricing]}", "topics: [pricing], color: red}", [(9, "unknown_key")]),
    ],
)
def test_each_fault_is_reported_on_its_line(old: str, new: str, expected: list[tuple[int, str]]) -> None:
    assert old in GOOD
    assert problems(GOOD.replace(old, new, 1)) == expected


def test_a_key_given_twice_is_reported() -> None:
    assert problems(GOOD.replace("class: marketing", "class: marketing\nclass: service"))[0][1] == "bad_yaml"


def test_all_faults_come_together() -> None:
    text = GOOD.replace("class: marketing", "class: spam").replace("kind: discovery", "kind: 7")
    assert {code for _, code in problems(text)} == {"bad_class", "bad_value"}


@pytest.mark.parametrize("front", ["just text", "[1, 2]", "!!python/object:os.system {}", "a: &a [*a]", ""])
def test_front_matter_that_is_no_mapping_of_ours_is_refused(front: str) -> None:
    assert problems(f"---\n{front}\n---\nbody\n")


def test_a_huge_file_is_refused_before_it_is_read() -> None:
    assert problems("---\n" + "x" * MAX_SOURCE_BYTES) == [(0, "too_large")]


def test_a_strange_locale_is_refused() -> None:
    assert problems(GOOD, "../etc")[0][1] == "bad_locale"
