"""The story of the demo: beat by beat the jobs tick, mail is caught and read, and people do what people do."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from app.demo.acting import Act, reactions
from app.demo.cast import Person
from app.demo.chance import Chance
from app.demo.doors import Doors, MovedClock
from app.demo.mailbox import read_mail
from app.demo.performing import Performer, newcomer
from app.demo.sales import Team
from app.demo.tally import Tally
from app.runtime.engine import Engine

DAY = timedelta(days=1)
# When the jobs tick (UTC): while somebody's office is open, from Riga to São Paulo, and seldom at weekends.
HOURS = (6, 9, 12, 15, 18)
WEEKEND = (10,)


class Postbox(Protocol):
    """Where caught mail is fetched: (recipient, envelope sender, bytes, instant) of each that is new."""

    def fetch(self) -> list[tuple[str, str, bytes, datetime]]: ...


@dataclass(frozen=True, slots=True)
class Stage:
    """What a story is played on."""

    engine: Engine
    doors: Doors
    clock: MovedClock
    postbox: Postbox


class Story:
    """One run, from `start` to `end`. `progress` hears the day that is played, and of how many."""

    def __init__(
        self,
        stage: Stage,
        chance: Chance,
        cast: list[Person],
        start: datetime,
        end: datetime,
        progress: Callable[[int, int], None] = lambda day, days: None,
    ) -> None:
        self._stage, self._chance, self._cast = stage, chance, cast
        self._start, self._end, self._progress = start, end, progress
        self.tally = Tally()
        friends = [person for person in cast if person.way == "friend"]
        self._performer = Performer(chance, stage.doors, self.tally, friends)
        self._team = Team(chance, stage.doors, cast)
        self._by_address = {person.email: person for person in cast}
        self._coming: list[tuple[datetime, int, Act]] = []
        self._planned = 0

    def play(self) -> Tally:
        """Play it. Raises what a door refuses: the story ends then, and is not whole."""
        lists = sorted((p for p in self._cast if p.way not in ("form", "friend")), key=lambda p: p.day)
        for person in self._cast:
            if person.way == "form":
                self._plan(newcomer(person, self._start + person.day * DAY))
        days = (self._end - self._start).days
        for number, (day, beats) in enumerate(_days(self._chance, self._start, self._end)):
            self._progress(number, days)
            for place, beat in enumerate(beats):
                self._until(beat)
                due = [p for p in lists if self._start + p.day * DAY <= beat]
                if due:
                    self._team.brings(due, self._stage.clock())
                    lists = lists[len(due) :]
                if place == 0:
                    self._morning(day)
                elif day.weekday() < 5 and place % 2 == 0:
                    self._team.works(self._stage.clock())
                self._tick()
        self._until(self._end)
        self._tick()
        self._progress(days, days)
        return self.tally

    def _until(self, at: datetime) -> None:
        """Everything that people and machines do up to `at`."""
        while self._coming and self._coming[0][0] <= at:
            for act in self._performer.do(heapq.heappop(self._coming)[2]):
                self._plan(act)
        self._stage.clock.go_on(at)

    def _plan(self, act: Act) -> None:
        self._planned += 1
        heapq.heappush(self._coming, (act.at, self._planned, act))

    def _morning(self, day: date) -> None:
        """What happens once a day or once a week."""
        engine = self._stage.engine
        for job in (engine.silence, engine.gather, engine.forget, engine.flags, engine.breaker):
            job()
        if day.weekday() == 1:
            for job in (engine.old_hits, engine.paces, engine.partitions, engine.settle):
                job()
            self._team.learns(self._stage.clock())
            self._team.hears(self._stage.clock())

    def _tick(self) -> None:
        """Each job once, in their order; then the new mail is read."""
        engine = self._stage.engine
        for job in (engine.signals, engine.inbound, engine.react, engine.run, engine.send):
            job()
        for to, sender, raw, at in self._stage.postbox.fetch():
            person = self._by_address.get(to)
            if person is None:
                self.tally.count("mails to colleagues")
                continue
            person.mails += 1
            self.tally.count("mails to contacts")
            mail = read_mail(to, sender, raw, at, self._stage.doors.home)
            for act in reactions(self._chance, person, mail):
                self._plan(act)


def _days(chance: Chance, start: datetime, end: datetime) -> Iterator[tuple[date, list[datetime]]]:
    """The days with the instants at which the jobs tick, each at another minute."""
    day = start.date()
    while day <= end.date():
        beats = [
            datetime.combine(day, time(hour, int(chance.share("minute", day, hour) * 60), int(chance.share("second", day, hour) * 60)), UTC)
            for hour in (HOURS if day.weekday() < 5 else WEEKEND)
        ]  # fmt: skip
        yield day, [beat for beat in beats if start < beat < end]
        day += DAY
