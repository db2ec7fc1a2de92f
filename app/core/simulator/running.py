"""Running people forward: each alone where nothing ties them together, else all on one clock."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush

from app.core.reasons import Reason
from app.core.simulator.acts import Contact
from app.core.simulator.model import Line, Person
from app.core.simulator.play import Play


def simulate(people: Iterable[Person], play: Play, start: datetime, end: datetime) -> Iterator[Line]:
    """What happens to `people` from `start` to `end`, both included. The people are changed on the way.

    Where no sequence caps its entries a day the lines come contact by contact, and no more than one
    contact is held at once; else instant by instant.
    """
    if play.shared:
        yield from _together(people, play, start, end)
        return
    for person in people:
        yield from alone(Contact(play, person, start), start, end)


def alone(contact: Contact, start: datetime, end: datetime) -> list[Line]:
    """One contact from `start` to `end`."""
    now = start
    while (at := contact.next_at()) is not None and at <= end:
        if at > now:
            now = at
        person = contact.person
        contact.fall_silent(now)
        contact.gather(now)
        if person.told or person.judge_at is not None:
            contact.hear(now)
        going = True
        while going:
            for asked in contact.asking(now) if person.asked else ():
                contact.admit(asked, now)
            going = contact.go_on(now)
        if person.mails:
            contact.send(now)
    _close(contact, end)
    return contact.lines


def _together(people: Iterable[Person], play: Play, start: datetime, end: datetime) -> Iterator[Line]:
    contacts = sorted(
        (Contact(play, person, start) for person in people), key=lambda one: one.facts.contact_id
    )
    heap = [(at, n) for n, contact in enumerate(contacts) if (at := contact.next_at()) is not None]
    heapify(heap)
    now = start
    while heap and heap[0][0] <= end:
        now = max(now, heap[0][0])
        turn = []
        while heap and heap[0][0] <= now:
            turn.append(heappop(heap)[1])
        _moment([contacts[n] for n in sorted(turn)], now)
        for n in turn:
            contact = contacts[n]
            if (at := contact.next_at()) is not None:
                heappush(heap, (at, n))
            yield from contact.lines
            contact.lines = []
    for contact in contacts:
        _close(contact, end)
        yield from contact.lines


def _moment(contacts: list[Contact], now: datetime) -> None:
    """One round of everybody who has something to do at this instant."""
    for contact in contacts:
        contact.fall_silent(now)
        contact.gather(now)
        contact.hear(now)
    going = True
    while going:
        _admit(contacts, now)
        # Everybody has their turn, so this is no `any`.
        going = sum(contact.go_on(now) for contact in contacts) > 0
    for contact in contacts:
        contact.send(now)


def _admit(contacts: list[Contact], now: datetime) -> None:
    """Whose turn comes first gets the last place of the day; among equals the older contact."""
    asking = [(asked.due_at, n, asked) for n, contact in enumerate(contacts) for asked in contact.asking(now)]
    for _, n, asked in sorted(asking, key=lambda one: one[:2]):
        contacts[n].admit(asked, now)


def _close(contact: Contact, end: datetime) -> None:
    """Where everybody is when the time is over."""
    for inside in contact.person.inside:
        enrollment = inside.enrollment
        contact.tell("inside", end, enrollment.reason, enrollment.sequence, enrollment.step)
    if not contact.person.inside:
        contact.tell("outside", end, Reason("rehearsal.no_sequence", {"stage": contact.facts.stage}))
