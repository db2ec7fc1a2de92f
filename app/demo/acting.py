"""What somebody does about a mail: decided by what the mail is, by who they are, and by chance of the seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.demo.cast import Person
from app.demo.chance import Chance
from app.demo.habits import HABITS, LETTER, later
from app.demo.machines import browser_of, opener_of, proxied, scanned
from app.demo.mailbox import Mail

# Answers that say no, or that it is open; who is of our market picks another one.
OPEN_ENDS = frozenset({"nothing", "own-home", "something-else", "none", "0", "not-settled", "no-date"})
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that one person, or a machine for them, does at an instant."""

    at: datetime
    what: str
    person: Person
    mail: Mail | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def reactions(chance: Chance, person: Person, mail: Mail) -> Iterator[Act]:
    """Everything that follows from a mail that has just come, machines first."""
    what = f"{person.number}:{person.mails}"
    if person.fault == "hard":
        yield Act(mail.at + timedelta(seconds=9 + person.number % 50), "report", person, mail, {"hard": True})
        return
    if person.fault == "soft" and not mail.confirm and chance.yes(0.5, "full", what):
        yield Act(mail.at + timedelta(minutes=3 + person.number % 9), "report", person, mail, {"hard": False})
        return
    yield from _machines(chance, person, mail, what)
    if mail.confirm:
        yield from _confirms(chance, person, mail, what)
    elif person.fault in ("leaves", "complains") and person.mails == 2 + person.number % 2:
        at = later(chance, mail.at, 2, person.market.zone, "leaves", what)
        yield Act(at, "leave" if person.fault == "leaves" else "complain", person, mail)
    else:
        yield from _reads(chance, person, mail, what)


def _machines(chance: Chance, person: Person, mail: Mail, what: str) -> Iterator[Act]:
    found = []
    if person.company is not None and person.company.gateway:
        found += scanned(chance, person, [*mail.links, *mail.answers, mail.leave], mail.at, what)
    if person.proxy and mail.pixel:
        found += proxied(chance, person, mail.pixel, mail.at, what)
    for request in found:
        if request.path:
            yield Act(request.at, "machine", person, mail, {"request": request})


def _confirms(chance: Chance, person: Person, mail: Mail, what: str) -> Iterator[Act]:
    if chance.yes(0.74 if person.kind == "silent" else 0.94, "confirms", what):
        at = later(chance, mail.at, 0.4, person.market.zone, "confirms", what)
        yield Act(at, "confirm", person, mail)


def _reads(chance: Chance, person: Person, mail: Mail, what: str) -> Iterator[Act]:
    """Looking, following, answering, writing: in the order in which a reader does it."""
    if person.fault == "away" and chance.yes(0.4, "away", what):
        yield Act(mail.at + timedelta(seconds=20), "away", person, mail)
        return
    habit, zone = HABITS[person.kind], person.market.zone
    if not chance.yes(habit.opens, "opens", what):
        return
    at = later(chance, mail.at, habit.hours, zone, "opens", what)
    # Behind a privacy proxy a person's own look is not seen.
    if mail.pixel and not person.proxy and chance.yes(0.8, "pictures", what):
        yield Act(at, "open", person, mail, {"machine": opener_of(chance, person)})
    at += timedelta(seconds=15 + int(chance.between(0, 90, "reads", what)))
    if mail.links and chance.yes(habit.clicks, "clicks", what):
        yield Act(at, "click", person, mail, {"machine": browser_of(chance, person), "what": what})
        at += timedelta(minutes=2, seconds=int(chance.between(0, 200, "back", what)))
    if mail.asks and chance.yes(habit.answers, "answers", what):
        yield Act(at, "answer", person, mail, {"path": _choice(chance, person, mail, what)})
        at += timedelta(minutes=1)
    if mail.pass_on and chance.yes(0.7, "passes on", what):
        yield Act(later(chance, at, 30, zone, "friend", what), "pass on", person, mail)
    if (
        person.way in ("form", "friend")
        and mail.choices
        and person.mails == 2
        and chance.yes(0.6, "chooses", what)
    ):
        yield Act(at + timedelta(minutes=2), "choose", person, mail)
    if mail.offers:
        yield from _to_sales(chance, person, mail, at, what)
    elif chance.yes(habit.writes, "writes", what):
        yield Act(at + timedelta(minutes=6), "reply", person, mail, {"words": "question"})


def _choice(chance: Chance, person: Person, mail: Mail, what: str) -> str:
    """Somebody outside of our market says so; sceptics often leave it open; the others have something to say."""
    said_no = [path for path in mail.answers if path.rpartition("/")[2] in OPEN_ENDS]
    said_yes = [path for path in mail.answers if path not in said_no]
    leaves_open = person.kind == "outsider" or (person.kind == "sceptical" and chance.yes(0.4, "open", what))
    return chance.one_of((said_no if leaves_open else said_yes) or list(mail.answers), "answer", what)


def _to_sales(chance: Chance, person: Person, mail: Mail, at: datetime, what: str) -> Iterator[Act]:
    """A letter of a sales person: a hand goes up, somebody asks for time, or says no."""
    if not chance.yes(LETTER.get(person.kind, 0.05), "to sales", what):
        return
    at += timedelta(minutes=4)
    wants = chance.share("wants", person.number)
    if person.buys and wants < person.buys + 0.2:
        way = chance.one_of(("reply", "demo_requested", "quote_requested", "trial_started"), "way", what)
        yield Act(at, way, person, mail, {"words": "interested"})
        if chance.yes(0.5, "meets", what):
            yield Act(
                later(chance, at + DAY, 20, person.market.zone, "meets", what), "meeting_booked", person
            )
        if wants < person.buys:
            days = chance.between(5, 17, "buys", person.number)
            yield Act(later(chance, at + days * DAY, 3, person.market.zone, "buys", what), "buy", person)
    else:
        words = "later" if chance.yes(0.6, "later words", what) else "no"
        yield Act(at, "reply", person, mail, {"words": words})
