"""A clear request is obeyed; whatever may mean something else is left to a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.opting_out import asks_to_stop

CLEAR = (
    "unsubscribe",
    "STOP",
    "Please unsubscribe me.",
    "Hi,\n\nplease remove me from your mailing list.\n\nAnna Berg\nFacility manager",
    "Hello Jonas!\n\nPlease unsubscribe me\n\n-- \nAnna Berg\nBerg Ltd, all your meters from one house",
    "Could you please stop sending me these emails?",
    "Can you take me off your list, thanks",
    "No more mails please",
    "Disiscrivetemi per favore",
    "Vi prego di non inviarmi più email, disiscrivetemi",
    "Non mandatemi più email, grazie",
    "Por favor, remova-me da lista",
    "Quero cancelar a inscrição",
    "Graag uitschrijven voor de nieuwsbrief",
    "Geen mails meer aub",
    "Отпишите меня от рассылки, пожалуйста",
    "Не присылайте мне больше писем",
)
UNCLEAR = (
    "",
    "Yes, we would like to see it.",
    "Please don't unsubscribe me",
    "I did not unsubscribe",
    "How do I unsubscribe my colleague Peter?",
    "Stop. That is wonderful, send the offer",
    "Stop.\n\nPlease send the contract",
    "We want to stop the old meters in May",
    "Our tenants unsubscribe from your competitor",
    "Não quero descadastrar",
    "Ik wil mij niet uitschrijven",
    "Не отписывайте меня",
    "Please remove the old meters from the offer",
    "Please unsubscribe me.\n\n" + "But first tell me about the prices for two hundred flats in Porto. " * 3,
    "unsubscribe " * 100,
)


@pytest.mark.parametrize("text", CLEAR)
def test_a_clear_request_is_one(text: str) -> None:
    assert asks_to_stop(text)


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_may_mean_something_else_is_none(text: str) -> None:
    assert not asks_to_stop(text)


@given(st.text(max_size=2000))
def test_no_text_breaks_it(text: str) -> None:
    asks_to_stop(text)


@given(
    st.sampled_from(CLEAR[:4]), st.sampled_from(["order", "invoice", "not", "never", "colleague", "nicht"])
)
def test_one_word_that_is_no_politeness_makes_it_a_letter(text: str, word: str) -> None:
    assert not asks_to_stop(f"{word} {text}".replace("\n", " "))
