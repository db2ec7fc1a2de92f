"""The values of a scoring model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Self

from app.core.conditions import Condition, EventPattern, resolve

FIT = "fit"
ENGAGEMENT = "engagement"


@dataclass(frozen=True, slots=True)
class Limit:
    """How often a rule counts for one contact: `count` times in any stretch as long as `per`.

    `count` None: every time; `per` None: in all.
    """

    count: int | None = None
    per: timedelta | None = None

    def leaves_room(self, earlier: Sequence[datetime], at: datetime) -> bool:
        """Whether one more at `at` keeps to the limit, also when it comes late, between earlier ones."""
        if self.count is None:
            return True
        if self.per is None:
            return len(earlier) < self.count
        per = self.per
        near = sorted([at, *(one for one in earlier if abs(one - at) < per)])
        # Too many, when count + 1 neighbours stand closer together than `per`.
        stretches = zip(near, near[self.count :], strict=False)
        return all(last - first >= per for first, last in stretches)


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """A fit rule has a `condition` and counts while it holds; an engagement rule counts when `on` happens.

    An engagement rule with a condition counts only for contacts for whom that holds.
    """

    key: str
    measure: Literal["fit", "engagement"]
    points: float
    on: EventPattern | None = None
    condition: Condition | None = None
    limit: Limit = field(default_factory=Limit)


@dataclass(frozen=True, slots=True)
class Interests:
    """What a happening of a kind adds to the interest in each of its topics."""

    weights: Mapping[str, float] = field(default_factory=dict)
    half_life: timedelta = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class ScoringModel:
    """`half_life` is that of engagement; fit does not decay.

    One half-life for the whole measure, so that a score is one number that decays, whatever it is made of.
    """

    version: int
    fit: tuple[ScoreRule, ...] = ()
    engagement: tuple[ScoreRule, ...] = ()
    half_life: timedelta = timedelta(days=30)
    interests: Interests = field(default_factory=Interests)

    def with_segments(self, segments: Mapping[str, Condition]) -> Self:
        """The model whose rules have the segments' own conditions in place of their names."""
        fit, engagement = (
            tuple(
                rule if rule.condition is None else replace(rule, condition=resolve(rule.condition, segments))
                for rule in rules
            )
            for rules in (self.fit, self.engagement)
        )
        return replace(self, fit=fit, engagement=engagement)

    def half_life_of(self, measure: str) -> timedelta | None:
        return None if measure == FIT else self.half_life
