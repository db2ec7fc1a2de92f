"""The chain of locales."""

import pytest

from app.mail.source import files_for, variant_for


@pytest.mark.parametrize(
    ("locale", "available", "expected"),
    [
        ("pt-BR", ["", "pt", "pt-BR"], "pt-BR"),
        ("pt-BR", ["", "pt"], "pt"),
        ("pt-BR", ["", "it"], ""),
        ("PT_br", ["", "pt-BR"], "pt-BR"),
        ("zh-Hant-TW", ["", "zh-Hant", "zh"], "zh-Hant"),
        ("", ["", "it"], ""),
        ("it", [], ""),
        ("ita", ["it"], ""),
    ],
)
def test_the_chain_of_locales_ends_at_the_default(locale: str, available: list[str], expected: str) -> None:
    assert variant_for(locale, available) == expected


def test_partials_are_taken_in_the_best_locale() -> None:
    files = {"why": "en", "why.it": "it", "head": "one", "only.de": "de"}
    assert files_for("it-CH", files) == {"why": "it", "head": "one"}
    assert files_for("fr", files) == {"why": "en", "head": "one"}
