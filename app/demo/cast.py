"""The people of the demo: who they are, where they work, and of which kind they are."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from app.demo.chance import Chance
from app.demo.markets import MANAGER, MARKETS, Market
from app.services.demo import Colleague

Kind = Literal[
    "keen",
    "curious",
    "slow",
    "sceptical",
    "silent",
    "outsider",
    "job seeker",
    "competitor",
    "happy",
    "content",
]
# Of a hundred newcomers so many; customers are apart.
KINDS: tuple[tuple[Kind, float], ...] = (
    ("keen", 0.18), ("curious", 0.24), ("slow", 0.15), ("sceptical", 0.12), ("silent", 0.235), ("outsider", 0.045),
    ("job seeker", 0.018), ("competitor", 0.012),
)  # fmt: skip
# What goes wrong with some addresses, and with some people's patience.
FAULTS = (("hard", 0.024), ("soft", 0.015), ("leaves", 0.018), ("away", 0.025))
PEOPLE_A_COMPANY = 10 / 3

TEAM = (
    Colleague("marta@halden.example", "Marta Lindqvist", "Marketing", "Marta Lindqvist\nHalden Metering", "marketer"),
    Colleague("jonas@halden.example", "Jonas Weber", "Sales, Northern Europe", "Jonas Weber\n+45 55 51 23 40"),
    Colleague("chiara@halden.example", "Chiara Donati", "Vendite Italia", "Chiara Donati\n+39 02 5550 1740"),
    Colleague("rafael@halden.example", "Rafael Prado", "Vendas, Brasil e Portugal", "Rafael Prado\n+351 21 555 0162"),
    Colleague("sanne@halden.example", "Sanne Hofstra", "Verkoop Nederland en België", "Sanne Hofstra\n+31 20 555 0188"),
    Colleague("irina@halden.example", "Irina Lebedeva", "Продажи, страны Балтии", "Irina Lebedeva\n+372 555 0144"),
)  # fmt: skip

_CYRILLIC = dict(zip("абвгдезийклмнопрстуфхцыэё", "abvgdeziiklmnoprstufhcyee", strict=True))
_CYRILLIC |= {"ж": "zh", "ч": "ch", "ш": "sh", "щ": "sch", "ю": "yu", "я": "ya", "ь": "", "ъ": ""}
_NORDIC = {"ø": "o", "æ": "ae", "å": "a", "ß": "ss"}


@dataclass(frozen=True, slots=True)
class Company:
    """A made-up house. `gateway`: its mail goes through a scanner that looks at every link."""

    name: str
    domain: str
    industry: str
    apartments: int
    market: Market
    city: str
    gateway: bool

    @property
    def homes(self) -> str:
        """Their answer to the question which homes they look after."""
        return "property-manager" if self.industry == MANAGER else "housing-association"


@dataclass(slots=True)
class Person:
    """One contact, by address. `day` is when they come in, `way` how: crm, fair, webinar, form or
    friend (by a link that somebody passed on; their day is open).
    """

    number: int
    email: str
    first_name: str
    last_name: str
    job_title: str
    persona: str
    kind: Kind
    company: Company | None
    market: Market
    way: str
    day: float
    proxy: bool
    fault: str = ""
    stage: str = ""
    mails: int = 0
    gone: bool = False
    done: set[str] = field(default_factory=set)

    @property
    def owner(self) -> str:
        return f"{self.market.owner}@halden.example"

    @property
    def buys(self) -> float:
        return {"keen": 0.62, "curious": 0.35, "sceptical": 0.3, "slow": 0.25}.get(self.kind, 0.0)


def make_cast(chance: Chance, count: int, days: int) -> list[Person]:
    """`count` people at some `count` × 3/10 companies, in the order in which they come in."""
    companies = list(_companies(chance, max(3, round(count / PEOPLE_A_COMPANY))))
    taken: set[str] = set()
    people = [_person(chance, number, companies, days, taken) for number in range(count)]
    _some_complain(people)
    return sorted(people, key=lambda person: (person.day, person.number))


def _some_complain(people: list[Person]) -> None:
    """One in 250 presses “this is spam”, and in a small cast one does all the same."""
    may = [person for person in people if person.way == "fair" and not person.fault and person.company]
    for person in may[:: max(1, len(may) // max(1, round(len(people) / 250)))][
        : max(1, round(len(people) / 250))
    ]:
        person.fault = "complains"


def plain(text: str) -> str:
    """As it stands in an address: small Latin letters, digits and dashes."""
    swapped = "".join(_CYRILLIC.get(sign, _NORDIC.get(sign, sign)) for sign in text.lower())
    bare = "".join(s for s in unicodedata.normalize("NFKD", swapped) if not unicodedata.combining(s))
    return "-".join("".join(s if s.isascii() and s.isalnum() else " " for s in bare).split())


def _markets(chance: Chance, count: int) -> Iterator[Market]:
    """Each market by its share, so that a small cast speaks every language too."""
    whole = sum(market.share for market in MARKETS)
    places = [(place + 0.5) / market.share * whole for market in MARKETS for place in range(market.share)]
    markets = [market for market in MARKETS for _ in range(market.share)]
    order = [market for _, _, market in sorted(zip(places, range(len(markets)), markets, strict=True))]
    for number in range(count):
        yield order[number % len(order)]


def _companies(chance: Chance, count: int) -> Iterator[Company]:
    taken: set[str] = set()
    for number, market in enumerate(_markets(chance, count)):
        for attempt in range(1000):
            shape, industry = chance.one_of(market.houses, "house", number, attempt)
            name = shape.format(chance.one_of(market.names, "name", number, attempt))
            city = chance.one_of(market.cities, "city", number, attempt)
            if attempt > 20:
                name = f"{name} {city}"
            domain = f"{plain(name)}.example"
            if domain not in taken:
                break
        taken.add(domain)
        size = int(60 * 2 ** chance.between(0, 6.4, "apartments", number))
        yield Company(
            name, domain, industry, size, market, city, chance.yes(0.1, "gateway", number)
        )  # fmt: skip


def _person(chance: Chance, number: int, companies: list[Company], days: int, taken: set[str]) -> Person:
    company: Company | None = companies[number % len(companies)]
    assert company is not None
    market = company.market
    hers = chance.yes(0.5, "hers", number)
    first = chance.one_of(market.women if hers else market.men, "first", number)
    last = market.surname(int(chance.share("last", number) * 1000), hers)
    title, persona = chance.one_of(market.titles, "title", number)
    way, day, stage = _arrival(chance, number, days)
    kind = _kind(chance, number, stage)
    if kind == "outsider" and chance.yes(0.6, "private", number):
        company = None
    domain = company.domain if company else market.freemail
    local = f"{plain(first)}.{plain(last)}"
    while f"{local}@{domain}" in taken:
        local += str(number)
    taken.add(f"{local}@{domain}")
    person = Person(
        number, f"{local}@{domain}", first, last, title, persona, kind, company, market, way, day,
        chance.yes(0.38, "proxy", number), stage=stage,
    )  # fmt: skip
    person.fault = _fault(chance, person)
    return person


def _arrival(chance: Chance, number: int, days: int) -> tuple[str, float, str]:
    """How, on which day, and at which stage somebody comes in. The customers there were come first."""
    way = chance.share("way", number)
    if way < 0.06:
        return "crm", 0.35, "customer"
    if way < 0.16:
        return "crm", 0.35, ""
    if way < 0.46:
        # Two fairs; the lists come a day later, in the morning.
        at = 0.12 if chance.yes(0.5, "fair", number) else 0.62
        return "fair", round(days * at) + 0.36, ""
    if way < 0.66:
        return "webinar", round(days * chance.one_of((0.3, 0.74, 0.89), "webinar", number)) + 0.37, ""
    if way < 0.675:
        return "friend", 0.0, ""
    return "form", chance.between(1, days - 0.5, "day", number), ""


def _kind(chance: Chance, number: int, stage: str) -> Kind:
    if stage == "customer":
        return "happy" if chance.yes(0.45, "happy", number) else "content"
    drawn = chance.share("kind", number)
    for kind, part in KINDS:
        if drawn < part:
            return kind
        drawn -= part
    return "silent"


def _fault(chance: Chance, person: Person) -> str:
    if person.stage == "customer":
        return ""
    drawn = chance.share("fault", person.number)
    for fault, part in FAULTS:
        if drawn < part:
            return fault
        drawn -= part
    return ""
