"""Sequences that begin by themselves: with a segment people are in, or with the day a date of theirs comes."""

from datetime import UTC, datetime, timedelta

from app.core.conditions import AllOf, Comparison, Condition, FieldIs, InSegment, InStage, Not
from app.core.facts import Facts, day_of
from app.core.sequences import Sequence
from app.core.setting import Setting

# How far the clocks of the world are behind and ahead of UTC.
BEHIND, AHEAD = timedelta(hours=12), timedelta(hours=14)


def candidates(sequence: Sequence, now: datetime) -> Condition | None:
    """Whom to look at, as one condition for the database; None where the sequence begins in another way.

    Of a date trigger these are all whose date is today anywhere: `occasion` looks at their own clock.
    """
    trigger = sequence.trigger
    if trigger.on == "segment":
        begins: Condition = InSegment(trigger.name)
    elif trigger.on == "date":
        days = sorted({at.astimezone(UTC).date().isoformat() for at in (now - BEHIND, now, now + AHEAD)})
        begins = FieldIs(trigger.name, Comparison("one of", tuple(days)))
    else:
        return None
    terms = [InStage((sequence.stage,)), begins]
    if trigger.condition is not None:
        terms.append(trigger.condition)
    if trigger.never is not None:
        terms.append(Not(trigger.never))
    return AllOf(tuple(terms))


def occasion(sequence: Sequence, facts: Facts, setting: Setting, now: datetime) -> str | None:
    """What a request of a candidate hangs on, so that it is made once; None where their date is not today.

    With a segment it is the day (in UTC), with a date that date.
    """
    trigger = sequence.trigger
    if trigger.on == "segment":
        return f"segment:{trigger.name}:{now.astimezone(UTC):%Y-%m-%d}"
    day = day_of(facts.fields.get(trigger.name))
    if day is None or day != now.astimezone(setting.zone(facts)).date():
        return None
    return f"date:{trigger.name}:{day.isoformat()}"
