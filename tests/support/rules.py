"""A small programme with every consequence: scores, criteria, stages, a task by mail, four sequences."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert, select, update

from app.core.ids import content_id
from app.services import reacting
from app.services.enrolling import admit_due
from app.services.ids import new_id
from app.services.running import run_due
from app.services.world import World
from app.store import ledger, tables
from app.store.database import Database
from tests.services.authoring import content
from tests.support.databases import make_sqlite_template, open_sqlite
from tests.support.line import NOW, lay, people, reopen

DAY = timedelta(days=1)
LIFECYCLE = """\
lifecycle: inbound
presets:
  inbound:
    stages:
      lead: {gets: [discovery]}
      prospect: {gets: [decision]}
      customer: {gets: [adoption, expansion, advocacy, re-engagement]}
      dormant: {kind: side, mailable: false}
    transitions:
      - {from: lead, to: [prospect, dormant]}
      - {from: prospect, to: [customer, lead]}
    entries:
      - stage: prospect
        from: lead
        requires: [need, authority]
        if: {all: [{score: fit, at least: 10}, {score: engagement, at least: 10}]}
        task: {title: Call them, kind: call, due: 1 working day}
      - stage: dormant
        from: lead
        if: {event: silent, in: 1 day}
criteria:
  need:
    type: choice
    question: What is missing?
    answers: [{value: time, state: yes, label: Time}, {value: nothing, state: no, label: Nothing}]
  authority:
    type: choice
    question: Who decides?
    answers: [{value: me, state: yes, label: Me}, {value: others, state: no, label: Others}]
  means:
    type: number
    question: How much?
    answers: [{value: 100, state: yes, label: A hundred}, {value: 0, state: no, label: Nothing}]
programme:
  zone: Europe/Copenhagen
  country: DK
  topics: {guides: Guides, offers: Offers}
"""
DISCOVERY = """\
sequence: discovery
for: lead
topic: guides
enter: {on: stage_entered, never: {tag: competitor}}
goal: {stage: prospect}
exit: [unsubscribed, replied, bounced]
steps:
  - hello: {send: discovery/hello}
  - heard: {wait_for: {clicked: hello}, up to: 60 days, then: end, else: end}
"""
DECISION = """\
sequence: decision
for: prospect
topic: offers
enter: {on: stage_entered}
steps:
  - case: {send: decision/case}
"""
AGAIN = """\
sequence: again
for: lead
topic: guides
enter: {on: event, name: "custom:fair"}
again: always
steps:
  - pause: {wait: 1 day}
"""
AFTER = """\
sequence: after
for: lead
topic: guides
enter: {on: form, name: contact}
again: after 30 days
steps:
  - pause: {wait: 1 day}
"""
SLOWLY = """\
sequence: slowly
for: lead
topic: guides
enter: {on: person, at most: 2 a day}
steps:
  - pause: {wait: 1 day}
