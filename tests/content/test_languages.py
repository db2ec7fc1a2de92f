"""The five languages of a mail say the same and lead to the same places, each in its own words."""

import re
import unicodedata
from collections.abc import Iterator

from app.core.pieces import piece_of
from app.mail.compile import CompiledTemplate
from tests.content.house import LOCALES, House, Sent

# Words that each language cannot do without, and that none of the others has.
OWN = {
    "en": "the and you your with this from have what which their",
    "it": "il della che non è gli sono delle questa più lei suo una",
    "pt-BR": "não você uma os são mais isso seu sua ao pela pelo do da",
    "nl": "het een niet uw dat voor zijn wordt naar ook bij maar dit",
    "ru": "и не что вы вам это на как для мы от по",
}
# The name of English in each language.
ENGLISH = {"en": "English", "it": "inglese", "pt-BR": "inglês", "nl": "Engels", "ru": "английск"}
# Names and terms stay what they are in every language.
KEPT = re.compile(
    r"Halden Metering(?: ApS)?|Lindehaven|Birgit Holm|Ada|Lovelace|Jonas Weber|Sales|Vesterbrogade.*?Denmark|\S+@\S+"
)


def said(mail: Sent) -> str:
    """The words of our own that a reader sees."""
    return KEPT.sub(" ", " ".join([mail.subject, mail.preheader, *mail.visible()]))


def sentences(mail: Sent) -> Iterator[str]:
    """Whatever has four words or more."""
    for block in (mail.subject, mail.preheader, *mail.visible()):
        for sentence in re.split(r"(?<=[.!?:])\s+", KEPT.sub("", block)):
            if len(re.findall(r"[^\W\d_]+", sentence)) >= 4:
                yield sentence.strip()


def test_all_languages_have_the_same_links_topics_and_question(house: House) -> None:
    def facts(one: CompiledTemplate) -> dict[str, object]:
        return {
            "links": sorted((link.url_template, link.topics) for link in one.links),
            "own pages": set(one.specials),
            "answers": one.answers,
            "kind": (one.kind, one.message_class, one.topics, one.repeat, one.ask),
            "raises on": {name for name in one.required if name.startswith(("contact.", "company."))},
        }

    found = [
        f"{key} in {locale}: {name} {here[name]} instead of {value}"
        for key in house.keys
        for locale, one in house.variants(key).items()
        for here in [facts(one)]
        for name, value in facts(house.variants(key)["en"]).items()
        if here[name] != value
    ]
    assert found == []


def test_each_mail_is_in_the_language_it_says(full: list[Sent]) -> None:
    found = []
    for mail in full:
        words = re.findall(r"[^\W\d_]+", said(mail).lower())
        counts = {name: sum(words.count(word) for word in own.split()) for name, own in OWN.items()}
        best = max(counts, key=lambda name: counts[name])
        share = counts[mail.locale] / len(words)
        if best != mail.locale or share < 0.04:
            found.append(f"{mail}: {counts} of {len(words)} words")
    assert found == []


def test_russian_is_written_in_cyrillic_and_the_others_in_latin(full: list[Sent]) -> None:
    found = []
    for mail in full:
        letters = [char for char in said(mail) if char.isalpha()]
        cyrillic = sum(unicodedata.name(char).startswith("CYRILLIC") for char in letters) / len(letters)
        if (cyrillic < 0.9) if mail.locale == "ru" else cyrillic:
            found.append(f"{mail}: {cyrillic:.0%} Cyrillic")
    assert found == []


def test_no_sentence_of_another_language_is_left(full: list[Sent]) -> None:
    """Neither one of the original's, nor one that is mostly made of another language's little words."""
    originals = {sentence for mail in full if mail.locale == "en" for sentence in sentences(mail)}
    found = [
        f"{mail}: {sentence}"
        for mail in full
        if mail.locale != "en"
        for sentence in sentences(mail)
        if sentence in originals
        or len(set(re.findall(r"\w+", sentence.lower())) & set(OWN["en"].split())) >= 2
    ]
    assert found == []


def test_what_leads_take_is_there_in_every_language(house: House) -> None:
    pieces = [piece for piece in house.catalogue.pieces.values() if piece.info.content_kind == "discovery"]
    assert len(pieces) >= 5
    assert [piece.key for piece in pieces if {locale or "en" for locale in piece.texts} != set(LOCALES)] == []


def test_recipients_read_the_name_of_a_series_in_their_language(house: House) -> None:
    named = {key: version.sequence.series for key, version in house.catalogue.sequences.items()}
    assert len(named) >= 6
    assert {key for key, series in named.items() if not set(LOCALES) <= set(series)} == set()


def test_a_mail_says_when_what_it_leads_to_is_in_english(house: House, full: list[Sent]) -> None:
    pieces, found = house.catalogue.pieces, []
    for mail in full:
        led = {key for link in mail.compiled.links if (key := piece_of(link.url_template))}
        foreign = {key for key in led if mail.locale != "en" and mail.locale not in pieces[key].texts}
        if bool(foreign) != (mail.locale != "en" and bool(re.search(ENGLISH[mail.locale], mail.text, re.I))):
            found.append(f"{mail}: {foreign}")
    assert found == []
