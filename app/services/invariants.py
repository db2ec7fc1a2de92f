"""What must always be true, and the round each check makes through its table.

A run is bounded: what was wrong before, the newest rows, and the next piece of the round. So a large
table is gone through in many runs, and what was looked at when is written down beside what was found.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, TextClause

from app.core.reasons import Reason
from app.core.scoring import fold
from app.services.ids import new_id
from app.services.suppressing import ValueHash, parts_of
from app.services.viewing.people import full_name, half_life
from app.services.world import World
from app.store import checks, truths
from app.store.checks import Judged
from app.store.database import Database
from app.store.hints import said
from app.store.in_hand import IN_HAND
from app.store.tables import contacts, deliveries, enrollments
from app.store.views import Found

# Rows of one run: what is judged in one go, the newest ones, and the piece of the round.
AT_ONCE = 500
NEWEST = 2_000
PIECE = 20_000
MOST_FINDINGS = 1_000
MOST_SHOWN = 200
# A score is kept entry by entry and folded anew in another order: the last digits may differ.
NEARLY = 1e-6

Judge = Callable[[Connection, World, Sequence[UUID]], list[Judged]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold for every row of `table` (or for those `where` names)."""

    code: str
    table: Table
    judge: Judge
    where: TextClause | None = None


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule as it stands: what is wrong, and how far the looking has come.

    `checked` rows were looked at in the present round; `whole_at` is when a round last came to the end of the
    table, over `whole` rows. `checked_at` is None where nothing was looked at yet.
    """

    code: str
    checked: int
    findings: tuple[Reason, ...]
    people: tuple[UUID, ...] = ()
    checked_at: datetime | None = None
    whole_at: datetime | None = None
    whole: int = 0

    @property
    def ok(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that is wrong."""

    rule: str
    fault: str
    subject: UUID
    contact_id: UUID | None
    name: str
    first_seen_at: datetime
    last_seen_at: datetime


def _plain(check: Callable[[Connection, Sequence[UUID]], list[Judged]]) -> Judge:
    return lambda connection, _world, ids: check(connection, ids)


def _scores_fold(connection: Connection, _world: World, ids: Sequence[UUID]) -> list[Judged]:
    kept, entries = checks.score_rows(connection, ids)
    by_score: dict[tuple[UUID, str], list[Found]] = {}
    for entry in entries:
        by_score.setdefault((entry.contact_id, entry.measure), []).append(entry)
    wrong = {row.contact_id for row in kept if _differs(row, by_score.pop((row.contact_id, row.measure), []))}
    # Entries without a score beside them count for nothing, which is as wrong.
    wrong |= {who for who, _ in by_score}
    return [Judged(who, who, "differs" if who in wrong else None) for who in ids]


def _differs(row: Found, entries: list[Found]) -> bool:
    folded = fold(entries, half_life(row.half_life))
    worth = folded.at(row.as_of) if folded else 0.0
    return bool(abs(worth - row.value) > NEARLY * max(1.0, abs(row.value)))


def _after_suppression(connection: Connection, world: World, ids: Sequence[UUID]) -> list[Judged]:
    """Mails whose handing over began while a suppression of their address, domain, company or contact held."""
    mails = checks.begun_mails(connection, ids)
    hashed = ValueHash(world.settings)
    values = {mail.id: {hashed(part) for part in parts_of(mail.address, mail.company_id)} for mail in mails}
    everything = sorted(set().union(*values.values()))
    whose = sorted({mail.contact_id for mail in mails})
    found = checks.suppressions_of(connection, world.workspace_id, everything, whose)
    return [
        Judged(mail.id, mail.contact_id, "sent" if any(_broken(s, mail, values[mail.id]) for s in found) else None)
        for mail in mails
    ]  # fmt: skip


def _broken(stop: Found, mail: Found, values: set[str]) -> bool:
    if stop.value_hash not in values and stop.contact_id != mail.contact_id:
        return False
    if mail.intent_at <= stop.at or (stop.lifted_at is not None and mail.intent_at >= stop.lifted_at):
        return False
    if stop.scope in ("address", "domain"):
        # Of a contact with several addresses one may be dead and another may not.
        return stop.value_hash in values
    return bool(mail.message_class == "marketing" and (stop.scope != "topic" or stop.topic == mail.topic))


RULES = (
    Rule("next_step", enrollments, _plain(checks.next_step)),
    Rule("mails_add_up", deliveries, _plain(checks.mails_add_up)),
    Rule("one_acceptance", deliveries, _plain(checks.one_acceptance)),
    Rule("one_in_hand", deliveries, _plain(checks.one_in_hand), said(deliveries, IN_HAND)),
    Rule("after_suppression", deliveries, _after_suppression),
    Rule("scores_fold", contacts, _scores_fold),
    Rule("consents_fold", contacts, _plain(checks.consents_fold)),
    Rule("addresses", contacts, _plain(checks.whose_addresses)),
)  # fmt: skip


def run_checks(world: World, now: datetime, piece: int = PIECE, newest: int = NEWEST) -> int:
    """One bounded run of every rule; how many faults are new."""
    return sum(_run(world, rule, now, piece, newest) for rule in RULES)


