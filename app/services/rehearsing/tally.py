"""What a rehearsal comes to: counted line by line, and added up over the processes that shared the work."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from app.core.simulator import Line
from app.services.rehearsing.pacing import Wait

CAPPED = ("gate.cap", "gate.no_mails_wanted")


@dataclass(slots=True)
class Tally:
    """`names` are the sequences that are counted; empty: all of them.

    Keys: `mails` (day, sequence, template), `moves` (from, to), `capped` (sequence, what became of the mail,
    the cap), `held` (sequence, rule's code) and `lost` (sequence, state, code) of mails that waited or were not
    sent, `refused` (sequence, code), `exhausted` and `inside` (sequence, step), `parked` (sequence, code),
    `dead_ends` (the last sequence, the stage they stay at), `ways` (day, sender, provider) of the mails of all
    sequences. `waits` tells which of these would wait for their turn.
    """

    names: frozenset[str] = frozenset()
    people: int = 0
    lines: int = 0
    mails: Counter[tuple[date, str, str]] = field(default_factory=Counter)
    entered: Counter[str] = field(default_factory=Counter)
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    capped: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    lost: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    exhausted: Counter[tuple[str, str]] = field(default_factory=Counter)
    parked: Counter[tuple[str, str]] = field(default_factory=Counter)
    inside: Counter[tuple[str, str]] = field(default_factory=Counter)
    dead_ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    ways: Counter[tuple[date, str, str]] = field(default_factory=Counter)
    waits: tuple[Wait, ...] = ()
    tasks: int = 0
    way_of: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    _last: dict[UUID, str] = field(default_factory=dict)

    def count(self, lines: Iterable[Line]) -> "Tally":
        for line in lines:
            self.lines += 1
            self._one(line)
        return self

    def _one(self, line: Line) -> None:
        action, sequence = line.action, line.sequence
        if action == "mail_accepted":
            self.ways[line.at.date(), *self.way_of.get(line.contact_id, ("", ""))] += 1
        if action == "stage":
            params = line.reason.params
            self.moves[str(params["from"]), str(params["to"])] += 1
        elif action == "outside":
            last = self._last.pop(line.contact_id, None)
            if last is not None:
                self.dead_ends[last, str(line.reason.params["stage"])] += 1
        elif action == "task":
            self.tasks += self._counts(sequence) or sequence is None
        elif sequence is not None and self._counts(sequence):
            self._in_sequence(line, sequence)

    def _counts(self, sequence: str | None) -> bool:
        return not self.names or sequence in self.names

    def _in_sequence(self, line: Line, sequence: str) -> None:
        action, step, code = line.action, line.step or "", line.reason.code
        if action == "mail_accepted":
            self.mails[line.at.date(), sequence, line.template or ""] += 1
        elif action.startswith("mail_"):
            self._not_sent(line, sequence, action.removeprefix("mail_"))
        elif action == "enrolled":
            self.entered[sequence] += 1
        elif action == "not_enrolled":
            self.refused[sequence, code] += 1
        elif action == "inside":
            self.inside[sequence, step] += 1
        elif action == "ended":
            self._last[line.contact_id] = sequence
        elif action == "parked":
            self.parked[sequence, code] += 1
        elif code == "send.all_seen":
            self.exhausted[sequence, step] += 1

    def _not_sent(self, line: Line, sequence: str, state: str) -> None:
        code, params = line.reason.code, line.reason.params
        if code in CAPPED:
            way = "replaced" if params.get("instead") else "dropped" if state == "suppressed" else "deferred"
            self.capped[sequence, way, str(params.get("cap", ""))] += 1
        elif state == "deferred":
            self.held[sequence, code] += 1
        if state != "deferred":
            self.lost[sequence, state, code] += 1

    def add(self, other: "Tally") -> None:
        self.people += other.people
        self.lines += other.lines
        self.tasks += other.tasks
        for name in COUNTERS:
            getattr(self, name).update(getattr(other, name))

    def as_json(self) -> dict[str, Any]:
        """Lists of objects, sorted, so that two rehearsals can be compared line by line."""
        mails = sum(self.mails.values())
        return {
            "contacts": self.people,
            "mails": mails,
            "mails_a_day": _rows(self.mails, "day", "sequence", "template"),
            "entered": [{"sequence": key, "contacts": n} for key, n in sorted(self.entered.items())],
            "not_entered": _rows(self.refused, "sequence", "reason"),
            "stage_moves": _rows(self.moves, "from", "to"),
            "tasks": self.tasks,
            "cap_conflicts": _rows(self.capped, "sequence", "mail", "cap"),
            "mails_held_back": _rows(self.held, "sequence", "reason"),
            "mails_not_sent": _rows(self.lost, "sequence", "state", "reason"),
            "would_wait": [_plain(one) for one in self.waits],
            "exhausted": _rows(self.exhausted, "sequence", "step"),
            "parked": _rows(self.parked, "sequence", "reason"),
            "at_the_end": _rows(self.inside, "sequence", "step"),
            "dead_ends": _rows(self.dead_ends, "sequence", "stage"),
        }


COUNTERS = (
    "mails", "entered", "moves", "capped", "held", "lost", "refused", "exhausted", "parked", "inside", "dead_ends", "ways",
)  # fmt: skip


def _plain(wait: Wait) -> dict[str, Any]:
    return {**asdict(wait), "until": wait.until.isoformat() if wait.until else None}


def _rows(counter: Counter[Any], *names: str) -> list[dict[str, Any]]:
    return [
        {**dict(zip(names, map(str, key), strict=True)), "count": count}
        for key, count in sorted(counter.items())
    ]


def tally(names: Collection[str]) -> Tally:
    return Tally(frozenset(names))
