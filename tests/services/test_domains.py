"""A From domain looked at as a whole: what must be mended first, in words, with the record to publish."""

import re
from pathlib import Path
from typing import Any

import pytest

from app.mail.dns import NoAnswer, Refused
from app.services import dkim_keys
from app.services.domains import Wish, check_domain, envelopes_of, relay_mechanism, told
from app.services.senders import checking, keeping
from app.services.wording.domains import DOMAINS
from app.services.world import World
from app.store.database import Database
from tests.support import line
from tests.support.line import NOW
from tests.support.names import Names

DOMAIN = "example.com"
APP = Path(dkim_keys.__file__).resolve().parents[1]
SETTINGS = {
    "smtp_host": "email-smtp.eu-north-1.amazonaws.com",
    "base_url": "https://mail.example.com",
    "bounce_domain": "bounce.example.com",
}
SPF = "v=spf1 include:amazonses.com ip4:93.184.215.14 -all"


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return line.lay(database, tmp_path, **SETTINGS)


def ready(world: World) -> dict[str, dict[str, list[str]]]:
    """A zone in which nothing is amiss, with keys that sign."""
    zone = {
        DOMAIN: {"MX": ["10 mx.example.com"]},
        "bounce.example.com": {"MX": ["10 mx.example.com"], "TXT": [SPF]},
        "mx.example.com": {"A": ["93.184.215.14"]},
        "mail.example.com": {"A": ["93.184.215.14"]},
        "amazonses.com": {"TXT": ["v=spf1 ip4:199.255.192.0/22 -all"]},
        "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject; rua=mailto:dmarc@example.com"]},
        "93.184.215.14": {"PTR": ["mx.example.com"]},
    }
    for key in dkim_keys.make(world, DOMAIN, NOW):
        dkim_keys.activate(world, key, NOW)
        zone[key.name] = {"TXT": [key.record]}
    return zone


def look(world: World, names: Names, **wish: Any) -> list[dict[str, Any]]:
    return [told(found) for found in check_domain(world, names, Wish(DOMAIN, **wish))]


def test_a_domain_in_order(world: World) -> None:
    lines = look(world, Names(ready(world)), address="93.184.215.14")
    assert {found["state"] for found in lines} == {"ok"}
    assert [found["what"] for found in lines] == [
        "SPF", "DKIM", "DKIM", "DMARC", "Alignment", "MX", "MX", "Name of the address", "Host of the links",
    ]  # fmt: skip
    assert all(found["remedy"] == "" and found["publish"] is None for found in lines)


def test_what_is_published_as_told_is_in_order(world: World) -> None:
    """The records of the findings, put into the zone until nothing is left but advice."""
    zone = ready(world)
    for name in ("_dmarc.example.com", "bounce.example.com", *(key.name for key in dkim_keys.listed(world))):
        zone[name].pop("TXT")
    names = Names(zone)
    first = look(world, names)
    assert sum(found["state"] == "stop" for found in first) == 4
    for found in first:
        if found["publish"] and found["publish"]["type"] == "TXT":
            names.zone[found["publish"]["name"]]["TXT"] = ["".join(found["publish"]["strings"])]  # type: ignore[index]
    assert [found["code"] for found in look(world, names) if found["state"] != "ok"] == [
        "domain.dmarc.watching"
    ]


def test_keys_that_do_not_sign_yet_are_advice(world: World) -> None:
    zone = ready(world)
    for key in dkim_keys.listed(world):
        dkim_keys.retire(world, key, NOW)
        zone.pop(key.name)
    codes = {found["code"]: found["state"] for found in look(world, Names(zone)) if found["state"] != "ok"}
    assert codes == {"domain.dkim.no_key": "warn", "domain.alignment.spf_only": "warn"}
    dkim_keys.make(world, DOMAIN, NOW, algorithms=("ed25519",))
    codes = {found["code"]: found["state"] for found in look(world, Names(zone)) if found["state"] != "ok"}
    assert codes == {
        "domain.dkim.missing": "warn", "domain.dkim.not_active": "warn", "domain.alignment.spf_only": "warn",
    }  # fmt: skip


