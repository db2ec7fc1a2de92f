"""MAIL.md, lines 2 and 9 to 12, on the bytes that a strict server took: what the recipient sees."""

import re
from typing import Any

import lxml.html
import pytest

from app.mail.program import PREVIEW_URLS
from tests.mail.contract.conftest import HOSTILE, PEOPLE, PUBLIC, Mail, Post
from tests.support.line import NOW

GMAIL_CLIPS = 102_000
LEGAL, POSTAL = "Halden Metering ApS", "Vesterbrogade 12, 1620 København, Denmark"
# These hold braces in what they say about themselves.
QUIET = tuple(who for who in PEOPLE if who not in ("hostile", "percent"))


def page(mail: Mail) -> Any:
    return lxml.html.document_fromstring(
        mail.part("html").encode(), parser=lxml.html.HTMLParser(encoding="utf-8")
    )


def hidden(element: Any) -> bool:
    """Whether it or something around it is not shown."""
    around = [element, *element.iterancestors()]
    return any("display:none" in (each.get("style") or "").replace(" ", "") for each in around)


def links(mail: Mail) -> list[str]:
    return list(page(mail).xpath("//a/@href"))


def words(text: str) -> str:
    return " ".join(text.split())


def test_line_02_the_text_says_the_same_with_the_same_links(post: Post) -> None:
    for mail in post.mails:
        text = mail.part("plain")
        assert set(links(mail)) <= set(re.findall(r"https://[^\s<>]+", text)), mail
        for shown in page(mail).xpath("//body//text()"):
            said = words(shown)
            # A style's text and the preheader belong to the HTML alone.
            if (
                said
                and shown.getparent().tag not in ("style", "script", "title")
                and not hidden(shown.getparent())
            ):
                assert said in words(text), (mail, said)


def test_line_02_nothing_of_the_template_is_left_over(post: Post) -> None:
    for mail in post.mails:
        if mail.who not in QUIET:
            continue
        for text in (mail.part("plain"), mail.part("html"), str(mail.read["Subject"])):
            for left in ("{{", "}}", "{%", "%}"):
                assert left not in text, mail
            assert not re.search(r"\b(None|undefined|nan)\b", text), mail


def test_line_02_the_text_is_no_html_and_readable(post: Post) -> None:
    text = post.one("plain").part("plain")
    assert "Good morning Ada Lovelace, Countess in London." in text
    assert not re.search(r"</?(?!https:)[a-z]+[^>]*>|&[a-z]+;", text)
    assert "\n\n\n\n" not in text


def test_line_02_a_value_reads_back_as_it_was(post: Post) -> None:
    for who in ("accents", "percent"):
        mail, columns = post.one(who), PEOPLE[who]
        for text in (mail.part("plain"), page(mail).text_content()):
            assert columns["first_name"] in text
            assert columns["job_title"] in text


def test_line_09_gmail_does_not_clip_it(post: Post) -> None:
    assert max(len(mail.part("html").encode()) for mail in post.mails) < GMAIL_CLIPS


def test_line_09_language_title_and_words_for_pictures(post: Post) -> None:
    for mail in post.mails:
        html = page(mail)
        assert html.get("lang") == "en"
        assert words(html.findtext(".//title")) == words(str(mail.read["Subject"])), mail
        assert all(picture.get("alt") is not None for picture in html.iter("img"))
    alts = [picture.get("alt") for picture in page(post.one("plain")).iter("img")]
    assert "Our mark" in alts


def test_line_09_links_are_absolute_and_https(post: Post) -> None:
    for mail in post.mails:
        html = page(mail)
        for address in [*html.xpath("//@href"), *html.xpath("//@src"), *html.xpath("//@background")]:
            assert re.match(r"https://[a-z0-9.-]+(/|$)", address), (mail, address)
        assert not re.search(
            r"""(?:href|src)\s*=\s*["']?\s*(?:javascript|data|vbscript):""", mail.part("html"), re.I
        )
        assert not html.xpath("//script|//iframe|//object|//form|//*[@onclick or @onload or @onerror]")


def test_line_09_the_preheader_is_hidden_and_no_copy_of_the_subject(post: Post) -> None:
    for mail in post.of("marketing"):
        said = [words(each.text_content()) for each in page(mail).xpath("//body//div") if hidden(each)]
        assert any("What we found in 41 buildings" in each for each in said), mail
        assert "What we found in 41 buildings" not in str(mail.read["Subject"])


