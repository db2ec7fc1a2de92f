"""How fast a rehearsal is: contacts × days × ten steps, against a bare heap of as many events in the same run.

    python benchmarks/rehearsal.py [--contacts 100000] [--days 90] [--processes 2] [--json]

Only the simulator is measured: the contacts are made in memory, no database is read. `ratio` is the time
of the bare loop, which pops as many events off a heap as the rehearsal had steps, over the rehearsal's.
"""

import argparse
import gc
import json
import multiprocessing
import os
import resource
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.core.engine import enter
from app.core.facts import Facts
from app.core.lifecycle import Lifecycle, Stage
from app.core.programme import read_programme
from app.core.reactions import Rules
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.scoring import ScoringModel
from app.core.sequences import Sequence, read_sequence
from app.core.setting import Setting, TemplateInfo
from app.core.simulator import Inside, Line, Offer, Person, Play, Response, simulate
from app.core.timing import Calendar

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
ZONES = ("Europe/Copenhagen", "Europe/Lisbon", "America/New_York", "Asia/Tokyo", "Europe/Berlin", "UTC")
TEMPLATES = ("b/hello", "b/guide", "b/nudge", "b/case")
TREE = {
    "sequence": "bench",
    "for": "lead",
    "topic": "guides",
    "window": {"days": "mon-fri", "from": "08:30", "to": "17:30", "zone": "contact"},
    "goal": {"tag": "gone"},
    "exit": ["replied", {"tag": "competitor"}],
    "steps": [
        {"hello": {"send": "b/hello"}},
        {"pause": {"wait": "2 working days"}},
        {"guide": {"send": "b/guide"}},
        {"read": {"wait_for": {"clicked": "guide"}, "up to": "5 days"}},
        {"choose": {"branch": [{"if": {"clicked": "guide"}, "go": "note"}, {"else": "nudge"}]}},
        {"nudge": {"send": "b/nudge"}},
        {"note": {"set": {"tag": "nudged"}}},
        {"until": {"wait": {"until": "tuesday", "at": "09:00"}}},
        {"case": {"send": "b/case"}},
        {"rest": {"wait": "30 days"}},
    ],
}


def surroundings() -> tuple[Setting, Rules, Sequence]:
    sequence = read_sequence(Node(TREE))
    assert sequence is not None
    programme = read_programme(Node({"caps": ["1 a day", "3 a week"], "zone": "UTC"}), Calendar())
    stage = Stage("lead", {"en": "Lead"}, "main", frozenset({"discovery"}), True, 0)
    lifecycle = Lifecycle("main", {"lead": stage})
    templates = {key: TemplateInfo(key, "discovery") for key in TEMPLATES}
    return Setting(lifecycle, programme, templates), Rules(lifecycle, ScoringModel(1), programme), sequence


def people(first: int, last: int, sequence: Sequence) -> Iterator[Person]:
    """Contacts who enter over the first days, in several zones."""
    for n in range(first, last):
        who = UUID(int=n + 1)
        facts = Facts(who, "lead", START, {"zone": ZONES[n % len(ZONES)]}, consents={"guides": "given"})
        at = START + timedelta(seconds=n % 600_000)
        enrollment = enter(sequence, UUID(int=1 << 100 | n), who, 1, at, Reason("enroll.person"))
        yield Person(facts, f"{n}@example.com", inside=[Inside(enrollment, sequence)])


def answers(contact_id: UUID, line: Line) -> list[Response]:
    """One in four clicks the guide, an hour later."""
    if line.template == "b/guide" and contact_id.int % 4 == 0:
        return [Response(timedelta(hours=1), "clicked", "b/guide")]
    return []


def rehearse(first: int, last: int, days: int) -> tuple[int, int, int]:
    """Lines, mails and steps of a slice of the contacts."""
    setting, rules, sequence = surroundings()
    play = Play(setting, rules, {"bench": Offer(sequence)}, answers)
    lines = mails = 0
    crowd = people(first, last, sequence)
    for line in simulate(_counted(crowd), play, START, START + timedelta(days=days)):
        lines += 1
        mails += line.action == "mail_accepted"
    return lines, mails, _steps.pop("passed", 0)


_steps: dict[str, int] = {}


def _counted(crowd: Iterator[Person]) -> Iterator[Person]:
    """Adds up the steps each contact went through, once their turn is over."""
    holding: list[Inside] = []
    for person in crowd:
        _add(holding)
        holding = list(person.inside)
        yield person
    _add(holding)


def _add(holding: list[Inside]) -> None:
    for inside in holding:
        _steps["passed"] = _steps.get("passed", 0) + inside.enrollment.visit


def bare(events: int) -> float:
    """The seconds a heap needs to pass that many events on, one at a time."""
    began = perf_counter()
    heap = [(n % 600_000, n) for n in range(min(events, 100_000))]
    heapify(heap)
    for _ in range(events):
        at, n = heappop(heap)
        heappush(heap, (at + 86_400, n))
    return perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--processes", type=int, default=min(os.cpu_count() or 1, 8))
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    gc.collect()
    began = perf_counter()
    cuts = [chosen.contacts * n // chosen.processes for n in range(chosen.processes + 1)]
    slices = [(first, last, chosen.days) for first, last in pairwise(cuts)]
    if chosen.processes == 1:
        parts = [rehearse(*slices[0])]
    else:
        with multiprocessing.get_context("fork").Pool(chosen.processes) as pool:
            parts = pool.starmap(rehearse, slices)
    seconds = perf_counter() - began
    lines, mails, steps = (sum(part[n] for part in parts) for n in range(3))
    cpu = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    baseline = bare(steps)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    figures = {
        "contacts": chosen.contacts, "days": chosen.days, "processes": chosen.processes,
        "seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2), "steps": steps, "mails": mails, "lines": lines,
        "steps_per_second": round(steps / seconds), "memory_mb": round(max(own, children) / 1024),
        "baseline_seconds": round(baseline, 3), "ratio": round(baseline / seconds, 4), "goal_seconds": 15,
    }  # fmt: skip
    if chosen.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:18} {value}")


if __name__ == "__main__":
    main()
