"""Was it a person? A versioned classifier over what came with a hit and around it.

Evidence adds up: above zero speaks for a machine, below for a human. Nothing is certain on its own
but what a machine says of itself. Only clear sums are verdicts; between them it is *unknown*, and
unknown moves nobody. Where one must err, a person is called unknown rather than a machine human.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Literal

VERSION = 1
MACHINE_FROM, HUMAN_TO = 0.6, -0.3
Verdict = Literal["human", "machine", "unknown"]

# Mail programs and proxies first: a list of crawlers would call desktop Outlook a bot.
IMAGE_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy|ggpht\.com", re.I)
SCANNERS = re.compile(
    r"barracuda|mimecast|proofpoint|safelinks|urldefense|trendmicro|fireeye|symantec|sophos|cisco[- ]?ironport|messagelabs"
    r"|bitdefender|zscaler|forcepoint|checkpoint|trellix|virustotal",
    re.I,
)
UNFURLERS = re.compile(
    r"slackbot|teamsbot|skypeuripreview|whatsapp|telegrambot|discordbot|facebookexternalhit|twitterbot|linkedinbot",
    re.I,
)
# Cubot makes telephones.
LIBRARIES = re.compile(
    r"^(curl|wget|python|python-requests|aiohttp|httpx|go-http-client|java|okhttp|libwww-perl|apache-httpclient|axios"
    r"|node-fetch|ruby|php|guzzle|powershell|winhttp)\b|headlesschrome|phantomjs|(?<!cu)bot\b|crawler|spider",
    re.I,
)
BROWSERS = re.compile(r"Mozilla/5\.0 \(.+\) (AppleWebKit|Gecko)/", re.I)
MAIL_PROGRAMS = re.compile(r"Microsoft Outlook|MSOffice|Thunderbird|Outlook-iOS|Outlook-Android", re.I)
# Office looks whether a document is there before it hands the address to the browser.
OFFICE_LOOKS = re.compile(r"Microsoft Office (Existence|Protocol) Discovery", re.I)
# Behind one of these stands a proxy of ours or theirs: it says nothing of who shares it.
INNER = tuple(
    ip_network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::1/128", "fc00::/7")
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A hit as it is judged. `link` 0 or None: the pixel; below 0: one of our own pages."""

    id: str
    kind: str
    method: str
    at: datetime
    user_agent: str = ""
    address: str = ""
    link: int | None = None
    delivery: str | None = None
    headers: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What is known beside a hit: other hits of the same mail, and how many recipients its address touched.

    `begun_at` and `accepted_at` are when the mail was handed over and when its server took it. `shared`
    counts distinct recipients that hits from this address belong to within ten minutes.
    """

    begun_at: datetime | None = None
    accepted_at: datetime | None = None
    same_mail: Sequence[Hit] = ()
    shared: int = 1


@dataclass(frozen=True, slots=True)
class Judged:
    verdict: Verdict
    score: float
    reasons: tuple[str, ...]
    version: int = VERSION


def judge(hit: Hit, around: Around) -> Judged:
    """The verdict on one hit, with the reasons it stands on."""
    found = [(weight, reason) for rule in RULES for weight, reason in rule(hit, around)]
    score = round(sum(weight for weight, _ in found), 2)
    verdict: Verdict = "machine" if score >= MACHINE_FROM else "human" if score <= HUMAN_TO else "unknown"
    return Judged(verdict, score, tuple(reason for _, reason in found))


Found = list[tuple[float, str]]


def _method(hit: Hit, around: Around) -> Found:
    return [(1.5, "head_request")] if hit.method == "HEAD" else []


def _prefetch(hit: Hit, around: Around) -> Found:
    headers = {name.lower(): value.lower() for name, value in (hit.headers or {}).items()}
    purpose = " ".join(headers.get(name, "") for name in ("purpose", "sec-purpose", "x-purpose", "x-moz"))
    return [(1.5, "prefetch")] if "prefetch" in purpose or "preview" in purpose else []


def _agent(hit: Hit, around: Around) -> Found:
    agent = hit.user_agent.strip()
    if not agent:
        return [(0.9, "no_user_agent")]
    if agent == "Mozilla/5.0":
        return [(1.0, "privacy_proxy")]
    if IMAGE_PROXIES.search(agent):
        # The proxy fetches when a person opens, but also when none does: it says nothing by itself.
        return [(0.2, "image_proxy")]
    for pattern, reason in ((SCANNERS, "scanner"), (UNFURLERS, "unfurler"), (LIBRARIES, "library_agent")):
        if pattern.search(agent):
            return [(1.0, reason)]
    if BROWSERS.search(agent) or MAIL_PROGRAMS.search(agent):
        return [(-0.5, "known_program")]
    return [(0.1, "unfamiliar_agent")]


def _language(hit: Hit, around: Around) -> Found:
    """Every browser says which languages its person reads; what only calls itself one often does not."""
    says = any(name.lower() == "accept-language" and value for name, value in (hit.headers or {}).items())
    return (
        [(0.5, "browser_without_language")]
        if hit.link and not says and BROWSERS.search(hit.user_agent)
        else []
    )


def _pair(hit: Hit, around: Around) -> Found:
    """Scanners look with HEAD and fetch with GET right after; a person behind one comes from elsewhere."""
    near = timedelta(seconds=30)
    heads = [
        other
        for other in around.same_mail
        if other.method == "HEAD" and other.link == hit.link and abs(other.at - hit.at) <= near
        and not OFFICE_LOOKS.search(other.user_agent)
    ]  # fmt: skip
    if hit.method != "GET" or not heads:
        return []
    if any(other.user_agent == hit.user_agent for other in heads):
        return [(1.2, "head_and_get")]
    return [(0.5, "head_from_there")] if any(other.address == hit.address for other in heads) else []


def _burst(hit: Hit, around: Around) -> Found:
    """Several different links of one mail within seconds: nobody reads like that."""
    if not hit.link:
        return []

    def within(seconds: int) -> int:
        near = timedelta(seconds=seconds)
        return len(
            {one.link for one in (*around.same_mail, hit) if one.link and abs(one.at - hit.at) <= near}
        )

    if within(10) >= 3:
        return [(1.5, "many_links_at_once")]
    return [(0.6, "two_links_at_once")] if within(2) == 2 else []


def _speed(hit: Hit, around: Around) -> Found:
    sent_at = around.accepted_at
    if sent_at is None or hit.at < sent_at:
        # An answer of the server that was found later is no proof that the hit came before it.
        sent_at = around.begun_at or sent_at
    if sent_at is None:
        return []
    after = hit.at - sent_at
    if after < timedelta(0):
        return [(1.5, "before_delivery")]
    if after < timedelta(seconds=10):
        return [(0.8, "right_after_delivery")]
    if after < timedelta(seconds=60):
        return [(0.3, "soon_after_delivery")]
    if after > timedelta(minutes=2):
        return [(-0.2, "later_than_scanners")]
    return []


def _shared(hit: Hit, around: Around) -> Found:
    if around.shared < 5 or _inner(hit.address):
        return []
    return [(0.8, "one_address_many_recipients")] if around.shared >= 20 else [(0.3, "shared_address")]


def _inner(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return True
    return any(parsed in net for net in INNER)


RULES: tuple[Callable[[Hit, Around], Found], ...] = (
    _method, _prefetch, _agent, _language, _pair, _burst, _speed, _shared,
)  # fmt: skip
