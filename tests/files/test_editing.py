"""Values changed in a YAML text: what is not meant keeps every byte, and the text says what was meant."""

from pathlib import Path
from typing import Any

import pytest

from app.files.editing import Edit, edited, with_list
from app.files.trees import read_document

SHIPPED = Path(__file__).resolve().parents[2] / "sequences"
TEXT = """\
# Above.
a:
  late: 3 days   # a comment
  list: [1, 2]
  # In between.
  block:
    one: {x: 1}
    two: Two

  empty:
  words: |
    many
    words
# Below.
b: {c: 1, d: two}
rows:
  - {from: x, to: [y]}
"""


@pytest.mark.parametrize(
    ("edits", "was", "now"),
    [
        ([(("a", "late"), "4 days")], "late: 3 days   # a comment", "late: 4 days   # a comment"),
        ([(("a", "list"), ["1 a day", "3 a week"])], "list: [1, 2]", "list: [1 a day, 3 a week]"),
        ([(("a", "block", "three"), {"en": "Drei: 3", "it": "no"})], "    two: Two\n",
         '    two: Two\n    three: {en: "Drei: 3", it: "no"}\n'),
        ([(("a", "block", "two"), None)], "    two: Two\n", ""),
        ([(("a", "block"), {"z": 1})], "block:\n    one: {x: 1}\n    two: Two", "block: {z: 1}"),
        ([(("a", "block", "one", "x"), 2)], "{x: 1}", "{x: 2}"),
        ([(("a", "empty"), "full")], "  empty:\n", "  empty: full\n"),
        ([(("a", "words"), "few")], "words: |\n    many\n    words\n", "words: few\n"),
        ([(("b", "d"), None)], "{c: 1, d: two}", "{c: 1}"),
        ([(("b", "e"), "10")], "{c: 1, d: two}", '{c: 1, d: two, e: "10"}'),
        ([(("rows", 0, "to"), "z")], "to: [y]", "to: z"),
        ([(("a", "gone"), None)], "", ""),
    ],
)  # fmt: skip
def test_one_place_changes(edits: list[tuple[Any, Any]], was: str, now: str) -> None:
    new = edited(TEXT, [Edit(*one) for one in edits])
    assert new == TEXT.replace(was, now, 1)
    assert not read_document(new).findings


def test_several_at_once_and_two_behind_the_same_entry() -> None:
    new = edited(TEXT, [Edit(("a", "late"), "1 day"), Edit(("b", "x"), 1), Edit(("b", "y"), True)])
    tree = read_document(new).tree
    assert (tree["a"]["late"], set(tree["b"])) == ("1 day", {"c", "d", "x", "y"})


@pytest.mark.parametrize("value", ['="1+1"', "{{7*7}}", "# no comment", "a: b", "yes", "12", "1e3", "2026-11-22", "", "ß\tß", "[x", "- y", "'", "12:30"])  # fmt: skip
def test_whatever_is_written_is_read_again(value: str) -> None:
    tree = read_document(edited(TEXT, [Edit(("a", "late"), value), Edit(("b", "new"), value)])).tree
    assert (tree["a"]["late"], tree["b"]["new"]) == (value, value)


def test_the_shipped_lifecycle_keeps_its_comments() -> None:
    text = (SHIPPED / "lifecycle.yaml").read_text("utf-8")
    new = edited(
        text,
        [Edit(("programme", "late"), "12 days"), Edit(("programme", "topics", "events"), {"en": "Events"})],
    )
    lines = [line for line in new.splitlines() if line not in text.splitlines()]
    assert lines == ["  late: 12 days", "    events: {en: Events}"]
    assert len(new.splitlines()) == len(text.splitlines()) + 1
    assert read_document(new).tree["programme"]["topics"]["events"] == {"en": "Events"}


LISTS = """\
programme:
  zone: UTC  # of the house
  # whose a task is
  tasks:
    - a: {to: nobody}
    # about b
    - b: {to: everybody}
  # topics
  topics: {guides: Guides}
rest: 1
"""


def test_a_list_is_written_an_entry_a_line() -> None:
    path = ("programme", "tasks")
    new = [{"c d": {"to": ["x@y.de", "z@y.de"], "own": True}}, {"=e": {"to": "nobody"}}, 5]
    text = with_list(LISTS, path, new)
    written = '  tasks:\n    - c d: {to: [x@y.de, z@y.de], own: true}\n    - "=e": {to: nobody}\n    - 5\n'
    assert text == LISTS.replace(LISTS[LISTS.index("  tasks") : LISTS.index("  # topics")], written)
    assert with_list(text, path, new) == text
    without = with_list(text, path, [])
    assert without == text.replace(written, "")
    again = with_list(without, path, new)
    assert again == without.replace("{guides: Guides}\n", "{guides: Guides}\n" + written)
    assert with_list(without, path, []) == without
    assert with_list("programme:\n  zone: UTC", path, [1]) == "programme:\n  zone: UTC\n  tasks:\n    - 1\n"
    assert with_list("programme: {zone: UTC}\n", path, [1]) == "programme: {zone: UTC, tasks: [1]}\n"
    assert (
        with_list("programme:\n  tasks:\n  zone: UTC\n", path, [1])
        == "programme:\n  tasks:\n    - 1\n  zone: UTC\n"
    )
    assert with_list("programme:\n  tasks: [a, b]\n", path, [1]) == "programme:\n  tasks:\n    - 1\n"
