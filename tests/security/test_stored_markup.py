"""Markup in whatever others can write stays text on every page, for the team and for recipients."""

import pytest
from sqlalchemy import Text, select, update

from app.store import tables
from tests.security.conftest import HOSTILE, Site
from tests.security.test_policies import MAILS, active

FREE = {
    "contacts": ("first_name", "last_name", "phone", "job_title", "city", "country", "persona", "origin", "source",
        "preferred_channel", "locale", "zone"),
    "identities": ("shown_as",),
    "users": ("name", "title", "signature"),
}  # fmt: skip


def _poison(site: Site) -> None:
    scene = site.scene
    with scene.world.database.write() as connection:
        for table, columns in FREE.items():
            found = getattr(tables, table)
            wanted = [name for name in columns if name in found.c and isinstance(found.c[name].type, Text)]
            assert wanted, table
            connection.execute(update(found).values(dict.fromkeys(wanted, HOSTILE)))
        connection.execute(update(tables.contacts).values(fields={"note": HOSTILE, HOSTILE: HOSTILE}))
        reason = {
            "reason_code": "mail.rejected",
            "reason_params": {"answer": HOSTILE, "text": HOSTILE, "code": HOSTILE},
        }
        connection.execute(update(tables.deliveries).values(reason))
        connection.execute(
            update(tables.enrollments).values(reason_code=HOSTILE, reason_params={"error": HOSTILE})
        )
        ids = {"workspace_id": scene.world.workspace_id, "contact_id": scene.person}
        connection.execute(
            tables.timeline.insert().values(
                id=site.visitor.mail, **ids, at=site.visitor.at, kind="parked", code="parked.error", actor=HOSTILE,
                params={"error": HOSTILE, "sequence": HOSTILE},
            )
        )  # fmt: skip
        connection.execute(tables.contact_tags.insert().values(contact_id=scene.person, workspace_id=ids["workspace_id"],
            tag=HOSTILE, **{c.name: site.visitor.at for c in tables.contact_tags.c if c.name.endswith("_at") or c.name == "at"}))  # fmt: skip


def test_no_page_runs_what_a_contact_a_server_or_a_colleague_wrote(site: Site) -> None:
    browser = site.as_role("admin")
    _poison(site)
    seen = 0
    for endpoint, path in site.paths().items():
        if endpoint in MAILS:
            continue
        answer = browser.client.get(path)
        assert answer.status_code < 500, endpoint
        if answer.mimetype == "text/html":
            page = answer.get_data(as_text=True)
            assert active(page) == [], endpoint
            assert "<img src=x" not in page, endpoint
            seen += "alert(1)" in page
        answer.close()
    assert seen >= 4, "the hostile text stands on several pages"


def test_the_mail_as_a_page_escapes_what_a_contact_brings(site: Site) -> None:
    _poison(site)
    page = site.visitor.page(f"/v/{site.visitor.manage()}")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize("place", ["q", "stage", "tag"])
def test_what_is_searched_for_comes_back_as_text(site: Site, place: str) -> None:
    browser = site.as_role("admin")
    for path in ("/contacts", "/catcher"):
        page = browser.client.get(path, query_string={place: HOSTILE}).get_data(as_text=True)
        assert active(page) == []


def test_the_user_agent_of_a_visitor_is_kept_as_text(site: Site) -> None:
    site.visitor.get(
        f"/c/{site.visitor.track}/1", headers={"User-Agent": HOSTILE, "Referer": f"https://{HOSTILE}/"}
    )
    (hit,) = site.visitor.hits()
    assert hit.user_agent == HOSTILE
    with site.scene.world.database.read() as connection:
        assert connection.execute(select(tables.hits)).all() == []
