"""Each starter mail in each language to each kind of contact: whole, readable, of its size, and with a way out.

The findings of all mails are collected, so that one run names everything that is to be mended.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable

from app.core.pieces import piece_of
from app.store.tables import contacts
from tests.content.house import FRENCH, KINDS, LOCALES, TASK, House, Sent, address

LARGEST = 60_000
SUBJECT = range(15, 71)
PREHEADER = range(15, 121)
LEFT_OVER = re.compile(
    r"\{\{|\}\}|\{%|%\}|\b(?:None|undefined|TO"
    r"DO|FIX"
    r"ME|[Ll]orem)\b|\b(?:link|library|answer):[a-z]|[\x00-\x08\x0b-\x1f]"
)
ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d+|#x[0-9a-f]+);", re.I)
MARKUP = re.compile(r"</?[a-z][a-z0-9-]*(?:\s[^<>]*)?/?>", re.I)
ADDRESS = re.compile(r"https?://[^\s<>]+")
# What one building pays us, as every language writes it: € 1.20 an apartment and month, € 290 a receiver.
OUR_PRICE = re.compile(r"(?<![\d.,])1[.,]20(?!\d)|€\s*290\b|\b290\s*€")
# They carry no button: nothing is to be done.
WITHOUT_BUTTON = {"service/test"}


def wrong(mails: Iterable[Sent], is_wrong: Callable[[Sent], object]) -> list[str]:
    return [f"{mail}: {found}" for mail in mails if (found := is_wrong(mail))]


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text))


def test_everybody_gets_every_mail_in_their_language(house: House, sent: list[Sent]) -> None:
    """Composing raises where a field is missing; here all of them were composed."""
    people = len(KINDS) * len(LOCALES) + 1
    assert len(house.keys) >= 26
    assert len(sent) == people * (len(house.keys) + 1)
    assert [
        str(one) for one in sent if one.locale != one.wanted and one.who != FRENCH and one.key != TASK
    ] == []
    assert {one.locale for one in sent if one.who == FRENCH} == {"en"}
    for key in house.keys:
        assert set(house.variants(key)) == set(LOCALES), key


def test_of_the_bare_contacts_nothing_is_known(house: House) -> None:
    """Not even a company by the domain of their address."""
    for locale in LOCALES:
        (who,) = house.stage.rows(contacts, id=house.stage.contact(address("bare", locale)))
        assert (who.first_name, who.last_name, who.company_id, who.owner_id) == (None,) * 4


def test_nothing_is_left_over(sent: list[Sent]) -> None:
    def left(mail: Sent) -> list[str]:
        return LEFT_OVER.findall("\n".join((mail.subject, mail.preheader, mail.text, *mail.visible())))

    assert wrong(sent, left) == []


def test_no_mail_is_large(sent: list[Sent]) -> None:
    assert wrong(sent, lambda mail: max(0, len(mail.html.encode()) - LARGEST)) == []


def test_the_text_part_reads_by_itself(sent: list[Sent]) -> None:
    def unreadable(mail: Sent) -> list[str]:
        text = mail.text
        plain = "\n".join(line for line in text.split("\n") if "<أبناؤه>" not in line)
        found = [*ENTITY.findall(text), *MARKUP.findall(re.sub(r"<https?:[^>]*>", "", plain))]
        found += [f"a line of {len(line)}" for line in text.split("\n") if len(line.encode()) > 998]
        found += ["empty lines"] * ("\n\n\n" in text)
        found += [f"no {url}" for url in mail.hrefs if url.startswith("http") and url not in text]
        return found

    assert wrong(sent, unreadable) == []


def test_the_text_part_has_every_word_of_the_page(sent: list[Sent]) -> None:
    def lost(mail: Sent) -> dict[str, int]:
        return dict(words(" ".join(mail.visible())) - words(ADDRESS.sub(" ", mail.text)))

    assert wrong(sent, lost) == []


def test_subject_and_preheader_say_two_things(sent: list[Sent]) -> None:
    def weak(mail: Sent) -> list[str]:
        subject, preheader = mail.subject, mail.preheader
        # The subject of a task names the contact, who may have any name.
        found = [f"subject of {len(subject)}"] * (len(subject) not in SUBJECT and mail.key != TASK)
        found += [f"preheader of {len(preheader)}"] * (len(preheader) not in PREHEADER)
        found += ["the same"] * (subject.casefold() in preheader.casefold())
        return found

    assert wrong(sent, weak) == []


def test_the_title_is_the_subject_and_the_page_names_its_language(sent: list[Sent]) -> None:
    def other(mail: Sent) -> list[str]:
        root, title = mail.page, mail.page.findtext("head/title")
        languages = {one.get("lang") for one in root.iter() if isinstance(one.tag, str) and one.get("lang")}
        found = [str(title)] * (title.split() != mail.subject.split())
        return found + [f"{languages} and not {mail.locale}"] * (languages != {mail.locale})

    assert wrong(sent, other) == []


def test_each_mail_asks_for_one_thing(sent: list[Sent]) -> None:
    def unclear(mail: Sent) -> str:
        buttons, answers = len(mail.buttons), len(mail.answers)
        due = (
            (0, 0)
            if mail.key in WITHOUT_BUTTON
            else (0, len(mail.compiled.answers))
            if mail.compiled.ask
            else (1, 0)
        )
        asks = not mail.compiled.ask or answers >= 2
        return "" if (buttons, answers) == due and asks else f"{buttons} buttons, {answers} answers"

    assert wrong(sent, unclear) == []


def test_every_marketing_mail_says_why_from_whom_and_how_to_leave(house: House, sent: list[Sent]) -> None:
    settings = house.stage.settings

    def lacking(mail: Sent) -> list[str]:
        marketing, head = mail.compiled.message_class == "marketing", mail.message
        ways = [f"/{way}/" for way in "upw"] if marketing else []
        found = [way for way in ways if not any(way in url for url in mail.hrefs)]
        seen = " ".join(mail.visible())
        house_words = (settings.brand_legal_name, settings.brand_postal_address)
        found += [word for word in house_words if word not in mail.text or word not in seen]
        if marketing:
            assert head["List-Unsubscribe"].strip("<>") in mail.hrefs
            assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        else:
            found += [name for name in ("List-Unsubscribe", "List-Id", "Feedback-ID") if head[name]]
            found += [url for url in mail.hrefs if "/u/" in url]
        return found

    assert wrong(sent, lacking) == []


def test_why_names_the_topic_in_the_reader_s_language(house: House, full: list[Sent]) -> None:
    topics = house.catalogue.setting.programme.topics

    def unsaid(mail: Sent) -> str:
        sequence, _ = house.places.get(mail.key, ("", ""))
        if mail.compiled.message_class != "marketing":
            return ""
        label = topics[house.catalogue.sequences[sequence].sequence.topic or ""].label
        assert set(LOCALES) <= set(label)
        return "" if label[mail.locale] in mail.text else label[mail.locale]

    assert wrong(full, unsaid) == []


def test_discovery_names_no_price_of_ours_and_leads_to_none(house: House, sent: list[Sent]) -> None:
    pieces = house.catalogue.pieces

    def priced(mail: Sent) -> list[str]:
        if mail.compiled.kind != "discovery":
            return []
        keys = [piece_of(link.url_template) for link in mail.compiled.links]
        found = [key for key in keys if key and pieces[key].info.content_kind != "discovery"]
        return found + OUR_PRICE.findall(f"{mail.subject} {mail.preheader} {mail.text}")

    assert wrong(sent, priced) == []
    # The same eyes see them where they belong.
    offers = [mail for mail in sent if mail.key == "decision/offer"]
    assert all(OUR_PRICE.search(mail.text) for mail in offers)


def test_discovery_comes_from_the_house_and_decisions_from_a_person(house: House, full: list[Sent]) -> None:
    def other(mail: Sent) -> str:
        names = {"discovery": {house.stage.settings.sender_name, "Jonas Weber"}, "decision": {"Jonas Weber"}}
        told = names.get(mail.compiled.kind, set())
        return "" if not told or any(name in mail.text for name in told) else mail.text

    assert wrong(full, other) == []
