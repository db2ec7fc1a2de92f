"""A condition as one boolean SQL expression over `contacts`, on SQLite and on PostgreSQL.

Says exactly what `app.core.conditions.holds` says of the same contact's facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, exists, false, func, not_, or_, select, true

from app.core.conditions import (
    CERTAIN_KINDS,
    AllOf,
    AnswerIs,
    AnyOf,
    Comparison,
    Condition,
    ConsentIs,
    CriterionIs,
    EventPattern,
    EventSeen,
    FieldIs,
    HasTag,
    InStage,
    InterestIs,
    Not,
    ScoreIs,
    resolve,
)
from app.core.conditions.compare import number_test
from app.store.fields import COMPANY, COMPANY_COLUMNS, CONTACT_COLUMNS, CREATED, EMAIL, OWNER
from app.store.tables import (
    companies,
    consents,
    contact_criteria,
    contact_stages,
    contact_tags,
    contacts,
    events,
    identities,
    interests,
    scores,
    users,
)
from app.store.typed_sql import (
    NUMBER_TESTS,
    Test,
    TypedValue,
    compare,
    date_of,
    holds_text,
    of_json,
    of_text,
    start_of,
    worth,
)


def condition_sql(
    condition: Condition,
    now: datetime,
    *,
    workspace_id: UUID,
    lifecycle: str,
    dialect_name: str,
    segments: Mapping[str, Condition] | None = None,
) -> ColumnElement[bool]:
    """For the WHERE of a statement over `contacts`; true or false, never NULL. All values are bound."""
    return _Translation(now, workspace_id, lifecycle, dialect_name).of(resolve(condition, segments or {}))


@dataclass(frozen=True, slots=True)
class _Translation:
    now: datetime
    workspace_id: UUID
    lifecycle: str
    dialect: str

    def of(self, condition: Condition) -> Test:
        match condition:
            case AllOf(parts):
                return and_(true(), *map(self.of, parts))
            case AnyOf(parts):
                return or_(false(), *map(self.of, parts))
            case Not(part):
                return not_(self.of(part))
            case FieldIs(key, comparison):
                return self.field(key, comparison)
            case AnswerIs(key, comparison):
                return self.answer(key, comparison)
            case ScoreIs(measure, comparison):
                return self.measure(scores, scores.c.measure == measure, comparison)
            case InterestIs(topic, comparison):
                return self.measure(interests, interests.c.topic == topic, comparison)
            case EventSeen():
                return self.events(condition)
            case _:
                return self.row(condition)

    def row(self, condition: Condition) -> Test:
        """The leaves that ask whether a row is there."""
        match condition:
            case HasTag(tag):
                tags = contact_tags.c
                mine = and_(tags.workspace_id == self.workspace_id, tags.contact_id == contacts.c.id)
                return _any_row(mine, tags.tag == tag)
            case InStage(stages):
                rows = contact_stages.c
                mine = and_(rows.workspace_id == self.workspace_id, rows.contact_id == contacts.c.id)
                return _any_row(mine, rows.lifecycle == self.lifecycle, rows.stage.in_(stages))
            case CriterionIs(key, states):
                return _stated(contact_criteria, contact_criteria.c.criterion == key, states)
            case ConsentIs(topic, states):
                return _stated(consents, consents.c.purpose == topic, states)
            case _:  # Never, and a segment nobody knows
                return false()

    def field(self, key: str, comparison: Comparison) -> Test:
        if key.startswith(COMPANY):
            column = COMPANY_COLUMNS.get(key)
            own = of_json(companies.c.fields, key.removeprefix(COMPANY), self.dialect)
            link = companies.c.id == contacts.c.company_id
            return self.related(link, own if column is None else of_text(column), comparison)
        if key == OWNER:
            return self.related(users.c.id == contacts.c.owner_id, of_text(users.c.email), comparison)
        if key in CONTACT_COLUMNS:
            value = of_text(CONTACT_COLUMNS[key])
        elif key == CREATED:
            value = of_text(date_of(contacts.c.created_at, self.dialect))
        elif key == EMAIL:
            value = of_text(_primary_address())
        else:
            value = of_json(contacts.c.fields, key, self.dialect)
        return compare(value, comparison, self.now, self.dialect)

    def answer(self, key: str, comparison: Comparison) -> Test:
        table = contact_criteria.c
        link = and_(table.contact_id == contacts.c.id, table.criterion == key)
        return self.related(link, of_json(table.value, None, self.dialect), comparison)

    def related(self, link: Test, value: TypedValue, comparison: Comparison) -> Test:
        """A comparison with a value of another row; where there is no such row, the value is missing."""
        if comparison.operator == "is unknown":
            return not_(self.related(link, value, Comparison("is known")))
        return _any_row(link, compare(value, comparison, self.now, self.dialect))

    def measure(self, table: Table, named: Test, comparison: Comparison) -> Test:
        columns = table.c
        now_worth = worth(columns.value, columns.as_of, columns.half_life, self.now, self.dialect)
        test = NUMBER_TESTS[comparison.operator](now_worth, comparison.operand)
        found = _any_row(columns.contact_id == contacts.c.id, named, test)
        if not number_test(comparison.operator, cast(float, comparison.operand))(0.0):
            return found
        return or_(found, not_(_any_row(columns.contact_id == contacts.c.id, named)))

    def events(self, condition: EventSeen) -> Test:
        clauses = [events.c.contact_id == contacts.c.id, events.c.occurred_at <= self.now]
        clauses.append(or_(*map(self.pattern, (condition.pattern, *condition.pattern.others))))
        since = start_of(self.now, condition.within)
        if since is not None:
            clauses.append(events.c.occurred_at >= since)
        if condition.at_least == 1:
            return _any_row(*clauses)
        seen = select(func.count()).select_from(events).where(*clauses).correlate(contacts)
        return seen.scalar_subquery() >= condition.at_least

    def pattern(self, pattern: EventPattern) -> Test:
        guessed = [kind for kind in pattern.kinds if kind not in CERTAIN_KINDS]
        certain = [kind for kind in pattern.kinds if kind in CERTAIN_KINDS]
        human = and_(events.c.kind.in_(guessed), events.c.verdict == "human")
        clauses = [or_(human, events.c.kind.in_(certain))]
        if pattern.subjects:
            clauses.append(events.c.subject.in_(pattern.subjects))
        if pattern.topics:
            named = (holds_text(events.c.topics, f",{topic},", self.dialect) for topic in pattern.topics)
            clauses.append(or_(*named))
        return and_(*clauses)


def _any_row(*clauses: Test) -> Test:
    return exists(select(1).where(*clauses).correlate(contacts))


def _stated(table: Table, named: Test, states: tuple[str, ...]) -> Test:
    """A row in one of `states`; no row counts as unknown."""
    linked = and_(table.c.contact_id == contacts.c.id, named)
    found = _any_row(linked, table.c.state.in_(states))
    return or_(found, not_(_any_row(linked))) if "unknown" in states else found


def _primary_address() -> ColumnElement[str]:
    table = identities.c
    mine = and_(table.contact_id == contacts.c.id, table.kind == "email", table.is_primary)
    return select(table.value).where(mine).order_by(table.id).limit(1).correlate(contacts).scalar_subquery()
