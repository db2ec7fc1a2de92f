"""How those who open and click look from the server's side: browsers of people, privacy proxies, security scanners."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.demo.cast import Person
from app.demo.chance import Chance

SECOND = timedelta(seconds=1)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:152.0) Gecko/20100101 Firefox/152.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.4 Safari/605.1.15"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.4 Mobile/15E148 Safari/604.1"
BROWSERS = (FIREFOX, CHROME, CHROME, MAC, PHONE)
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
PRIVACY_PROXY = "Mozilla/5.0"
SCANNERS = (
    "Mozilla/5.0 (compatible; Barracuda Sentinel)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Safari/537.36",
)


@dataclass(frozen=True, slots=True)
class Machine:
    """From where a request comes, and what it says of itself."""

    agent: str
    address: str
    language: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    is_person: bool = False

    def head(self) -> dict[str, str]:
        language = {"Accept-Language": self.language} if self.language else {}
        accept = (
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" if self.is_person else "*/*"
        )
        encoding = {"Accept-Encoding": "gzip, deflate, br"} if self.is_person else {}
        return {"User-Agent": self.agent, "Accept": accept, **encoding, **language, **self.headers}


@dataclass(frozen=True, slots=True)
class Request:
    """One request to our server at its instant."""

    at: datetime
    method: str
    path: str
    machine: Machine


def browser_of(chance: Chance, person: Person) -> Machine:
    """Each person has a browser and a line of their own."""
    agent = chance.one_of(BROWSERS, "browser", person.number)
    return Machine(agent, _address(person), person.market.accept, is_person=True)


def opener_of(chance: Chance, person: Person) -> Machine:
    """What loads a mail's pictures when its reader looks at it."""
    if chance.yes(0.4, "outlook", person.number):
        return Machine(OUTLOOK, _address(person), is_person=True)
    return browser_of(chance, person)


def _address(person: Person) -> str:
    return f"{person.market.network}.{1 + person.number % 250}"


def proxied(chance: Chance, person: Person, pixel: str, at: datetime, what: str) -> list[Request]:
    """A privacy proxy fetches the pictures of nearly every mail, some minutes or hours after it came."""
    if not chance.yes(0.93, "proxied", what):
        return []
    later = timedelta(seconds=int(chance.between(20, 9000, "proxy", what)))
    address = f"17.58.{person.number % 60}.{1 + int(chance.share('proxy address', what) * 250)}"
    return [Request(at + later, "GET", pixel, Machine(PRIVACY_PROXY, address))]


def scanned(chance: Chance, person: Person, paths: list[str], at: datetime, what: str) -> list[Request]:
    """A gateway looks at all that can be followed within seconds of the mail, and at each link twice (HEAD, then GET)."""
    assert person.company is not None
    agent = chance.one_of(SCANNERS, "scanner", person.company.domain)
    address = f"64.235.150.{1 + sum(person.company.domain.encode()) % 250}"
    if chance.yes(0.6, "looks at links alone", what):
        paths = [path for path in paths if path.startswith("/c/")]
    found, begin = [], at + SECOND * chance.between(1, 6, "scan", what)
    for place, path in enumerate(paths):
        when = begin + SECOND * (0.35 * place)
        if path.startswith("/c/"):
            found.append(Request(when, "HEAD", path, Machine(agent, address)))
        found.append(Request(when + 0.1 * SECOND, "GET", path, Machine(agent, address)))
    return found