def test_line_10_a_visible_way_out_the_legal_name_and_the_postal_address(post: Post) -> None:
    for mail in post.of("marketing"):
        token = mail.values("List-Unsubscribe")[0].partition(b">")[0].lstrip(b"<").decode()
        shown = [link for link in page(mail).iter("a") if link.get("href") == token and not hidden(link)]
        assert shown, mail
        assert words(shown[0].text_content()) == "Unsubscribe"
        assert "color:transparent" not in mail.part("html").replace(" ", "")
        for text in (mail.part("plain"), page(mail).text_content()):
            assert LEGAL in text
            assert POSTAL in text
        assert token in mail.part("plain")


def test_line_11_a_preview_comes_from_the_live_renderer_without_a_live_token(post: Post) -> None:
    before = {
        table: post.count(table)
        for table in ("deliveries", "attempts", "hits", "events", "timeline", "score_entries")
    }
    template = post.world.library.catalogue(NOW).templates["discovery/hello"]
    _, _, program = template.for_locale("en")
    live = post.one("idn")
    context = {
        "contact": {"first_name": "Bücher", "name": "Bücher", "email": "info@bücher.example"},
        "company": {"name": "Analytical, Engines & Söhne"},
        "brand": {"legal_name": LEGAL, "postal_address": POSTAL},
        "mail": {}, "sender": {}, "task": {}, "ask": {},
    }  # fmt: skip
    preview = program.render_preview(context)
    assert preview.subject == str(live.read["Subject"])
    assert tokens_of(preview.html) | tokens_of(preview.text) == set()
    assert tokens_of(live.part("html")), "a live mail has some"
    assert PREVIEW_URLS.unsubscribe in preview.html
    assert same_words(preview.text) == same_words(live.part("plain"))
    assert {table: post.count(table) for table in before} == before


def tokens_of(text: str) -> set[str]:
    return set(re.findall(r"/[cupwav]/([A-Za-z0-9_-]{40,})", text)) | set(re.findall(re.escape(PUBLIC), text))


def same_words(text: str) -> list[str]:
    """The words of a mail without its addresses, which are what a preview has others of."""
    return re.sub(r"<?https://[^\s<>]+>?", "", text).split()


def test_line_12_no_other_contacts_value_is_in_a_mail(post: Post) -> None:
    marks = {who: marks_of(who, number) for number, who in enumerate(PEOPLE)}
    for mail in post.mails:
        texts = (mail.part("plain"), mail.part("html"), str(mail.read["To"]), str(mail.read["Subject"]))
        whole = "\n".join(texts)
        for who, theirs in marks.items():
            if who != mail.who:
                assert not [mark for mark in theirs if mark in whole], (mail, who)
    own = post.one("plain")
    assert all(mark in own.part("plain") + str(own.read["To"]) for mark in marks["plain"])


def marks_of(who: str, number: int) -> list[str]:
    """What only this contact has."""
    columns = PEOPLE[who]
    found = [columns.get("address") or f"person{number}@example.com"]
    found += [
        columns[name]
        for name in ("first_name", "last_name", "city", "job_title")
        if len(columns.get(name) or "") > 3
    ]
    return [mark for mark in found if mark != HOSTILE]


def test_line_12_every_token_in_a_mail_is_of_that_mail_alone(post: Post) -> None:
    seen: dict[str, Mail] = {}
    keyring = post.world.keyring
    for mail in post.mails:
        found = set(
            re.findall(rf"{PUBLIC}/[cupwav]/([A-Za-z0-9_-]+)", mail.part("html") + mail.part("plain"))
        )
        for token in found:
            assert seen.setdefault(token, mail) is mail
            opened = keyring.open_track(token) or keyring.open_manage(token)
            assert opened is not None
            assert opened.delivery == mail.delivery
            assert opened.contact in {
                row.contact_id for row in post.rows("deliveries") if row.id == mail.delivery
            }


@pytest.mark.parametrize("kind", ["marketing", "service", "internal"])
def test_line_12_no_address_name_or_id_is_in_a_url(post: Post, kind: str) -> None:
    for mail in post.of(kind):
        ids = {str(mail.delivery), mail.delivery.hex}
        # The one link that the template makes of the contact's data, and the team's own page of the contact.
        urls = [url for url in links(mail) if "/own?x=" not in url and "/contacts/" not in url]
        for url in urls:
            assert not any(one in url for one in ids), url
            assert "@" not in url
            assert "person" not in url
