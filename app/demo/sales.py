"""What colleagues do in the demo: lists brought in, tasks done and left lying, a CRM that learns."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from app.demo.cast import Kind, Person
from app.demo.chance import Chance
from app.demo.doors import Doors
from app.demo.words import PAGES, RESULTS
from app.services.importing import ImportOptions
from app.services.viewing.tasks import Task

AGREED = "agreed in writing"
MOST_TASKS = 500
# How often in a week somebody comes back to the site unasked, and is called as a customer.
RETURNS: dict[Kind, tuple[float, float]] = {
    "keen": (0.5, 0.0), "curious": (0.17, 0.0), "slow": (0.08, 0.0), "sceptical": (0.12, 0.0),
    "happy": (0.35, 0.12), "content": (0.08, 0.03), "competitor": (0.1, 0.0),
}  # fmt: skip
# What is said in a talk, most of the time.
TALKS = {
    "need": ("less-work", "fewer-disputes", "remote-reading", "less-work", "fewer-disputes", "nothing"),
    "authority": ("decides", "influences", "decides", "influences", "none"),
}
# The share of tasks that lie for days.
FORGOTTEN = 0.12


class Team:
    """Marketing and sales of the made-up company."""

    def __init__(self, chance: Chance, doors: Doors, cast: list[Person]) -> None:
        self._chance, self._doors = chance, doors
        self._cast = cast
        self._seen: dict[object, datetime] = {}
        self._numbered = 0

    def brings(self, people: list[Person], now: datetime) -> None:
        """The lists that came in since the last time, a file for each way."""
        for way, group in _by_way(people):
            for stage in sorted({person.stage for person in group}):
                self._list(way, stage, [person for person in group if person.stage == stage], now)

    def _list(self, way: str, stage: str, people: list[Person], now: datetime) -> None:
        self._numbered += 1
        topics = ("news",) if stage else ("guides", "offers", "news")
        options = ImportOptions(
            default_stage=stage or None, enroll="no" if stage else "now" if way == "webinar" else "25 a day",
            consents=topics, basis=AGREED, consent_source=f"{way}-{now:%Y-%m}", source=f"{way}-{now:%Y-%m}",
            origin="inbound" if way == "webinar" else "import",
        )  # fmt: skip
        self._doors.import_csv(
            f"{way}-{self._numbered}", [_row(self._chance, one) for one in people], options
        )
        if way == "webinar":
            lines = (
                {"contact": person.email, "kind": "custom:webinar-attended", "at": now.isoformat(), "key": str(person.number)}
                for person in people
                if self._chance.yes(0.6, "attended", person.number)
            )  # fmt: skip
            self._doors.tell(lines, "webinar")

    def learns(self, now: datetime) -> None:
        """Once a week: what sales found out about those who signed up by themselves, and how customers feel."""
        known = [
            p
            for p in self._cast
            if p.way in ("form", "friend") and "confirmed" in p.done and "enriched" not in p.done
        ]
        self._numbered += 1
        if known:
            rows = [_row(self._chance, person) for person in known]
            self._doors.import_csv(f"crm-{self._numbered}", rows, ImportOptions())
            for person in known:
                person.done.add("enriched")
        self._looks_up(now)
        asked = [p for p in self._cast if p.kind in ("happy", "content") and "asked" not in p.done]
        told = [p for p in asked if p.stage == "customer" or "bought" in p.done]
        if told:
            rows = [{"E-mail": p.email, "Satisfaction": self._satisfaction(p)} for p in told]
            self._doors.import_csv(f"survey-{self._numbered}", rows, ImportOptions())
            for person in told:
                person.done.add("asked")

    def _looks_up(self, now: datetime) -> None:
        """What a look at a company's own site tells: which homes it looks after. The CRM notes it as an answer."""
        lines = []
        for person in self._cast:
            if person.company is None or person.stage or "looked up" in person.done or person.mails < 2:
                continue
            person.done.add("looked up")
            if self._chance.yes(0.8, "looks up", person.number):
                line = {
                    "contact": person.email, "kind": "answered", "subject": "market", "at": now.isoformat(),
                    "key": f"{person.number}:market", "data": {"answer": "own-home" if person.kind == "outsider" else person.company.homes},
                }  # fmt: skip
                lines.append(line)
        self._doors.tell(lines, "crm")

    def _satisfaction(self, person: Person) -> int:
        low = 8.6 if person.kind == "happy" else 5.5
        return min(10, int(self._chance.between(low, low + 2.4, "satisfaction", person.number)))

    def hears(self, now: datetime) -> None:
        """Once a week: who came back to the site by themselves, and which customers were called."""
        lines = []
        for person in self._cast:
            if not self._is_known(person, now):
                continue
            week = f"{person.number}:{now:%G%V}"
            base = {"contact": person.email, "at": now.isoformat()}
            returns, called = RETURNS.get(person.kind, (0.0, 0.0))
            if self._chance.yes(returns, "returns", week):
                page, topics = self._chance.one_of(PAGES, "returns to", week)
                visit = {"kind": "visited", "subject": page, "topics": list(topics), "key": f"{week}:visit"}
                lines.append({**base, **visit})
            if self._chance.yes(called, "called", week):
                lines.append(
                    {**base, "kind": "call_recorded", "subject": "how it goes", "key": f"{week}:call"}
                )
        self._doors.tell(lines, "site")

    def _is_known(self, person: Person, now: datetime) -> bool:
        return not person.gone and (person.mails > 0 or "enriched" in person.done or bool(person.stage))

    def works(self, now: datetime) -> int:
        """Tasks that have been lying for some hours are done, most of them; how many were."""
        done = 0
        for task in self._doors.open_tasks(MOST_TASKS):
            since = self._seen.setdefault(task.id, now)
            what = f"{task.contact}:{task.title}:{since:%Y%m%d%H}"
            forgotten = self._chance.yes(FORGOTTEN, "forgets", what)
            lies = (
                self._chance.between(90, 260, "lies", what)
                if forgotten
                else self._chance.between(2, 46, "lies", what)
            )
            if (now - since).total_seconds() < lies * 3600:
                continue
            self._do(task, what, now)
            done += 1
        return done

    def _do(self, task: Task, what: str, now: datetime) -> None:
        result = self._chance.one_of(RESULTS.get(task.kind, RESULTS["call"]), "result", what)
        self._doors.task_done(task.id, result)
        if task.kind in ("call", "reply") and self._chance.yes(0.65, "reached", what):
            self._notes(task, what, now)
        if task.kind == "decide" and self._chance.yes(0.6, "back", what):
            self._doors.move(task.contact_id, "lead", "No answer to the offer; back to the guides")

    def _notes(self, task: Task, what: str, now: datetime) -> None:
        """What a talk told: that there was one, and the answers to what we have to know."""
        base: dict[str, Any] = {"contact": str(task.contact_id), "at": now.isoformat()}
        lines = [{**base, "kind": "call_recorded", "subject": "sales call", "key": f"{task.id}"}]
        for criterion, answers in TALKS.items():
            answer = self._chance.one_of(answers, criterion, what)
            lines.append(
                {
                    **base,
                    "kind": "answered",
                    "subject": criterion,
                    "key": f"{task.id}:{criterion}",
                    "data": {"answer": answer},
                }
            )
        self._doors.tell(lines, "phone")


def _by_way(people: Iterable[Person]) -> Iterator[tuple[str, list[Person]]]:
    by_way: dict[str, list[Person]] = {}
    for person in people:
        by_way.setdefault(person.way, []).append(person)
    yield from by_way.items()


def _row(chance: Chance, person: Person) -> dict[str, object]:
    """A line of a list. Lists have gaps: some have no job title, some no city."""
    company = person.company
    gaps = chance.share("gaps", person.number)
    return {
        "E-mail": person.email, "First name": person.first_name if gaps > 0.03 else "",
        "Last name": person.last_name, "Job title": person.job_title if gaps < 0.9 else "",
        "Persona": person.persona, "Company": company.name if company else "",
        "Website": company.domain if company else "", "Industry": company.industry if company else "",
        "Apartments": company.apartments if company else "",
        "City": company.city if company and gaps < 0.8 else "", "Country": person.market.country,
        "Time zone": person.market.zone, "Language": person.market.locale, "Owner": person.owner,
        "Tags": {"competitor": "competitor", "job seeker": "job-seeker"}.get(person.kind, ""),
    }  # fmt: skip
