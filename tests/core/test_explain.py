"""What would change a decision: by rule, and leaf by leaf of a condition."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.core.conditions import parse
from app.core.explain import Change, in_the_way, next_stage, not_any_more, verdicts, would_hold
from app.core.facts import CriterionFact, Measure
from app.core.qualification import judge
from app.core.reading import Node
from app.core.reasons import Reason
from tests.core.starter import NOW, contact, lifecycle, ripe
from tests.core.test_gate import mail

LEAVES: tuple[tuple[Any, str, dict[str, Any]], ...] = (
    ({"tag": "warm"}, "add_tag", {"tag": "warm"}),
    ({"not": {"tag": "cold"}}, "remove_tag", {"tag": "cold"}),
    ({"stage": "prospect"}, "be_at_stage", {"stages": ["prospect"], "seen": "lead"}),
    ({"not": {"stage": "lead"}}, "leave_stage", {"stages": ["lead"]}),
    ({"field": "size", "at least": 50}, "set_field", {"operator": "at least", "value": 50, "seen": 10}),
    ({"score": "engagement", "at least": 50}, "reach_score", {"value": 50, "seen": 20.0}),
    ({"interest": "pricing", "at least": 2}, "reach_interest", {"topic": "pricing", "seen": 0.0}),
    ({"criterion": "authority", "is": "yes"}, "settle_criterion", {"states": ["yes"], "seen": "no"}),
    ({"answer": "means", "at least": 100}, "settle_answer", {"criterion": "means", "seen": None}),
    ({"consent": "guides", "is": "given"}, "settle_consent", {"topic": "guides", "seen": "unknown"}),
    ({"clicked": "a/b"}, "happen", {"kinds": ["clicked"], "subjects": ["a/b"], "times": 1, "seen": 0}),
    ({"segment": "warm-leads"}, "be_in_segment", {"segment": "warm-leads"}),
)  # fmt: skip


def somebody() -> Any:
    return contact(engagement=20, tags=frozenset({"cold"}), fields={"size": 10}, criteria={"authority": "no"})


@pytest.mark.parametrize(("tree", "kind", "params"), LEAVES)
def test_each_kind_of_leaf_names_what_to_do(tree: Any, kind: str, params: dict[str, Any]) -> None:
    (change,) = would_hold(parse(Node(tree)), somebody(), NOW, {})
    assert change.kind == kind
    assert params.items() <= dict(change.params).items()


def test_what_holds_needs_no_change() -> None:
    assert would_hold(parse(Node({"tag": "cold"})), somebody(), NOW, {}) == ()
    assert would_hold(None, somebody(), NOW, {}) == ()


def test_what_must_not_hold_any_more_is_undone() -> None:
    assert not_any_more(parse(Node({"tag": "cold"})), somebody(), NOW, {}) == (
        Change("remove_tag", {"tag": "cold"}),
    )
    assert not_any_more(parse(Node({"tag": "warm"})), somebody(), NOW, {}) == ()


def test_a_mail_without_an_obstacle_passes_every_rule() -> None:
    found = verdicts(mail(), NOW)
    assert {verdict.decision for verdict in found} == {"pass"}
    assert in_the_way(found) == []


def test_two_obstacles_need_two_changes_and_one_named_twice_counts_once() -> None:
    later = NOW + timedelta(hours=5)
    held = mail(address=None, paused_until=later, sender_problem_until=later)
    kinds = [change.kind for change in in_the_way(verdicts(held, NOW))]
    assert kinds == ["give_address", "wait"]


def test_what_only_time_changes_says_until_when() -> None:
    held = replace(mail(), paused_until=NOW + timedelta(hours=5))
    (change,) = in_the_way(verdicts(held, NOW))
    assert change.params["until"] == (NOW + timedelta(hours=5)).isoformat()


def test_a_contact_who_wants_no_mail_is_not_told_to_wait() -> None:
    assert [change.kind for change in in_the_way(verdicts(mail(own_cap=0), NOW))] == ["want_mails"]


def test_a_suppression_is_named_with_its_scope() -> None:
    hit = Reason("gate.suppressed", {"scope": "domain", "topic": "", "source": "person"})
    (change,) = in_the_way(verdicts(mail(suppressed=(hit,)), NOW))
    assert (change.kind, change.params["scope"]) == ("lift_suppression", "domain")


def test_the_next_stage_lacks_criteria_and_points() -> None:
    facts = replace(
        ripe(criteria={"authority": "no"}), measures={"fit": Measure(78, NOW), "engagement": Measure(41, NOW)}
    )
    missing = next_stage(judge(lifecycle(), facts, NOW), facts, NOW)
    assert [(change.kind, change.params["seen"]) for change in missing] == [
        ("settle_criterion", "no"),
        ("reach_score", 41.0),
    ]


def test_who_is_ready_lacks_nothing() -> None:
    facts = ripe()
    assert next_stage(judge(lifecycle(), facts, NOW), facts, NOW) == ()
    facts.criteria = {**facts.criteria, "need": CriterionFact("unknown")}
    (change,) = next_stage(judge(lifecycle(), facts, NOW), facts, NOW)
    assert change.params["criterion"] == "need"
