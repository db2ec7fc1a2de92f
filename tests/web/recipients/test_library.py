"""The library's pages: what stands openly, a piece in its languages, its file, and who is written down as its reader."""

import re
from datetime import timedelta
from itertools import product
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from app.core.tokens import TrackToken
from app.services.authoring.applying import apply
from app.services.authoring.sources import load_folder
from app.services.sending.composing import brand
from app.services.signals import drain, judge_due
from app.store import tables
from app.store.database import Database
from tests.services.authoring import content
from tests.services.signals.conftest import CHROME, lay_scene
from tests.support.library import PDF, PNG, piece, write_pieces
from tests.support.line import NOW
from tests.web.recipients.conftest import Visitor, lay_visitor

PICTURE = "![A meter](meter.png) [Other](library:prices) [Gone](library:nothing)"
PIECES: dict[str, str | bytes] = {
    "heat.md": piece("What heat costs", topics="[billing]", file="heat.pdf", body=f"# One winter\n\n{PICTURE.replace(' [Gone](library:nothing)', '')}"),
    "heat.it.md": piece("Quanto costa il calore", file="heat.it.pdf", body="# Un inverno"),
    "leaks.md": piece("Leaks at night", kind="checklist", topics="[leaks, billing]"),
    "prices.md": piece("What it costs", kind="sheet", gets="decision", topics="[pricing]"),
    "elsewhere.md": piece("On another site").replace("minutes: 4", "address: https://other.example/guide"),
    "heat.pdf": PDF, "heat.it.pdf": PDF + b"italiano", "meter.png": PNG,
}  # fmt: skip
LINKS = (
    "links:\n  heat: {to: 'library:heat'}\n  leaks: {to: 'library:leaks', topics: [own]}\n"
    "  out: {to: 'https://example.com/a', topics: [pricing]}\n"
)
HELLO = content.mail(
    more=LINKS,
    body='<a href="link:heat">Heat</a> <a href="link:leaks">Leaks</a> <a href="link:out">Out</a>'
    ' <a href="library:prices">Prices</a> <a href="{{ links.referral }}">Pass on</a>',
)
BROWSER = {"User-Agent": CHROME, "Accept-Language": "da", "Accept": "text/html", "Accept-Encoding": "gzip"}


def lay_library(database: Database, folder: Path) -> Visitor:
    write_pieces(folder / "content", PIECES)
    scene = lay_scene(database, folder, {"discovery/hello": HELLO}, secret_key="k" * 32)
    return lay_visitor(scene)


@pytest.fixture
def library(sqlite_database: Database, tmp_path: Path) -> Visitor:
    return lay_library(sqlite_database, tmp_path)


@pytest.fixture
def either(database: Database, tmp_path: Path) -> Visitor:
    return lay_library(database, tmp_path)


def landed(visitor: Visitor, number: int = 1) -> str:
    """The address that a link of the mail leads to."""
    answer = visitor.get(f"/c/{visitor.track}/{number}", headers=BROWSER)
    assert answer.status_code == 302
    parts = urlsplit(answer.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}" == visitor.scene.world.settings.public_url
    return f"{parts.path}?{parts.query}"


def events(visitor: Visitor) -> list[tuple[str, str, str, str]]:
    """What became of the hits, after they have settled: kind, subject, topics, verdict."""
    world = visitor.scene.world
    drain(world, visitor.app.extensions["spool"], visitor.at)
    while judge_due(world, visitor.app.extensions["link_maps"], visitor.at + timedelta(minutes=5)):
        pass
    rows = visitor.scene.rows(tables.events, tables.events.c.occurred_at, tables.events.c.kind)
    return [(row.kind, row.subject, row.topics, row.verdict) for row in rows]


def test_a_reader_out_of_a_mail_is_known_and_their_visit_is_one_sign(either: Visitor) -> None:
    visitor = either
    there = landed(visitor)
    assert parse_qs(urlsplit(there).query)["lang"] == ["en"]
    visitor.at += timedelta(seconds=1)
    page = visitor.page(there, headers=BROWSER)
    [file] = re.findall(r'href="(/library/heat/heat\.pdf\?k=[^"]+)"', page)
    visitor.at += timedelta(minutes=3)
    assert visitor.get(file, headers=BROWSER).data == PDF
    visitor.at += timedelta(days=1)
    visitor.page(there, headers=BROWSER)
    # The press and its page are one sign of interest; coming back, and the file, are others.
    assert events(visitor) == [
        ("clicked", "discovery/hello", ",billing,", "human"), ("visited", "heat", "", "human"),
        ("downloaded", "heat", ",billing,", "human"), ("visited", "heat", ",billing,", "human"),
    ]  # fmt: skip
    [first, *_] = visitor.scene.rows(tables.events)
    assert (first.delivery_id, first.contact_id) == (visitor.mail, visitor.scene.person)