def test_a_key_of_the_relay_counts(world: World) -> None:
    zone = ready(world)
    for key in dkim_keys.listed(world):
        dkim_keys.retire(world, key, NOW)
    zone["relay._domainkey.example.com"] = {"TXT": [dkim_keys.listed(world)[0].record]}
    assert {found["state"] for found in look(world, Names(zone), selectors=("relay",))} == {"ok"}
    lines = look(world, Names(zone), selectors=("none",))
    assert [found["code"] for found in lines if found["state"] != "ok"] == ["domain.dkim.missing"]


def test_a_silent_resolver_ends_it_at_once(world: World) -> None:
    names = Names(
        ready(world), {"bounce.example.com": NoAnswer("bounce.example.com", "no answer in 5 seconds")}
    )
    lines = look(world, names)
    assert len(lines) == 1
    assert lines[0]["state"] == "stop"
    assert "the DNS does not answer" in lines[0]["found"]
    assert "TRELLIS_DNS_SERVERS" in lines[0]["remedy"]
    assert len(names.asked) == 1


def test_one_name_that_is_refused_leaves_the_others(world: World) -> None:
    names = Names(ready(world), {"_dmarc.example.com": Refused("_dmarc.example.com", "SERVFAIL")})
    states = [(found["code"], found["state"]) for found in look(world, names)]
    assert ("domain.dns.refused", "stop") in states
    assert ("domain.mx.ok", "ok") in states
    assert "domain.dmarc.ok" not in dict(states)


def test_on_ones_own_machine_no_host_of_links_is_asked_for(database: Database, tmp_path: Path) -> None:
    world = line.lay(database, tmp_path)
    names = Names({})
    assert "domain.links.none" not in {found["code"] for found in look(world, names)}


@pytest.mark.parametrize(
    ("host", "term"),
    [
        ("email-smtp.eu-north-1.amazonaws.com", "include:amazonses.com"),
        ("SMTP.postmarkapp.com.", "include:spf.mtasv.net"),
        ("smtp.eu.mailgun.org", "include:mailgun.org"),
        ("smtp.sendgrid.net", "include:sendgrid.net"),
        ("smtp-relay.brevo.com", "include:spf.brevo.com"),
        ("relay.example.com", ""),
        ("notmailgun.org", ""),
        ("", ""),
    ],
)
def test_what_a_relay_wants_in_spf(host: str, term: str) -> None:
    assert relay_mechanism(host) == term


def test_each_sender_of_the_domain_has_its_envelope_looked_at(world: World) -> None:
    own = checking.Wish(
        address="news@example.com", name="News", serves="domain", match=DOMAIN, preset="postmark",
        username="x", password="y", bounce_domain="pm.example.com",
    )  # fmt: skip
    keeping.add(world, own, NOW, None)
    assert envelopes_of(world, DOMAIN) == (("pm.example.com", "include:spf.mtasv.net"),)
    assert envelopes_of(world, "other.example") == (("bounce.example.com", "include:amazonses.com"),)
    codes = {(found["code"], found["state"]) for found in look(world, Names(ready(world)))}
    assert ("domain.spf.none", "stop") in codes, "bounces of that sender go to a domain without a record"


def source_codes() -> set[str]:
    """Every code that a check can give, as it stands in the source."""
    text = "".join(path.read_text() for path in (APP / "mail" / "domain").glob("*.py"))
    text += (APP / "services" / "domains.py").read_text()
    found = set(re.findall(r'"(domain\.[a-z]+\.[a-z_]+)"', text))
    spf = [*re.findall(r'faults\.append\(\("([a-z_]+)"', text), "broken_include"]
    found |= {f"domain.spf.{code}" for code in spf}
    dkim = [*re.findall(r'yield "([a-z_]+)",', text), "short"]
    return found | {f"domain.dkim.{code}" for code in dkim}


def test_every_finding_has_its_words_and_its_remedy() -> None:
    codes = source_codes()
    assert len(codes) > 40
    assert sorted(codes - DOMAINS.keys()) == []
    assert (
        sorted(code for code in codes if not code.endswith(".ok") and f"{code}.remedy" not in DOMAINS) == []
    )
    used = {
        code.removesuffix(".remedy") for code in DOMAINS if not code.startswith(("domain.about", "dkim."))
    }
    assert sorted(used - codes) == [], "words that nothing says"


@pytest.mark.parametrize("code", [code for code in DOMAINS if code.endswith(".remedy")])
def test_a_remedy_is_a_sentence(code: str) -> None:
    assert DOMAINS[code][0].isupper()
    assert DOMAINS[code].endswith(".")
