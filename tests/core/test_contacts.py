"""Contacts in the core: addresses, words, countries, typed values, header words, merging."""

from uuid import UUID

import pytest

from app.core.contacts import (
    Address,
    Change,
    CompanyWish,
    FieldType,
    Known,
    ValueFault,
    Wanted,
    addresses_in,
    channel_of,
    consents_given,
    country_code,
    flag_of,
    fold,
    locale_tag,
    merge,
    nameless_key,
    origin_of,
    phone_number,
    plain_address,
    split_name,
    suggest_targets,
    tags_in,
    target_of,
    tidy,
    typed_value,
)
from app.core.free_mail import FREE_MAIL, company_domain

WHO = UUID(int=7)
ANNA = Address("anna@halden.example", "Anna@Halden.example", "halden.example")


def codes(reasons: list) -> list[str]:
    return [reason.code for reason in reasons]


class TestAddresses:
    def test_the_key_is_lower_case_and_the_shown_form_is_kept(self) -> None:
        assert plain_address("Anna.Rossi+Fair@Halden.Example") == Address(
            "anna.rossi+fair@halden.example", "Anna.Rossi+Fair@Halden.Example", "halden.example"
        )

    @pytest.mark.parametrize(
        "text",
        ["", "anna", "a..b@x.it", ".a@x.it", "a@x", "a@x.test", "a@-x.it", "a@xn--mnchen-3ya.de", "ü@x.de",
         "a@x.it ", "a" * 65 + "@x.it", "a@" + "b" * 250 + ".it"],
    )  # fmt: skip
    def test_what_is_not_plain_asks_for_the_full_check(self, text: str) -> None:
        assert plain_address(text) is None

    @pytest.mark.parametrize(
        ("cell", "parts"),
        [
            ("  a@x.it ", ["a@x.it"]),
            ("Anna Rossi <a@x.it>", ["a@x.it"]),
            ("mailto:a@x.it", ["a@x.it"]),
            ("a@x.it; b@x.it,c@x.it", ["a@x.it", "b@x.it", "c@x.it"]),
            ("A <a@x.it>, B <b@x.it>", ["a@x.it", "b@x.it"]),
            ("\ufeffa@x.it\u200b", ["a@x.it"]),
            (" ", []),
        ],
    )
    def test_a_cell_may_dress_its_addresses_up(self, cell: str, parts: list[str]) -> None:
        assert addresses_in(cell) == parts


class TestWords:
    def test_text_is_composed_and_freed_of_control_signs(self) -> None:
        assert tidy("  Zoe\u0308 \x07\n Roma ") == "Zoë Roma"

    @pytest.mark.parametrize(
        ("full", "parts"),
        [
            ("Anna Maria Rossi", ("Anna Maria", "Rossi")),
            ("Rossi, Anna", ("Anna", "Rossi")),
            ("Cher", ("Cher", "")),
            ("", ("", "")),
            ("Bram de Wit", ("Bram", "de Wit")),
            ("Ana Maria dos Santos Lima", ("Ana Maria", "dos Santos Lima")),
            ("bram de wit", ("bram de", "wit")),
            ("王 小明", ("王", "小明")),
        ],
    )
    def test_names_are_split(self, full: str, parts: tuple[str, str]) -> None:
        assert split_name(full) == parts

    def test_tags_are_lower_case_and_stand_once(self) -> None:
        assert tags_in("Fair 2026; warm|Warm, ,hot") == ("fair 2026", "warm", "hot")

    @pytest.mark.parametrize(
        ("text", "tag"),
        [("EN", "en"), ("pt_br", "pt-BR"), ("sr-latn-rs", "sr-Latn-RS"), ("it_IT.UTF-8", "it-IT"),
         ("Italiano", "it"), ("Русский", "ru"), ("français", "fr"), ("Português", "pt"), ("klingon ship", None)],
    )  # fmt: skip
    def test_locales(self, text: str, tag: str | None) -> None:
        assert locale_tag(text) == tag

    @pytest.mark.parametrize(
        ("text", "number"),
        [("+39 06 123-4567", "+39061234567"), ("0039 06 1234567", "+39061234567"), ("+44 (0)20 7946 0000", "+442079460000"),
         ("06/1234567", "061234567"), ("'+39 061234567", "+39061234567"), ("3.9E+11", None), ("ask Anna", None), ("123", None)],
    )  # fmt: skip
    def test_phones(self, text: str, number: str | None) -> None:
        assert phone_number(text) == number

    def test_closed_words(self) -> None:
        assert channel_of("Telefono") == "phone"
        assert channel_of("E-Mail") == "mail"
        assert channel_of("pigeon") is None
        assert origin_of("Referral") == "referral"
        assert [flag_of(word) for word in ("Sì", "não", "Да", "nein", "maybe")] == [
            True,
            False,
            True,
            False,
            None,
        ]

    @pytest.mark.parametrize(
        ("text", "code"),
        [("Italy", "IT"), ("italia", "IT"), ("Països", None), ("Países Baixos", "NL"), ("Duitsland", "DE"),
         ("Österreich", "AT"), ("Чехия", "CZ"), ("Нидерланды", "NL"), ("Royaume-Uni", "GB"), ("pt", "PT"), ("XX", None),
         ("Großbritannien", "GB"), ("USA", "US"), ("UK", "GB")],
    )  # fmt: skip
    def test_countries(self, text: str, code: str | None) -> None:
        assert country_code(text) == code

    def test_a_free_mail_domain_is_no_company(self) -> None:
        assert company_domain("gmail.com") is None
        assert company_domain("halden.example") == "halden.example"
        assert all(domain == domain.lower() and "." in domain for domain in FREE_MAIL)


