"""What each piece of evidence weighs. Above zero it speaks for a machine, below for a person.

Roughly, a weight is the logarithm of how much likelier a machine is to look like this than a person.
"""

from collections.abc import Callable
from datetime import timedelta

from app.inbound.judging.agents import read_agent
from app.inbound.judging.around import Around
from app.inbound.judging.hits import Found, Hit
from app.inbound.judging.networks import owner_of, tells_apart

# A click so many seconds after the mail was taken, and what that weighs.
SPEEDS = (
    (2, 2.0, "at_once"), (5, 1.3, "right_after_delivery"), (10, 0.6, "right_after_delivery"),
    (20, 0.2, "soon_after_delivery"), (45, 0.0, "soon_after_delivery"), (120, -0.3, "after_a_while"),
    (600, -0.7, "minutes_later"),
)  # fmt: skip
OPEN_SPEEDS = ((1, 1.2, "at_once"), (3, 0.5, "right_after_delivery"), (60, 0.0, "soon_after_delivery"))
MUCH_LATER = -1.0
OWNERS = {
    "gateway": (2.6, "gateway_network"), "microsoft": (1.4, "cloud_network"), "fetcher": (1.3, "fetcher_network"),
    "cloud": (1.1, "cloud_network"), "relay": (-0.2, "shared_relay"),
}  # fmt: skip
_PRIVATE = """
    gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.fr yahoo.de yahoo.it ymail.com aol.com icloud.com
    me.com mac.com gmx.de gmx.net gmx.com web.de t-online.de libero.it virgilio.it orange.fr free.fr
    laposte.net wanadoo.fr uol.com.br bol.com.br terra.com.br ziggo.nl kpnmail.nl xs4all.nl mail.ru yandex.ru
    ya.ru proton.me protonmail.com fastmail.com comcast.net verizon.net att.net btinternet.com sky.com
"""
PRIVATE = frozenset(_PRIVATE.split())
# People's own mailboxes at Microsoft; companies' are gated.
OUTLOOK_COM = "olc.protection.outlook.com"
GATEWAYS = (
    "pphosted.com", "ppe-hosted.com", "mimecast.com", "barracudanetworks.com", "ess.barracuda.com", "messagelabs.com",
    "iphmx.com", "trendmicro.com", "trendmicro.eu", "fireeyecloud.com", "protection.outlook.com", "onmicrosoft.com",
    "sophos.com", "hornetsecurity.com", "antispameurope.com", "forcepoint.net", "mailcontrol.com", "arsmtp.com",
    "vadesecure.com", "fortimailcloud.com", "cloudfilter.net", "mailanyone.net", "spamh.com", "reflexion.net",
)  # fmt: skip


def of_method(hit: Hit, around: Around) -> Found:
    agent = read_agent(hit.user_agent)
    if agent.kind == "office":
        # Office looks what a link is once its person has pressed it.
        return [(-0.6, agent.reason)]
    if hit.method == "HEAD":
        return [(4.0, "head_request")]
    return [(3.0, "odd_method")] if hit.method not in ("GET", "POST") else []


def of_agent(hit: Hit, around: Around) -> Found:
    agent = read_agent(hit.user_agent)
    match agent.kind:
        case "machine":
            return [(5.0, agent.reason)]
        case "none":
            return [(2.5, agent.reason)]
        case "half":
            return [(2.0, agent.reason)]
        case "strange":
            return [(0.5 if hit.opens else 2.0, agent.reason)]
        case "program":
            # It shows pictures to a person; pages are opened in a browser.
            if agent.reason == "app_library" and not hit.opens:
                return [(1.4, agent.reason)]
            return [(-1.2 if hit.opens else -0.6, "mail_program")]
        case "browser":
            return [*_age(agent.age), (-0.6, "telephone") if agent.mobile else (-0.2 if agent.linux else -0.4, "browser")]  # fmt: skip
    return []


def _age(age: int) -> Found:
    return [(1.4, "browser_of_long_ago")] if age == 2 else [(0.6, "aged_browser")] if age == 1 else []


def of_network(hit: Hit, around: Around) -> Found:
    owner = owner_of(hit.address)
    if owner == "apple":
        return [(1.5, "privacy_network")] if hit.opens else []
    weight, reason = OWNERS.get(owner, (0.0, ""))
    if not weight:
        return []
    # Desktops in a cloud have real mail programs.
    half = weight > 0 and (read_agent(hit.user_agent).kind in ("program", "office"))
    return [(weight / 2 if half else weight, reason)]


def of_recipient(hit: Hit, around: Around) -> Found:
    if hit.gateway.endswith(OUTLOOK_COM):
        return []
    names = (hit.gateway, hit.domain)
    if any(_under(name, gate) for name in names for gate in GATEWAYS):
        return [(0.3, "gateway_mailbox")]
    return [(-0.3, "private_mailbox")] if hit.domain in PRIVATE and not hit.opens else []


