"""What a person wrote is told from what they quote, in the ways mail programs quote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inbound.returned import read_message
from app.inbound.returned.replies import written
from tests.inbound.returned.building import COPY, letter
from tests.inbound.returned.corpus_others import ANNA, THREAD

SAID = "Yes please, call me tomorrow."
QUOTED = "> Hello Anna\n> here is the guide\n"
OPENINGS = (
    "On Mon, 5 Oct 2026 at 09:00, Trellis <news@example.net> wrote:",
    "On Mon, 5 Oct 2026 at 09:00, Trellis\n<news@example.net> wrote:",
    "Am 05.10.2026 um 09:00 schrieb Trellis <news@example.net>:",
    "Am Mo., 5. Okt. 2026 um 09:00 Uhr schrieb Trellis\n<news@example.net>:",
    "Le lun. 5 oct. 2026 à 09:00, Trellis <news@example.net> a écrit :",
    "Il giorno lun 5 ott 2026 alle ore 09:00 Trellis <news@example.net> ha scritto:",
    "El lun, 5 oct 2026 a las 9:00, Trellis (<news@example.net>) escribió:",
    "Em seg., 5 de out. de 2026 às 09:00, Trellis <news@example.net> escreveu:",
    "Op ma 5 okt 2026 om 09:00 schreef Trellis <news@example.net>:",
    "пн, 5 окт. 2026 г. в 09:00, Trellis <news@example.net> написал:",
    "pon., 5 paź 2026 o 09:00 Trellis <news@example.net> napisał(a):",
    "Den mån 5 okt. 2026 kl 09:00 skrev Trellis <news@example.net>:",
    "ma 5. lokak. 2026 klo 9.00 Trellis <news@example.net> kirjoitti:",
    "po 5. 10. 2026 v 9:00 odesílatel Trellis <news@example.net> napsal:",
    "5 Eki 2026 Pzt, 09:00 tarihinde Trellis <news@example.net> şunu yazdı:",
    "2026年10月5日(月) 9:00 Trellis <news@example.net>:",
    "2026/10/05 9:00、Trellis <news@example.net>のメール:",
    "在 2026年10月5日，09:00，Trellis <news@example.net> 写道：",
)  # fmt: skip
RULES = (
    "-----Original Message-----\nFrom: Trellis\nSent: Monday\n\nHello Anna\n",
    "-----Ursprüngliche Nachricht-----\nVon: Trellis\nGesendet: Montag\n\nHallo Anna\n",
    "________________________________\nFrom: Trellis <news@example.net>\nSent: Monday\nTo: Anna\nSubject: The guide\n\nHello\n",
    "From: Trellis <news@example.net>\nSent: Monday, 5 October 2026 09:00\nTo: Anna\nSubject: The guide\n\nHello Anna\n",
    "De : Trellis <news@example.net>\nEnvoyé : lundi 5 octobre\nÀ : Anna\n\nBonjour\n",
    "От: Trellis <news@example.net>\nОтправлено: 5 октября\nКому: Anna\n\nПривет\n",
    "---------- Forwarded message ----------\nFrom: Trellis\n\nHello\n",
)


@pytest.mark.parametrize("opening", OPENINGS)
def test_what_is_below_the_opening_of_a_quote_is_not_theirs(opening: str) -> None:
    assert written(f"{SAID}\n\n{opening}\n\n{QUOTED}") == SAID
    assert written(f"{SAID}\n\n{opening}\n\nHello Anna\nhere is the guide\n") == SAID


@pytest.mark.parametrize("quoted", RULES)
def test_what_is_below_a_rule_is_not_theirs(quoted: str) -> None:
    assert written(f"{SAID}\n\n{quoted}") == SAID


def test_answers_between_and_below_quotes_are_theirs() -> None:
    text = "On Mon, Trellis wrote:\n> When?\nTomorrow.\n> Where?\nHere.\n"
    assert written(text) == "Tomorrow.\nHere."


def test_signatures_are_left_out() -> None:
    assert written(f"{SAID}\n\n-- \nAnna Kovacs\nBudapest\n") == SAID
    assert written(f"{SAID}\n\nSent from my iPhone\n") == SAID
    assert written(f"{SAID}\n\nVon meinem iPhone gesendet\n") == SAID


def test_what_only_looks_like_a_quote_is_kept() -> None:
    text = "On Monday we wrote: nothing.\nFrom: here to there.\n5 people wrote to us"
    assert written(text) == text


def test_a_reply_in_html_is_read_without_its_quote() -> None:
    body = f"<div>{SAID}</div><br><div class='gmail_quote'>On Mon, 5 Oct 2026, Trellis &lt;news@example.net&gt; wrote:<blockquote><p>Hello Anna</p><p>the guide</p></blockquote></div>"
    reading = read_message(
        letter(body, "Re: The guide", ANNA, Content_Type="text/html; charset=utf-8", **THREAD)
    )
    assert (reading.found[0].what, reading.text) == ("reply", SAID)


def test_a_reply_tells_its_thread_newest_first() -> None:
    raw = letter(SAID, "Re: The guide", ANNA, References="<a@x> <b@x>\n <m17@news.example.net>", **THREAD)
    reading = read_message(raw)
    assert reading.thread == ("<m17@news.example.net>", "<b@x>", "<a@x>")
    assert (reading.sender, reading.subject) == ("anna.kovacs@example.com", "Re: The guide")


def test_a_bounce_has_no_text_of_a_person() -> None:
    assert read_message(letter(f"<x@y.example>: user unknown\n\n{COPY}")).text == ""


@given(st.text(max_size=300))
def test_anything_written_is_bounded_and_calm(text: str) -> None:
    assert len(written(text)) <= len(text)