def test_a_link_may_have_topics_of_its_own(library: Visitor) -> None:
    there = landed(library, 2)
    library.at += timedelta(minutes=10)
    library.page(there, headers=BROWSER)
    assert [(kind, topics) for kind, _, topics, _ in events(library)] == [
        ("clicked", ",own,"), ("visited", ",own,"),
    ]  # fmt: skip


def test_a_machine_that_follows_every_link_reads_nothing(library: Visitor) -> None:
    scanner = {"User-Agent": "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1)"}
    library.at = NOW - timedelta(minutes=59, seconds=58)
    for number in (1, 2, 4):
        there = urlsplit(library.get(f"/c/{library.track}/{number}", headers=scanner).headers["Location"])
        library.page(f"{there.path}?{there.query}", headers=scanner)
    found = events(library)
    assert {kind for kind, *_ in found} == {"clicked", "visited"}
    assert {verdict for *_, verdict in found} == {"machine"}


def test_head_parts_and_pictures_are_no_reading(library: Visitor) -> None:
    there = landed(library)
    token = parse_qs(urlsplit(there).query)["k"][0]
    library.client.head(there)
    library.get(f"/library/heat/heat.pdf?k={token}", headers={**BROWSER, "Range": "bytes=10-20"})
    library.get(f"/library/heat/meter.png?k={token}", headers=BROWSER)
    assert {(hit.kind, hit.method) for hit in library.hits()} == {("click", "GET"), ("read", "HEAD")}
    library.get(f"/library/heat/heat.pdf?k={token}", headers={**BROWSER, "Range": "bytes=0-20"})
    assert sorted(hit.kind for hit in library.hits()) == ["click", "file", "read"]


def test_a_stranger_is_nobody(library: Visitor) -> None:
    for path in (
        "/library",
        "/library/heat",
        "/library/heat.pdf",
        "/library/heat/heat.pdf",
        "/library/heat?k=x",
    ):
        answer = library.get(path, headers=BROWSER)
        assert answer.status_code == 200, path
        assert "Set-Cookie" not in answer.headers
        assert "k=" not in answer.get_data(as_text=True).replace("k=x", "") or path.endswith(".pdf")
    assert library.hits() == []


def test_the_token_is_of_one_piece_and_for_nothing_else(library: Visitor) -> None:
    there = landed(library)
    token = parse_qs(urlsplit(there).query)["k"][0]
    hits = len(library.hits())
    for path in ("/u/", "/p/", "/w/", "/d/", "/v/", "/k/", "/i/"):
        library.page(path + token, 404)
    library.page(f"/c/{token}/1", 404)
    ring, mail, person = library.scene.world.keyring, library.mail, library.scene.person
    out = ring.seal_read(TrackToken(mail, person, library.scene.variant), 3)
    none = ring.seal_read(TrackToken(mail, person, UUID(int=4)), 1)
    for other in (
        library.track,
        library.manage(),
        ring.seal_referral(person),
        ring.seal_request(person),
        out,
        none,
        token[:-2],
    ):
        library.page(f"/library/heat?k={other}")
        library.get(f"/library/heat/heat.pdf?k={other}")
    library.page(f"/library/leaks?k={token}")
    assert len(library.hits()) == hits
    page = library.get(there)
    text = page.get_data(as_text=True)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    # It stands in the link to the own file and nowhere else.
    assert [at for at in re.findall(r'(?:href|src|action)="([^"]*)"', text) if token in at] == [
        f"/library/heat/heat.pdf?k={token}"
    ]
    assert text.count(token) == 1


def test_what_is_open_stands_in_the_list_by_what_it_is_about(library: Visitor) -> None:
    answer = library.get("/library")
    page = answer.get_data(as_text=True)
    assert re.findall(r"<h2[^>]*>([^<]+)</h2>", page) == ["Billing", "Leaks"]
    assert re.findall(r'href="/library/([a-z]+)"', page) == ["elsewhere", "heat", "leaks"]
    assert "What it costs" not in page, "what is for a decision opens by its address only"
    assert answer.headers["X-Robots-Tag"] == "all"
    assert "What it costs" in library.page("/library/prices")
    assert library.get("/library/prices").headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "Quanto costa il calore" in library.page("/library?lang=it")
    assert '<html lang="ru">' in library.page("/library?lang=ru")


