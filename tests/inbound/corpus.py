"""A labelled collection of hits, made over agents, heads, timing and networks as people and machines have them.

`known()` is what the rules were weighed with. `held_out()` uses other agents, heads, networks and timings.
Each scene gives the hits of one mail, or of one office, as lines for `trellis hits judge`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
Line = dict[str, Any]
Labelled = tuple[Line, str, str]  # the line, its label, the scene


@dataclass
class Maker:
    """Draws from `agents` and `networks`, which differ between the two parts of the collection."""

    random: Random
    browsers: list[str]
    phones: list[str]
    homes: list[str]
    languages: list[str]
    styles: tuple[str, ...] = ("whole", "some", "bare")
    linked: bool = True
    mails: int = 0
    made: list[Labelled] = field(default_factory=list)

    def mail(self) -> tuple[str, datetime]:
        self.mails += 1
        return f"mail-{id(self) % 997}-{self.mails}", START + timedelta(
            seconds=self.random.uniform(0, 20_000)
        )

    def home(self) -> str:
        return f"{self.random.choice(self.homes)}.{self.random.randint(2, 250)}"

    def surfer(self) -> str:
        return self.random.choice(self.browsers if self.random.random() < 0.6 else self.phones)

    def head(self, agent: str, style: str | None = None, *, picture: bool = False) -> dict[str, str]:
        style = style or self.random.choice(self.styles)
        language = {"Accept-Language": self.random.choice(self.languages)}
        if style == "bare":
            return language
        accept = "image/avif,image/webp,*/*;q=0.8" if picture else "text/html,application/xhtml+xml,*/*;q=0.8"
        head = {"Accept": accept, "Accept-Encoding": "gzip, deflate, br", **language}
        if style == "whole" and ("Chrome/" in agent or "Firefox/" in agent):
            head |= {"Sec-Fetch-Mode": "no-cors" if picture else "navigate", "Sec-Fetch-Dest": "image" if picture else "document"}  # fmt: skip
            if not picture:
                head |= {"Sec-Fetch-User": "?1", "Upgrade-Insecure-Requests": "1"}
        return head

    def add(
        self, label: str, scene: str, mail: tuple[str, datetime], after: float, agent: str | None, ip: str,
        head: Any, *, kind: str = "click", method: str = "GET", link: int | None = None, domain: str = "corp.example",
    ) -> None:  # fmt: skip
        name, accepted = mail
        line: Line = {
            "at": (accepted + timedelta(seconds=after)).isoformat(), "method": method, "kind": kind, "user_agent": agent,
            "headers": head, "ip": ip, "delivery": name, "accepted_at": accepted.isoformat(), "recipient_domain": domain,
        }  # fmt: skip
        if self.linked and link is not None:
            line["link"] = link
        self.made.append((line, label, scene))


Scene = Callable[[Maker], None]

CHROMES = [
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36{edge}"
    for system in ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7")
    for version, edge in ((150, ""), (151, ""), (152, " Edg/152.0.0.0"))
]
BROWSERS = [
    *CHROMES,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
]
PHONES = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/151.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/340.3.7 Mobile/15E148 Safari/604.1",
]
OTHER_BROWSERS = [
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 OPR/106.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.86 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 YaBrowser/24.6.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
]
OTHER_PHONES = [
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/130.0.6723.37 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.30",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; SM-A536B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.122 Mobile Safari/537.36 Instagram 337.0.0",
]


def _people(maker: Maker, scene: str, low: float, high: float, **more: Any) -> None:
    """Somebody opens and then follows a link or two, at their own pace."""
    mail, agent, ip = maker.mail(), maker.surfer(), maker.home()
    after = maker.random.uniform(low, high)
    head = maker.head(agent)
    if maker.random.random() < 0.4:
        maker.add("human", scene, mail, after - maker.random.uniform(3, 25) if after > 40 else after * 0.5, agent, ip,
                  maker.head(agent, picture=True), kind="open", link=0, **more)  # fmt: skip
    maker.add("human", scene, mail, after, agent, ip, head, link=1, **more)
    if maker.random.random() < 0.3:
        maker.add("human", scene, mail, after + maker.random.uniform(6, 300), agent, ip, head, link=2, **more)


def people_later(maker: Maker) -> None:
    _people(maker, "people later", 150, 90_000)


def people_soon(maker: Maker) -> None:
    _people(maker, "people soon", 30, 150)


def people_quick(maker: Maker) -> None:
    """Who sits before the screen when the mail comes."""
    mail, agent, ip = maker.mail(), maker.surfer(), maker.home()
    maker.add("human", "people quick", mail, maker.random.uniform(7, 25), agent, ip, maker.head(agent, "whole"), link=1,
              domain=maker.random.choice(("gmail.com", "corp.example")))  # fmt: skip


def office(maker: Maker) -> None:
    """Colleagues behind one address, some of them with the same machine from the same shop."""
    ip, count = maker.home(), maker.random.randint(6, 18)
    standard = maker.random.choice(maker.browsers)
    began = START + timedelta(seconds=maker.random.uniform(0, 20_000))
    for _ in range(count):
        name, _ = maker.mail()
        mail = (name, began + timedelta(seconds=maker.random.uniform(0, 20)))
        agent = standard if maker.random.random() < 0.6 else maker.surfer()
        after = maker.random.expovariate(1 / 900) + 25
        maker.add(
            "human", "office", mail, after, agent, ip, maker.head(agent), link=maker.random.randint(1, 3)
        )


def outlook(maker: Maker) -> None:
    mail, ip = maker.mail(), maker.home()
    reader = maker.random.choice(OUTLOOKS)
    agent, after = maker.random.choice(maker.browsers), maker.random.uniform(20, 9000)
    maker.add("human", "desktop Outlook", mail, after, reader, ip, maker.random.choice(({}, {"Accept": "*/*"})), kind="open", link=0)  # fmt: skip
    maker.add("human", "desktop Outlook", mail, after + 14, agent, ip, maker.head(agent), link=1)


def programs(maker: Maker) -> None:
    mail, ip = maker.mail(), maker.home()
    maker.add("human", "mail programs", mail, maker.random.uniform(15, 40_000), maker.random.choice(PROGRAMS), ip,
              maker.random.choice(({}, {"Accept": "*/*"}, {"Accept": "image/png,*/*", "Accept-Language": "de-de"})), kind="open", link=0)  # fmt: skip


def behind_proxy(maker: Maker) -> None:
    agent, ip = (
        maker.random.choice(maker.browsers),
        f"165.225.{maker.random.randint(1, 250)}.{maker.random.randint(2, 250)}",
    )
    head = {**maker.head(agent), "Via": "1.1 proxy.corp.example (squid/5.7)", "X-Forwarded-For": "10.2.3.4"}
    maker.add(
        "human", "behind a proxy", maker.mail(), maker.random.uniform(60, 9000), agent, ip, head, link=1
    )


def webmail(maker: Maker) -> None:
    agent, ip = maker.surfer(), maker.home()
    head = {
        **maker.head(agent),
        "Referer": maker.random.choice(("https://outlook.office.com/", "https://mail.google.com/")),
    }
    maker.add(
        "human", "out of webmail", maker.mail(), maker.random.uniform(12, 9000), agent, ip, head, link=1
    )


def safe_links(maker: Maker) -> None:
    """Looks in with HEAD, fetches all links, seconds after the mail came, out of a cloud."""
    mail = maker.mail()
    ip = maker.random.choice(("40.94.{}.{}", "20.171.{}.{}", "52.146.{}.{}", "104.47.{}.{}", "51.145.{}.{}")).format(
        maker.random.randint(1, 250), maker.random.randint(1, 250)
    )  # fmt: skip
    agent = maker.random.choice([*maker.browsers, *OLD])
    head = maker.random.choice(
        ({}, {"Accept": "*/*"}, {"Accept": "text/html", "Accept-Encoding": "gzip"}, maker.head(agent))
    )
    first = maker.random.uniform(0.5, 25)
    for link in range(1, maker.random.randint(1, 5) + 1):
        at = first + link * maker.random.uniform(0.1, 1.5)
        if maker.random.random() < 0.5:
            maker.add("machine", "Safe Links", mail, at - 0.3, agent, ip, head, method="HEAD", link=link)
        maker.add("machine", "Safe Links", mail, at, agent, ip, head, link=link)


def gateway(maker: Maker) -> None:
    """Proofpoint, Mimecast, Barracuda, Cisco and the like, named or in the clothes of an old browser."""
    mail = maker.mail()
    ip = maker.random.choice(
        (
            "67.231.152",
            "148.163.135",
            "205.139.110",
            "207.211.31",
            "209.222.82",
            "64.235.150",
            "68.232.130",
            "3.94.17",
        )
    )
    ip = f"{ip}.{maker.random.randint(2, 250)}"
    agent = maker.random.choice([*OLD, *NAMED, maker.random.choice(maker.browsers)])
    head = maker.random.choice(({}, {"Accept": "*/*"}, {"Accept": "*/*", "Accept-Encoding": "identity"}))
    first = maker.random.choice((maker.random.uniform(1, 20), maker.random.uniform(60, 4000)))
    for link in range(1, maker.random.randint(1, 4) + 1):
        maker.add("machine", "gateways", mail, first + link * 0.7, agent, ip, head, link=link)


def fleet(maker: Maker) -> None:
    """A scanner of nobody's known network that goes over the mails of a whole company."""
    ip, agent = maker.home(), maker.random.choice([*OLD, *maker.browsers])
    head = maker.random.choice(
        ({}, {"Accept": "*/*"}, {"Accept": "text/html,*/*", "Accept-Encoding": "gzip, deflate"})
    )
    began = START + timedelta(seconds=maker.random.uniform(0, 20_000))
    for number in range(maker.random.randint(5, 12)):
        name, _ = maker.mail()
        mail = (name, began + timedelta(seconds=number * 0.8))
        for link in (1, 2, 3)[: maker.random.randint(1, 3)]:
            maker.add(
                "machine",
                "scanner of a company",
                mail,
                maker.random.uniform(1, 8) + link * 0.4,
                agent,
                ip,
                head,
                link=link,
            )


