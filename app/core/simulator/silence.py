"""When somebody has been silent for so long that the rules are told, as the live job tells them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from app.core.conditions import CERTAIN_KINDS
from app.core.simulator.model import Person


@dataclass(frozen=True, slots=True)
class Silence:
    """No human sign for as long as `long`, while at least `mails` mails came, the first of them that long ago.

    Mails older than twice that do not count; it is told again after `again` at the earliest.
    """

    long: timedelta
    mails: int
    again: timedelta

    def earliest(self, person: Person, now: datetime) -> datetime:
        """When the contact can count as silent at the earliest, if they give no sign until then."""
        facts, counted = person.facts, self._counted(person, now)
        found = [now]
        if counted:
            found.append(min(counted) + self.long)
        created = facts.fields.get("created")
        if isinstance(created, date):
            found.append(datetime.combine(created, time(), UTC) + self.long)
        for happening in reversed(facts.happenings):
            if happening.kind == "silent":
                found.append(happening.at + self.again)
            elif _is_sign(happening.kind, happening.verdict):
                found.append(happening.at + self.long)
                break
        return max(found)

    def holds(self, person: Person, now: datetime) -> bool:
        counted = self._counted(person, now)
        return len(counted) >= self.mails and min(counted) <= now - self.long

    def _counted(self, person: Person, now: datetime) -> list[datetime]:
        since = now - 2 * self.long
        return [at for _, message_class, at in person.sent if message_class == "marketing" and at > since]


def _is_sign(kind: str, verdict: str) -> bool:
    if kind == "opened":
        return verdict != "machine"
    return verdict == "human" and kind not in CERTAIN_KINDS
