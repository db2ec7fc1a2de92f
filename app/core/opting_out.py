"""Whether a reply plainly asks to hear no more. In doubt it does not: then a person reads it.

A request is short and says nothing else: greetings and politeness are passed over, and one word that
belongs to neither makes it a letter.
"""

import re
import unicodedata

MOST_WORDS = 14
LONGEST = 400
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# Where a signature begins (RFC 3676, 4.3), or the rest of a letter.
_END = re.compile(r"^\s*(?:-- ?$|_{5,}|-{5,})", re.M)

# Any of these makes it a request, when nothing but them and FILLERS is said.
REQUESTS = tuple(
    frozenset(words.split())
    for words in (
        # English
        "unsubscribe", "unsubscribed", "opt out", "opt-out", "remove me", "take off", "stop mailing", "stop emailing",
        "stop sending", "no more mails", "no more emails", "no more email", "delete my address",
        # Italian
        "disiscrivetemi", "disiscrivermi", "disiscrivere", "disiscrivimi", "cancellatemi", "cancellami",
        "cancellarmi", "cancellate iscrizione", "annullare iscrizione", "annullate iscrizione", "toglietemi",
        "rimuovetemi", "rimuovermi", "non inviatemi", "non mandatemi", "non scrivetemi",
        "non inviarmi", "non mandarmi", "non scrivermi",
        # Portuguese
        "descadastrar", "descadastrem", "descadastre", "descadastro", "cancelar inscrição", "cancelem inscrição",
        "cancele inscrição", "removam-me", "remova-me", "remova meu email", "remover meu email", "retirem-me",
        "me removam", "me remova", "me retirem", "não enviem", "não envie", "parem enviar", "pare enviar",
        # Dutch
        "uitschrijven", "uitschrijf", "afmelden", "afmelding", "schrijf uit", "meld af", "verwijder mij",
        "geen mails meer", "geen e-mails meer", "geen mail meer", "stop mailen",
        # Russian
        "отпишите", "отписаться", "отписать", "отпиши", "удалите меня", "не присылайте", "не пишите",
        "не отправляйте", "не шлите",
    )
)  # fmt: skip
# Said alone, and as the whole text only.
ALONE = frozenset({"stop", "remove", "отписка", "стоп", "basta", "pare"})
_POLITE = (
    # English
    "hi hello hey dear sir madam team all please pls kindly thanks thank you many me my mine us i we would like want",
    "wish to be can could will the a an this these that your our from of off on in at out more any anymore further",
    "again list lists mailing newsletter newsletters mail mails email emails e-mail e-mails message messages address",
    "sending receive receiving get getting now immediately today asap regards best kind sincerely yours stop and for",
    # Italian
    "buongiorno buonasera ciao salve gentili per favore cortesia grazie mille mi vi prego di vorrei voglio desidero",
    "dalla dalle dal dai della delle del vostra vostre vostro lista liste più altre altri altro ulteriori posta",
    "messaggi subito la le il lo e essere cordiali saluti distinti",
    # Portuguese
    "olá oi bom dia boa tarde por favor obrigado obrigada quero queria gostaria desejo de da das do dos sua suas seu",
    "seus minha meu listas boletim mensagens mais agora já que ser o os as para",
    # Dutch
    "hallo beste goedemorgen goedemiddag geachte graag alstublieft alsjeblieft aub svp bedankt dank wil ik mij u je",
    "voor van uit uw jullie deze het een lijst mailinglijst nieuwsbrief nieuwsbrieven kunt kunnen willen wilt",
    "groeten vriendelijke met groet dit direct en",
    # Russian
    "здравствуйте добрый день привет пожалуйста прошу спасибо меня мне от из вашей ваших ваш вашу рассылки рассылка",
    "рассылку рассылок больше письма писем письмо адрес хочу мой списка список базы с уважением и эту этой",
)
FILLERS = frozenset(word for line in _POLITE for word in line.split())


def asks_to_stop(text: str) -> bool:
    """Whether `text`, without what it quotes, is a clear and short request to be sent nothing more."""
    text = unicodedata.normalize("NFKC", text[: LONGEST * 4])
    mark = _END.search(text)
    text = (text[: mark.start()] if mark else text).strip()
    if not text or len(text) > LONGEST:
        return False
    words = _words(text)
    if len(words) == 1:
        return words[0] in ALONE or _is_request(words)
    # A name below the request is no letter; a second thought is.
    return _is_request(_words(_first_said(text))) and len(words) <= MOST_WORDS * 2


def _first_said(text: str) -> str:
    """The first paragraph behind the salutation, with whatever name stands in it."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    greeted = len(paragraphs) > 1 and paragraphs[0].endswith((",", "!")) and len(_words(paragraphs[0])) <= 4
    return paragraphs[greeted]


def _words(text: str) -> list[str]:
    return [found.casefold() for found in _WORD.findall(text)]


def _is_request(words: list[str]) -> bool:
    if not 0 < len(words) <= MOST_WORDS:
        return False
    said = set(words)
    asked = [request for request in REQUESTS if request <= said]
    return bool(asked) and said.difference(*asked) <= FILLERS
