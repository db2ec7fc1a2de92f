"""Every act of the rooms of marketers and sales, walked through once as an admin; see test_audit."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Table, select, update

from app.mail.posting import Poster
from app.mail.replies import Outcome
from app.services import hook_subscriptions
from app.services.authoring import previews
from app.services.broadcasts import queueing
from app.store import tables
from tests.security.conftest import Site
from tests.services.authoring import content
from tests.support import line
from tests.support.line import NOW
from tests.web import test_contact, test_talks, test_tasks
from tests.web.conftest import Browser
from tests.web.test_broadcasts import DRAFT
from tests.web.test_contact import hidden
from tests.web.test_writing import MARK

Act = Callable[..., str]
WHY = {"why": "because"}


def of_contacts(site: Site, admin: Browser, act: Act) -> None:
    who = f"/contacts/{site.scene.person}"
    stay = f"{who}/stays/{site.stay}"

    def seen(path: str, name: str) -> dict[str, str]:
        return {name: hidden(admin.page(path), name)}

    _set(site, tables.enrollments, tables.enrollments.c.id == site.stay, due_at=NOW)
    test_contact.run(site.scene.world)
    theirs = tables.deliveries.c.state == "queued"
    _set(site, tables.deliveries, theirs, state="deferred", due_at=NOW + timedelta(days=3))
    act("contact.send_now", f"{stay}/send-now", {**WHY, **seen(stay, "revision")})
    act("contact.skip", f"{stay}/skip", {**WHY, **seen(stay, "revision")})
    _set(site, tables.enrollments, tables.enrollments.c.id == site.stay, state="parked", due_at=None)
    act("contact.go_on", f"{stay}/go-on")
    act("contact.leave", f"{stay}/leave", WHY)
    act("contact.enroll", f"{who}/enroll", {**WHY, "sequence": "offers", "once": "one"})
    act("contact.set_facts", f"{who}/facts", {"field.city": "Porto", "was.city": ""})
    act("contact.set_owner", f"{who}/owner", {"owner": "sales@halden.example", "seen": ""})
    act("contact.tag", f"{who}/tags", {"add": "<b>"})
    consent = {"topic": "guides", "basis": "signed sheet 12", "source": "fair"}
    act("contact.withdraw", f"{who}/consents/withdraw", {**consent, "was.guides": "given"})
    act("contact.give", f"{who}/consents/give", {**consent, "was.guides": "withdrawn"})
    act("contact.note", f"{who}/notes", {"text": "a note", **seen(who, "shown_at")})
    act("contact.hold", f"{who}/hold", {**WHY, "until": "2026-12-24"})
    act("contact.release", f"{who}/hold/end")
    agreed = {"topic": "guides", "basis": "signed sheet 12", "source": "fair"}
    act("adding.add", "/contacts/new", {"email": "new@halden.example", "first_name": "New", **agreed})
    twin, merge = site.twins
    act("merging.merge", f"{who}/merge/{twin}", seen(f"{who}/merge/{twin}", "mark"))
    act("merging.part", f"{who}/merged/{merge}/undo")


def of_companies(site: Site, act: Act) -> None:
    at, who = f"/companies/{site.company}", str(site.scene.person)
    act("companies.create", "/companies", {"name": "Berg", "domain": "berg.example"})
    act("companies.change", f"{at}/edit", {"field.domain": "dal.example", "was.domain": ""})
    act("companies.take_out", f"{at}/people/out", {"who": who})
    act("companies.put_in", f"{at}/people", {"address": "person0@example.com"})
    act("companies.stop", f"{at}/stop", WHY)
    act("companies.lift", f"{at}/lift", WHY)


def of_many(site: Site, act: Act) -> None:
    at = "/contacts/acts"
    act("acting.stop", f"{at}/{site.bulk_act}/stop")
    form = {"form_key": "a form that is sent once", "act": "tag", "give_tag": "fair", "scope": "all"}
    act("acting.begin", at, form)
    with site.scene.world.database.read() as connection:
        table = tables.bulk_acts
        begun = connection.execute(select(table.c.id).where(table.c.id != site.bulk_act)).scalar_one()
    act("acting.undo", f"{at}/{begun}/undo")
    act("acting.export", f"{at}/export", {"scope": "all"})


def of_views(act: Act) -> None:
    at = "/contacts/views"
    page = act("views.save", at, {"title": "Mine", "q": "ana"})
    found = re.search(r"view=([0-9a-f-]{36})", page)
    assert found is not None
    one = f"{at}/{found[1]}"
    act("views.rename", one, {"title": "Ana", "revision": "1"})
    act("views.overwrite", f"{one}/overwrite", {"q": "anna", "revision": "2"})
    act("views.share", f"{one}/share", {"shared": "yes", "revision": "3"})
    act("views.delete", f"{one}/delete", {"revision": "4"})


def of_sales(site: Site, admin: Browser, act: Act) -> None:
    task, who = f"/tasks/{site.task}", f"/contacts/{site.scene.person}"

    def told(**form: str) -> dict[str, str]:
        return {**WHY, **test_tasks.form_of(admin, site.task), **form}

    def said(**form: str) -> dict[str, str]:
        return {**WHY, **test_talks.form_of(admin, site.scene.person), **form}

    act("tasks.take", f"{task}/take", told())
    act("tasks.hand_over", f"{task}/hand-over", told(to=str(site.colleague)))
    act("tasks.put_off", f"{task}/due", told(due="2026-12-24T10:00"))
    act("tasks.done", f"{task}/done", {"result": "we spoke"})
    act("talks.record", f"{who}/talk", said(kind="call", at="2026-11-23T10:00", note="we spoke"))
    act("talks.accept", f"{who}/accept", said(stage="prospect"))
    act("talks.send_back", f"{who}/send-back", said(stage="lead", wake="2027-03-01"))
    act("contact.move", f"{who}/move", {**WHY, "stage": "prospect", "seen": "lead"})


def of_sequences(admin: Browser, act: Act) -> None:
    at = "/sequences/line"
    act("sequences.create", "/sequences", {"key": "spring", "title": "Spring", "stage": "lead"})
    act("sequences.drop", "/sequences/spring/drop", _mark(admin, "/sequences/spring/text"))
    act("sequences.clone", f"{at}/clone", {"key": "copy"})
    longer = line.LINE.replace("30 days", "40 days")
    act("sequences.save", f"{at}/text", {"text": longer, **_mark(admin, f"{at}/text", 0)})
    act("sequences.publish", f"{at}/publish", {**_published(admin, f"{at}/publish"), "rule": "stay"})
    act("sequences.again", f"{at}/again", {"number": "1"})
    act("sequences.pause", f"{at}/pause", WHY)
    act("sequences.resume", f"{at}/resume", {"way": "skip"})
    act("sequences.retire", f"{at}/retire", {**WHY, "ending": "end"})
    act("sequences.bring_back", f"{at}/return")


def of_templates(admin: Browser, act: Act, patch: pytest.MonkeyPatch) -> None:
    key = "discovery/hello"
    at = f"/templates/of/{key}"
    act("templates.create", "/templates", {"key": "discovery/new", "subject": "New", "kind": "discovery"})
    act("templates.translate", f"/templates/translate/{key}", {"into": "it", "locale": ""})
    act("templates.drop", f"/templates/drop/{key}", _mark(admin, at))
    text = content.mail(body="Another one")
    act("templates.save", at, {"text": text, "locale": "", **_mark(admin, at, 0)})
    act("templates.publish", f"/templates/publish/{key}", _published(admin, f"/templates/publish/{key}"))
    act("templates.again", f"/templates/again/{key}", {"number": "1"})
    patch.setattr(previews, "hand_over", lambda *_: Outcome("accepted", "dot", 250))
    act("templates.test", f"/templates/test/{key}", {"to": "", "locale": ""})


def of_settings(site: Site, admin: Browser, act: Act) -> None:
    one = f"/settings/fields/{site.field}"
    branch = {
        "subject": "contact",
        "key": "",
        "label": "Branch",
        "type": "choice",
        "choices": "Care\nHousing",
    }
    act("colleagues.away", f"/colleagues/{site.colleague}/away", {"back": "2026-12-03"})
    act("fields.add", "/settings/fields", branch)
    changed = {
        "label": "Flats",
        "choices": "Some\nMany",
        "sure": "yes",
        "was": hidden(admin.page(one), "was"),
    }
    act("fields.change", one, changed)
    act("fields.retire", f"{one}/retire")
    act("fields.bring_back", f"{one}/bring-back")
    scoring = {"text": content.SCORING.replace("points: 5", "points: 6"), "base": "1", "note": "more"}
    act("rules.publish", "/settings/scoring/publish", scoring)


def of_segments_and_broadcasts(site: Site, admin: Browser, act: Act) -> None:
    cold = "segment: cold\nlabel: Cold\nif: {tag: cold}\n"
    act("segments.publish", "/segments/publish", {"as": "text", "base": "0", "text": cold})
    act("segments.archive", "/segments/of/cold/archive")
    act("segments.restore", "/segments/of/cold/restore")
    act("segments.make_list", "/segments/lists", {"title": "Fair"})
    act("segments.delete_list", "/segments/of/fair/delete")
    act("broadcasts.create", "/broadcasts/new", DRAFT)
    one = f"/broadcasts/{site.broadcast}"

    def seen(**form: str) -> dict[str, str]:
        return {"revision": hidden(admin.page(one), "revision"), **form}

    act("broadcasts.change", f"{one}/edit", seen(**{**DRAFT, "template": "discovery/deal"}))
    act("broadcasts.freeze", f"{one}/freeze", seen())
    while queueing.work(site.scene.world, NOW):
        pass
    act("broadcasts.confirm", f"{one}/confirm", seen(**WHY))
    act("broadcasts.pause", f"{one}/pause", seen())
    act("broadcasts.resume", f"{one}/resume", seen())
    act("broadcasts.cancel", f"{one}/cancel", seen())


def of_outgoing(site: Site, admin: Browser, act: Act, patch: pytest.MonkeyPatch) -> None:
    at = "/outgoing/receivers"
    one = f"{at}/{site.receiver}"
    wish = {"title": "CRM", "url": "https://crm.example/in", "event": "bounced"}
    act("outgoing.replay", "/outgoing/replay", {"call": str(site.call)})
    act("outgoing.add", at, wish)
    act("outgoing.steps_key", f"{at}/key")
    act("outgoing.key", f"{one}/key")
    act("outgoing.change", one, {**wish, "title": "Desk", "revision": hidden(admin.page(one), "revision")})
    # Nobody is called: the name leads to this machine, which is closed.
    poster = Poster(resolve=lambda host, port: ["127.0.0.1"])
    patch.setattr(hook_subscriptions, "poster_of", lambda settings, seconds: poster)
    act("outgoing.test", f"{one}/test")
    act("outgoing.pause", f"{one}/pause")
    act("outgoing.resume", f"{one}/resume")
    act("outgoing.remove", f"{one}/remove")


def _set(site: Site, table: Table, where: ColumnElement[bool], **values: Any) -> None:
    """As the engine would have left it."""
    with site.scene.world.database.write() as connection:
        connection.execute(update(table).where(where).values(values))


def _mark(admin: Browser, path: str, which: int = -1) -> dict[str, Any]:
    """The mark of the text (0), or of the whole draft."""
    return {"mark": MARK.findall(admin.page(path))[which]}


def _published(admin: Browser, path: str) -> dict[str, Any]:
    page = admin.page(path)
    return {"mark": MARK.findall(page)[0], "base": re.findall(r'name="base" value="(\d+)"', page)[0]}
