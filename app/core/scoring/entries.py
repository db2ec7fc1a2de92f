"""Which entries of the score's ledger a happening or a change of facts makes. The ledger only grows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

from app.core.conditions import Condition, holds, needs
from app.core.effects import AddInterest, AddScore
from app.core.facts import Facts, Happening
from app.core.reasons import Reason
from app.core.scoring.model import ENGAGEMENT, FIT, ScoreRule, ScoringModel

# Points that a step of a sequence gave are no rule's, and stay.
BY_STEP = "step:"
_ALIKE = 1e-9


def entries_for_event(
    model: ScoringModel,
    happening: Happening,
    facts: Facts,
    earlier: Mapping[str, Sequence[datetime]],
    event_id: str,
) -> list[AddScore | AddInterest]:
    """What a happening adds to engagement and interests; nothing unless a human did it.

    `earlier` holds, by rule, the instants of the entries the contact already has.
    """
    return [
        *(
            AddScore(ENGAGEMENT, rule.key, event_id, rule.points, happening.at, _because(rule, happening))
            for rule in model.engagement
            if _counts(rule, happening, facts, earlier.get(rule.key, ()))
        ),
        *_interests(model, happening),
    ]


def _counts(rule: ScoreRule, happening: Happening, facts: Facts, earlier: Sequence[datetime]) -> bool:
    if rule.on is None or not rule.on.matches(happening):
        return False
    if rule.condition is not None and not holds(rule.condition, facts, happening.at):
        return False
    return rule.limit.leaves_room(earlier, happening.at)


def _because(rule: ScoreRule, happening: Happening) -> Reason:
    seen = {"kind": happening.kind, "subject": happening.subject}
    return Reason("score.event", {"rule": rule.key, "points": rule.points, **seen})


def _interests(model: ScoringModel, happening: Happening) -> list[AddInterest]:
    weight = model.interests.weights.get(happening.kind, 0.0)
    if happening.verdict != "human" or not weight:
        return []
    return [
        AddInterest(
            topic,
            weight,
            happening.at,
            Reason("score.interest", {"topic": topic, "points": weight, "kind": happening.kind}),
        )
        for topic in dict.fromkeys(happening.topics)
    ]


def fit_entries(
    model: ScoringModel, facts: Facts, now: datetime, standing: Mapping[str, float]
) -> list[AddScore]:
    """The entries that bring each fit rule to what it is worth for the facts as they are now.

    `standing` is the sum of the contact's entries by fit rule, over all versions of the model. Where
    nothing changed nothing is made; a rule that holds no longer, or that is no longer in the model, is
    compensated.
    """
    worth = {rule.key: _worth(rule, facts, now) for rule in model.fit}
    made = []
    gone = (key for key in standing if key not in worth and not key.startswith(BY_STEP))
    for key in (*worth, *gone):
        before = standing.get(key, 0.0)
        points = worth.get(key, 0.0) - before
        if abs(points) > _ALIKE:
            reason = Reason("score.fit" if points > 0 else "score.fit_gone", {"rule": key, "points": points})
            made.append(AddScore(FIT, key, _occasion(model, key, facts, now, before), points, now, reason))
    return made


def _worth(rule: ScoreRule, facts: Facts, now: datetime) -> float:
    return rule.points if rule.condition is not None and holds(rule.condition, facts, now) else 0.0


def _occasion(model: ScoringModel, key: str, facts: Facts, now: datetime, before: float) -> str:
    """A hash of what the rule saw.

    What stood before and the instant are part of it: a fact that turns to something, back, and to it
    again must count again.
    """
    rule = next((rule for rule in model.fit if rule.key == key), None)
    seen = _seen(rule.condition, facts) if rule is not None and rule.condition is not None else []
    text = "\x1f".join([*seen, repr(before), now.isoformat()])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _seen(condition: Condition, facts: Facts) -> list[str]:
    looked_at = needs(condition)
    return [
        *(f"{key}={facts.fields.get(key)!r}" for key in sorted(looked_at.fields)),
        *(f"#{tag}={tag in facts.tags}" for tag in sorted(looked_at.tags)),
        *(f"?{key}={facts.criteria.get(key)!r}" for key in sorted(looked_at.criteria)),
        f"@{facts.stage}",
    ]
