"""Which column holds what: known header words in seven languages, and the targets a column may go to."""

import re
from collections.abc import Mapping, Sequence

from app.core.contacts.words import folded

# One line a target. The words are as they stand after `folded`: lower case, no accents, no signs.
_WORDS = """
email: email|e mail|mail|email address|e mail address|mail address|work email|business email|primary email|indirizzo email|indirizzo e mail|indirizzo di posta|posta elettronica|posta|endereco de email|endereco de e mail|correio eletronico|correio|e mail adresse|email adresse|mailadresse|e mailadresse|mailadres|e mailadres|emailadres|e mail adres|adresse email|adresse e mail|adresse mail|adresse electronique|courriel|mel|почта|эл почта|электронная почта|адрес электронной почты|имейл|емейл|secondary email|other email|private email|zweite e mail|email alternativa
first_name: first name|firstname|given name|forename|nome|primeiro nome|voornaam|vorname|prenom|имя
last_name: last name|lastname|surname|family name|cognome|sobrenome|apelido|ultimo nome|achternaam|familienaam|nachname|familienname|nom|nom de famille|фамилия
full_name: name|full name|fullname|contact|contact name|nome completo|nome e cognome|nominativo|naam|volledige naam|vollstandiger name|ansprechpartner|nom complet|nom et prenom|prenom et nom|фио|имя и фамилия|полное имя
phone: phone|phone number|telephone|tel|mobile|mobile phone|cell|telefono|cellulare|numero di telefono|telefone|telemovel|celular|telefoon|telefoonnummer|mobiel|telefon|telefonnummer|handy|mobil|numero de telephone|portable|телефон|номер телефона|мобильный
job_title: job title|jobtitle|title|position|role|job|ruolo|posizione|qualifica|mansione|cargo|funcao|functie|functietitel|rol|positie|stelle|berufsbezeichnung|poste|fonction|titre|должность
city: city|town|place|citta|comune|localita|cidade|municipio|stad|plaats|woonplaats|stadt|ort|ville|commune|город
country: country|country code|nation|paese|nazione|stato|pais|land|pays|страна
company.name: company|company name|organisation|organization|business|account|employer|azienda|societa|ditta|impresa|ragione sociale|empresa|companhia|organizacao|bedrijf|bedrijfsnaam|organisatie|firma|firmenname|unternehmen|societe|entreprise|nom de l entreprise|компания|организация|фирма|название компании
company.domain: company domain|domain|website|web site|company website|url|sito|sito web|dominio|site|site da empresa|webseite|internetseite|site web|site internet|сайт|домен
persona: persona|buyer persona|target group|zielgruppe|doelgroep|персона
locale: locale|language|lang|lingua|idioma|lingua preferita|taal|sprache|langue|язык
zone: zone|time zone|timezone|tz|fuso orario|fuso horario|tijdzone|zeitzone|fuseau horaire|часовой пояс
origin: origin|origine|origem|herkomst|herkunft|происхождение
source: source|lead source|campaign|fonte|provenienza|fonte do lead|bron|leadbron|quelle|leadquelle|provenance|источник
preferred_channel: preferred channel|channel|contact preference|canale|canale preferito|canal|canal preferido|kanaal|voorkeurskanaal|kanal|bevorzugter kanal|canal prefere|канал|способ связи
owner: owner|owner email|account owner|contact owner|sales rep|proprietario|responsabile|commerciale|responsavel|proprietario do contato|eigenaar|accountmanager|besitzer|betreuer|zustandig|responsable|proprietaire|commercial|ответственный|менеджер
stage: stage|lifecycle stage|lifecyclestage|status|lead status|fase|stadio|stato del contatto|estagio|etapa|situacao|levensfase|phase|stufe|kontaktstatus|etape|statut|стадия|этап|статус
tags: tags|tag|labels|label|keywords|etichette|etichetta|etiquetas|marcadores|trefwoorden|schlagworte|schlagworter|etiquettes|mots cles|теги|метки
consent: consent|opt in|optin|newsletter|subscribed|marketing consent|consenso|consenso marketing|iscritto|consentimento|inscrito|toestemming|ingeschreven|einwilligung|zustimmung|abonniert|consentement|abonne|согласие|подписан
basis: basis|legal basis|consent basis|base giuridica|base legal|grondslag|rechtsgrundlage|base legale|основание
"""

TEXT_TARGETS = ("first_name", "last_name", "job_title", "city", "persona", "source")
TARGETS = tuple(line.partition(":")[0] for line in _WORDS.strip().splitlines())
IGNORE = "ignore"

_NUMBER = re.compile(r" ?[0-9]{1,2}$")
_SINGLE = frozenset(TARGETS) - {"email", "tags"}


def target_of(header: str) -> str | None:
    """The built-in target a header's words stand for; a number at its end ("E-mail 2") is no matter."""
    word = folded(header)
    return _BY_WORD.get(word) or _BY_WORD.get(_NUMBER.sub("", word))


def suggest_targets(header: Sequence[str], fields: Mapping[str, str]) -> tuple[str | None, ...]:
    """A target for each column, None for an unknown one.

    `fields` are the custom fields, key → label; a company's key starts with `company.`. Where
    two columns say the same, the first has it; only addresses and tags may stand in several.
    """
    own = {folded(name): key for key, label in fields.items() for name in (key, label)}
    taken: set[str] = set()
    targets: list[str | None] = []
    for title in header:
        target = own.get(folded(title)) or target_of(title)
        if target in taken and (target in _SINGLE or target in fields):
            target = None
        if target:
            taken.add(target)
        targets.append(target)
    return tuple(targets)


_BY_WORD = {
    folded(word): line.partition(":")[0]
    for line in _WORDS.strip().splitlines()
    for word in line.partition(": ")[2].split("|")
}
