"""Whose a task is: decided by the rules of the programme, with a turn taken in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.assignment import (
    AssignRule,
    Choice,
    Colleague,
    Turns,
    choose,
    members,
    needs_of,
    next_in_turn,
    taken,
    with_segments,
)
from app.core.conditions import Description, describe
from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.library import Catalogue
from app.services.world import World
from app.store import assigning as store
from app.store import ledger
from app.store.facts import load_facts

GIVEN, BY_HAND = Reason("task.given"), Reason("task.by_hand")


@dataclass(frozen=True, slots=True)
class Assigned:
    """`owner` is None where it is left to whoever takes it; `rule` is the one that decided, if one did."""

    owner: Colleague | None
    reason: Reason
    rule: AssignRule | None = None

    @property
    def by_rule(self) -> str | None:
        """The name of the rule that the reason speaks of."""
        named = self.reason.params.get("rule")
        return str(named) if named is not None else None

    @property
    def shown(self) -> Reason:
        """The reason with the name of whose it is."""
        return Reason(self.reason.code, {**self.reason.params, "name": self.owner.name if self.owner else ""})

    @property
    def tells(self) -> bool:
        """Whether the contact's story has a line for it: that it went to the contact's owner needs none."""
        return self.rule is not None and self.owner is not None


def assign(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    contact_id: UUID,
    now: datetime,
    wanted: UUID | None = None,
) -> Assigned:
    """Whose a task about the contact is; a turn is taken where a rule has turns. `wanted` goes first, if they are here."""
    rules = catalogue.rules.programme.tasks
    team = store.team(connection, world.workspace_id)
    if wanted is not None and any(one.id == wanted and not one.is_disabled for one in team):
        return Assigned(next(one for one in team if one.id == wanted), GIVEN)
    # Of two tasks that come at once for one contact, the second one sees whose it has become.
    owner = store.owner_of(connection, contact_id, hold=any(rule.own for rule in rules))
    choice = _choice(connection, world, catalogue, contact_id, owner, team, now)
    rule = choice.rule
    if rule is None or not choice.among:
        return Assigned(next(iter(choice.among), None), choice.reason, rule)
    to = choice.among[0]
    if rule.in_turn:
        turns = store.turns(connection, world.workspace_id, hold=True)
        mine = turns.get(rule.key, Turns())
        to = next_in_turn(choice.among, mine)
        turns[rule.key] = taken(mine, to.id, [one.id for one in members(rule, team)])
        store.keep_turns(connection, world.workspace_id, turns, {one.key for one in rules})
    if rule.own:
        _own(connection, world, contact_id, owner, to, rule, now)
    return Assigned(to, choice.reason, rule)


def would(world: World, contact_id: UUID, now: datetime) -> Assigned:
    """Whose a task about the contact would be now. No turn is taken and nothing is written."""
    catalogue = world.library.catalogue(now)
    with world.database.read() as connection:
        team = store.team(connection, world.workspace_id)
        owner = store.owner_of(connection, contact_id)
        choice = _choice(connection, world, catalogue, contact_id, owner, team, now)
        if choice.rule is None or not choice.among:
            return Assigned(next(iter(choice.among), None), choice.reason, choice.rule)
        turns = store.turns(connection, world.workspace_id).get(choice.rule.key, Turns())
        return Assigned(next_in_turn(choice.among, turns), choice.reason, choice.rule)


def told(assigned: Assigned, title: str) -> Reason:
    """As a line of the contact's story."""
    why = assigned.shown
    return Reason(why.code, {**why.params, "title": title})


def _choice(
    connection: Connection, world: World, catalogue: Catalogue, contact_id: UUID, owner: UUID | None,
    team: Sequence[Colleague], now: datetime,
) -> Choice:  # fmt: skip
    rules = with_segments(catalogue.rules.programme.tasks, catalogue.rules.segments)
    wanted = needs_of(rules)
    facts = None
    if wanted is not None:
        lifecycle = catalogue.rules.lifecycle.key
        facts = load_facts(connection, world.workspace_id, lifecycle, [contact_id], wanted, now).get(
            contact_id
        )
    return choose(rules, facts, owner, team, now)


def _own(
    connection: Connection, world: World, contact_id: UUID, before: UUID | None, to: Colleague, rule: AssignRule,
    now: datetime,
) -> None:  # fmt: skip
    if not store.own(connection, contact_id, before, to.id, now):
        return
    change: dict[str, Any] = {
        "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": contact_id, "kind": "owner",
        "name": "owner", "old": str(before) if before else None, "new": str(to.id), "source": "engine",
        "reason_code": "task.owned", "reason_params": {"rule": rule.key}, "at": now,
    }  # fmt: skip
    ledger.add_fact_changes(connection, [change])


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody a rule names; `is_next`: the rule's next turn is theirs."""

    colleague: Colleague
    is_here: bool
    is_next: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A rule in force, told for the page."""

    rule: AssignRule
    when: Description | None
    members: tuple[Member, ...]


def in_force(world: World, now: datetime) -> list[Line]:
    """The rules with whom they name, and whose turn comes. Raises Unreadable."""
    rules = world.library.catalogue(now).rules.programme.tasks
    with world.database.read() as connection:
        team = store.team(connection, world.workspace_id)
        turns = store.turns(connection, world.workspace_id)
    return [_line(rule, team, turns.get(rule.key, Turns()), now) for rule in rules]


def _line(rule: AssignRule, team: Sequence[Colleague], turns: Turns, now: datetime) -> Line:
    named = tuple(members(rule, team))
    here = [one for one in named if one.is_here(now)]
    following = next_in_turn(here, turns) if here and rule.in_turn else None
    return Line(
        rule,
        describe(rule.condition) if rule.condition is not None else None,
        tuple(Member(one, one.is_here(now), one == following) for one in named),
    )
