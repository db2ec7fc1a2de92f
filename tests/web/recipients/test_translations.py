"""Every text of the recipients' pages is there in every language, and the compiled catalogues are the written ones."""

from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.factory import TRANSLATIONS
from app.services.wording.foot import FOOT
from app.services.wording.persons import PERSONS
from app.web.recipients.common import LOCALES

TEMPLATES = TRANSLATIONS.parent / "web" / "recipients" / "templates"
OTHERS = [locale for locale in LOCALES if locale != "en"]


def texts() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(
        TEMPLATES, [("**.html", "jinja2.ext:babel_extract")], {"**.html": {"silent": "false"}}
    )
    spoken = extract_from_dir(TEMPLATES.parent, [("**.py", "python")])
    mine = {message for _, _, message, _, _ in (*found, *spoken)}
    told = {text for code, text in PERSONS.items() if code.startswith("export.")}
    return mine | told | {text for code, text in FOOT.items() if code.startswith("mail_foot.")}


def catalogue(locale: str):  # type: ignore[no-untyped-def]
    with (Path(TRANSLATIONS) / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)


@pytest.mark.parametrize("locale", OTHERS)
def test_every_text_is_translated(locale: str) -> None:
    known = catalogue(locale)
    wanted = texts()
    assert len(wanted) > 140
    for text in wanted:
        message = known.get(text[0] if isinstance(text, tuple) else text)
        assert message is not None, text
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), text
        assert not message.fuzzy


@pytest.mark.parametrize("locale", OTHERS)
def test_translations_name_the_same_places(locale: str) -> None:
    for message in catalogue(locale):
        if message.id:
            assert not list(message.check()), message.id
            assert not any(field for _, field, _, _ in Formatter().parse(str(message.id)))


@pytest.mark.parametrize("locale", OTHERS)
def test_the_compiled_catalogue_is_the_written_one(locale: str) -> None:
    made = BytesIO()
    write_mo(made, catalogue(locale))
    there = Path(TRANSLATIONS) / locale / "LC_MESSAGES" / "messages.mo"
    assert there.read_bytes() == made.getvalue(), (
        f"compile it: pybabel compile -d app/translations -l {locale}"
    )
