"""When the first mail would leave to those whom an import lets into sequences: told before it is confirmed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.steps import Send, Wait
from app.core.timing import add_span, next_open, next_weekday, zone_of
from app.services.importing.drafts import Shown
from app.services.library import Catalogue, SequenceVersion
from app.services.world import World


@dataclass(frozen=True, slots=True)
class Arrival:
    """`people` enter a sequence; its first mail leaves at `at` at the earliest (None: when something happens)."""

    key: str
    title: str
    people: int
    at: datetime | None
    done_in: timedelta


def arrivals(world: World, shown: Shown, now: datetime) -> list[Arrival]:
    """One line a sequence, by what the dry run saw."""
    catalogue = world.library.catalogue(now)
    found = []
    for stage, people in shown.seen.get("stages", {}).items():
        days = (people - 1) // shown.options.a_day if shown.options.a_day else 0
        for version in catalogue.for_stage(stage):
            at = _first_mail(catalogue, version, now)
            found.append(
                Arrival(version.sequence.key, version.sequence.title, people, at, timedelta(days=days))
            )
    return sorted(found, key=lambda one: -one.people)


def _first_mail(catalogue: Catalogue, version: SequenceVersion, now: datetime) -> datetime | None:
    """Along the way that waits for nothing but the time, in the zone of the programme."""
    programme, steps = catalogue.rules.programme, version.sequence.steps
    calendar, country = programme.calendar, programme.country
    zone = zone_of(None, programme.zone)[0]
    key, at = next(iter(steps), ""), now
    for _ in steps:
        step = steps.get(key)
        if isinstance(step, Send):
            return next_open(
                at, step.manner.window or programme.window, programme.quiet, zone, calendar, country
            )
        if not isinstance(step, Wait) or step.field is not None:
            return None
        if step.span is not None:
            at = add_span(at, step.span, zone, calendar, country)
        elif step.weekday is not None:
            at = next_weekday(at, step.weekday, step.local, zone)
        key = step.next
    return None
