"""Rounds of two or more ways of doing the same, interleaved, so that the machine's mood hits all alike."""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

# A benchmark is started as a script, from wherever: it speaks of the application and of the tests' support.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


@dataclass(frozen=True, slots=True)
class Round:
    """`count` things done in `seconds` of wall clock and `cpu` seconds of this process and those it ended."""

    count: int
    seconds: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Figure:
    """Things a second and CPU microseconds a thing, as medians over the rounds, with the extremes.

    `speeds` are those of each round, in order: rounds of the same number ran side by side.
    """

    name: str
    a_second: float
    slowest: float
    fastest: float
    cpu_micros: float
    rounds: int
    speeds: tuple[float, ...]

    def ratio(self, base: "Figure") -> float:
        """The median of the ratios round by round."""
        return statistics.median(mine / its for mine, its in zip(self.speeds, base.speeds, strict=True))


def timed(work: Callable[[], int]) -> Round:
    """Do it once; `work` says how many things it did."""
    cpu, at = _cpu(), time.perf_counter()
    count = work()
    return Round(count, time.perf_counter() - at, _cpu() - cpu)


def _cpu() -> float:
    return sum(os.times()[:4])


def interleaved(ways: Mapping[str, Callable[[], Round]], rounds: int) -> dict[str, Figure]:
    """`rounds` of every way in turn, after one of each that does not count."""
    done: dict[str, list[Round]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            one = way()
            if number:
                done[name].append(one)
    return {name: figure(name, found) for name, found in done.items()}


def figure(name: str, rounds: list[Round]) -> Figure:
    speeds = [one.count / one.seconds for one in rounds]
    micros = [one.cpu / one.count * 1e6 for one in rounds]
    return Figure(
        name,
        statistics.median(speeds),
        min(speeds),
        max(speeds),
        statistics.median(micros),
        len(rounds),
        tuple(speeds),
    )


def arguments(about: str, *, count: int, rounds: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--count", type=int, default=count, help="things a round")
    parser.add_argument("--rounds", type=int, default=rounds, help="rounds that count")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    return parser


def report(
    title: str, figures: Mapping[str, Figure], baseline: str, *, as_json: bool, goals: Mapping[str, str]
) -> None:
    """The figures, each with its ratio to the baseline of the same run; `goals` says what is asked of which."""
    base = figures[baseline]
    if as_json:
        rows = {name: {**asdict(one), "ratio": one.ratio(base)} for name, one in figures.items()}
        print(json.dumps({"title": title, "baseline": baseline, "figures": rows, "goals": dict(goals)}))
        return
    print(title)
    for name, one in figures.items():
        spread = f"{one.slowest:,.0f} to {one.fastest:,.0f}"
        print(
            f"  {name:<34} {one.a_second:>9,.0f}/s  ({spread})  {one.cpu_micros:>7,.0f} µs CPU  "
            f"x {one.ratio(base):.2f}  {goals.get(name, '')}"
        )