def check_all(world: World, now: datetime) -> tuple[Invariant, ...]:
    """Every rule over every row, written down like any run: what `trellis doctor` and `trellis ledger check` do."""
    for rule in RULES:
        with world.database.write() as connection:
            truths.note_check(connection, world.workspace_id, rule.code, _progress(None, now, 0, 0))
        _run(world, rule, now, None, 0)
    with world.database.read() as connection:
        return stand(connection, world.workspace_id)


def _run(world: World, rule: Rule, now: datetime, piece: int | None, newest: int) -> int:
    workspace_id = world.workspace_id
    with world.database.read() as connection:
        before = truths.checks(connection, workspace_id).get(rule.code)
        open_ids = truths.open_subjects(connection, workspace_id, rule.code, MOST_FINDINGS)
        fresh = checks.page(connection, rule.table, workspace_id, None, newest, rule.where, newest=True)
    again = list({*open_ids, *fresh})
    new = sum(_look(world, rule, again[at : at + AT_ONCE], now)[1] for at in range(0, len(again), AT_ONCE))
    reached = before.reached if before else None
    looked, passed, ended = 0, 0, False
    while not ended and (piece is None or passed < piece):
        with world.database.read() as connection:
            ids = checks.page(connection, rule.table, workspace_id, reached, AT_ONCE, rule.where)
        judged, found = _look(world, rule, ids, now)
        looked, new, passed = looked + judged, new + found, passed + len(ids)
        reached, ended = (ids[-1] if ids else reached), len(ids) < AT_ONCE
    values = _went(before, None if ended else reached, now, looked, ended)
    with world.database.write() as connection:
        truths.note_check(connection, workspace_id, rule.code, values)
    return new


def _look(world: World, rule: Rule, ids: Sequence[UUID], now: datetime) -> tuple[int, int]:
    """Judge these rows and write down what is wrong and what no longer is; how many were judged, and how many
    faults are new.
    """
    if not ids:
        return 0, 0
    with world.database.read() as connection:
        checks.as_one(connection)
        judged = rule.judge(connection, world, ids)
        known = truths.is_known(connection, world.workspace_id, rule.code)
    faults = [one for one in judged if one.fault is not None]
    if not faults and not known:
        return len(judged), 0
    stays = [(one.subject, one.fault) for one in faults if one.fault]
    with world.database.write() as connection:
        truths.close_findings(connection, world.workspace_id, rule.code, ids, stays, now)
        new = truths.note_findings(connection, [_finding(world, rule, one, now) for one in faults])
    return len(judged), new


def _finding(world: World, rule: Rule, one: Judged, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(now), "workspace_id": world.workspace_id, "rule": rule.code, "fault": one.fault,
        "subject": one.subject, "contact_id": one.contact_id, "first_seen_at": now, "last_seen_at": now,
    }  # fmt: skip


def _went(
    before: Found | None, reached: UUID | None, now: datetime, looked: int, ended: bool
) -> dict[str, Any]:
    goes_on = before is not None and before.reached is not None
    so_far = looked + before.round_looked if before is not None and goes_on else looked
    values = _progress(reached, now, looked, so_far)
    if before is not None and goes_on:
        values["round_since"] = before.round_since
    return values | ({"whole_at": now, "whole_looked": so_far} if ended else {})


def _progress(reached: UUID | None, now: datetime, looked: int, so_far: int) -> dict[str, Any]:
    return {
        "reached": reached, "looked_at": now, "looked": looked, "round_since": now, "round_looked": so_far,
    }  # fmt: skip


def stand(connection: Connection, workspace_id: UUID) -> tuple[Invariant, ...]:
    """Every rule as the last runs left it, in a fixed number of statements."""
    runs = truths.checks(connection, workspace_id)
    counts = truths.open_counts(connection, workspace_id)
    shown = truths.open_findings(connection, workspace_id, None, MOST_SHOWN) if counts else []
    return tuple(_invariant(rule.code, runs.get(rule.code), counts, shown) for rule in RULES)


def _invariant(
    code: str, run: Found | None, counts: dict[tuple[str, str], int], shown: Sequence[Found]
) -> Invariant:
    reasons = tuple(
        Reason(f"health.{code}.{fault}", {"count": count})
        for (rule, fault), count in sorted(counts.items())
        if rule == code
    )
    people = tuple(row.contact_id for row in shown if row.rule == code and row.contact_id is not None)
    if run is None:
        return Invariant(code, 0, reasons, people)
    return Invariant(code, run.round_looked, reasons, people, run.looked_at, run.whole_at, run.whole_looked)


def findings(database: Database, workspace_id: UUID, rule: str | None = None) -> tuple[Finding, ...]:
    """What is wrong, row by row, the newest first; at most MOST_SHOWN of it."""
    with database.read() as connection:
        rows = truths.open_findings(connection, workspace_id, rule, MOST_SHOWN)
    return tuple(
        Finding(
            row.rule, row.fault, row.subject, row.contact_id, full_name(row.first_name, row.last_name),
            row.first_seen_at, row.last_seen_at,
        )
        for row in rows
    )  # fmt: skip