def proxies(maker: Maker) -> None:
    agent, net = maker.random.choice(PROXIES)
    maker.add("machine", "picture proxies", maker.mail(), maker.random.uniform(1, 50_000), agent,
              f"{net}.{maker.random.randint(2, 250)}", maker.random.choice(({}, {"Accept": "image/*"})), kind="open", link=0,
              domain=maker.random.choice(("gmail.com", "yahoo.com", "icloud.com", "corp.example")))  # fmt: skip


def unfurlers(maker: Maker) -> None:
    maker.add("machine", "unfurlers", maker.mail(), maker.random.uniform(20, 50_000), maker.random.choice(UNFURLERS), maker.home(),
              maker.random.choice(({}, {"Accept": "*/*"}, {"Accept": "text/html", "Accept-Language": "en"})), link=1)  # fmt: skip


def prefetched(maker: Maker) -> None:
    agent = maker.surfer()
    ahead = maker.random.choice(
        (
            {"Sec-Purpose": "prefetch;prerender"},
            {"Purpose": "prefetch"},
            {"X-Moz": "prefetch"},
            {"X-Purpose": "preview"},
        )
    )
    maker.add(
        "machine",
        "prefetch",
        maker.mail(),
        maker.random.uniform(20, 9000),
        agent,
        maker.home(),
        {**maker.head(agent), **ahead},
        link=1,
    )


