"""Reading sequences/scoring.yaml."""

from collections.abc import Mapping
from datetime import timedelta

from app.core.caps import FrequencyCap
from app.core.conditions import KINDS, Condition, EventPattern, needs, parse, parse_event
from app.core.parsing import parsed
from app.core.reading import Node
from app.core.scoring.model import Interests, Limit, ScoreRule, ScoringModel
from app.core.timing import Span

_LIMITS = {"once": Limit(1), "every time": Limit()}
_MOST_POINTS = 1000.0


def read_scoring(node: Node, version: int) -> ScoringModel:
    """The model in the file's tree. Faults are noted on the node."""
    node.keys({"fit", "engagement", "interests"})
    fit, engagement = node.get("fit"), node.get("engagement")
    half_life, on_event = timedelta(days=30), dict[str, Node]()
    if engagement is not None and engagement.keys({"half life", "rules"}):
        half_life = _half_life(engagement.get("half life"), half_life)
        on_event = dict(rules.entries()) if (rules := engagement.get("rules")) else {}
    while_true = dict(fit.entries()) if fit else {}
    for key in on_event.keys() & while_true.keys():
        on_event[key].error(f"“{key}” is a fit rule too.", "Give every rule a key of its own.")
    return ScoringModel(
        version,
        tuple(_fit_rule(key, child) for key, child in while_true.items()),
        tuple(_engagement_rule(key, child) for key, child in on_event.items()),
        half_life,
        _interests(node.get("interests")),
    )


def _fit_rule(key: str, node: Node) -> ScoreRule:
    node.keys({"if", "points"})
    condition = _condition(node.need("if", "Write the condition under which these points count."))
    if condition is not None and _is_fleeting(condition):
        node.error(
            "Fit does not decay, so it cannot look at events, scores or interests.",
            "Look at fields, tags and criteria; make an engagement rule of the rest.",
        )
    return ScoreRule(key, "fit", _points(node), condition=condition)


def _engagement_rule(key: str, node: Node) -> ScoreRule:
    node.keys({"on", "if", "points", "limit"})
    on = node.need("on", "Name what happens, such as clicked or {visited: /pricing}.")
    pattern = parse_event(on) if on else EventPattern(())
    if on is not None and pattern.kinds == ("opened",) and _points(node) > 0:
        on.warn("Mail programs open mails by themselves.", "Score clicks, visits and answers instead.")
    return ScoreRule(
        key, "engagement", _points(node), pattern, _condition(node.get("if")), _limit(node.get("limit"))
    )


def _condition(node: Node | None) -> Condition | None:
    return None if node is None else parse(node)


def _is_fleeting(condition: Condition) -> bool:
    looked_at = needs(condition)
    return bool(looked_at.happenings or looked_at.measures or looked_at.interests)


def _points(node: Node) -> float:
    points = node.need("points", "Write a number; a negative one takes points away.")
    value = points.number() if points else 0.0
    if points is not None and not abs(value) <= _MOST_POINTS:
        points.error(f"{value} points are too many.", f"Write a number up to {_MOST_POINTS:g}.")
        return 0.0
    return value


def _limit(node: Node | None) -> Limit:
    if node is None:
        return _LIMITS["every time"]
    return parsed(node, _parse_limit, _LIMITS["every time"])


def _parse_limit(value: object) -> Limit:
    if isinstance(value, str) and value in _LIMITS:
        return _LIMITS[value]
    try:
        cap = FrequencyCap.parse(value)
    except ValueError:
        raise ValueError(
            f"“{value}” is not a limit: write “once”, “every time”, or such as “1 a day”, “3 in 14 days”."
        ) from None
    return Limit(cap.count, cap.per)


def _interests(node: Node | None) -> Interests:
    plain = Interests()
    if node is None:
        return plain
    node.keys({"half life", "weights"})
    weights = node.get("weights")
    return Interests(_weights(weights) if weights else {}, _half_life(node.get("half life"), plain.half_life))


def _weights(node: Node) -> Mapping[str, float]:
    node.keys((*KINDS, *(key for key, _ in node.entries() if key.startswith("custom:"))))
    return {key: child.number() for key, child in node.entries()}


def _half_life(node: Node | None, default: timedelta) -> timedelta:
    span = parsed(node, Span.parse, None) if node else None
    if node is not None and span is not None and not span.delta:
        node.error("A half-life of nothing leaves no score.", "Write such as 30 days.")
        return default
    return span.delta if span is not None else default
