"""Was it a person? A versioned classifier over what came with a hit and around it.

Evidence adds up (see `rules`): above zero it speaks for a machine, below for a person. Little is certain
by itself but what a machine says of itself. Only where the sum is next to nothing it is *unknown*, and
unknown moves nobody. What an address does with other mails counts a little for each of its hits.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.inbound.judging.agents import read_agent
from app.inbound.judging.around import Around
from app.inbound.judging.heads import of_head, of_purpose
from app.inbound.judging.hits import Found, Hit, Judged, Verdict
from app.inbound.judging.networks import tells_apart
from app.inbound.judging.rules import ALONE, TOGETHER

VERSION = 2
# Below this the evidence speaks neither way.
CLEAR = 0.1
# An address is known by its other mails when so many of its hits belong to them.
KNOWN_BY = 3

__all__ = ["VERSION", "Around", "Hit", "Judged", "Verdict", "judge", "judge_all", "tells_apart"]


def judge(hit: Hit) -> Judged:
    """The verdict on one hit of which nothing else is known."""
    return judge_all([hit])[0]


def judge_all(
    hits: Sequence[Hit], others: Sequence[Hit] = (), usual: Iterable[str] | None = None
) -> list[Judged]:
    """The verdicts on `hits`, in their order; `others` are known around them and not judged.

    `usual` are the headers that are written down here wherever they come; None: found out from the hits.
    """
    known = {hit.id: hit for hit in (*others, *hits)}
    around = Around(list(known.values()), usual)
    found = {hit.id: _evidence(hit, around) for hit in known.values()}
    names = _Names(known.values(), found)
    return [_judged([*found[hit.id], *names.of(hit)]) for hit in hits]


def _evidence(hit: Hit, around: Around) -> Found:
    return [
        *(one for rule in (*ALONE, *TOGETHER) for one in rule(hit, around)),
        *of_purpose(hit),
        *of_head(hit, around),
    ]


def _judged(found: Found) -> Judged:
    score = round(sum(weight for weight, _ in found), 2)
    verdict: Verdict = "machine" if score >= CLEAR else "human" if score <= -CLEAR else "unknown"
    strongest = sorted(found, key=lambda one: -abs(one[0]))
    return Judged(verdict, score, tuple(dict.fromkeys(reason for _, reason in strongest)), VERSION)


class _Names:
    """The name an address makes for itself by what it does with other mails."""

    def __init__(self, hits: Iterable[Hit], found: dict[str, Found]) -> None:
        self._of_address: dict[str, _Sum] = defaultdict(_Sum)
        self._of_mail: dict[tuple[str, str | None], _Sum] = defaultdict(_Sum)
        for hit in hits:
            if hit.address and tells_apart(hit.address) and not _is_aside(hit):
                score = max(-1.5, min(1.5, sum(weight for weight, _ in found[hit.id])))
                self._of_address[hit.address].add(score)
                self._of_mail[hit.address, hit.delivery].add(score)

    def of(self, hit: Hit) -> Found:
        if hit.address not in self._of_address:
            return []
        every, mine = self._of_address[hit.address], self._of_mail[hit.address, hit.delivery]
        count = every.count - mine.count
        mean = (every.total - mine.total) / count if count >= KNOWN_BY else 0.0
        if mean > 0.3:
            return [(0.6 * mean, "address_of_machines")]
        return [(0.5 * mean, "address_of_people")] if mean < -0.3 else []


@dataclass(slots=True)
class _Sum:
    count: int = 0
    total: float = 0.0

    def add(self, score: float) -> None:
        self.count += 1
        self.total += score


def _is_aside(hit: Hit) -> bool:
    """Previews are fetched by the telephone of the person who passes a link on: no word on the address."""
    agent = read_agent(hit.user_agent)
    return agent.kind == "machine" and agent.reason in ("unfurler", "library_agent", "robot")
