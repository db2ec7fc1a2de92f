"""A small labelled corpus: what comes back from people and from the machines in between."""

from datetime import UTC, datetime, timedelta

import pytest

from app.inbound.judging import Around, Hit, judge

ACCEPTED = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
    " Mobile/15E148 Safari/604.1"
)
IPHONE_MAIL = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
)
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"
CUBOT = "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36"
EDGE_IPAD = "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) EdgiOS/130.0 Mobile/15E148"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15"
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
OUTLOOK_16 = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)"
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
OFFICE_LOOKS = "Microsoft Office Existence Discovery"
SPEAKS = {"accept-language": "de-DE,de;q=0.9"}
HOME = "203.0.113.7"


def hit(agent: str = CHROME, after: float = 3600, link: int | None = 1, **more: object) -> Hit:
    values: dict[str, object] = {
        "id": "1", "kind": "click" if link else "open", "method": "GET", "at": ACCEPTED + timedelta(seconds=after),
        "user_agent": agent, "address": HOME, "link": link, "headers": SPEAKS if link else {}, **more,
    }  # fmt: skip
    return Hit(**values)  # type: ignore[arg-type]


def verdict(one: Hit, *same: Hit, shared: int = 1, accepted: datetime | None = ACCEPTED) -> str:
    return judge(one, Around(accepted_at=accepted, same_mail=same, shared=shared)).verdict


PEOPLE = {
    "browser, an hour later": (hit(), (), 1),
    "browser, three minutes later": (hit(after=180), (), 1),
    "browser, ninety seconds later": (hit(after=90), (), 1),
    "firefox": (hit(FIREFOX), (), 1),
    "iphone": (hit(IPHONE), (), 1),
    "ipad with edge": (hit(EDGE_IPAD), (), 1),
    "android": (hit(ANDROID), (), 1),
    "a telephone called Cubot": (hit(CUBOT), (), 1),
    "mac": (hit(MAC), (), 1),
    "outlook on a desktop opens": (hit(OUTLOOK, link=0), (), 1),
    "outlook 16 opens": (hit(OUTLOOK_16, link=0), (), 1),
    "thunderbird opens": (hit(THUNDERBIRD, link=0), (), 1),
    "iphone mail without privacy opens": (hit(IPHONE_MAIL, link=0), (), 1),
    "six people behind one office address": (hit(), (), 6),
    "two links half a minute apart": (hit(), (hit(after=3630, link=2),), 1),
    "a scanner looked for them, from elsewhere": (
        hit(address=HOME), (hit(FIREFOX, after=3598, method="HEAD", address="198.51.100.9"),), 1,
    ),
    "office looked before the browser": (hit(), (hit(OFFICE_LOOKS, after=3598, method="HEAD"),), 1),
    "all visitors through our own proxy": (hit(address="10.0.0.2"), (), 400),
}  # fmt: skip

MACHINES = {
    "apple mail privacy": (hit("Mozilla/5.0", link=0), (), 1),
    "no name at all": (hit(""), (), 1),
    "gmail fetches at once": (hit(GMAIL, after=2, link=0), (), 1),
    "proofpoint": (hit("Mozilla/5.0 (compatible; Proofpoint URL Defense)", after=40), (), 1),
    "mimecast": (hit("Mimecast URL Protect/1.0"), (), 1),
    "barracuda": (hit("Barracuda Sentinel (EE)", after=15), (), 1),
    "safe links by name": (hit("Mozilla/5.0 (Windows NT 10.0) SafeLinks/1.0"), (), 1),
    "curl": (hit("curl/8.5.0"), (), 1),
    "python": (hit("python-requests/2.32.3"), (), 1),
    "java": (hit("Java/17.0.9"), (), 1),
    "go": (hit("Go-http-client/2.0"), (), 1),
    "slack unfurls": (hit("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"), (), 1),
    "teams unfurls": (hit(f"{CHROME} SkypeUriPreview Preview/0.5"), (), 1),
    "whatsapp unfurls": (hit("WhatsApp/2.24.21 A"), (), 1),
    "bing": (hit("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"), (), 1),
    "headless": (hit("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/130.0"), (), 1),
    "head": (hit(method="HEAD"), (), 1),
    "a browser fetches ahead": (hit(headers={**SPEAKS, "Sec-Purpose": "prefetch;prerender"}), (), 1),
    "a burst of all links": (hit(after=3), (hit(after=3.5, link=2), hit(after=4, link=3), hit(after=4.2, link=4)), 1),
    "a burst an hour later": (hit(), (hit(after=3601, link=2), hit(after=3602, link=3), hit(after=3603, link=4)), 1),
    "a burst over our own pages": (hit(after=200), (hit(after=201, link=-1), hit(after=202, link=-12), hit(after=202, link=-40)), 1),
    "before it was delivered": (hit(after=-30), (), 1),
    "library without language, at once": (hit(headers={}, after=4), (), 1),
}  # fmt: skip

# Machines that dress as people: at least they must not count as people.
DISGUISED = {
    "safe links looks, then fetches": (hit(after=200), (hit(after=199, method="HEAD"),), 1),
    "looks as one, fetches as another": (hit(after=300), (hit("Scan/1", after=298, method="HEAD"),), 1),
    "a browser in name, without language": (hit(headers={}), (), 1),
    "one link, seconds after delivery": (hit(after=6), (), 1),
    "one link, half a minute after delivery": (hit(after=30), (), 1),
    "two links in one second": (hit(after=400), (hit(after=401, link=2),), 1),
    "one address and sixty recipients": (hit(after=500), (), 60),
    "gmail's proxy later": (hit(GMAIL, link=0), (), 1),
    "yahoo's proxy later": (hit(YAHOO, link=0), (), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", PEOPLE)
def test_a_person_is_human(name: str) -> None:
    one, same, shared = PEOPLE[name]
    assert verdict(one, *same, shared=shared) == "human"


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_is_a_machine(name: str) -> None:
    one, same, shared = MACHINES[name]
    assert verdict(one, *same, shared=shared) == "machine"


@pytest.mark.parametrize("name", DISGUISED)
def test_a_disguised_machine_moves_nobody(name: str) -> None:
    one, same, shared = DISGUISED[name]
    assert verdict(one, *same, shared=shared) != "human"


def test_the_answer_of_a_server_found_late_does_not_make_a_person_a_machine() -> None:
    clicked = hit(after=600)
    around = Around(begun_at=ACCEPTED, accepted_at=ACCEPTED + timedelta(hours=2))
    assert judge(clicked, around).verdict == "human"


def test_reasons_are_named_and_the_version_is_kept() -> None:
    judged = judge(hit("curl/8.5.0", after=5), Around(accepted_at=ACCEPTED))
    assert set(judged.reasons) == {"library_agent", "right_after_delivery"}
    assert judged.version == 1
