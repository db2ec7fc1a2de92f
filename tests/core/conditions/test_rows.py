"""Conditions as rows of a form: what is shown says the same as the text, or is not shown."""

from typing import Any

import pytest

from app.core.conditions import parse
from app.core.conditions.rows import Row, Rows, changed, normal, of_tree, places, written
from app.core.reading import Node
from app.files.trees import read_document
from app.files.writing import write_segment

SHOWN = [
    "[{stage: customer}, {tag: settled}]",
    "{tag: [a, b]}",
    "{stage: [lead, prospect]}",
    "{not: {any: [{tag: a}, {field: city, is: '50'}, {field: size, one of: [1, 2.5]}]}}",
    "{field: size, at least: 1, at most: 5}",
    "{field: a, is known: true}",
    "{field: a, is unknown: true}",
    "{field: a, is: true}",
    "{field: a, is: 'true'}",
    "{field: x, one of: ['a, b', 'c\"d', ' e']}",
    "{field: x, contains: ' a: b #c'}",
    "{field: renewal, in the next: 30 days}",
    "{field: renewal, before: 2026-01-31}",
    "{score: engagement, at least: 50}",
    "{interest: pricing, more than: 2.5}",
    "{criterion: authority, is: yes}",
    "{answer: means, at least: 10000}",
    "{consent: guides, is: [given, asked]}",
    "{event: clicked, mail: discovery/guide, topic: pricing, at least: 2, in: 14 days}",
    "{event: custom:asked, subject: [x, y]}",
    "{clicked: discovery/guide}",
    "{downloaded: [x, y]}",
    "{topic: pricing, at least: 2, in: 14 days}",
    "{any: [{all: [{tag: x}, {not: {tag: y}}]}, {segment: s}]}",
    "{not: {not: {tag: a}}}",
    "{not: {all: [{tag: a}, {tag: b}]}}",
]
NOT_SHOWN = ["{field: a, is known: false}", "{tag: ''}", "{any: []}", "7", "{tag: a, stage: b}", "null"]


def tree_of(text: str) -> Any:
    return read_document(f"if: {text}").tree["if"]


@pytest.mark.parametrize("text", SHOWN)
def test_opened_and_saved_says_the_same(text: str) -> None:
    tree = tree_of(text)
    rows = of_tree(tree, {"city"})
    assert rows is not None
    saved = read_document(write_segment("k", "A label", written(rows, {"city"})))
    assert not saved.findings
    node = Node(saved.tree["if"])
    assert normal(parse(node)) == normal(parse(Node(tree)))
    assert not node.failed
    assert of_tree(saved.tree["if"], {"city"}) == rows


@pytest.mark.parametrize("text", NOT_SHOWN)
def test_what_rows_would_change_is_left_to_the_text(text: str) -> None:
    assert of_tree(tree_of(text)) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("50", 50),
        ('"50"', "50"),
        ("true", True),
        ("0150", 150),
        ("DK", "DK"),
        ("=1+1", "=1+1"),
        ("-2.5", -2.5),
    ],
)
def test_a_value_is_of_the_type_it_looks_like(typed: str, meant: object) -> None:
    assert written(Rows("all", (Row("field", "size", "is", typed),))) == {"field": "size", "is": meant}


def test_a_text_field_takes_texts_only() -> None:
    assert written(Rows("all", (Row("field", "phone", "is", "0150"),)), {"phone"}) == {
        "field": "phone", "is": "0150",
    }  # fmt: skip


def test_rows_are_added_and_taken_out_where_it_was_said() -> None:
    rows = Rows("all", (Row("tag", value="a"), Rows("any", (Row("tag", value="b"),))))
    more = changed(rows, "1", "row")
    assert more.parts[1] == Rows("any", (Row("tag", value="b"), Row()))
    assert changed(more, "1.0", "drop").parts[1] == Rows("any", (Row(),))
    assert changed(rows, "", "group").parts[2] == Rows("any", (Row(),))
    assert changed(rows, "0", "drop").parts == rows.parts[1:]
    for place in ("7", "1.7", "0.3"):
        assert changed(rows, place, "drop") == rows


@pytest.mark.parametrize("way", ["all", "any", "none", "not all"])
def test_every_line_knows_its_place_in_the_text(way: str) -> None:
    rows = Rows(way, (Row("tag", value="a"), Rows("none", (Row("tag", value="b"), Row("tag", value="c")))))
    for place, path in places(rows):
        found: Any = written(rows)
        for step in path:
            found = found[step]
        assert found == {"tag": {"0": "a", "1.0": "b", "1.1": "c"}[place]}
