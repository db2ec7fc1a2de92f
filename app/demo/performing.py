"""Acts done at the doors, and what a person does next because of them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from app.demo.acting import Act
from app.demo.cast import Person
from app.demo.chance import Chance
from app.demo.doors import Answer, Doors
from app.demo.habits import HABITS, later
from app.demo.letters import complaint, reply, report
from app.demo.machines import Request, browser_of
from app.demo.tally import Tally
from app.demo.words import PAGES, REPLIES

SECOND = timedelta(seconds=1)
SIGN_UP = "/join/guides"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class Performer:
    """Does what was planned. `friends` come only when somebody passes a link on to them."""

    def __init__(self, chance: Chance, doors: Doors, tally: Tally, friends: list[Person]) -> None:
        self._chance, self._doors, self._tally = chance, doors, tally
        self._friends = friends
        self._ways: dict[str, Callable[[Act], Iterator[Act]]] = {
            "machine": self._machine, "open": self._open, "click": self._click, "answer": self._answer,
            "confirm": self._confirm, "leave": self._leave, "complain": self._complain, "report": self._report,
            "reply": self._reply, "away": self._away, "sign up": self._sign_up, "buy": self._buy, "visit": self._visit,
            "tell": self._told, "pass on": self._pass_on, "choose": self._choose,
        }  # fmt: skip

    def do(self, act: Act) -> list[Act]:
        """Do it at its instant; what follows from it."""
        if act.person.gone and act.what not in ("machine", "report"):
            return []
        return list(self._ways.get(act.what, self._told)(act))

    def _machine(self, act: Act) -> Iterator[Act]:
        request: Request = act.detail["request"]
        self._doors.ask(request)
        kind = (
            "open" if request.path.endswith("/0") else "click" if request.path.startswith("/c/") else "look"
        )
        self._tally.count(f"machine {kind}s" if request.method == "GET" else "machine looks")
        yield from ()

    def _open(self, act: Act) -> Iterator[Act]:
        assert act.mail is not None
        self._doors.ask(Request(act.at, "GET", act.mail.pixel, act.detail["machine"]))
        self._tally.count("human opens")
        yield from ()

    def _click(self, act: Act) -> Iterator[Act]:
        assert act.mail is not None
        links, what = act.mail.links, act.detail["what"]
        # The first link is what the mail is for.
        path = (
            links[0]
            if self._chance.yes(0.8, "first link", what)
            else self._chance.one_of(links, "link", what)
        )
        led = self._doors.ask(Request(act.at, "GET", path, act.detail["machine"]))
        self._tally.count("human clicks")
        self._tally.clicked.add((act.person.email, act.mail.message_id))
        yield from self._landed(act, led, what)

    def _landed(self, act: Act, led: Answer, what: str) -> Iterator[Act]:
        """A page of ours is read and its file taken along; on the company's site somebody looks around."""
        person, machine = act.person, act.detail["machine"]
        if led.location.startswith(f"{self._doors.home}/"):
            parts = urlsplit(led.location[len(self._doors.home) :])
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            page = self._doors.ask(Request(act.at + SECOND, "GET", path, machine))
            self._tally.count("pages read")
            if page.status == 200 and self._chance.yes(0.4, "takes along", what):
                file = Request(act.at + 70 * SECOND, "GET", f"{parts.path}.pdf", machine)
                if self._doors.ask(file).status == 200:
                    self._tally.count("files taken along")
        habit = HABITS[person.kind]
        if self._chance.yes(habit.visits, "visits", what):
            yield Act(act.at + timedelta(minutes=3), "visit", person, None, {"what": what})
        if self._chance.yes(habit.raises, "raises", what):
            way = self._chance.one_of(("quote_requested", "demo_requested"), "raised", what)
            yield Act(act.at + timedelta(minutes=9), way, person)

    def _visit(self, act: Act) -> Iterator[Act]:
        """Some pages of the site, told by its own counter; the careers page by who looks for work."""
        person, what = act.person, act.detail["what"]
        if person.kind == "job seeker":
            yield Act(act.at, "tell", person, None, {"kind": "visited", "subject": "careers"})
            return
        eager = person.kind in ("keen", "sceptical") and self._chance.yes(0.6, "prices", what)
        page, topics = PAGES[0] if eager else self._chance.one_of(PAGES, "page", what)
        yield Act(act.at, "tell", person, None, {"kind": "visited", "subject": page, "topics": list(topics)})
        if self._chance.yes(0.55, "says", person.number) and "market" not in person.done and person.company:
            # The site asks which homes they look after before it shows its calculator.
            person.done.add("market")
            said = "own-home" if person.kind == "outsider" else person.company.homes
            yield Act(
                act.at + timedelta(minutes=2), "tell", person, None,
                {"kind": "answered", "subject": "market", "data": {"answer": said}},
            )  # fmt: skip

    def _answer(self, act: Act) -> Iterator[Act]:
        """The link opens a page, and its button makes the answer count."""
        machine, path = browser_of(self._chance, act.person), act.detail["path"]
        self._doors.ask(Request(act.at, "GET", path, machine))
        form = {"answer": path.rpartition("/")[2]}
        self._doors.ask(Request(act.at + 7 * SECOND, "POST", path, machine), form)
        self._tally.count("answers")
        yield from ()

    def _sign_up(self, act: Act) -> Iterator[Act]:
        machine, person = browser_of(self._chance, act.person), act.person
        by = act.detail.get("by", "")
        stamp = self._doors.stamp(machine, f"{SIGN_UP}?by={by}" if by else SIGN_UP)
        form = {
            "email": person.email, "first_name": person.first_name, "stamp": stamp, "website": "", "by": by,
            "topic": ["guides", "offers"],
            "company.name": person.company.name if person.company else "",
        }  # fmt: skip
        self._doors.ask(Request(act.at + 25 * SECOND, "POST", SIGN_UP, machine), form)
        self._tally.count("sign-ups")
        yield from ()

    def _pass_on(self, act: Act) -> Iterator[Act]:
        """A link of somebody's own reaches a friend, of the same country where there is one."""
        assert act.mail is not None
        near = [friend for friend in self._friends if friend.market is act.person.market]
        for friend in (near or self._friends)[:1]:
            self._friends.remove(friend)
            machine = browser_of(self._chance, friend)
            led = self._doors.ask(Request(act.at, "GET", act.mail.pass_on, machine))
            _, found, by = led.location.partition("?by=")
            if found:
                self._tally.count("friends sent")
                yield Act(act.at + timedelta(seconds=30), "sign up", friend, None, {"by": by})

    def _confirm(self, act: Act) -> Iterator[Act]:
        assert act.mail is not None
        machine = browser_of(self._chance, act.person)
        self._doors.ask(Request(act.at, "GET", act.mail.confirm, machine))
        self._doors.ask(Request(act.at + 4 * SECOND, "POST", act.mail.confirm, machine), {})
        self._tally.count("sign-ups confirmed")
        act.person.done.add("confirmed")
        yield from ()

    def _choose(self, act: Act) -> Iterator[Act]:
        """On the page of choices they tick offers and news too."""
        assert act.mail is not None
        machine, path = browser_of(self._chance, act.person), act.mail.choices
        self._doors.ask(Request(act.at, "GET", path, machine))
        form = {"part": "topics", "topic": ["guides", "offers", "news"]}
        self._doors.ask(Request(act.at + 11 * SECOND, "POST", path, machine), form)
        self._tally.count("choices made")
        yield from ()

    def _leave(self, act: Act) -> Iterator[Act]:
        """Half of them press the button of their mail program, the others that of our page."""
        assert act.mail is not None
        machine, person = browser_of(self._chance, act.person), act.person
        if act.mail.one_click and person.number % 2:
            self._doors.ask(Request(act.at, "POST", act.mail.one_click, machine), ONE_CLICK)
        elif act.mail.leave:
            self._doors.ask(Request(act.at, "GET", act.mail.leave, machine))
            self._doors.ask(
                Request(act.at + 5 * SECOND, "POST", act.mail.leave, machine), {"what": "everything"}
            )
        self._tally.left.add(person.email)
        person.gone = True
        yield from ()

    def _complain(self, act: Act) -> Iterator[Act]:
        self._pipe(act, complaint(self._mail(act), act.at), self._mail(act).envelope_from)
        self._tally.complained.add(act.person.email)
        act.person.gone = True
        yield from ()

    def _report(self, act: Act) -> Iterator[Act]:
        hard = bool(act.detail["hard"])
        self._pipe(act, report(self._mail(act), act.at, hard=hard), self._mail(act).envelope_from)
        (self._tally.hard if hard else self._tally.soft).add(act.person.email)
        yield from ()

    def _reply(self, act: Act) -> Iterator[Act]:
        several = REPLIES[act.person.market.locale][act.detail.get("words", "question")]
        text = self._chance.one_of(several, "reply", act.person.number, act.person.mails)
        self._pipe(act, reply(act.person, self._mail(act), text, act.at), self._mail(act).reply_to)
        self._tally.replied.add(act.person.email)
        yield from ()

    def _away(self, act: Act) -> Iterator[Act]:
        (text, *_) = REPLIES[act.person.market.locale]["away"]
        self._pipe(
            act, reply(act.person, self._mail(act), text, act.at, automatic=True), self._mail(act).reply_to
        )
        self._tally.count("automatic answers")
        yield from ()

    def _buy(self, act: Act) -> Iterator[Act]:
        """The order is in the CRM, which tells it; from then on they are readers of another kind."""
        person = act.person
        if "bought" in person.done:
            return
        person.done.add("bought")
        self._tell(act, "custom:purchased", "crm")
        self._tally.bought.add(person.email)
        person.kind = "happy" if self._chance.yes(0.5, "becomes happy", person.number) else "content"
        yield from ()

    def _told(self, act: Act) -> Iterator[Act]:
        """Something on the company's site, told by it."""
        kind = act.detail.get("kind", act.what)
        self._tell(act, kind, "site")
        self._tally.count(f"told {kind}")
        if kind == "trial_started":
            at = later(self._chance, act.at, 30, act.person.market.zone, "trial", act.person.number)
            yield Act(
                at,
                "tell",
                act.person,
                None,
                {"kind": "visited", "subject": "trial", "topics": ["sub-metering"]},
            )

    def _tell(self, act: Act, kind: str, source: str) -> None:
        detail: dict[str, Any] = act.detail
        self._doors.go(act.at)
        line = {
            "contact": act.person.email, "kind": kind, "at": act.at.isoformat(), "subject": detail.get("subject", ""),
            "topics": detail.get("topics", []), "data": detail.get("data", {}),
            "key": f"{act.person.number}:{kind}:{detail.get('subject', '')}:{act.at:%Y%m%d%H%M}",
        }  # fmt: skip
        self._doors.tell([line], source)

    def _pipe(self, act: Act, raw: bytes, recipient: str) -> None:
        self._doors.go(act.at)
        self._doors.pipe(raw, recipient)

    @staticmethod
    def _mail(act: Act) -> Any:
        assert act.mail is not None
        return act.mail


def newcomer(person: Person, at: Any) -> Act:
    """Somebody who types their address into the form."""
    return Act(at, "sign up", person)