class TestValues:
    @pytest.mark.parametrize(
        ("text", "value"),
        [("12", 12), ("-3", -3), ("12,5", 12.5), ("1 234", 1234), ("1.234,50", 1234.5), ("1,234,567", 1234567),
         ("€ 12.50", 12.5), ("0,125", 0.125), ("1'000'000", 1000000), ("1234,567", 1234.567)],
    )  # fmt: skip
    def test_numbers(self, text: str, value: float) -> None:
        read = typed_value(FieldType("flats", "number"), text)
        assert read == value
        assert type(read) is type(value)

    @pytest.mark.parametrize(
        ("kind", "text", "code"),
        [
            ("number", "1,234", "import.value.number_twofold"),
            ("number", "1.234", "import.value.number_twofold"),
            ("number", "many", "import.value.number"),
            ("number", "1e5", "import.value.number"),
            ("date", "03/04/2026", "import.value.date_twofold"),
            ("date", "31.02.2026", "import.value.date"),
            ("date", "soon", "import.value.date"),
            ("flag", "perhaps", "import.value.flag"),
            ("choice", "huge", "import.value.choice"),
            ("text", "x" * 2001, "import.value.long"),
        ],
    )
    def test_what_does_not_fit_is_refused_by_name(self, kind: str, text: str, code: str) -> None:
        with pytest.raises(ValueFault) as caught:
            typed_value(FieldType("f", kind, ("small", "large")), text)
        assert caught.value.reason.code == code
        assert caught.value.reason.params["field"] == "f"

    @pytest.mark.parametrize(
        ("text", "day_first", "value"),
        [("2026-03-31", None, "2026-03-31"), ("2026-03-31T10:00:00Z", None, "2026-03-31"), ("31.3.2026", None, "2026-03-31"),
         ("31/03/2026", None, "2026-03-31"), ("03/31/2026", None, "2026-03-31"), ("03/04/2026", True, "2026-04-03"),
         ("03/04/2026", False, "2026-03-04"), ("5-6-2026", None, "2026-06-05"), ("04/04/2026", None, "2026-04-04")],
    )  # fmt: skip
    def test_dates(self, text: str, day_first: bool | None, value: str) -> None:
        assert typed_value(FieldType("renewal", "date"), text, day_first) == value

    def test_choices_and_flags(self) -> None:
        assert typed_value(FieldType("size", "choice", ("Small", "Large")), " large ") == "Large"
        assert typed_value(FieldType("pets", "flag"), "oui") is True