def test_a_piece_is_read_in_ones_own_language(library: Visitor) -> None:
    english = library.page("/library/heat")
    assert 'lang="en"' in english and "<h2>One winter</h2>" in english  # noqa: PT018
    assert 'href="/library/heat/heat.pdf"' in english
    assert 'href="/library/heat?lang=it"' in english
    assert 'src="/library/heat/meter.png"' in english
    assert 'href="/library/prices"' in english
    for options in (
        {"query_string": "lang=it"},
        {"headers": {"Accept-Language": "fr, it-CH;q=0.8, en;q=0.2"}},
    ):
        italian = library.page("/library/heat", **options)
        assert "Quanto costa il calore" in italian
        assert "/library/heat/heat.it.pdf" in italian
    assert library.get("/library/heat.pdf?lang=it").data.endswith(b"italiano")
    assert '<html lang="it">' in library.page("/library/heat?lang=it-CH")
    # English before Italian, and a language it does not stand in.
    assert "One winter" in library.page("/library/heat", headers={"Accept-Language": "en, it;q=0.5"})
    assert "One winter" in library.page("/library/heat?lang=ru")
    assert "https://other.example/guide" in library.page("/library/elsewhere")


def test_a_file_is_sent_as_what_it_is(library: Visitor) -> None:
    answer = library.get("/library/heat/heat.pdf")
    assert (answer.data, answer.mimetype) == (PDF, "application/pdf")
    assert answer.headers["Content-Disposition"] == 'inline; filename="heat.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    tag = answer.headers["ETag"]
    again = library.get("/library/heat/heat.pdf", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    part = library.get("/library/heat/heat.pdf", headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.data) == (206, PDF[1:4])
    both = library.get("/library/heat/heat.pdf", headers={"Range": "bytes=1-3", "If-None-Match": tag})
    assert both.data in (b"", PDF[1:4])
    assert library.get("/library/heat/heat.pdf", headers={"Range": "bytes=99999-"}).status_code == 416
    several = library.get("/library/heat/heat.pdf", headers={"Range": "bytes=0-1,4-5"})
    assert (several.status_code, several.data) == (200, PDF)
    assert library.get("/library/heat/meter.png").mimetype == "image/png"
    for path in (
        "/library/heat/../heat.pdf",
        "/library/heat/%2e%2e%2fx.pdf",
        "/library/leaks/heat.pdf",
        "/library/heat/x",
    ):
        assert library.get(path).status_code == 404, path


def test_what_is_gone_says_so_and_shows_the_others(library: Visitor) -> None:
    there = landed(library)
    world = library.scene.world
    with world.database.write() as connection:
        connection.execute(delete(tables.content_files))
    page = library.page(there)
    assert "Its file is not here any more" in page
    assert "Leaks at night" in page
    assert "This piece is not here any more" in library.page("/library/heat/heat.pdf", 404)
    with world.database.write() as connection:
        mine = (tables.definitions.c.kind == "piece", tables.definitions.c.key == "heat")
        connection.execute(update(tables.definitions).where(*mine).values(state="archived"))
    page = library.page(landed(library), 404)
    assert "This piece is not here any more" in page
    assert "Leaks at night" in page
    assert "This piece is not here any more" in library.page("/library/no-such-piece?lang=en", 404)
    # Publishing the folder again brings the files back.
    folder = world.settings.data_dir / "content"
    apply(world.database, world.workspace_id, load_folder(folder), world.settings, NOW)
    assert library.get("/library/heat/heat.pdf").status_code == 404
    with world.database.read() as connection:
        assert len(connection.execute(tables.content_files.select()).all()) == 3


def test_a_mail_without_tracking_leads_straight_there(library: Visitor) -> None:
    world = library.scene.world
    program = world.library.catalogue(NOW).templates["discovery/hello"].variants[""][1]
    preview = program.render_preview({"brand": brand(world)})
    assert f'{world.settings.public_url}/library/heat?lang=en"' in preview.html
    assert "utm_" not in preview.html.partition("/library/heat")[2].partition('"')[0]


def test_the_pages_own_words_are_translated(library: Visitor) -> None:
    paths = ("/library", "/library/heat", "/library/leaks", "/library/none")
    for lang, path in product(("it", "pt-BR", "nl", "ru"), paths):
        page = library.get(f"{path}?lang={lang}").get_data(as_text=True)
        for words in (
            "minutes to read",
            "Open as PDF",
            "All of the library",
            "not here any more",
            ">Library<",
            "Guides, reports",
        ):
            assert words not in page, (path, words)


def test_the_link_to_pass_on_is_the_readers_own_also_in_the_mail_as_a_page(library: Visitor) -> None:
    world = library.scene.world
    page = library.page(f"/v/{library.track}")
    [token] = re.findall(rf'href="{re.escape(world.settings.public_url)}/i/([A-Za-z0-9_-]+)"', page)
    assert world.keyring.open_referral(token) == library.scene.person