"""
TASK_MAIL = """\
---
kind: internal
class: internal
topics: []
subject: "{{ task.title }}"
preheader: "The story"
fallbacks: {task.due: when you can}
repeat: true
---
<mj-section><mj-column><mj-text>{{ task.title }} {{ task.due }}
{% for line in task.lines %}{{ line }}<br/>{% endfor %}<a href="{{ task.url }}">Open</a></mj-text></mj-column></mj-section>
"""
MAILS = {
    "discovery/hello": content.mail(),
    "decision/case": content.mail("decision"),
    "internal/task": TASK_MAIL,
}


def programme(database: Database, folder: Path, sequences: tuple[str, ...] = (), **settings: Any) -> World:
    """The programme with DISCOVERY, DECISION and whatever else is given, in force in an empty database."""
    with database.write() as connection:
        for table, values in _published(sequences).items():
            connection.execute(insert(table), list(values))
    return reopen(database, folder, secret_key="a key for tests", **settings)


@cache
def _published(sequences: tuple[str, ...]) -> dict[Table, Sequence[dict[str, Any]]]:
    """What publishing writes, made once: compiling mails takes its time."""
    with TemporaryDirectory() as folder:
        database = open_sqlite(make_sqlite_template(Path(folder) / "empty.db"), Path(folder) / "made.db")
        lay(
            database,
            Path(folder),
            sequences=(DISCOVERY, DECISION, *sequences),
            mails=MAILS,
            lifecycle=LIFECYCLE,
        )
        with database.read() as connection:
            found = {
                table: [dict(row) for row in connection.execute(select(table)).mappings()]
                for table in tables.metadata.sorted_tables
            }
        database.close()
    return {table: values for table, values in found.items() if values}


def owned_lead(world: World, number: int = 0, **columns: Any) -> UUID:
    """A lead of a company that fits, with an owner."""
    owner, company = new_id(NOW), new_id(NOW)
    with world.database.write() as connection:
        connection.execute(
            insert(tables.users).values(
                id=owner, workspace_id=world.workspace_id, email=f"owner{number}@halden.example", name="Olga Owner",
                title="Sales", signature="Olga", role="sales", may_publish=False, may_send=False,
                must_change_password=False, failed_sign_ins=0, created_at=NOW,
            )
        )  # fmt: skip
        connection.execute(
            insert(tables.companies).values(
                id=company, workspace_id=world.workspace_id, domain=f"house{number}.example", name="House",
                fields={"size": 80}, created_at=NOW,
            )
        )  # fmt: skip
    (who,) = people(world, 1, first=number, owner_id=owner, company_id=company, **columns)
    with world.database.write() as connection:
        row = {"contact_id": who, "purpose": "offers", "workspace_id": world.workspace_id, "state": "given"}
        connection.execute(insert(tables.consents).values(**row, basis="form", at=NOW))
    return who


def happen(world: World, who: UUID, kind: str, subject: str = "", at: datetime = NOW, **columns: Any) -> UUID:
    """An event that nobody has reacted to yet; its id."""
    row = {
        "id": content_id(at, "test", f"{who}:{kind}:{subject}"), "workspace_id": world.workspace_id,
        "contact_id": who, "kind": kind, "subject": subject, "topics": "", "verdict": "human", "source": "site",
        "occurred_at": at, "received_at": at, "failures": 0, "payload": {}, **columns,
    }  # fmt: skip
    with world.database.write() as connection:
        assert ledger.add_events(connection, [row]) == 1
    return row["id"]


def answered(world: World, who: UUID, criterion: str, answer: str, at: datetime = NOW) -> UUID:
    return happen(world, who, "answered", criterion, at, payload={"answer": answer})


def settle(world: World, now: datetime = NOW) -> None:
    """React, judge, admit and advance until nothing is left at this instant."""
    for _ in range(50):
        done = reacting.react_due(world, now) + reacting.judge_changed(world, now)
        if done + admit_due(world, now) + run_due(world, now).taken == 0:
            return
    raise AssertionError("it does not come to rest")


def rows(world: World, table: Table, **wanted: Any) -> list[Any]:
    query = select(table)
    for name, value in wanted.items():
        query = query.where(table.c[name] == value)
    with world.database.read() as connection:
        return list(connection.execute(query.order_by(*table.primary_key)).all())


def one(world: World, table: Table, **wanted: Any) -> Any:
    (found,) = rows(world, table, **wanted)
    return found


def change(world: World, table: Table, where: dict[str, Any], **values: Any) -> None:
    query = update(table).values(**values)
    for name, value in where.items():
        query = query.where(table.c[name] == value)
    with world.database.write() as connection:
        assert connection.execute(query).rowcount == 1


def told(world: World, who: UUID, *kinds: str) -> list[tuple[str, str]]:
    """Kind and code of the lines on the contact's timeline, of some kinds or of all."""
    found = rows(world, tables.timeline, contact_id=who)
    return [
        (row.kind, row.code)
        for row in sorted(found, key=lambda row: (row.at, row.id))
        if not kinds or row.kind in kinds
    ]