class TestHeaders:
    @pytest.mark.parametrize(
        ("title", "target"),
        [("E-Mail-Adresse", "email"), ("Email 2", "email"), ("Indirizzo e-mail", "email"), ("Почта", "email"),
         ("Courriel", "email"), ("E-mailadres", "email"), ("Nome", "first_name"), ("Sobrenome", "last_name"),
         ("Nachname", "last_name"), ("Имя", "first_name"), ("Achternaam", "last_name"), ("Bedrijf", "company.name"),
         ("Ragione sociale", "company.name"), ("País", "country"), ("Язык", "locale"), ("Tags", "tags"),
         ("Время жизни", None)],
    )  # fmt: skip
    def test_known_words_in_seven_languages(self, title: str, target: str | None) -> None:
        assert target_of(title) == target

    def test_own_fields_by_key_or_label_and_doubles(self) -> None:
        found = suggest_targets(
            ["Email", "E-mail 2", "City", "Ort", "Flats", "Größe", "??"],
            {"flats": "Flats", "company.size": "Größe"},
        )
        assert found == ("email", "email", "city", None, "flats", "company.size", None)


class TestMerging:
    def known(self, **given: object) -> Known:
        return Known(WHO, 3, {"first_name": "Anna", "flats": 12}, (ANNA.key,), frozenset({"fair"}), **given)  # type: ignore[arg-type]

    def test_nothing_new_changes_nothing(self) -> None:
        wanted = Wanted((ANNA,), {"first_name": "Anna", "flats": 12}, ("fair",))
        assert merge(wanted, self.known()).changes == []

    def test_what_is_said_replaces_and_what_is_not_said_stays(self) -> None:
        wanted = Wanted((ANNA,), {"first_name": "Anne", "city": "Roma"}, ("warm",))
        assert merge(wanted, self.known()).changes == [
            Change("field", "first_name", "Anna", "Anne"),
            Change("field", "city", None, "Roma"),
            Change("tag", "warm", None, True),
        ]

    def test_a_flag_is_not_a_number(self) -> None:
        known = Known(WHO, facts={"pets": 1})
        assert merge(Wanted(facts={"pets": True}), known).changes == [Change("field", "pets", 1, True)]

    def test_a_stage_is_set_where_there_was_none_and_kept_otherwise(self) -> None:
        assert merge(Wanted(stage="lead"), self.known()).changes == [Change("stage", "stage", None, "lead")]
        kept = merge(Wanted(stage="lead"), self.known(stage="customer"))
        assert kept.changes == []
        assert codes(kept.notes) == ["import.note.stage_kept"]

    def test_a_company_read_off_the_address_replaces_none(self) -> None:
        derived, named = CompanyWish("x.it"), CompanyWish("x.it", explicit=True)
        assert merge(Wanted(company=derived), self.known(company="y.it")).changes == []
        assert merge(Wanted(company=derived), self.known()).changes == [
            Change("field", "company", None, "x.it")
        ]
        assert merge(Wanted(company=named), self.known(company="y.it")).changes == [
            Change("field", "company", "y.it", "x.it")
        ]

    @pytest.mark.parametrize("state", ["withdrawn", "asked", "given"])
    def test_consent_is_never_upgraded(self, state: str) -> None:
        wanted = Wanted(consents=("guides",), basis="fair")
        given, notes = consents_given(wanted, {"guides": state}, suppressed=False)
        assert given == []
        assert codes(notes) == ([] if state == "given" else [f"import.note.consent_{state}"])

    def test_consent_appears_only_where_nothing_was_known_and_nothing_forbids_it(self) -> None:
        wanted = Wanted(consents=("guides",), basis="fair")
        assert consents_given(wanted, {}, suppressed=False) == (["guides"], [])
        given, notes = consents_given(wanted, {}, suppressed=True)
        assert given == []
        assert codes(notes) == ["import.note.suppressed"]

    def test_rows_about_one_contact_are_one_and_the_later_counts(self) -> None:
        first = Wanted(
            (ANNA,),
            {"first_name": "A", "city": "Roma"},
            ("x",),
            stage="lead",
            consents=("guides",),
            basis="b",
        )
        other = Address("b@x.it", "b@x.it", "x.it")
        second = Wanted((ANNA, other), {"first_name": "B"}, ("y",))
        both = fold([first, second])
        assert both.facts == {"first_name": "B", "city": "Roma"}
        assert (both.tags, both.addresses, both.stage, both.consents) == (
            ("x", "y"),
            (ANNA, other),
            "lead",
            (),
        )

    def test_a_company_without_a_domain_goes_by_its_name(self) -> None:
        assert nameless_key("Rossi  S.r.l.") == nameless_key("ROSSI S R L") == "=rossi s r l"
        assert nameless_key("★") == "=★"
        assert CompanyWish(nameless_key("Rossi")).domain is None
