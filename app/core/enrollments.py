"""One person in one sequence: where they are, since when, and what they wait for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.core.conditions import EventPattern
from app.core.reasons import Reason

State = Literal["due", "waiting", "sending", "parked", "ended"]
START = Reason("enrollment.entered")
# A delivery that ended this way put the mail into the recipient's hands, as far as anybody can know.
SENT = ("accepted", "uncertain")


@dataclass(frozen=True, slots=True)
class Enrollment:
    """`visit` grows with every arrival at a step and never shrinks, so (enrollment, step, visit) names one act.

    Exactly one holds: due at `due_at`; waiting for an event with the time-out `due_at`; sending (a
    delivery is on its way); parked; ended.
    """

    id: UUID
    contact_id: UUID
    sequence: str
    entry_number: int
    step: str
    entered_at: datetime
    since: datetime
    due_at: datetime | None
    state: State = "due"
    visit: int = 0
    inside: bool = False
    waiting_for: EventPattern | None = None
    outcome: str | None = None
    visits: Mapping[str, int] = field(default_factory=dict)
    reason: Reason = START
    local_due: str | None = None
    zone: str | None = None

    @property
    def active(self) -> bool:
        return self.state != "ended"


def delivery_ended(enrollment: Enrollment, outcome: str, at: datetime) -> Enrollment:
    """The send step's delivery ended: the enrollment goes on from that instant, so waits count from acceptance.

    An enrollment that waits for no delivery (it ended meanwhile) stays as it is.
    """
    if enrollment.state != "sending":
        return enrollment
    # Written out: `dataclasses.replace` would take much of a rehearsal's time.
    e = enrollment
    return Enrollment(
        e.id, e.contact_id, e.sequence, e.entry_number, e.step, e.entered_at, e.since, at, "due", e.visit, e.inside,
        e.waiting_for, outcome, e.visits, e.reason, e.local_due, e.zone,
    )  # fmt: skip


def ended(enrollment: Enrollment, reason: Reason) -> Enrollment:
    return replace(
        enrollment, state="ended", due_at=None, waiting_for=None, outcome=None, reason=reason,
        local_due=None, zone=None,
    )  # fmt: skip