def libraries(maker: Maker) -> None:
    maker.add("machine", "libraries", maker.mail(), maker.random.uniform(1, 50_000), maker.random.choice(LIBRARIES), maker.home(),
              maker.random.choice(({}, {"Accept": "*/*"}, None)), link=1, method=maker.random.choice(("GET", "GET", "HEAD")))  # fmt: skip


OUTLOOKS = [
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E; Microsoft Outlook 16.0.17928; ms-office; MSOffice 16)",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Mozilla/4.0 (compatible; ms-office; MSOffice rmj)",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.2; Win64; x64; Trident/7.0; .NET CLR 2.0.50727)",
]
PROGRAMS = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:102.0) Gecko/20100101 Thunderbird/102.15.1",
    "Outlook-iOS/724.4116475.prod.iphone (4.2.1)",
    "Outlook-Android/2.0",
    "MacOutlook/16.89.24090815 (Intelx64 Mac OS X Version 14.6.1 (Build 23G93))",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.6723.86 Mobile Safari/537.36",
    "eM Client/9.2.2157",
    "Airmail 5.6 rv:560 (Macintosh; Mac OS X 14.5)",
    "Lotus-Notes/6.0 (Windows-NT)",
]
OLD = [
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/41.0.2272.96 Safari/537.36",
    "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/58.0.3029.110 Safari/537.36",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
    "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)",
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/74.0.3729.169 Safari/537.36",
    "Mozilla/5.0 (Windows NT 5.1; rv:52.0) Gecko/20100101 Firefox/52.0",
]
NAMED = [
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
    "Mimecast URL Protect/1.0",
    "BarracudaCentral Link Protection",
    "Cisco-IronPort-ESA/14.0",
    "TrendMicro WTP",
    "Symantec Email Security.cloud",
    "FireEye ETP URL analysis",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) SafeLinks/2.1",
    "Sophos Email Security",
]
PROXIES = [
    ("Mozilla/5.0", "104.28.30"),
    ("Mozilla/5.0", "17.58.97"),
    ("Mozilla/5.0", "146.75.190"),
    (
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "66.249.84",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
        "74.125.210",
    ),
    ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "67.195.55"),
]
UNFURLERS = [
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Slack-ImgProxy (+https://api.slack.com/robots)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "WhatsApp/2.24.21.79 A",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Twitterbot/1.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
]
LIBRARIES = [
    "curl/8.5.0",
    "Wget/1.21.4",
    "python-requests/2.32.3",
    "Python-urllib/3.11",
    "Go-http-client/2.0",
    "Java/17.0.9",
    "okhttp/4.12.0",
    "Apache-HttpClient/4.5.14 (Java/11.0.20)",
    "axios/1.7.2",
    "node-fetch/1.0",
    "libwww-perl/6.67",
    "PHP/8.2",
    "",
    None,
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Pingdom.com_bot_version_1.4",
]


# Held out: other agents, heads, networks and timings than those above.


def drifting(maker: Maker) -> None:
    """A scanner behind a changing address, with HEAD first, ten minutes after the mail came."""
    mail, agent = maker.mail(), maker.random.choice(maker.browsers)
    first = maker.random.uniform(300, 1500)
    for link in range(1, 5):
        ip = maker.home()
        maker.add(
            "machine",
            "drifting scanner",
            mail,
            first + link * 0.4,
            agent,
            ip,
            {"Accept": "*/*"},
            method="HEAD",
            link=link,
        )
        maker.add(
            "machine",
            "drifting scanner",
            mail,
            first + link * 0.4 + 0.2,
            agent,
            ip,
            {"Accept": "*/*"},
            link=link,
        )


def sandbox(maker: Maker) -> None:
    """A whole browser in a cloud with all of its head, a few seconds after acceptance, over all links."""
    mail, agent = maker.mail(), maker.random.choice(maker.browsers)
    ip = maker.random.choice(("13.89.{}.9", "34.68.{}.7", "18.204.{}.77", "167.99.{}.3")).format(
        maker.random.randint(1, 250)
    )
    first = maker.random.uniform(2, 40)
    for link in range(1, maker.random.randint(3, 6)):
        maker.add(
            "machine", "sandbox", mail, first + link * 1.1, agent, ip, maker.head(agent, "whole"), link=link
        )


def before(maker: Maker) -> None:
    agent = maker.random.choice(maker.browsers)
    maker.add(
        "machine",
        "before acceptance",
        maker.mail(),
        -maker.random.uniform(1, 60),
        agent,
        maker.home(),
        maker.head(agent),
        link=1,
    )


def more_machines(maker: Maker) -> None:
    maker.add("machine", "more machines", maker.mail(), maker.random.uniform(5, 90_000), maker.random.choice(MORE_MACHINES), maker.home(),
              maker.random.choice(({}, [["Accept", "*/*"]], {"accept": "text/html", "accept-language": "en-US"})), link=1)  # fmt: skip


def more_pictures(maker: Maker) -> None:
    maker.add("machine", "more picture proxies", maker.mail(), maker.random.uniform(5, 90_000),
              maker.random.choice(("Mozilla/5.0", "Mozilla/5.0 (compatible; ImageProxy/1.0)", "ProtonMail Image Proxy", "Mail.RU image proxy/2.0",
                                   "Mozilla/5.0 (Windows; U; Windows NT 5.1) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)")),
              maker.home(), {}, kind="open", link=0)  # fmt: skip


def more_programs(maker: Maker) -> None:
    maker.add("human", "more mail programs", maker.mail(), maker.random.uniform(8, 90_000),
              maker.random.choice(("Mozilla/5.0 (Windows NT 10.0; WOW64; rv:60.0) Gecko/20100101 Thunderbird/60.9.1", "Microsoft Office/15.0 (Windows NT 6.1; Microsoft Outlook 15.0.5249; Pro)",
                                   "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/8.0; .NET4.0E; Microsoft Outlook 16.0.5134)", "Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)",
                                   "The Bat! 10.5", "Mailbird/3.0", "Spark/3.17 CFNetwork/1498.700.2 Darwin/23.6.0", "K-9 Mail/6.8")),
              maker.home(), maker.random.choice((None, {}, {"accept": "*/*", "accept-encoding": "gzip, deflate"})), kind="open", link=0)  # fmt: skip


def big_office(maker: Maker) -> None:
    """Forty people, one address, two kinds of machine, right after the morning's coffee."""
    ip, agents = maker.home(), maker.random.sample(maker.browsers, 2)
    for _ in range(40):
        name, _ = maker.mail()
        mail = (name, START + timedelta(seconds=maker.random.uniform(0, 60)))
        agent = maker.random.choice(agents)
        maker.add(
            "human", "big office", mail, maker.random.uniform(90, 1500), agent, ip, maker.head(agent), link=1
        )


def office_looks(maker: Maker) -> None:
    """Outlook looks by itself what the link is, then the browser goes there; a second press by a heavy hand."""
    mail, agent, ip, after = (
        maker.mail(),
        maker.random.choice(maker.browsers),
        maker.home(),
        maker.random.uniform(40, 9000),
    )
    maker.add(
        "human",
        "Outlook looks first",
        mail,
        after,
        "Microsoft Office Existence Discovery",
        ip,
        {},
        method="HEAD",
        link=1,
    )
    maker.add("human", "Outlook looks first", mail, after + 1, agent, ip, maker.head(agent), link=1)
    maker.add("human", "Outlook looks first", mail, after + 1.4, agent, ip, maker.head(agent), link=1)


def looked_at_meanwhile(maker: Maker) -> None:
    """A person clicks; a gateway looks at the same link at that moment."""
    mail, agent, ip, after = maker.mail(), maker.surfer(), maker.home(), maker.random.uniform(200, 9000)
    maker.add("human", "looked at meanwhile", mail, after, agent, ip, maker.head(agent), link=1)
    maker.add(
        "machine",
        "looked at meanwhile",
        mail,
        after + 0.8,
        OLD[0],
        f"148.163.140.{maker.random.randint(2, 250)}",
        {"Accept": "*/*"},
        link=1,
    )


MORE_MACHINES = [
    "aiohttp/3.9.5",
    "python-httpx/0.27.0",
    "Ruby",
    "GuzzleHttp/7",
    "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; Mattermost-Bot/1.1)",
    "Google-Safety (+http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
    "Viber/22.1.0",
    "Iframely/1.3.1 (+https://iframely.com/docs/about)",
    "Better Uptime Bot",
    "UptimeRobot/2.0",
    "Barracuda Sentinel (EE)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
    "Mozilla/4.0",
    "Mozilla/5.0 (compatible; Embedly/0.2)",
    "urlscan.io",
    "Expanse, a Palo Alto Networks company",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/534.34 (KHTML, like Gecko) PhantomJS/1.9.8 Safari/534.34",
    "reqwest/0.12",
    "ZoomInfoBot/1.0",
    "Snap URL Preview Service",
]
KNOWN: tuple[tuple[Scene, int], ...] = (
    (people_later, 60), (people_soon, 20), (people_quick, 12), (office, 4), (outlook, 25), (programs, 30), (behind_proxy, 12),
    (webmail, 12), (safe_links, 40), (gateway, 40), (fleet, 8), (proxies, 30), (unfurlers, 20), (prefetched, 15), (libraries, 30),
)  # fmt: skip
HELD_OUT: tuple[tuple[Scene, int], ...] = (
    (people_later, 60), (people_soon, 25), (people_quick, 8), (office, 4), (big_office, 1), (office_looks, 10), (looked_at_meanwhile, 15),
    (more_programs, 20), (webmail, 10), (safe_links, 25), (gateway, 20), (fleet, 6), (drifting, 10), (sandbox, 15), (before, 10),
    (more_machines, 40), (more_pictures, 12), (prefetched, 10),
)  # fmt: skip


def known(seed: int = 1) -> list[Labelled]:
    maker = Maker(
        Random(seed), BROWSERS, PHONES, ["203.0.113", "81.2.69", "93.184.7", "212.10.44"],
        ["en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.7", "da", "pt-BR,pt;q=0.9"],
    )  # fmt: skip
    return _play(maker, KNOWN)


def held_out(seed: int = 2) -> list[Labelled]:
    """Its links are not told apart, and its heads are whole or hardly there."""
    maker = Maker(
        Random(seed), OTHER_BROWSERS, OTHER_PHONES, ["198.51.100", "24.60.18", "151.30.9", "2a02:a03f:6a:1::5", "189.40.71"],
        ["nl-NL,nl;q=0.8", "it-IT,it;q=0.9", "en-GB", "ru,en;q=0.8"], linked=False,
    )  # fmt: skip
    maker.homes = [home for home in maker.homes if ":" not in home]
    return _play(maker, HELD_OUT)


def _play(maker: Maker, scenes: tuple[tuple[Scene, int], ...]) -> list[Labelled]:
    for scene, times in scenes:
        for _ in range(times):
            scene(maker)
    return sorted(maker.made, key=lambda one: str(one[0]["at"]))


def recalls(labels: Sequence[str], verdicts: Sequence[str]) -> Iterator[tuple[str, float, int]]:
    """Of each label how much was found; unknown is wrong."""
    for label in ("human", "machine"):
        found = [verdict == label for verdict, said in zip(verdicts, labels, strict=True) if said == label]
        yield label, sum(found) / len(found), len(found)
