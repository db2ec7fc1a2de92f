"""People are people and machines are machines, over a labelled collection and over the cases that are easily mixed up."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inbound.judging import VERSION, Hit, Judged, judge, judge_all
from app.inbound.judging.around import MOST, Around
from app.inbound.judging.lines import BadLine, read_line
from app.inbound.judging.networks import owner_of
from tests.inbound import corpus

ACCEPTED = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
OFFICE_LOOKS = "Microsoft Office Existence Discovery"
SPEAKS = {"accept-language": "de-DE,de;q=0.9"}
HOME = "203.0.113.7"
WHOLE = {
    **SPEAKS,
    "accept": "text/html",
    "accept-encoding": "br",
    "sec-fetch-mode": "navigate",
    "sec-fetch-user": "?1",
}


def hit(
    agent: str = CHROME, after: float = 3600, link: int | None = 1, number: int = 1, **more: object
) -> Hit:
    values: dict[str, object] = {
        "id": str(number), "kind": "open" if link == 0 else "click", "at": ACCEPTED + timedelta(seconds=after),
        "user_agent": agent, "address": HOME, "link": link, "headers": SPEAKS, "delivery": "mail", "accepted_at": ACCEPTED,
        **more,
    }  # fmt: skip
    return Hit(**values)  # type: ignore[arg-type]


def verdict(*hits: Hit) -> str:
    return judge_all(hits)[0].verdict


@pytest.mark.parametrize("make", [corpus.known, corpus.held_out])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_labelled_collection(make: Callable[[int], list[corpus.Labelled]], seed: int) -> None:
    made = make(seed)
    hits = [read_line(json.dumps(line), number) for number, (line, _, _) in enumerate(made)]
    verdicts = [judged.verdict for judged in judge_all(hits)]
    labels = [label for _, label, _ in made]
    wrong = Counter(scene for (_, label, scene), said in zip(made, verdicts, strict=True) if said != label)
    assert len(made) >= 600
    for label, recall, count in corpus.recalls(labels, verdicts):
        print(
            f"{make.__name__} {seed}: {label} recall {recall:.4f} of {count}, unknown counted as wrong; {dict(wrong)}"
        )
        assert recall >= (0.98 if label == "human" else 0.90)


def without(*names: str) -> Callable[[corpus.Line], corpus.Line]:
    return lambda line: {key: value for key, value in line.items() if key not in names}


def no_languages(line: corpus.Line) -> corpus.Line:
    head = line["headers"]
    if isinstance(head, dict):
        line["headers"] = {name: value for name, value in head.items() if name.lower() != "accept-language"}
    return line


@pytest.mark.parametrize(
    ("poorer", "human", "machine"),
    [(without("ip"), 0.98, 0.9), (without("delivery", "link"), 0.98, 0.9), (no_languages, 0.98, 0.9),
     (without("recipient_domain"), 0.98, 0.9), (without("accepted_at"), 0.95, 0.9)],
    ids=["no address", "no mail", "no languages", "no domain", "no acceptance"],
)  # fmt: skip
def test_less_is_known_and_most_is_still_seen(
    poorer: Callable[[corpus.Line], corpus.Line], human: float, machine: float
) -> None:
    made = [*corpus.known(4), *corpus.held_out(5)]
    hits = [read_line(json.dumps(poorer(dict(line))), number) for number, (line, _, _) in enumerate(made)]
    found = corpus.recalls([label for _, label, _ in made], [one.verdict for one in judge_all(hits)])
    assert all(recall >= least for (_, recall, _), least in zip(found, (human, machine), strict=True))


PEOPLE = {
    "a quick one": [hit(after=14)],
    "three minutes later": [hit(after=180)],
    "a telephone called Cubot": [hit("Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36")],
    "outlook opens": [hit("Mozilla/4.0 (compatible; ms-office; MSOffice 16)", link=0, headers={})],
    "thunderbird opens": [hit("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0", link=0, headers={})],
    "a second press": [hit(), hit(after=3600.4, number=2)],
    "two links half a minute apart": [hit(), hit(after=3630, link=2, number=2)],
    "a scanner looked, from elsewhere": [hit(), hit(FIREFOX, after=3598, method="HEAD", address="198.51.100.9", number=2)],
    "a scanner fetched all of it, from elsewhere": [
        hit(), *(hit(FIREFOX, after=3598 + n, link=n, address="198.51.100.9", number=n + 2) for n in range(4)),
    ],
    "office looked before the browser": [hit(), hit(OFFICE_LOOKS, after=3599, method="HEAD", number=2)],
    "office looks": [hit(OFFICE_LOOKS, method="HEAD"), hit(after=3601, number=2)],
    "all visitors through a proxy of our own": [
        hit(address="10.0.0.2"), *(hit(address="10.0.0.2", delivery=f"m{n}", after=3600 + n, number=n + 2) for n in range(300)),
    ],
    "a relay of many": [
        hit(address="104.28.30.7"), *(hit(address="104.28.30.7", delivery=f"m{n}", after=3600 + n, number=n + 2) for n in range(60)),
    ],
    "somebody passes the link on by WhatsApp": [
        hit(), *(hit("WhatsApp/2.24.21 A", delivery=f"m{n}", after=3600 + n, number=n + 2) for n in range(4)),
    ],
    "a server's answer found late": [hit(after=600, begun_at=ACCEPTED, accepted_at=ACCEPTED + timedelta(hours=2))],
}  # fmt: skip
MACHINES = {
    "apple's privacy": [hit("Mozilla/5.0", link=0, headers={})],
    "gmail fetches ahead": [hit("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0", link=0)],
    "imessage": [hit("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0")],
    "no name": [hit("", headers={})],
    "head": [hit(method="HEAD")],
    "looks, then fetches": [hit(after=200), hit(after=199, method="HEAD", number=2)],
    "ahead": [hit(headers={**SPEAKS, "sec-purpose": "prefetch;prerender"})],
    "steered": [hit(headers={**SPEAKS, "sec-ch-ua": '"HeadlessChrome";v="130"'})],
    "all links an hour later": [hit(), *(hit(after=3600 + n, link=n, number=n) for n in range(2, 5))],
    "our own pages too": [hit(after=200), hit(after=201, link=-1, number=2), hit(after=202, link=-12, number=3)],
    "before it was delivered": [hit(after=-30)],
    "at once": [hit(after=1)],
    "an address that fetches everybody's at once": [
        hit(after=40), *(hit(after=40 + n / 2, delivery=f"m{n}", accepted_at=ACCEPTED + timedelta(seconds=35), headers={"accept": "*/*"}, number=n + 2) for n in range(12)),
    ],
    "looks, then fetches, in a whole browser": [hit(headers=WHOLE), hit(after=3599.5, headers=WHOLE, method="HEAD", number=2)],
    "all links in a whole browser": [hit(headers=WHOLE, link=n, after=3600 + n, number=n) for n in range(1, 5)],
    "opens and follows at once": [hit(link=0, after=9), *(hit(after=9 + n, link=n, number=n + 1) for n in (1, 2, 3))],
    "a gateway's network": [hit(address="148.163.135.9")],
    "an address that goes through a company's mails": [
        hit(), *(hit(after=3600 + n, delivery=f"m{n}", number=n + 2) for n in range(20)),
    ],
    "an app's library": [hit("MyApp/3 CFNetwork/1498.700.2 Darwin/23.6.0", headers={})],
    "half a browser": [hit("Mozilla/5.0 (Windows NT 10.0; Win64; x64)")],
    "a scanner's own header": [hit(headers={**SPEAKS, "x-barracuda-scan": "1"})],
}  # fmt: skip


@pytest.mark.parametrize("name", PEOPLE)
def test_a_person_is_human(name: str) -> None:
    assert verdict(*PEOPLE[name]) == "human", judge_all(PEOPLE[name])[0]


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_is_a_machine(name: str) -> None:
    assert verdict(*MACHINES[name]) == "machine", judge_all(MACHINES[name])[0]


def test_reasons_are_named_strongest_first_and_the_version_is_kept() -> None:
    judged = judge(hit("curl/8.5.0", after=3))
    assert judged.reasons[:2] == ("library_agent", "right_after_delivery")
    assert (judged.verdict, judged.version) == ("machine", VERSION)


def test_where_the_evidence_speaks_neither_way_it_is_unknown() -> None:
    # A program nobody knows, that showed the pictures of a mail hours later.
    assert judge(hit("Nib 2", link=0, headers={})).verdict == "unknown"


def test_hits_in_any_order_are_judged_alike() -> None:
    made = [read_line(json.dumps(line), n) for n, (line, _, _) in enumerate(corpus.held_out(6))]
    there = {one.id: judged for one, judged in zip(made, judge_all(made), strict=True)}
    turned = made[::-1]
    assert {one.id: judged for one, judged in zip(turned, judge_all(turned), strict=True)} == there


def test_context_counts_and_is_not_judged() -> None:
    others = [hit(after=200 + n / 10, link=n, number=n) for n in (2, 3, 4)]
    assert [one.verdict for one in judge_all([hit(after=200)])] == ["human"]
    assert [one.verdict for one in judge_all([hit(after=200)], others)] == ["machine"]


def test_what_is_looked_at_around_a_hit_has_an_end() -> None:
    """A mail, or an address, with a hundred thousand hits costs no more for each than one with forty."""
    crowd = [hit(after=n / 1000, number=n, delivery="one", address=HOME) for n in range(2000)]
    around = Around(crowd)
    assert max(len(around.same_mail(one)) for one in crowd[::100]) <= 2 * MOST
    assert around.crowd(crowd[500]).near == 1
    many = [hit(after=n / 100, number=n, delivery=str(n % 50), address=HOME) for n in range(2000)]
    assert Around(many).crowd(many[1000]).near == 50


@pytest.mark.parametrize(
    ("address", "owner"),
    [("40.94.1.2", "microsoft"), ("::ffff:40.94.1.2", "microsoft"), ("148.163.135.9", "gateway"), ("66.249.84.1", "fetcher"),
     ("104.28.30.1", "relay"), ("165.225.3.4", "relay"), ("10.1.1.1", "inner"), ("fe80::1%eth0", "inner"), ("nonsense", "inner"),
     ("", "inner"), ("81.2.69.160", ""), ("2a01:4f8::1", "cloud"), ("2a02:a03f::1", "")],
)  # fmt: skip
def test_whose_network_it_is(address: str, owner: str) -> None:
    assert owner_of(address) == owner


def test_a_line_is_read_however_its_writer_wrote_it() -> None:
    line = {
        "at": 1795507200, "kind": "pixel", "method": "get", "user_agent": None, "ip": "203.0.113.9:4711", "delivery": 7,
        "accepted_at": "2026-11-24T08:00:00Z", "recipient_domain": "Anna@Corp.Example.", "mx": "10 mx1.pphosted.com.",
        "headers": [["User-Agent", "X"], ["Accept", ["a", "b"]], "Via: 1.1 x", {"name": "DNT", "value": 1}, 5, []],
    }  # fmt: skip
    found = read_line(json.dumps(line), 3)
    assert (found.kind, found.method, found.user_agent, found.address) == ("open", "GET", "X", "203.0.113.9")
    assert (found.delivery, found.domain, found.gateway) == ("7", "corp.example", "mx1.pphosted.com")
    assert found.headers == {"user-agent": "X", "accept": "a, b", "via": "1.1 x", "dnt": "1"}
    assert found.at == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert read_line('{"at": 1795507200000}', 1).at == found.at
    assert read_line('{"at": "2026-11-24T10:00:00+02:00"}', 1).at == found.at


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", "null", '{"at": "yesterday"}', '{"at": true}', '{"at": 1e300}', '{"at": "0001-01-01T00:00:00Z"}',
     '{"at": "9999-12-31T23:59:59-10:00"}', '{"accepted_at": [1]}', '{"at": NaN}', "{" * 100_000],
)  # fmt: skip
def test_a_line_that_is_no_hit_is_told_so(text: str) -> None:
    with pytest.raises(BadLine):
        read_line(text, 1)


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = (
    "at",
    "kind",
    "method",
    "user_agent",
    "headers",
    "ip",
    "delivery",
    "accepted_at",
    "recipient_domain",
    "link",
    "mx",
)


@given(st.lists(st.dictionaries(st.sampled_from(MEMBERS), anything, max_size=11), max_size=6))
def test_whatever_is_told_is_judged_or_refused(lines: list[dict[str, object]]) -> None:
    hits = []
    for number, line in enumerate(lines):
        try:
            hits.append(read_line(json.dumps(line), number))
        except BadLine:
            continue
    assert all(isinstance(judged, Judged) for judged in judge_all(hits))
