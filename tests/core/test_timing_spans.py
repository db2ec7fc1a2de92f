from datetime import timedelta

import pytest

from app.core.timing import Span


@pytest.mark.parametrize(
    ("text", "span", "written"),
    [
        ("2 working days", Span(2, "working days"), "2 working days"),
        ("1 working day", Span(1, "working days"), "1 working day"),
        ("1 day", Span(1, "days"), "1 day"),
        (" 90  Minutes ", Span(90, "minutes"), "90 minutes"),
        ("0 weeks", Span(0, "weeks"), "0 weeks"),
        ("100000 hours", Span(100_000, "hours"), "100000 hours"),
        ("6 month", Span(6, "months"), "6 months"),
    ],
)
def test_spans_are_read_and_written(text: str, span: Span, written: str) -> None:
    assert Span.parse(text) == span
    assert str(span) == written


@pytest.mark.parametrize(
    "text", ["", "days", "2", "-1 days", "1.5 hours", "2 fortnights", "2days", "٢ days", 3, None]
)
def test_other_texts_are_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match='such as "2 working days"') as refused:
        Span.parse(text)
    assert str(text) in str(refused.value)


def test_amounts_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="100001 days is out of range: write 0 to 100000"):
        Span.parse("100001 days")
    with pytest.raises(ValueError, match="1000001 days is out of range"):
        Span.parse("1000001 days")
    with pytest.raises(ValueError, match="-1 hours is out of range"):
        Span(-1, "hours")


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ValueError, match='"years" is not a unit of time'):
        Span(1, "years")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "delta"),
    [
        ("90 minutes", timedelta(minutes=90)),
        ("5 hours", timedelta(hours=5)),
        ("3 days", timedelta(days=3)),
        ("2 weeks", timedelta(days=14)),
        ("2 months", timedelta(days=60)),
        ("4 working days", timedelta(days=4)),
    ],
)
def test_nominal_lengths(text: str, delta: timedelta) -> None:
    assert Span.parse(text).delta == delta
