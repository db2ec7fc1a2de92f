"""What the head of a request gives away: a browser says much of itself that a script forgets to say."""

import re

from app.inbound.judging.agents import Agent, read_agent
from app.inbound.judging.around import Around
from app.inbound.judging.hits import Found, Hit

# Who sends one of these has written down the whole head, or nearly.
WHOLE = (
    "accept", "accept-encoding", "host", "connection", "upgrade-insecure-requests", "sec-fetch-mode", "http-version",
)  # fmt: skip
PURPOSES = ("purpose", "sec-purpose", "x-purpose", "x-moz", "moz-purpose")
_AHEAD = re.compile(r"prefetch|prerender|preview|instant|preload", re.I)
_MAILBOX = re.compile(
    r"mail|outlook|office|safelinks|urldefense|mimecast|linkprotect|gmx|web\.de|icloud|zoho|fastmail|android\.gm"
    r"|roundcube|owa|teams|linkedin|t\.co|facebook|android-app",
    re.I,
)
_SCANS = re.compile(r"^x-.*(?:scan|barracuda|mimecast|proofpoint|safelinks|fireeye|sandbox|crawler|trendmicro|antivirus)", re.I)  # fmt: skip
_CHROME_NAMED = re.compile(r'"(?:Chromium|Google Chrome|Microsoft Edge)";\s*v="(\d+)')
LEAST = -1.3
# From which version on browsers say whether a person goes to a page.
_SENDS_FETCHING = {"chrome": 80, "firefox": 90}


def of_purpose(hit: Hit) -> Found:
    said = " ".join(hit.headers.get(name, "") for name in PURPOSES)
    if _AHEAD.search(said):
        return [(5.0, "prefetch")]
    if any(_SCANS.search(name) for name in hit.headers):
        return [(5.0, "scanner")]
    return [(5.0, "steered_browser")] if "headless" in hit.headers.get("sec-ch-ua", "").lower() else []


def of_head(hit: Hit, around: Around) -> Found:
    """What a browser's head has or lacks."""
    agent = read_agent(hit.user_agent)
    # A mail program that shows a page's pictures inside itself says little.
    if agent.kind not in ("browser", "half") or (hit.opens and agent.family == "webview"):
        return []
    head, whole = hit.headers, any(name in hit.headers for name in WHOLE)
    found = [*_language(hit, around.expects("accept-language", whole=whole)), *_whence(hit), *_oddities(hit)]
    if not hit.opens:
        found += _accepts(head.get("accept"), around.expects("accept", whole=whole))
    if "accept-encoding" in head or around.expects("accept-encoding", whole=whole):
        encoding = head.get("accept-encoding", "").lower()
        if encoding in ("", "identity", "*", "*;q=0"):
            found.append((0.6, "no_compression"))
    found += _fetching(hit, agent, whole and around.usually("sec-fetch-mode"))
    for_a_person = sum(weight for weight, _ in found if weight < 0)
    # Whoever writes a whole head may have copied it.
    return [*found, (LEAST - for_a_person, "copied_perhaps")] if for_a_person < LEAST else found


def _language(hit: Hit, expected: bool) -> Found:
    """Every browser says which languages its person reads."""
    said = hit.headers.get("accept-language", "").strip()
    if said and said != "*":
        return [(-0.4, "says_languages")]
    if said == "*":
        return [(0.6, "any_language")]
    return [(0.6 if hit.opens else 1.3, "no_language")] if expected else []


def _accepts(accept: str | None, expected: bool) -> Found:
    if accept is None:
        return [(0.4, "accepts_unsaid")] if expected else []
    if "text/html" in accept:
        return [(-0.1, "wants_a_page")]
    return [(0.9, "accepts_anything")] if accept.strip() in ("*/*", "") else [(0.4, "wants_no_page")]


def _whence(hit: Hit) -> Found:
    referer = hit.headers.get("referer") or hit.headers.get("referer-host") or ""
    if _MAILBOX.search(referer):
        return [(-0.7, "out_of_a_mailbox")]
    if hit.headers.get("x-requested-with", "").count(".") >= 1:
        return [(-0.5, "inside_an_app")]
    return []


def _oddities(hit: Hit) -> Found:
    head, found = hit.headers, Found()
    if "from" in head:
        found.append((1.5, "robot"))
    if "range" in head and not hit.opens:
        found.append((0.6, "wants_a_part"))
    if head.get("http-version", "").upper() in ("HTTP/1.0", "1.0"):
        found.append((0.7, "old_protocol"))
    if head.get("sec-gpc") == "1" or head.get("dnt") == "1":
        found.append((-0.2, "asks_for_privacy"))
    if head.get("cookie"):
        found.append((-0.2, "brings_a_cookie"))
    return found


def _fetching(hit: Hit, agent: Agent, expected: bool) -> Found:
    """The `Sec-` headers, which a page's own script cannot write."""
    head, found = hit.headers, Found()
    mode, brands = head.get("sec-fetch-mode", ""), head.get("sec-ch-ua", "")
    chrome = agent.family in ("chrome", "edge", "opera")
    if mode == "navigate":
        found.append((-0.3, "goes_to_a_page"))
        if head.get("sec-fetch-user") == "?1":
            found.append((-0.3, "was_pressed"))
    elif mode and not hit.opens:
        found.append((0.6, "fetched_by_a_script"))
    elif (
        not mode
        and expected
        and agent.version >= _SENDS_FETCHING.get("chrome" if chrome else agent.family, 10_000)
    ):
        found.append((0.4, "browser_without_its_head"))
    if brands:
        found += _brands(brands, agent, chrome)
    return found


def _brands(brands: str, agent: Agent, chrome: bool) -> Found:
    named = _CHROME_NAMED.search(brands)
    other = named is not None and abs(int(named[1]) - agent.version) > 1
    if not chrome or (agent.family == "chrome" and other):
        return [(0.9, "two_browsers_in_one")]
    return [(-0.2, "names_its_brands")]
