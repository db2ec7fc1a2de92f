"""Four people for each starter sequence: interested, silent, sceptical, and one it is not for."""

from app.core.facts import Happening
from tests.scenarios.starter_house import BEGIN, CONSENTS, DAY, Somebody, after, answer, click

NO_NEWS = {topic: state for topic, state in CONSENTS.items() if topic != "news"}
LEFT = after("unsubscribed", hours=1)

DISCOVERY = (
    Somebody(
        "ines", "lead",
        {
            "discovery/hello": [answer("need", "remote-reading")],
            "discovery/guide": [click("discovery/guide", "billing")],
            # She decides, tells our form what she looks after, reads about prices and asks for a demo.
            "discovery/report": [
                answer("authority", "decides"), after("answered", "market", hours=3, answer="property-manager"),
                after("visited", "pricing", days=1, topics=["pricing"]), after("demo_requested", "demo", days=1, hours=3),
            ],
            "decision/case": [after("replied", "decision/case")],
        },
    ),
    Somebody("silke", "lead"),
    Somebody("sven", "lead", {"discovery/hello": [answer("need", "nothing")]}),
    Somebody("otto", "lead", {"discovery/hello": [after("answered", "market", answer="own-home")]}),
)  # fmt: skip

DECISION = (
    Somebody("dora", "prospect", {"decision/case": [after("replied", "decision/case", days=1)]}),
    Somebody("dirk", "prospect"),
    # She reads about the rules, so the doubts come before the prices; she tries it, and thinks for long.
    Somebody(
        "dina", "prospect", {"decision/trial": [after("trial_started", "trial", days=2)]}, interests={"regulation": 4},
    ),
    Somebody("duke", "prospect", tags=frozenset({"competitor"})),
)  # fmt: skip

ADOPTION = (
    Somebody(
        "anna", "customer",
        {
            "adoption/welcome": [click("adoption/welcome", "sub-metering"), after("custom:first-reading", days=20)],
            "adoption/first-reading": [click("adoption/first-reading", "billing"), after("custom:bills-ready", days=40)],
            "adoption/first-bill": [click("adoption/first-bill", "billing"), answer("satisfaction", "10", days=1)],
            "advocacy/thanks": [LEFT],
        },
    ),
    Somebody("arno", "customer"),
    # Sales wrote down when the bills are due. He is not content, and says so.
    Somebody(
        "asta", "customer",
        {
            "adoption/welcome": [after("custom:first-reading", days=38)],
            "adoption/first-bill": [answer("satisfaction", "3")],
        },
        {"first_bill": "2026-04-24"},
    ),
    Somebody("abel", "customer", consents=NO_NEWS),
)  # fmt: skip

SETTLED = frozenset({"settled"})
EXPANSION = (
    Somebody(
        "emma", "customer", {"expansion/leaks": [click("expansion/leaks", "leaks", days=3)]}, tags=SETTLED
    ),
    Somebody("eric", "customer", interests={"pricing": 3}, tags=SETTLED),
    Somebody("elsa", "customer", {"expansion/leaks": [after("replied", "expansion/leaks")]}, tags=SETTLED),
    Somebody("egon", "customer", consents=NO_NEWS, tags=frozenset()),
)

RE_ENGAGEMENT = (
    Somebody("rosa", "dormant", {"re-engagement/still-there": [click("re-engagement/still-there", "leaks", days=2)]}),
    Somebody("rolf", "dormant"),
    Somebody("runa", "dormant", {"re-engagement/goodbye": [click("re-engagement/goodbye", "billing", days=9)]}),
    # Silent towards our mail, but in talk with sales.
    Somebody("rudi", "dormant", did=[Happening("meeting_booked", "talk", BEGIN - 80 * DAY)]),
)  # fmt: skip

ADVOCACY = (
    Somebody("vera", "ambassador", {"advocacy/thanks": [after("custom:referral", days=6)]}),
    Somebody("veit", "ambassador"),
    Somebody("viola", "ambassador", {"advocacy/thanks": [after("replied", "advocacy/thanks", days=2)]}),
    Somebody("volker", "ambassador", consents=NO_NEWS),
)

INBOUND = (*DISCOVERY, *DECISION, *ADOPTION, *EXPANSION, *RE_ENGAGEMENT, *ADVOCACY)

TARGETS = "marketing-qualified-prospect"
OUTBOUND = (
    Somebody(
        "olga", TARGETS,
        {
            "outbound/who-we-are": [click("outbound/who-we-are", "billing")],
            "outbound/one-page": [
                click("outbound/one-page", "regulation"), after("custom:details-confirmed", days=1),
            ],
            "discovery/hello": [answer("need", "less-work")],
            "discovery/report": [
                answer("authority", "decides"), after("answered", "market", hours=3, answer="housing-association"),
                after("demo_requested", "demo", hours=4),
            ],
            "outbound/next-step": [after("quote_requested", "quote", days=1, topics=["pricing"])],
        },
    ),
    Somebody("odin", TARGETS),
    Somebody("oda", TARGETS, {"outbound/who-we-are": [LEFT]}),
    Somebody("info", TARGETS, tags=frozenset({"role-address"})),
)  # fmt: skip
