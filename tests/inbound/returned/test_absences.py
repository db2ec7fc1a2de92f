"""When somebody who is away will be back: read where their answer says it clearly, in six languages, and never guessed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inbound.returned import read_message
from app.inbound.returned.absences import Back, back_of
from tests.support import returned

TOLD = date(2026, 11, 22)
SAID = [
    ("I am away. Our offer is valid until 3 December. Bye", None),
    ("Our offer is valid until 3 December. I am away", None),
    ("Our webinar is held on 3 December. I am on leave until 5 January.", date(2027, 1, 5)),
    ("Bis 5. Dezember bin ich im Urlaub", date(2026, 12, 5)),
    ("I am out of the office and will be back on 3 December.", date(2026, 12, 3)),
    ("I'm on annual leave until Monday, January 5th, 2027.", date(2027, 1, 5)),
    ("I will return to the office on Dec 3rd. For urgent matters call", date(2026, 12, 3)),
    ("I am away from 20 December to 3 January and will reply then", date(2027, 1, 3)),
    ("Back in the office on 12/18/2026", date(2026, 12, 18)),
    ("back on 5/1", None),
    ("Ich bin bis zum 5.1. im Urlaub.", date(2027, 1, 5)),
    (
        "Vielen Dank. Ich bin vom 20.12.2026 bis einschließlich 05.01.2027 abwesend und ab dem 6. Januar wieder erreichbar.",
        date(2027, 1, 6),
    ),
    ("Ich bin am 3. Dezember wieder im Büro.", date(2026, 12, 3)),
    ("Ich bin ab Montag, dem 7. Dezember 2026 wieder erreichbar.", date(2026, 12, 7)),
    ("Sono assente fino al 7 gennaio.", date(2027, 1, 7)),
    ("Sarò in ferie dal 20 dicembre al 7 gennaio 2027", date(2027, 1, 7)),
    ("Rientrerò in ufficio il 3 dicembre", date(2026, 12, 3)),
    ("Sono fuori ufficio fino al 07/01/2027.", date(2027, 1, 7)),
    ("Estou de férias até 7 de janeiro de 2027.", date(2027, 1, 7)),
    ("Estarei ausente até o dia 05/01.", date(2027, 1, 5)),
    ("Retorno ao trabalho em 3 de dezembro.", date(2026, 12, 3)),
    ("Ik ben afwezig tot en met 7 januari.", date(2027, 1, 7)),
    ("Vanaf morgen met vakantie. Ik ben terug op maandag 4 januari 2027", date(2027, 1, 4)),
    ("Ik ben op vakantie t/m 05-01-2027", date(2027, 1, 5)),
    ("Я в отпуске до 7 января.", date(2027, 1, 7)),
    ("Я в отпуске с 20 декабря по 7 января 2027 года", date(2027, 1, 7)),
    ("Меня нет на месте. Вернусь 3 декабря", date(2026, 12, 3)),
    ("I am out of the office until further notice.", None),
    ("We will get back to you by 3 December", None),
    ("Our offer is valid until 3 December.", None),
    ("Out until 2 December. I'm away; back on 3 December", date(2026, 12, 3)),
    ("I am away; back on 3 December or back on 5 December", None),
    ("I am on leave until 3 December 2025", None),
    ("Out of office until 10:30", None),
    ("I am out of the office 3 December", None),
    ("Thank you for your message. I return on Monday.", None),
    ("I am on holiday until 31 February", None),
    ("I'm away until the 14th of January", date(2027, 1, 14)),
    ("I am on vacation through December 3", date(2026, 12, 3)),
    ("back on August 3", None),
    ("I am out of office to 2026-12-03", date(2026, 12, 3)),
    ("Urlaub bis 3.12.26", date(2026, 12, 3)),
    ("office closed, room 12 to 14. away", None),
    ("Ich bin vom 1. bis 5. Dezember nicht im Büro", date(2026, 12, 5)),
    ("I'm on leave from 24th to 28th December", date(2026, 12, 28)),
]


@pytest.mark.parametrize(("text", "meant"), SAID)
def test_a_return_is_read_where_it_is_clear(text: str, meant: date | None) -> None:
    back = back_of("Automatic reply", text)
    assert (back.on(TOLD) if back else None) == meant


def test_of_a_subject_too_but_not_of_what_is_quoted() -> None:
    assert back_of("Abwesend bis 5.1.", "Vielen Dank für Ihre Nachricht.") == Back(5, 1)
    assert (
        back_of("Automatic reply", "Thank you.\n\nOn 1 Dec Ann wrote:\n> I am away until 3 December.\n")
        is None
    )


def test_a_date_without_its_year_is_the_next_one() -> None:
    assert Back(5, 1).on(date(2026, 12, 20)) == date(2027, 1, 5)
    assert Back(20, 12).on(date(2026, 12, 20)) == date(2026, 12, 20)
    assert Back(19, 12).on(date(2026, 12, 20)) is None, "nearly a year ahead is an old answer"
    assert Back(29, 2).on(date(2026, 12, 20)) is None
    assert Back(3, 12, 2028).on(TOLD) is None


def test_only_an_automatic_answer_tells_an_absence() -> None:
    assert read_message(returned.vacation("b@halden.example")).back == Back(3, 12)
    by_hand = read_message(returned.letter("b@halden.example", "I will be back on 3 December. Call me then."))
    assert (by_hand.found[0].what, by_hand.back) == ("reply", None)


@given(st.text(max_size=400) | st.lists(st.sampled_from(
    ["until", "bis zum", "fino al", "back on", "до", "3", "31.", "2.", "12/11", "2026", "december", "maa", "away", ".", "-", "1e9"]
)).map(" ".join))  # fmt: skip
def test_nonsense_is_no_date_and_no_crash(text: str) -> None:
    back = back_of(text[:50], text)
    assert back is None or back.on(TOLD) is None or back.on(TOLD) >= TOLD
