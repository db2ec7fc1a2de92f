"""The first page in numbers: who moved, what happened since the reader left, clicks by whom, and the mails ahead."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core.reasons import Reason
from app.services.viewing import Place, programme
from app.store import accounts
from app.store.views import Found
from app.store.views import today as rows

WEEK = timedelta(days=7)
CHART_DAYS = 14
# Who was here within the hour is shown the last day all the same.
HERE = timedelta(hours=1)
DAY = timedelta(days=1)
NOT_SENT = ("mail_suppressed", "mail_expired", "mail_cancelled", "mail_failed")
MAILS = ("mail_accepted", "mail_uncertain", *NOT_SENT)
# What people did, in the order of its weight for whoever reads.
DEEDS = (
    "quote_requested", "demo_requested", "trial_started", "meeting_booked", "replied", "answered", "form_submitted",
    "unsubscribed", "bounced", "complained",
)  # fmt: skip
PAIRS, CODES = 4, 3


@dataclass(frozen=True, slots=True)
class Moved:
    """People who went from one stage to another; `reason` is that of most of them."""

    old: programme.StageName
    new: programme.StageName
    people: int
    last: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Lot:
    """Things of one kind that happened; `parts` are the most frequent reasons with their numbers."""

    kind: str
    count: int
    last: datetime
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Clicks:
    """Clicks of one day by whom; `unjudged` are those of which it is not known, or not known yet."""

    day: datetime
    human: int
    machine: int
    unjudged: int

    @property
    def total(self) -> int:
        return self.human + self.machine + self.unjudged


@dataclass(frozen=True, slots=True)
class Ahead:
    """The mails of one sequence that wait for their moment."""

    sequence: str
    is_paused: bool
    today: int
    week: int
    first: datetime


@dataclass(frozen=True, slots=True)
class Today:
    """`moves` are those of seven days by (old, new); `since` is when the reader left, `left` whether that is known."""

    moves: Mapping[tuple[str, str], int]
    came: int
    since: datetime
    left: bool
    moved: tuple[Moved, ...]
    lots: tuple[Lot, ...]
    clicks: tuple[Clicks, ...]
    ahead: tuple[Ahead, ...]

    def onwards(self, stage: str, following: str) -> int:
        return self.moves.get((stage, following), 0)

    def into(self, stage: str) -> int:
        return sum(people for (_, new), people in self.moves.items() if new == stage)

    def back_from(self, stage: str, earlier: Sequence[str]) -> int:
        """How many fell back from it to one before it."""
        return sum(self.moves.get((stage, old), 0) for old in earlier)

    @property
    def moved_people(self) -> int:
        return sum(one.people for one in self.moved)


def look(place: Place, user_id: UUID, now: datetime, zone: ZoneInfo) -> Today:
    """Days are the reader's. A fixed number of statements, whatever happened."""
    days = _days(now, zone)
    tomorrow = days[-1]
    with place.database.read() as connection:
        names = programme.names(connection, place.workspace_id, place.preset)
        left = accounts.last_left(connection, user_id)
        known = left is not None and HERE <= now - left <= WEEK
        since = left if left is not None and known else now - DAY
        moved = rows.moves(connection, place.workspace_id, names.key, now - WEEK, since)
        came = rows.came(connection, place.workspace_id, now - WEEK)
        told = rows.told(connection, place.workspace_id, (*MAILS, "event", "task"), since)
        clicks = rows.clicks(connection, place.workspace_id, days)
        ahead = rows.next_mails(connection, place.workspace_id, now, tomorrow, now + WEEK)
    moves: Counter[tuple[str, str]] = Counter()
    for row in moved:
        moves[row.old, row.new] += row.people
    return Today(
        moves, came, since, known, _moved(moved, names), _lots(told), _clicks(clicks, days),
        tuple(Ahead(row.key, row.state == "paused", row.today, row.week, row.first) for row in ahead),
    )  # fmt: skip


def _days(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """The beginnings of the last days, of today and of tomorrow."""
    today = now.astimezone(zone).date()
    return [
        datetime.combine(today + timedelta(days=number), time(), zone).astimezone(now.tzinfo)
        for number in range(1 - CHART_DAYS, 2)
    ]


def _moved(found: Sequence[Found], names: programme.Names) -> tuple[Moved, ...]:
    pairs: dict[tuple[str, str], list[Found]] = {}
    for row in sorted(found, key=lambda row: -row.lately):
        if row.lately:
            pairs.setdefault((row.old, row.new), []).append(row)
    moved = [
        Moved(
            names.stage(old), names.stage(new), sum(row.lately for row in same), max(row.last for row in same),
            Reason(same[0].reason_code, {"stage": new, "from": old, "to": new}),
        )
        for (old, new), same in pairs.items()
    ]  # fmt: skip
    return tuple(sorted(moved, key=lambda one: -one.people)[:PAIRS])


def _lots(told: Sequence[Found]) -> tuple[Lot, ...]:
    by_kind: dict[str, list[Found]] = {}
    for row in told:
        kind = row.code.removeprefix("event.") if row.kind == "event" else row.kind
        by_kind.setdefault("not_sent" if kind in NOT_SENT else kind, []).append(row)
    order = ("mail_accepted", *DEEDS, "task", "mail_uncertain", "not_sent")
    return tuple(_lot(kind, by_kind[kind]) for kind in order if kind in by_kind)


def _lot(kind: str, found: Sequence[Found]) -> Lot:
    parts = tuple((row.code, row.lines) for row in found[:CODES]) if kind == "not_sent" else ()
    return Lot(kind, sum(row.lines for row in found), max(row.last for row in found), parts)


def _clicks(found: Sequence[Found], days: Sequence[datetime]) -> tuple[Clicks, ...]:
    by_verdict = {row.verdict: row[1:] for row in found}
    nothing = (0,) * CHART_DAYS

    def of(verdict: str | None) -> Sequence[int]:
        return by_verdict.get(verdict, nothing)

    return tuple(
        Clicks(day, of("human")[place], of("machine")[place], of(None)[place] + of("unknown")[place])
        for place, day in enumerate(days[:-1])
    )
