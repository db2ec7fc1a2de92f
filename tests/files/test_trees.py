"""YAML text to trees: every text gives a tree or one finding with its line, and never a traceback."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.files.trees import LARGEST, MOST_NODES, read_document

ANCHORS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
MERGES = "a0: &a0 {k: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}], k{n}: 1}}\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a:\n\tb: 1", 2, "This is not YAML: found character '\\t'"),
        ("a: 1\nb: 2\na: 3", 3, "duplicate key"),
        ("a: [1\nb: 2", 2, "This is not YAML"),
        ("a: 'open\nb: 1", 2, "This is not YAML"),
        ("a: *x", 1, "undefined alias"),
        ("a: 1\n---\nb: 2", 2, "another document"),
        ("a: 1\nb: x\x00y", 2, "a character that YAML does not allow"),
        ("a: 1\nb: 0x" + "f" * 5000, 2, "too large"),
        ("a: 1\nb: 9007199254740993000", 2, "too large"),
        ("a:\n  1: x\n  '1': y", 3, "stands here twice"),
        ("[" * 3000, 1, "nested too deep"),
        ("a: " + "[" * 60 + "]" * 60, 1, "nested too deep"),
        (ANCHORS, 1, f"more than {MOST_NODES} entries"),
        ("a: 2026-13-45", 1, "This is not YAML"),
        ("a: !!omap [b, c]", 1, "This is not YAML"),
        ("x" * (LARGEST + 1), 1, "larger than"),
    ],
)
def test_a_broken_text_is_told_at_its_line(text: str, line: int, message: str) -> None:
    document = read_document(text)
    assert document.tree is None
    assert [
        (document.marks.line(one.path), message in one.message, bool(one.remedy)) for one in document.findings
    ] == [(line, True, True)]
    assert document.node().failed


@pytest.mark.parametrize("bomb", [ANCHORS, MERGES, "&a [" * 200, "{a: " * 4000, "a: &a [" + "*a, " * 20000])
def test_a_bomb_does_not_hold_us_up(bomb: str) -> None:
    started = time.process_time()
    read_document(bomb)
    assert time.process_time() - started < 8


def test_marks_name_the_line_of_every_place() -> None:
    marks = read_document(
        "# comment\na: 1\nsteps:\n  - hello: {send: x}\n\n  - pause:\n      wait: 2 days\n"
    ).marks
    assert [
        marks.line(path)
        for path in ((), ("a",), ("steps",), ("steps", 0, "hello"), ("steps", 1, "pause", "wait"))
    ] == [2, 2, 3, 4, 7]
    assert marks.line(("steps", 1, "pause", "gone", "deeper")) == 6


def test_scalars_are_bare() -> None:
    tree = read_document(
        'a: "x"\nb: &b 5\nc: *b\nd: 1.5\ne: true\nf:\ng: 2026-03-31\nh: no\ni: |\n  two\n  lines\n'
    ).tree
    assert {key: type(value).__name__ for key, value in tree.items()} == {
        "a": "str", "b": "int", "c": "int", "d": "float", "e": "bool", "f": "NoneType", "g": "date", "h": "str", "i": "str",
    }  # fmt: skip
    assert type(tree) is dict


def test_an_empty_text_is_no_fault_of_yaml() -> None:
    assert (read_document("").tree, read_document("").findings) == (None, ())


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%@`,? \n\t0.~é\x00\ud800"), max_size=40))
def test_any_text_gives_a_tree_or_a_finding(text: str) -> None:
    document = read_document(text)
    assert document.tree is None or not document.findings
    for finding in document.findings:
        assert 1 <= document.marks.line(finding.path) <= text.count("\n") + 2
