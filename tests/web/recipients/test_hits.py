"""Pixel and links: the hit is on the disk before the answer, and nothing keeps a person from their way."""

import errno
from pathlib import Path
from uuid import UUID

import pytest

from app.factory import create_app
from app.inbound.spool import Spool
from app.store.database import Database
from tests.support.line import NOW
from tests.web.recipients.conftest import Visitor

BROWSER = {"User-Agent": "Mozilla/5.0 (X11) Gecko/1", "Accept-Language": "pt-BR,pt;q=0.9"}


def test_a_link_leads_on_and_is_written_down(visitor: Visitor) -> None:
    headers = {
        **BROWSER,
        "Referer": "https://user@mail.example.com/inbox/7?secret=1",
        "Cookie": "a=b",
        "Purpose": "prefetch",
    }
    answer = visitor.get(
        f"/c/{visitor.track}/2", headers=headers, environ_base={"REMOTE_ADDR": "203.0.113.9"}
    )
    assert answer.status_code == 302
    assert answer.headers["Location"] == (
        "https://halden.example/prices?a=1&b=2"
        "&utm_source=trellis&utm_medium=email&utm_campaign=line&utm_content=hello"
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers
    (hit,) = visitor.hits()
    assert (hit.kind, hit.method, hit.link, hit.at) == ("click", "GET", 2, NOW.isoformat())
    assert (hit.delivery, hit.contact) == (str(visitor.mail), str(visitor.scene.person))
    assert (hit.address, hit.user_agent) == ("203.0.113.9", BROWSER["User-Agent"])
    assert hit.headers == {
        "accept-language": "pt-BR,pt;q=0.9", "purpose": "prefetch", "referer-host": "mail.example.com",
    }  # fmt: skip


def test_the_pixel_is_a_picture_nobody_keeps(visitor: Visitor) -> None:
    answer = visitor.get(f"/c/{visitor.track}/0")
    assert (answer.status_code, answer.mimetype) == (200, "image/gif")
    assert answer.data.startswith(b"GIF89a\x01\x00\x01\x00")
    assert answer.headers["Cache-Control"] == "no-store"
    assert [(hit.kind, hit.link) for hit in visitor.hits()] == [("open", 0)]


def test_head_is_written_down_as_head(visitor: Visitor) -> None:
    assert visitor.client.head(f"/c/{visitor.track}/1").status_code == 302
    assert [hit.method for hit in visitor.hits()] == ["HEAD"]


def test_every_visit_has_its_own_id(visitor: Visitor) -> None:
    for _ in range(40):  # and no limit stands in anybody's way
        assert visitor.get(f"/c/{visitor.track}/1").status_code == 302
    assert len({hit.id for hit in visitor.hits()}) == 40


def test_what_is_not_ours_leads_nowhere(visitor: Visitor) -> None:
    track, manage = visitor.track, visitor.manage()
    other = visitor.scene.world.keyring.seal_track(visitor.mail, visitor.scene.person, UUID(int=4))
    for path in (
        "/c/x/1", "/c/x/0", f"/c/{manage}/1", f"/c/{manage}/0", f"/c/{track}/3", f"/c/{track}/99999999999999999999",
        f"/c/{track[:-1]}{'A' if track[-1] != 'A' else 'B'}/1", f"/c/{other}/1", f"/u/{track}", f"/p/{track}", f"/w/{track}",
        f"/a/{track}/100", f"/d/{track}", f"/k/{track}", f"/k/{manage}", f"/v/{track}x", f"/u/{manage}x", "/u/" + "a" * 5000,
    ):  # fmt: skip
        text = visitor.page(path, 404)
        assert "This link leads nowhere" in text, path
        assert "Location" not in visitor.get(path).headers
    assert visitor.hits() == []


def test_no_address_of_ours_takes_a_destination(visitor: Visitor) -> None:
    for query in ("?url=https://evil.example", "?to=//evil.example", "?next=https://evil.example"):
        answer = visitor.get(f"/c/{visitor.track}/1{query}")
        assert answer.headers["Location"].startswith("https://example.com/a?utm_source=")


def test_a_setting_that_is_no_web_address_leads_nowhere(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitor.scene.world.settings, "brand_home", "javascript:alert(1)//")
    visitor.page(f"/c/{visitor.track}/2", 404)


def test_the_way_is_open_after_an_erasure(visitor: Visitor) -> None:
    visitor.scene.set_person(erased_at=NOW)
    assert visitor.get(f"/c/{visitor.track}/1").status_code == 302


def test_a_locked_database_stops_nobody(visitor: Visitor) -> None:
    with visitor.scene.world.database.write():
        assert visitor.get(f"/c/{visitor.track}/1").status_code == 302
    assert len(visitor.hits()) == 1


def test_without_a_database_the_links_still_lead(visitor: Visitor, tmp_path: Path) -> None:
    settings = visitor.scene.world.settings.model_copy(update={"database_url": ""})
    gone = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    away = create_app(settings, gone, clock=lambda: NOW)
    answer = away.test_client().get(f"/c/{visitor.track}/1")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("utm_campaign=discovery%2Fhello")
    assert away.test_client().get(f"/c/{visitor.track}/0").status_code == 200
    # A click that comes out of a mail is not answered as kept where it cannot be.
    answer = away.test_client().post(f"/u/{visitor.manage()}", data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "300")
    assert "Nothing was changed" in answer.get_data(as_text=True)
    gone.close()


def test_a_full_disk_stops_nobody(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(Spool, "add", full)
    assert visitor.get(f"/c/{visitor.track}/1").status_code == 302
    assert visitor.get(f"/c/{visitor.track}/0").status_code == 200


def test_a_key_that_was_retired_keeps_its_links(visitor: Visitor) -> None:
    settings = visitor.scene.world.settings.model_copy(
        update={"secret_key": "n" * 32, "retired_keys": ["k" * 32]}
    )
    renewed = create_app(settings, visitor.scene.world.database, clock=lambda: NOW)
    assert renewed.test_client().get(f"/c/{visitor.track}/1").status_code == 302
