"""What a condition looks at, through its segments too."""

from app.core.conditions import AllOf, HasTag, InSegment, Needs, ScoreIs, needs, with_segments
from app.core.conditions.model import Comparison

SEGMENTS = {
    "warm": AllOf((ScoreIs("engagement", Comparison("at least", 10.0)), InSegment("webinar"))),
    "webinar": HasTag("webinar"),
    "circle": InSegment("circle"),
}


def test_the_needs_of_a_segment_are_those_of_its_condition_and_of_the_segments_in_it() -> None:
    wanted = with_segments(needs(InSegment("warm")), SEGMENTS)
    assert (wanted.measures, wanted.tags) == ({"engagement"}, {"webinar"})


def test_an_unknown_segment_and_one_in_a_circle_need_nothing() -> None:
    for key in ("circle", "gone"):
        wanted = with_segments(needs(InSegment(key)), SEGMENTS)
        assert wanted == Needs(segments=frozenset({key}))
