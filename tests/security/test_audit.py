"""Every act of the team leaves an entry in the audit log, and nothing takes one out again."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, update

from app.core import totp
from app.services.importing import jobs
from app.services.returned import accept, read_due
from app.services.sentences import is_known
from app.store import tables
from app.store.database import Database
from tests.security import acts
from tests.security.conftest import Site
from tests.security.test_roles import OWN_ROOMS
from tests.support.line import NOW
from tests.support.seed import PASSWORD
from tests.support.webhooks import CERTIFICATE, TOPIC, certificate
from tests.web.conftest import PROOF, Browser
from tests.web.test_own import secret_on
from tests.web.test_senders import FORM

ROOT = Path(__file__).resolve().parents[2]
# What leaves no entry, and why it needs none.
WITHOUT: dict[str, str] = {
    "account.theme": "a cookie of this browser",
    "entry.forgot": "anybody may ask; what the link then does has an entry",
    "entry.code": "the second half of a sign-in, which has its entry; see the tests of the second step",
    "own.begin": "nothing counts before the first code, which has an entry",
    "senders.test": "one mail to the address typed; it changes nothing",
    "suppressions.preview": "only says what a file would do",
    "imports.reread": "a choice of a draft; the yes that makes it count has an entry",
    "imports.map_columns": "the same",
    "imports.say_left": "the same; a list that is taken in has an entry",
    "imports.choose": "the same",
    "imports.check": "goes through the file and writes nothing",
    "imports.weigh": "counts what undoing would do",
    "truths.look": "only asks what must be true",
    "segments.shape": "the same form with a row more or less",
    "segments.count": "only says how many there would be",
    "segments.look_up": "only says who has the addresses",
    "segments.review": "only says what publishing would do",
    "rules.lint": "only says what is wrong with a text",
    "assigning.look": "only says what publishing would do",
    "rules.look": "only says what publishing would do",
    "sequences.follow": "which version a draft is meant to follow; beginning and publishing it have entries",
    "templates.follow": "the same",
}  # fmt: skip
ADA = {"email": "bo@halden.example", "name": "Bo", "role": "sales", "locale": "en"}
NEW = {"new": "a green and quiet place", "again": "a green and quiet place"}
SENDER = {"address": FORM["address"], "why": "because"}
KEY = {"domain": "halden.example", "selector": "m2"}


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """What is walked here is the web layer; the statements run on both elsewhere."""
    return sqlite_database


def entries(site: Site) -> list[Any]:
    with site.scene.world.database.read() as connection:
        return list(connection.execute(select(tables.audit_entries).order_by(tables.audit_entries.c.id)))


def test_every_route_that_writes_leaves_an_entry(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = site.as_role("admin")
    walked: dict[str, int] = {}

    def act(endpoint: str, path: str, form: dict[str, Any] | None = None, on: str = "/sending") -> str:
        before = len(entries(site))
        answer = (admin if not endpoint.startswith("entry.") else site.stranger()).post(
            path, form or {}, on=on
        )
        page = answer.get_data(as_text=True)
        assert answer.status_code in (200, 302, 303), (endpoint, answer.status_code, page[-1500:])
        walked[endpoint] = len(entries(site)) - before
        return page

    one, mails = f"/colleagues/{site.colleague}", "/colleagues/invitations"
    act("entry.invited", "/invited/invite-link", {"name": "Ada", **NEW}, "/invited/invite-link")
    act("entry.reset", "/reset/reset-link", NEW, "/reset/reset-link")
    act("colleagues.invite", "/colleagues/invite", ADA)
    mail = invitation(site)
    act("colleagues.resend", f"{mails}/{mail}/resend")
    act("colleagues.withdraw", f"{mails}/{mail}/withdraw")
    act("colleagues.change", one, {"role": "sales", "name": "V", "was_role": "viewer"})
    with_second_step(site)
    act("colleagues.take_away", f"{one}/second-step")
    act("colleagues.disable", f"{one}/disable")
    act("colleagues.enable", f"{one}/enable")
    site.as_role("admin")
    act("own.revoke", "/account/sign-ins/revoke", {"key": other_place(admin)})
    act("own.revoke_others", "/account/sign-ins/revoke-others")
    act("tokens.make", "/api-tokens", {"name": "CRM", "scope": ["tasks:read"], "days": "30"})
    act("tokens.revoke", f"/api-tokens/{token_of(site)}/revoke")
    act("sending.stop", "/sending/stop", SENDER)
    act("sending.resume", "/sending/resume", SENDER)
    act("senders.add", "/senders/add", FORM)
    act("senders.change", "/senders/one", {**FORM, "old": FORM["address"], "name": "Other", "enabled": "yes"})
    act("senders.pause", "/senders/pause", SENDER)
    act("senders.resume", "/senders/resume", SENDER)
    act("senders.remove", "/senders/remove", SENDER)
    act("keys.make", "/senders/keys", {**KEY, "algorithm": "ed25519"})
    act("keys.activate", "/senders/keys/activate", {**KEY, "sure": "yes"})
    act("keys.retire", "/senders/keys/retire", KEY)
    act("webhooks.add", "/webhooks/add", {"provider": "ses", "topics": TOPIC})
    pem = certificate(begin=NOW)
    act("webhooks.certificate", "/webhooks/certificate", {"name": "ses", "file": CERTIFICATE, "pem": pem})
    act("webhooks.remove", "/webhooks/remove", {"name": "ses"})
    act("returned.dismiss", f"/returned/{returned(site)}/dismiss", SENDER)
    act("returned.assign", f"/returned/{returned(site)}/assign", {"who": "person0@example.com"})
    with site.scene.world.database.write() as connection:
        where = tables.deliveries.c.id == site.mail
        connection.execute(update(tables.deliveries).where(where).values(state="uncertain", intent_at=NOW))
    act("deliveries.settle", "/deliveries/settle", {"mail": [str(site.mail)], "verdict": "arrived", **SENDER})
    act("suppressions.add", "/suppressions", {"value": "x@x.example", "scope": "address", "why": "asked"})
    act("suppressions.lift", f"/suppressions/{site.suppression}/lift", {"why": "a slip", "sure": "yes"})
    act("suppressions.bring", "/suppressions/import/run", uploaded(admin))
    bring_an_import(site, admin, act)
    acts.of_contacts(site, admin, act)
    acts.of_companies(site, act)
    acts.of_many(site, act)
    acts.of_views(act)
    acts.of_segments_and_broadcasts(site, admin, act)
    acts.of_sales(site, admin, act)
    acts.of_sequences(admin, act)
    acts.of_templates(admin, act, monkeypatch)
    acts.of_settings(site, admin, act)
    acts.of_outgoing(site, admin, act, monkeypatch)
    change = {"current": PASSWORD, **NEW}
    act("account.password", "/password", change, "/password")
    set_up = lambda: second_step(site, admin, act)  # noqa: E731
    set_up()
    act("own.codes", "/account/second-step/codes", {"password": NEW["new"]})
    act("own.turn_off", "/account/second-step/off", {"password": NEW["new"]})
    act("colleagues.second_step_rule", "/colleagues/second-step", {"on": "yes"})
    act("account.sign_out", "/sign-out", on="/account/second-step")
    back = {"email": "admin@halden.example", "password": NEW["new"]}
    act("account.sign_in", "/sign-in", back, "/sign-in")

    routes = {
        rule.endpoint
        for rule in site.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not rule.endpoint.startswith(OWN_ROOMS[:2])
    }
    assert routes == set(walked) | set(WITHOUT), (
        "a route that writes needs an act here, or a reason in WITHOUT"
    )
    assert not [endpoint for endpoint, added in walked.items() if added == 0]
    done = {entry.action for entry in entries(site)}
    assert not [action for action in done if not is_known(f"audit.{action}")]
    assert not [entry for entry in entries(site) if PASSWORD in str(entry) or NEW["new"] in str(entry)]
    assert "ada@halden.example" not in str([entry.detail for entry in entries(site)])


def bring_an_import(site: Site, admin: Browser, act: Callable[..., str]) -> None:
    world, at = site.scene.world, f"/imports/{site.draft}"
    proof = PROOF.search(admin.page("/imports/new"))
    assert proof is not None
    form = {"csrf_token": proof[1], "file": (BytesIO(b"email\nnew@x.example\n"), "new.csv")}
    act("imports.upload", "/imports/new", form)
    act("imports.bring_left", f"{at}/left/bring", {**uploaded(admin, b"left@x.example"), "revision": "0"})
    with world.database.write() as connection:
        mine = tables.imports.c.id == site.draft
        connection.execute(
            update(tables.imports).where(mine).values(state="checked", mapping=["email", None])
        )
    act("imports.run", f"{at}/run", {"revision": "1"})
    act("imports.stop", f"{at}/stop")
    act("imports.resume", f"{at}/resume")
    jobs.work(world, lambda: NOW)
    admin.post(f"{at}/weigh", on="/sending")
    jobs.work(world, lambda: NOW)
    act("imports.undo", f"{at}/undo")
    with world.database.read() as connection:
        query = select(tables.imports.c.id).where(tables.imports.c.state == "draft")
        other = connection.execute(query).scalar_one()
    act("imports.discard", f"/imports/{other}/discard")


def invitation(site: Site) -> Any:
    table = tables.account_mails
    query = select(table.c.id).where(table.c.kind == "invite", table.c.used_at.is_(None))
    with site.scene.world.database.read() as connection:
        return connection.execute(query).scalar_one()


def token_of(site: Site) -> Any:
    with site.scene.world.database.read() as connection:
        return connection.execute(select(tables.api_tokens.c.id)).scalar_one()


def with_second_step(site: Site) -> None:
    from app.services.secrets import Vault

    sealed = Vault(site.scene.world.settings).seal("x")
    row = {
        "user_id": site.colleague,
        "secret": sealed,
        "created_at": NOW,
        "confirmed_at": NOW,
        "last_step": 0,
    }
    with site.scene.world.database.write() as connection:
        connection.execute(insert(tables.second_factors), [row])


def other_place(admin: Browser) -> str:
    return re.findall(r'name="key" value="([0-9a-f]+)"', admin.page("/account"))[0]


def returned(site: Site) -> Any:
    raw = f"From: {uuid4().hex}@x.example\r\nTo: b@x.example\r\nSubject: Hello\r\n\r\nA letter.\r\n"
    kept = accept(site.scene.world, raw.encode(), "pipe", NOW).id
    while read_due(site.scene.world, NOW):
        pass
    return kept


def uploaded(admin: Browser, address: bytes = b"list@x.example") -> dict[str, str]:
    """The hidden fields of the preview of a list."""
    start = "/suppressions/import"
    proof = PROOF.search(admin.page(start))
    assert proof is not None
    file = (BytesIO(b"email\n" + address + b"\n"), "list.csv")
    form = {"csrf_token": proof[1], "scope": "marketing", "why": "from the last tool", "file": file}
    page = admin.client.post(start, data=form).get_data(as_text=True)
    return dict(re.findall(r'type="hidden" name="(kept|scope|topic|why)" value="([^"]*)"', page))


def second_step(site: Site, admin: Browser, act: Callable[..., str]) -> None:
    place = "/account/second-step"
    assert admin.post(f"{place}/begin", {"password": NEW["new"]}, on=place).status_code == 302
    code = totp.code(secret_on(admin.page(place)), totp.step_at(site.visitor.at))
    act("own.confirm", f"{place}/confirm", {"code": code})


def test_nothing_in_the_source_removes_or_rewrites_an_entry() -> None:
    for path in (ROOT / "app").rglob("*.py"):
        text = path.read_text("utf-8")
        assert not re.search(r"(?:delete|update)\(\s*(?:tables\.|t\.)?audit_entries", text), path.name


def test_only_admins_read_it(site: Site) -> None:
    for role in ("marketer", "sales", "viewer"):
        for path in ("/audit", "/audit/log.csv"):
            site.as_role(role).get(path, 403)
