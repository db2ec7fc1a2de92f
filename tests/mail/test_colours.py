"""Colours and their contrast."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mail.colours import BLACK, WHITE, colour, contrast, shorthand_colour, written

PARTS = st.tuples(*[st.integers(0, 255)] * 3)


@pytest.mark.parametrize(
    ("text", "hexed"),
    [
        ("#abc", "#AABBCC"),
        ("#16261D", "#16261D"),
        ("White", "#FFFFFF"),
        ("rgb(255, 0, 10)", "#FF000A"),
        ("rgb(100% 0% 0%)", "#FF0000"),
        ("rgba(0,0,0,0.5)", "#808080"),
        ("#00000080", "#7F7F7F"),
        ("rgb(0 0 0 / 50%)", "#808080"),
        ("rgb(999, 0, 0)", "#FF0000"),
    ],
)
def test_a_colour_is_read(text: str, hexed: str) -> None:
    found = colour(text, WHITE)
    assert found is not None
    assert written(found) == hexed


@pytest.mark.parametrize(
    "text", ["", "#12", "#12345", "rebeccapurpleish", "rgb(1,2)", "inherit", "var(--x)", "#ggg"]
)
def test_what_names_no_colour_is_not_judged(text: str) -> None:
    assert colour(text, WHITE) is None


@pytest.mark.parametrize(
    ("text", "hexed"),
    [
        ("#1D5A42", "#1D5A42"),
        ("url('https://a.example/red.png') no-repeat #112233", "#112233"),
        ("no-repeat center white", "#FFFFFF"),
        ("url(x.png) top left", None),
        ("none", None),
    ],
)
def test_a_background_holds_at_most_one(text: str, hexed: str | None) -> None:
    found = shorthand_colour(text, WHITE)
    assert (written(found) if found else None) == hexed


def test_known_contrasts() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    # The example everybody knows: the palest grey that passes on white, and one that fails by a hair.
    assert contrast((0x76, 0x76, 0x76), WHITE) >= 4.5 > contrast((0x77, 0x77, 0x77), WHITE)


@given(PARTS, PARTS)
def test_contrast_knows_no_order_and_stays_in_its_bounds(
    one: tuple[int, ...], other: tuple[int, ...]
) -> None:
    assert contrast(one, other) == contrast(other, one)  # type: ignore[arg-type]
    assert 1 <= contrast(one, other) <= 21  # type: ignore[arg-type]


@given(PARTS)
def test_what_is_written_reads_back(parts: tuple[int, ...]) -> None:
    assert colour(written(parts), WHITE) == parts  # type: ignore[arg-type]


@given(st.text(max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    colour(text, WHITE)
    shorthand_colour(text, WHITE)
