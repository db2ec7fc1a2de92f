"""Who a user agent says it is: a machine by its own word, a mail program, a browser of some age, or a half one."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["none", "machine", "office", "program", "browser", "half", "strange"]

# Gmail fetches ahead under a browser of 2015 that ends with a second beginning.
_FETCHES_AHEAD = re.compile(r"Edge/12\.246 Mozilla/5\.0$")
_PROXIES = re.compile(
    r"GoogleImageProxy|YahooMailProxy|ggpht\.com|image-?_? ?proxy|mail-?_? ?proxy|ImgProxy|ImageResizer|camo asset",
    re.I,
)
_SCANNERS = re.compile(
    r"barracuda|mimecast|proofpoint|urldefense|safe-?links|o365 ?atp|defender|trend ?micro|TMUFE|fireeye|trellix"
    r"|mandiant|symantec|messagelabs|skeptic|sophos|iron-?port|cisco[- ](?:secure|umbrella|talos|esa)|outbreak ?filter"
    r"|bitdefender|kaspersky|zscaler|forcepoint|websense|check ?point|virustotal|urlscan|phishtank|netcraft|phishlabs"
    r"|safe-?browsing|google-?safety|palo ?alto|fortinet|forti(?:mail|guard|gate)|sonicwall|vade ?secure|hornetsecurity"
    r"|cloudmark|ironscales|avanan|spamtitan|libraesva|f-secure|withsecure|mcafee|webroot|brightcloud|cyren|rspamd"
    r"|spamassassin|clamav|mailscanner|amavis|nospamproxy|retarus|riskiq|censys|shodan|zgrab|nessus|qualys|nuclei"
    r"|area ?1 ?sec|abnormal|\beset\b|cisco ?secure|nmap|masscan|mail[- ]?security|security[- ]?(?:scan|gateway|email)|threat"
    r"|sandbox|malware|antivirus|anti-?spam|anti-?phish|link ?(?:scan|check|protect)|url ?(?:scan|check|protect|filter)",
    re.I,
)
_UNFURLERS = re.compile(
    r"slackbot|teamsbot|skypeuripreview|^whatsapp/|telegrambot|discordbot|facebookexternalhit|facebot|facebookcatalog"
    r"|meta-external|twitterbot|linkedinbot|pinterestbot|redditbot|vkshare|^viber|^signal|kakaotalk-scrap|snap url"
    r"|iframely|embedly|cardyb|mastodon|mattermost|rocket\.?chat|synapse \(|quora link|unfurl|(?:link|url|web)[ -]?preview"
    r"|linkpresentation|bingpreview|microsoftpreview|metainspector|opengraph|zoombot|webexteams|hipchat|google-pagerenderer",
    re.I,
)
# Names of libraries are to be believed at the start; further behind they may be anything.
_LIBRARIES = re.compile(
    r"^(?:curl|wget|python|aiohttp|httpx|httpie|urllib|go-http|go /|java|jakarta|okhttp|apache-http|libwww|lwp|www-mech"
    r"|axios|node|undici|got[ /]|superagent|ruby|faraday|rest-client|typhoeus|php|guzzle|symfony|powershell|winhttp"
    r"|microsoft-cryptoapi|microsoft bits|scrapy|mechanize|lua|reqwest|rust|hyper/|ureq|deno|bun/|postman|insomnia|k6/"
    r"|jmeter|apachebench|siege|dart|libcurl|pycurl|perl|tcl|hackney|erlang|elixir|colly|ahc/|akka|async-http|jersey"
    r"|restsharp|jetty|netty|zend|wordpress|drupal|msxml|dotnet|\.net|system\.net|httpclient|http_request|http/|fasthttp"
    r"|indy|embarcadero|autoit|synapse|exchange|owa|ms-web|microsoft url|axel|aria2|cfnetwork|swift|alamofire|nsurl)"
    r"|windowspowershell|python-requests|indy library|winhttprequest|xmlhttp|htmlunit|apache-httpclient|go-http-client",
    re.I,
)
_STEERED = re.compile(
    r"headless|phantomjs|slimerjs|selenium|puppeteer|playwright|webdriver|splash|lighthouse|chrome-lighthouse|prerender"
    r"|nightmare|zombie|casperjs|browserless|wkhtml",
    re.I,
)
_MONITORS = re.compile(
    r"pingdom|uptime|statuscake|site24x7|datadog|new ?relic|nagios|zabbix|catchpoint|gtmetrix|pagespeed|healthcheck"
    r"|health-check|kube-probe|prometheus|blackbox|monit(?:or|is|ing)|synthetic",
    re.I,
)
# Cubot makes telephones. A person's browser has no address of its own in its name.
_ROBOTS = re.compile(
    r"(?<!cu)bot\b|bot[/_;-]|robot|crawl|spider|slurp|scann?er|scan/|check(?:er)?/|fetch|validator|archiver|scrap[ei]"
    r"|harvest|feed|preview|https?://|[\w.]+@[\w.]+\.\w|google-(?!chrome)|googleother|mediapartners|apis-google"
    r"|mail\.ru_|yandex(?!search|browser|/| )|inspection ?tool|analy[sz]er|verif(?:y|ier)",
    re.I,
)
_OFFICE_LOOKS = re.compile(r"Microsoft Office (?:Existence|Protocol) Discovery|Office Protocol Discovery|Microsoft-WebDAV", re.I)  # fmt: skip
_PROGRAMS = re.compile(
    r"Microsoft Outlook|MSOffice|ms-office|Microsoft Office|MacOutlook|Outlook-(?:iOS|Android)|Outlook/|Thunderbird"
    r"|Apple ?Mail|^Mail/|Lotus-?Notes|HCL-?Notes|Airmail|Postbox|eM ?Client|The Bat|Mailbird|Mailspring|Evolution"
    r"|KMail|Kontact|Claws|SeaMonkey|Foxmail|Zimbra|Windows-?Live-?Mail|Windows ?Mail|K-9|FairEmail|BlueMail|Edison"
    r"|Samsung ?Email|Android-Mail|SamsungEmail|Superhuman|Canary|Polymail|Betterbird|Spark|Geary|Vivaldi ?Mail"
    r"|Opera ?M2|AquaMail|MyMail|Newton|Tutanota|Proton ?Mail|Yahoo ?Mail|com\.google\.android\.gm|CFNetwork|Dalvik",
    re.I,
)
_APP_LIBRARIES = re.compile(r"CFNetwork|Dalvik")
_ENGINES = re.compile(r"AppleWebKit/|Gecko/|like Gecko|Trident/|Presto/|KHTML", re.I)
# Systems whose mail programs and apps show pages by an engine of the system.
_HAVE_WEBKIT = re.compile(r"Macintosh|iPhone|iPad|iPod|Android")
_MOBILE = re.compile(r"Mobile|Android|iPhone|iPad|iPod|CriOS|FxiOS|EdgiOS", re.I)
_OLD_SYSTEM = re.compile(
    r"Windows NT (?:5|6\.0)|Windows (?:XP|98|95|CE|ME\b|2000)|Mac OS X 10[._][0-8]\b|PPC", re.I
)
_AGED_SYSTEM = re.compile(r"Mac OS X 10[._](?:9|1[01])\b|Android [1-5]\b|CPU (?:iPhone )?OS [1-9]_")
_VERSIONS = (
    ("edge", re.compile(r"Edg(?:e|A|iOS)?/(\d+)"), 0, 0),
    ("opera", re.compile(r"(?:OPR|OPiOS)/(\d+)"), 0, 0),
    ("chrome", re.compile(r"(?:Chrome|CriOS)/(\d+)"), 60, 90),
    ("firefox", re.compile(r"(?:Firefox|FxiOS)/(\d+)"), 60, 78),
    ("safari", re.compile(r"Version/(\d+)[\d.]* (?:Mobile/\w+ )?Safari/"), 10, 12),
    ("ie", re.compile(r"(?:MSIE |Trident/.*rv:)(\d+)"), 10, 12),
)  # fmt: skip
_CHROME = re.compile(r"Chrome/(\d+)")


@dataclass(frozen=True, slots=True)
class Agent:
    """`reason` names the machine it says it is. `age` is 0 (of these years), 1 (aged) or 2 (nobody surfs with it)."""

    kind: Kind
    reason: str = ""
    family: str = ""
    version: int = 0
    age: int = 0
    mobile: bool = False
    linux: bool = False


@lru_cache(maxsize=20_000)
def read_agent(text: str) -> Agent:
    text = text.strip()
    if not text:
        return Agent("none", "no_user_agent")
    reason = _machine(text)
    if reason:
        return Agent("machine", reason)
    if _OFFICE_LOOKS.search(text):
        return Agent("office", "office_looks")
    if _PROGRAMS.search(text) or _is_outlook(text):
        # The library with which programs of Apple and Android fetch; it opens no pages.
        reason = "app_library" if _APP_LIBRARIES.search(text) else ""
        return Agent("program", reason, mobile=bool(_MOBILE.search(text)))
    if not text.startswith(("Mozilla/", "Opera/")):
        return Agent("strange", "unfamiliar_agent")
    if not _ENGINES.search(text) and "MSIE" not in text:
        return Agent("half", "half_an_agent")
    return _browser(text)


def _machine(text: str) -> str:
    if text == "Mozilla/5.0":
        return "privacy_proxy"
    if _PROXIES.search(text) or _FETCHES_AHEAD.search(text):
        return "image_proxy"
    for pattern, reason in (
        (_SCANNERS, "scanner"), (_UNFURLERS, "unfurler"), (_STEERED, "steered_browser"), (_MONITORS, "monitor"),
    ):  # fmt: skip
        if pattern.search(text):
            return reason
    # A mail program on Apple's or Android's own library is still a mail program.
    if _LIBRARIES.search(text) and not _PROGRAMS.search(text):
        return "library_agent"
    return "robot" if _ROBOTS.search(text) else ""


def _is_outlook(text: str) -> bool:
    """Outlook draws mails with the engine of Internet Explorer 7, which nobody else has on a new Windows."""
    return "MSIE 7.0" in text and "Trident/" in text


def _browser(text: str) -> Agent:
    mobile = bool(_MOBILE.search(text))
    linux = "Linux" in text and not mobile
    family, version, age = _family(text)
    if "; wv)" in text:
        return Agent("browser", "", "webview", version, age, mobile)
    if not family:
        # An engine without a browser's name: Apple Mail, or an app that shows a page.
        whole = _HAVE_WEBKIT.search(text) if "AppleWebKit" in text else "Opera Mini" in text
        return Agent("program" if whole else "half", "half_an_agent", mobile=mobile)
    if _OLD_SYSTEM.search(text):
        age = 2
    elif _AGED_SYSTEM.search(text):
        age = max(age, 1)
    return Agent("browser", "", family, version, age, mobile, linux)


def _family(text: str) -> tuple[str, int, int]:
    for family, pattern, old, aged in _VERSIONS:
        found = pattern.search(text)
        if found is None:
            continue
        version = int(found[1][:4])
        engine = _CHROME.search(text)
        if family in ("edge", "opera") and engine is not None:
            version, old, aged = int(engine[1][:4]), 60, 90
        return family, version, 2 if version < old else 1 if version < aged else 0
    return "", 0, 0
