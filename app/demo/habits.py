"""How each kind of person treats mail: shares, and how long they take. Whoever reads a funnel knows such numbers."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.demo.cast import Kind
from app.demo.chance import Chance


@dataclass(frozen=True, slots=True)
class Habit:
    """Shares of the mails one gets: `opens`, `clicks`, `answers` (those that ask), `writes` back, `visits` the site.

    `hours` is how long a mail usually lies there, `raises` how likely a hand goes up after a click.
    """

    opens: float
    clicks: float
    answers: float
    writes: float
    visits: float
    hours: float
    raises: float = 0.0


HABITS: dict[Kind, Habit] = {
    "keen": Habit(0.92, 0.62, 0.82, 0.03, 0.75, 3, 0.24),
    "curious": Habit(0.72, 0.30, 0.55, 0.02, 0.45, 7, 0.05),
    "slow": Habit(0.50, 0.15, 0.34, 0.01, 0.30, 40, 0.03),
    "sceptical": Habit(0.60, 0.20, 0.30, 0.02, 0.35, 9, 0.02),
    "silent": Habit(0.05, 0.0, 0.0, 0.0, 0.0, 20),
    "outsider": Habit(0.45, 0.10, 0.55, 0.0, 0.05, 10),
    "job seeker": Habit(0.70, 0.12, 0.0, 0.0, 0.6, 6),
    "competitor": Habit(0.75, 0.25, 0.0, 0.0, 0.4, 5),
    "happy": Habit(0.80, 0.35, 0.5, 0.03, 0.5, 6),
    "content": Habit(0.45, 0.12, 0.2, 0.01, 0.2, 16),
}
# A letter from one person to another is treated with more care.
LETTER = {"keen": 0.42, "curious": 0.27, "slow": 0.2, "sceptical": 0.24}
WAKES, SLEEPS = time(7, 20), time(21, 30)


def later(chance: Chance, at: datetime, hours: float, zone: str, *what: object) -> datetime:
    """Some time after `at`, mostly near `hours`, at an hour at which people are awake and mostly at work."""
    drawn = chance.share("later", *what)
    span = timedelta(hours=hours * (0.08 + 3.2 * drawn * drawn), seconds=47 + int(500 * drawn))
    here = (at + span).astimezone(ZoneInfo(zone))
    minutes = timedelta(minutes=int(chance.between(0, 95, "morning", *what)), seconds=int(drawn * 59))
    if here.time() > SLEEPS:
        here = _morning(here + timedelta(days=1)) + minutes
    elif here.time() < WAKES:
        here = _morning(here) + minutes
    if here.weekday() > 4 and chance.yes(0.75, "weekend", *what):
        here = _morning(here + timedelta(days=7 - here.weekday())) + minutes
    return here.astimezone(at.tzinfo)


def _morning(here: datetime) -> datetime:
    return datetime.combine(here.date(), time(8, 5), here.tzinfo)
