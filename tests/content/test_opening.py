"""Every link of every mail opens, in each language: pieces of the library, the reader's own pages, answers."""

import html
from collections import Counter
from urllib.parse import urlsplit

from app.core.pieces import piece_of
from tests.content.house import HOME, House, Sent

# The library, what comes next, how often, no more, an answer, and joining by somebody's word.
PAGES = {"library", "w", "p", "u", "a", "join"}


def test_each_link_opens_a_page(house: House, full: list[Sent]) -> None:
    found, opened = [], Counter[str]()
    for mail in full:
        for url in dict.fromkeys(mail.hrefs):
            way = urlsplit(url).path.split("/")[1]
            # The foot's links lead to the same pages from every mail: once in each language is enough.
            if (way in "upw" and opened[way + mail.locale]) or way == "y":
                continue  # what a mail asks to confirm is made when somebody asks: tests/web/recipients
            status, at = house.follow(url)
            opened[way + mail.locale] += 1
            opened[urlsplit(at).path.split("/")[1]] += 1
            if not at.startswith(HOME) or status != 200:
                found.append(f"{mail}: {url} opens {at} with {status}")
    assert found == []
    assert {way for way in opened if way in PAGES} == PAGES


def test_each_piece_that_a_mail_leads_to_opens_in_its_language_with_its_file(house: House) -> None:
    pieces = house.catalogue.pieces
    wanted = {
        (key, locale)
        for mail in house.keys
        for locale, one in house.variants(mail).items()
        for link in one.links
        if (key := piece_of(link.url_template))
    }
    assert len(wanted) >= 70
    found = []
    for key, locale in sorted(wanted):
        spoken, text = pieces[key].for_locale(locale)
        page = house.page(f"/library/{key}?lang={locale}")
        file = house.page(f"/library/{key}/{text.file}")
        if page.status_code != 200 or text.title not in html.unescape(page.get_data(as_text=True)):
            found.append(f"{key} in {locale}: {page.status_code}")
        if file.status_code != 200 or not file.data.startswith(b"%PDF"):
            found.append(f"{text.file}: {file.status_code}")
        assert spoken in (locale, "")
    assert found == []
