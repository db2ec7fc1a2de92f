"""Names, tags, locales, phones and closed words, as people write them in spreadsheets."""

import re
import unicodedata

LONGEST_TEXT = 2_000
LONGEST_TAG = 80

_KEPT = "\u200c\u200d"  # joiners that Persian and emoji are written with
_SPACE = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[\W_]+")
_TAGS = re.compile(r"[,;|\n]")
_LOCALE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?(?:\.[\w-]+)?")
_PHONE = re.compile(r"\+?[0-9 ()./\-–\u00a0\u2011]{5,40}")
_NOT_DIGIT = re.compile(r"[^0-9]")

_LANGUAGES = {
    "en": "english englisch inglese ingles engels anglais английский engelsk",
    "it": "italian italiano italienisch italiaans italien итальянский",
    "pt": "portuguese portugues portugiesisch portoghese portugees portugais португальский",
    "nl": "dutch nederlands niederlandisch olandese holandes neerlandais голландский нидерландский",
    "ru": "russian russo russisch russe русский",
    "de": "german deutsch tedesco alemao duits allemand немецкий tysk",
    "fr": "french francais franzosisch francese frances frans французский",
    "es": "spanish espanol spanisch spagnolo espanhol spaans espagnol испанский",
    "da": "danish dansk danisch danese dinamarques deens danois датский",
}
_CHANNELS = {
    "mail": "mail email e mail posta correio почта courriel",
    "phone": "phone telephone telefon telefono telefone telefoon call телефон звонок",
    "meeting": "meeting visit in person incontro reuniao afspraak treffen termin rendez vous встреча",
}
_ORIGINS = {
    "inbound": "inbound in web website",
    "outbound": "outbound out bought list purchased",
    "referral": "referral referred recommendation passaparola indicacao empfehlung verwijzing",
    "import": "import imported",
}
_YES_WORDS = "yes y true 1 x ok on si s sim sim ja j oui o vrai vero wahr verdadeiro waar да д истина"
_NO_WORDS = "no n false 0 off nao nein nee non faux falso falsch onwaar нет н ложь"


def folded(text: str) -> str:
    """Lower case without accents and signs, words parted by one space: for comparing, never for showing."""
    if text.isascii():
        return _NOT_WORD.sub(" ", text.lower()).strip()
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", bare).strip()


def tidy(text: str) -> str:
    """The text in NFC, without control characters, white space collapsed."""
    if text.isascii() and text.isprintable():
        return text.strip() if "  " not in text else _SPACE.sub(" ", text).strip()
    kept = "".join(
        c
        for c in unicodedata.normalize("NFC", text)
        if unicodedata.category(c)[0] != "C" or c in _KEPT or c.isspace()
    )
    return _SPACE.sub(" ", kept).strip()


def split_name(full: str) -> tuple[str, str]:
    """First and last name: "Anna Maria Rossi" and "Rossi, Anna Maria" are the same person.

    A small word between capitals begins the last name: "Bram de Wit" is greeted as Bram.
    """
    last, comma, first = full.partition(",")
    if comma:
        return tidy(first), tidy(last)
    words = tidy(full).split(" ")
    if len(words) < 2:
        return words[0], ""
    written = words[0][0].isupper() and words[-1] != words[-1].lower()
    small = (place for place, word in enumerate(words[1:-1], 1) if written and word[0].islower())
    place = next(small, len(words) - 1)
    return " ".join(words[:place]), " ".join(words[place:])


def tags_in(cell: str) -> tuple[str, ...]:
    """The tags of a cell, lower case, each once, in the order of the cell."""
    tags = (tidy(part).lower()[:LONGEST_TAG].strip() for part in _TAGS.split(cell))
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def locale_tag(text: str) -> str | None:
    """A BCP 47 tag as "pt-BR", from a tag, a POSIX name or the name of a language; None: not understood."""
    known = _LANGUAGE_OF.get(folded(text))
    if known:
        return known
    found = _LOCALE.fullmatch(text.strip())
    if found is None:
        return None
    language, script, region = found.groups()
    parts = [language.lower(), (script or "").title(), (region or "").upper()]
    return "-".join(part for part in parts if part)


def phone_number(text: str) -> str | None:
    """Digits with a leading + where the country is known ("00" counts); None: not a telephone number.

    A leading apostrophe is how spreadsheets are told that "+39 …" is no formula.
    """
    text = text.strip().removeprefix("'")
    if _PHONE.fullmatch(text) is None:
        return None
    plus = text.startswith("+")
    digits = _NOT_DIGIT.sub("", text.replace("(0)", "") if plus else text)
    if not plus and digits.startswith("00"):
        plus, digits = True, digits[2:]
    return ("+" if plus else "") + digits if 5 <= len(digits) <= 15 else None


def channel_of(text: str) -> str | None:
    return _CHANNEL_OF.get(folded(text))


def origin_of(text: str) -> str | None:
    return _ORIGIN_OF.get(folded(text))


def flag_of(text: str) -> bool | None:
    """Yes or no in seven languages; None: neither."""
    word = folded(text)
    return True if word in _YES else False if word in _NO else None


def _by_word(table: dict[str, str]) -> dict[str, str]:
    return {folded(word): key for key, words in table.items() for word in (key, *words.split())}


_YES = frozenset(map(folded, _YES_WORDS.split()))
_NO = frozenset(map(folded, _NO_WORDS.split()))
_LANGUAGE_OF = {word: key for word, key in _by_word(_LANGUAGES).items() if len(word) > 3}
_CHANNEL_OF = _by_word(_CHANNELS) | {"e mail": "mail", "in person": "meeting"}
ORIGINS = tuple(_ORIGINS)
_ORIGIN_OF = _by_word(_ORIGINS)