def _under(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def of_speed(hit: Hit, around: Around) -> Found:
    """How long after the server took the mail. An answer of it that was found later proves nothing."""
    if hit.at is None:
        return []
    taken_at = hit.accepted_at
    if hit.begun_at is not None and (taken_at is None or hit.at < taken_at):
        taken_at = hit.begun_at
    if taken_at is None:
        return []
    after = (hit.at - taken_at).total_seconds()
    if after < 0:
        return [(3.0 if after < -2 else 2.2, "before_delivery")]
    for limit, weight, reason in OPEN_SPEEDS if hit.opens else SPEEDS:
        if after < limit:
            half = weight > 0 and read_agent(hit.user_agent).kind in ("program", "office")
            return [(weight / 2 if half else weight, reason)] if weight else []
    return [(-0.5 if hit.opens else MUCH_LATER, "much_later")]


def of_pair(hit: Hit, around: Around) -> Found:
    """Scanners look with HEAD and fetch with GET; Office looks before it gives the link to a browser."""
    if hit.method != "GET":
        return []
    for other in around.same_mail(hit):
        if other.method != "HEAD" or other.kind != hit.kind or _differ(hit, other):
            continue
        same_address = other.address == hit.address
        if read_agent(other.user_agent).kind == "office":
            return [(-0.5, "office_looks")] if same_address else []
        if other.user_agent == hit.user_agent:
            return [(3.0 if same_address else 1.0, "head_and_get")]
        if same_address:
            return [(0.9, "head_from_there")]
    return []


def _differ(one: Hit, other: Hit) -> bool:
    return one.link is not None and other.link is not None and one.link != other.link


def of_burst(hit: Hit, around: Around) -> Found:
    """Several different links of one mail within seconds: nobody reads like that."""
    if hit.opens or hit.at is None or read_agent(hit.user_agent).kind == "office":
        return []
    close = [
        other
        for other in around.same_mail(hit)
        if not other.opens and other.at is not None and abs(other.at - hit.at) <= timedelta(seconds=10)
        and read_agent(other.user_agent).kind not in ("machine", "office")
    ]  # fmt: skip
    mine = [one for one in close if one.address == hit.address or one.user_agent == hit.user_agent]
    strangers = len(close) - len(mine)
    found = [(0.5, "looked_at_from_many_places")] if strangers >= 3 and not _is_same_place(close) else []
    if hit.link is None:
        return [*found, *_unlinked(hit, mine)]
    links = _links(hit, mine, 10)
    if links >= 3:
        at_once = links >= 4 or _links(hit, mine, 5) >= 3
        return [*found, (3.0 if at_once else 2.2, "many_links_at_once")]
    if links == 2 and _links(hit, mine, 2) == 2:
        return [*found, (1.6 if _links(hit, mine, 1) == 2 else 0.9, "two_links_at_once")]
    return found


def _links(hit: Hit, others: list[Hit], seconds: float) -> int:
    """How many different links were pressed within so many seconds before or after."""
    return len({hit.link, *(one.link for one in others if _within(hit, one, seconds))})


def _unlinked(hit: Hit, mine: list[Hit]) -> Found:
    """Where links are not told apart, a person's second press looks like another link."""
    clicks = 1 + sum(one.method == "GET" for one in mine)
    if clicks >= 3:
        return [(2.8 if clicks >= 4 else 1.8, "many_links_at_once")]
    return [(0.3, "two_links_at_once")] if clicks == 2 and _within(hit, mine[0], 2) else []


def _within(one: Hit, other: Hit, seconds: float) -> bool:
    return one.at is not None and other.at is not None and abs((one.at - other.at).total_seconds()) <= seconds


def _is_same_place(hits: list[Hit]) -> bool:
    return len({hit.address for hit in hits}) < 2


def of_opening(hit: Hit, around: Around) -> Found:
    """Who opens a mail looks at it before anything in it is pressed; a scanner fetches all of it at once."""
    if hit.at is None:
        return []
    seconds = [
        (hit.at - other.at).total_seconds()
        for other in around.same_mail(hit)
        if other.opens != hit.opens and other.at is not None and other.address == hit.address
    ]
    close = sum(abs(one) < 1.5 for one in seconds)
    if hit.opens:
        many = sum(abs(one) < 5 for one in seconds) >= 3
        return [(1.4 if many else 0.8, "opened_and_clicked_at_once")] if close or many else []
    if close:
        return [(0.4, "opened_and_clicked_at_once")]
    return [(-0.3, "opened_before")] if any(one >= 2.5 for one in seconds) else []


def of_crowd(hit: Hit, around: Around) -> Found:
    """One address and many recipients. Colleagues behind one address have their own pace and several browsers."""
    if not tells_apart(hit.address):
        return []
    crowd = around.crowd(hit)
    alike = crowd.agents <= max(2, crowd.near // 6)
    if crowd.near >= 12:
        return [(2.4 if alike else 1.0, "one_address_many_recipients")]
    if crowd.near >= 8:
        return [(1.4 if alike else 0.6, "one_address_many_recipients")]
    if crowd.near >= 4:
        return [(0.6 if alike else 0.2, "one_address_many_recipients")]
    return [(0.5, "one_address_many_recipients")] if crowd.long >= 30 and alike else []


Rule = Callable[[Hit, Around], Found]
ALONE: tuple[Rule, ...] = (of_method, of_agent, of_network, of_recipient, of_speed)
TOGETHER: tuple[Rule, ...] = (of_pair, of_burst, of_opening, of_crowd)
