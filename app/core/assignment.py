"""Whose a task is: the contact's owner, else whom the first rule that holds names, else a team's next in turn.

Turns are numbers that grow: among those who are here the one whose last turn is longest ago is next, those who
had none first, in the order of the team. So nobody has two turns before everybody had one, and whoever comes
back or is new gets the next turn once, not all that were missed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import Final, Literal
from uuid import UUID

from app.core.conditions import Condition, Needs, holds, needs, parse, resolve
from app.core.facts import Facts
from app.core.reading import Node
from app.core.reasons import Reason

EVERYBODY: Final = "everybody"
NOBODY: Final = "nobody"
SELLS = "sales"
ONLY_LOOKS = "viewer"
MOST_RULES, MOST_MEMBERS, LONGEST_NAME = 100, 100, 80
_TO = f"Write the address of a colleague, a list of them, “{EVERYBODY}” or “{NOBODY}”."


@dataclass(frozen=True, slots=True)
class AssignRule:
    """`to` are addresses of colleagues in small letters; empty for everybody and nobody.

    `own`: the contact becomes theirs too, where it is nobody's who is still here.
    """

    key: str
    who: Literal["named", "everybody", "nobody"]
    to: tuple[str, ...] = ()
    condition: Condition | None = None
    own: bool = False

    @property
    def in_turn(self) -> bool:
        return self.who == EVERYBODY or len(self.to) > 1


@dataclass(frozen=True, slots=True)
class Colleague:
    id: UUID
    address: str
    name: str
    role: str
    is_disabled: bool = False
    away_until: datetime | None = None

    def is_here(self, now: datetime) -> bool:
        """Whether rules may give them something to do."""
        away = self.away_until is not None and now < self.away_until
        return not self.is_disabled and not away and self.role != ONLY_LOOKS


@dataclass(frozen=True, slots=True)
class Turns:
    """What a rule remembers: the number of its last turn, and of each member's own last one."""

    number: int = 0
    last: Mapping[UUID, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom the rules leave it to: one of `among`, by turns where `rule` says so; nobody where it is empty."""

    among: tuple[Colleague, ...]
    reason: Reason
    rule: AssignRule | None = None


def choose(
    rules: Sequence[AssignRule],
    facts: Facts | None,
    owner: UUID | None,
    team: Sequence[Colleague],
    now: datetime,
) -> Choice:
    """The contact's owner goes first while they are not shut out. A rule of whose people nobody is here is passed over.

    Conditions must be resolved. `facts` may be None where no rule has a condition.
    """
    theirs = next((one for one in team if one.id == owner and not one.is_disabled), None)
    if theirs is not None:
        return Choice((theirs,), Reason("task.by_owner"))
    passed = ""
    for rule in rules:
        if rule.condition is not None and (facts is None or not holds(rule.condition, facts, now)):
            continue
        told = {"rule": rule.key}
        if rule.who == NOBODY:
            return Choice((), Reason("task.to_nobody", told), rule)
        here = tuple(one for one in members(rule, team) if one.is_here(now))
        if here:
            return Choice(here, Reason("task.by_turn" if rule.in_turn else "task.by_rule", told), rule)
        passed = passed or rule.key
    if passed:
        return Choice((), Reason("task.nobody_here", {"rule": passed}))
    return Choice((), Reason("task.no_rule"))


def members(rule: AssignRule, team: Sequence[Colleague]) -> Iterator[Colleague]:
    """Whom a rule names, here or not, in its order; of everybody those of the team who sell."""
    if rule.who == EVERYBODY:
        yield from (one for one in team if one.role == SELLS)
        return
    by_address = {one.address: one for one in team}
    yield from (by_address[address] for address in rule.to if address in by_address)


def next_in_turn(among: Sequence[Colleague], turns: Turns) -> Colleague:
    """Who is next of `among`, which is not empty."""
    return min(among, key=lambda one: turns.last.get(one.id, 0))


def taken(turns: Turns, by: UUID, known: Sequence[UUID]) -> Turns:
    """The turns after one of `by`. Of those who are not `known` to the rule any more nothing is kept."""
    number = turns.number + 1
    kept = {one: turns.last[one] for one in known if one in turns.last}
    return Turns(number, {**kept, by: number})


def with_segments(rules: Sequence[AssignRule], segments: Mapping[str, Condition]) -> tuple[AssignRule, ...]:
    """The rules with the segments' own conditions in place of their names."""
    return tuple(
        rule if rule.condition is None else replace(rule, condition=resolve(rule.condition, segments))
        for rule in rules
    )


def needs_of(rules: Sequence[AssignRule]) -> Needs | None:
    """What the rules look at of a contact; None where they look at nothing."""
    conditions = [rule.condition for rule in rules if rule.condition is not None]
    return reduce(Needs.__or__, map(needs, conditions)) if conditions else None


def read_assignment(node: Node | None) -> tuple[AssignRule, ...]:
    """The `tasks:` part of the programme: a list of `- name: {if: …, to: …, own: true}`. Faults are noted on it."""
    if node is None:
        return ()
    items = node.items()
    if len(items) > MOST_RULES:
        node.error(f"Here are {len(items)} rules.", f"At most {MOST_RULES} can be followed.")
        return ()
    rules: list[AssignRule] = []
    for item in items:
        if not isinstance(item.value, Mapping) or len(item.value) != 1:
            item.error(
                "Here should stand one rule with its name.",
                "Such as - italy: {if: {field: country, is: IT}, to: ada@example.com}.",
            )
            continue
        [(key, body)] = item.entries()
        rule = _rule(key, body)
        if rule.key in {one.key for one in rules}:
            body.error(f"There is a rule “{key}” already.", "Give each rule a name of its own.")
        if any(one.condition is None for one in rules):
            body.warn(
                f"“{key}” is never reached.", "A rule before it has no condition; move that one to the end."
            )
        rules.append(rule)
    return tuple(rules)


def _rule(key: str, node: Node) -> AssignRule:
    name = key.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        node.error(
            "This name of a rule cannot be used.", f"Write one line of at most {LONGEST_NAME} letters."
        )
    node.keys(("if", "to", "own"))
    condition, own = node.get("if"), node.get("own")
    to = node.need("to", _TO) if isinstance(node.value, Mapping) else None
    who, addresses = _to(to)
    return AssignRule(
        name, who, addresses, parse(condition) if condition else None, own.flag() if own else False
    )


def _to(node: Node | None) -> tuple[Literal["named", "everybody", "nobody"], tuple[str, ...]]:
    if node is None:
        return NOBODY, ()
    if node.value == EVERYBODY:
        return EVERYBODY, ()
    if node.value == NOBODY:
        return NOBODY, ()
    items = node.items()
    if not items or len(items) > MOST_MEMBERS:
        node.error(f"Here should stand one to {MOST_MEMBERS} colleagues.", _TO)
    found: dict[str, None] = {}
    for item in items:
        address = item.text().strip().lower()
        if "@" not in address:
            item.error(f"“{address[:60]}” is no address.", _TO)
        elif address in found:
            item.error(
                f"“{address[:120]}” stands here twice.", "Take one of the two out; turns are shared evenly."
            )
        found[address] = None
    return "named", tuple(found)
