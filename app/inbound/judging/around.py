"""What stands around a hit: others of the same mail and from the same address. Built once, asked in no time."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.inbound.judging.agents import read_agent
from app.inbound.judging.hits import Hit

MINUTE = timedelta(minutes=1)
NEAR, LONG = timedelta(seconds=30), timedelta(minutes=10)
# So many neighbours on each side are looked at: more say nothing more.
MOST = 40
# A header is expected where so many of the browsers' hits have it.
USUAL, ENOUGH = 0.25, 20
LANGUAGES = "accept-language"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Mails that were hit from one address: within 30 seconds, within ten minutes, and by how many kinds of agents."""

    near: int = 1
    long: int = 1
    agents: int = 1


ALONE = Crowd()


class Around:
    """An index over hits that are judged together. Hits without an instant have no neighbours."""

    def __init__(self, hits: Sequence[Hit], usual: Iterable[str] | None = None) -> None:
        browsers = [hit for hit in hits if read_agent(hit.user_agent).kind == "browser"]
        self._usual = frozenset(usual) if usual is not None else _usual(browsers)
        self._is_told = usual is not None or len(browsers) >= ENOUGH
        mails: dict[str, list[Hit]] = defaultdict(list)
        addresses: dict[str, list[Hit]] = defaultdict(list)
        for hit in hits:
            if hit.at is None:
                continue
            if hit.delivery:
                mails[hit.delivery].append(hit)
            if hit.address:
                addresses[hit.address].append(hit)
        self._mails = {mail: _in_order(found) for mail, found in mails.items()}
        self._asked: tuple[str, list[Hit]] = ("", [])
        self._crowds: dict[str, Crowd] = {}
        for found in addresses.values():
            self._count(_in_order(found)[1])

    def same_mail(self, hit: Hit) -> Sequence[Hit]:
        """The other hits of its mail within a minute, the nearest forty before and after it."""
        if hit.at is None or not hit.delivery or hit.delivery not in self._mails:
            return ()
        if self._asked[0] == hit.id:
            return self._asked[1]
        times, hits = self._mails[hit.delivery]
        place = bisect_left(times, hit.at)
        first = max(bisect_left(times, hit.at - MINUTE), place - MOST)
        last = min(bisect_right(times, hit.at + MINUTE), place + MOST)
        found = [other for other in hits[first:last] if other.id != hit.id]
        # Several rules ask the same of one hit.
        self._asked = (hit.id, found)
        return found

    def expects(self, name: str, *, whole: bool) -> bool:
        """Whether a header that a hit lacks would have been written down; `whole`: its others seem all there.

        Of a few hits nobody can say what is usual. Which languages are read is written down first of all.
        """
        return name in self._usual and (whole or name == LANGUAGES) if self._is_told else whole

    def usually(self, name: str) -> bool:
        return name in self._usual

    def crowd(self, hit: Hit) -> Crowd:
        return self._crowds.get(hit.id, ALONE)

    def _count(self, hits: Sequence[Hit]) -> None:
        """Two windows are pushed along the hits of one address; each enters and leaves them once."""
        near, long, agents = _Window(hits, NEAR), _Window(hits, LONG), _Window(hits, LONG, by_agent=True)
        for hit in hits:
            at = hit.at
            assert at is not None
            self._crowds[hit.id] = Crowd(near.at(at), long.at(at), agents.at(at))


class _Window:
    """How many different mails (or agents) lie within `reach` of an instant that only moves on."""

    def __init__(self, hits: Sequence[Hit], reach: timedelta, *, by_agent: bool = False) -> None:
        self._names = [hit.user_agent if by_agent else hit.delivery or hit.id for hit in hits]
        self._times = [hit.at for hit in hits if hit.at is not None]
        self._reach, self._inside = reach, Counter[str]()
        self._first = self._last = 0

    def at(self, instant: datetime) -> int:
        while self._last < len(self._times) and self._times[self._last] <= instant + self._reach:
            self._inside[self._names[self._last]] += 1
            self._last += 1
        while self._times[self._first] < instant - self._reach:
            name = self._names[self._first]
            self._inside[name] -= 1
            if not self._inside[name]:
                del self._inside[name]
            self._first += 1
        return len(self._inside)


def _in_order(hits: Iterable[Hit]) -> tuple[list[datetime], list[Hit]]:
    pairs = sorted(((hit.at, hit) for hit in hits if hit.at is not None), key=lambda pair: pair[0])
    return [at for at, _ in pairs], [hit for _, hit in pairs]


def _usual(browsers: Sequence[Hit]) -> frozenset[str]:
    """Names of headers that are written down here: their absence elsewhere says something."""
    seen = Counter(name for hit in browsers for name in hit.headers)
    return frozenset(name for name, count in seen.items() if count >= USUAL * len(browsers))
