"""What an address says about itself: a role's, a thrown-away one, a mistyped one. Facts, never a verdict on a person."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.core.reading import Node

ROLE, DISPOSABLE, NO_MAIL, TYPO = "role", "disposable", "no_mail", "typo"
# The tag each flag puts on its contact, so that conditions and segments read it like any other.
TAGS = {
    ROLE: "role-address",
    DISPOSABLE: "disposable-address",
    NO_MAIL: "no-mail-address",
    TYPO: "mistyped-address",
}
# What becomes of a flagged address: it is only marked; it gets no marketing until somebody lifts that (a domain
# without mail: nothing at all); or an import refuses its row, and what came in by another way is held.
KEEP, HOLD, REJECT = POLICIES = ("keep", "hold", "reject")
USUAL: Mapping[str, str] = {ROLE: KEEP, DISPOSABLE: HOLD, NO_MAIL: HOLD, TYPO: KEEP}

_ROLES = frozenset(
    ["abuse", "admin", "administrator", "administration", "accounts", "accounting", "billing", "bookings", "career", "careers", "contact", "contacts", "customerservice", "desk", "enquiries", "enquiry", "everyone", "feedback", "finance", "hello", "help", "helpdesk", "hostmaster", "hr", "info", "information", "invoice", "invoices", "it", "jobs", "legal", "mail", "mailbox", "marketing", "media", "news", "newsletter", "noc", "noreply", "no-reply", "office", "orders", "payroll", "postmaster", "press", "privacy", "purchasing", "reception", "recruiting", "root", "sales", "security", "service", "services", "shop", "staff", "subscribe", "support", "sysadmin", "team", "tech", "unsubscribe", "webmaster", "welcome", "amministrazione", "acquisti", "assistenza", "commerciale", "contabilita", "contatti", "direzione", "fatture", "informazioni", "lavoro", "ordini", "personale", "prenotazioni", "segreteria", "ufficio", "vendite", "atendimento", "comercial", "compras", "contato", "contabilidade", "diretoria", "faleconosco", "faturamento", "financeiro", "recepcao", "secretaria", "suporte", "vendas", "administratie", "boekhouding", "facturen", "inkoop", "klantenservice", "ondersteuning", "personeelszaken", "receptie", "verkoop", "anfrage", "bestellung", "bewerbung", "buchhaltung", "einkauf", "empfang", "kontakt", "kundenservice", "personal", "rechnung", "sekretariat", "verkauf", "vertrieb", "zentrale", "accueil", "achats", "comptabilite", "contactez", "direction", "facturation", "recrutement", "secretariat", "ventes", "administracion", "contacto", "facturacion", "informacion", "pedidos", "ventas", "buh", "buhgalter", "kadry", "klient", "otdel", "prodazhi", "sekretar", "zakaz", "zakupki"]
)  # fmt: skip
# Mail domains many people have, with the letters by which they go wrong left to the distance below.
_KNOWN = (
    "gmail.com", "googlemail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "libero.it", "virgilio.it",
    "tiscali.it", "web.de", "gmx.de", "gmx.net", "t-online.de", "orange.fr", "wanadoo.fr", "laposte.net", "hotmail.it",
    "hotmail.fr", "yahoo.it", "yahoo.fr", "yahoo.com.br", "uol.com.br", "bol.com.br", "ziggo.nl", "kpnmail.nl",
    "yandex.ru", "mail.ru", "rambler.ru",
)  # fmt: skip
# Real domains one letter away from a known one.
_THEIR_OWN = frozenset(("gmx.at", "gmx.ch", "gmx.com", "ymail.com", "email.com", "mail.com", "mail.de", "yahoo.co", "yahoo.ca", "hotmail.de", "hotmail.nl", "hotmail.es", "yahoo.de", "yahoo.es"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flag:
    """`suggestion` is the address that was probably meant, where it looks mistyped."""

    kind: str
    suggestion: str | None = None


def read_flags(node: Node | None) -> Mapping[str, str]:
    """What becomes of each kind of flag: `flags:` of the programme. Faults are noted on the node."""
    if node is None:
        return USUAL
    names = {kind.replace("_", " "): kind for kind in USUAL}
    node.keys(tuple(names))
    said = {kind: node.get(name) for name, kind in names.items()}
    return {
        kind: USUAL[kind] if one is None else one.choice(POLICIES, USUAL[kind]) for kind, one in said.items()
    }


def flag_of(key: str, disposable: Collection[str]) -> Flag | None:
    """The weightiest flag of an address in its normal form; None: nothing to say. `disposable` are domains."""
    local, _, domain = key.rpartition("@")
    above = domain.partition(".")[2]
    meant = _meant(domain)
    if meant is not None:
        return Flag(
            TYPO, f"{local}@{meant}"
        )  # some of these domains are kept by those who live off the slips
    if domain in disposable or above in disposable:
        return Flag(DISPOSABLE)
    if local.partition("+")[0] in _ROLES:
        return Flag(ROLE)
    return None


@lru_cache(maxsize=20_000)
def _meant(domain: str) -> str | None:
    """The well-known domain that this one is one slip of the fingers away from."""
    if domain in _KNOWN or domain in _THEIR_OWN or len(domain) < 7:
        return None
    return next((known for known in _KNOWN if _one_slip(domain, known)), None)


def _one_slip(typed: str, meant: str) -> bool:
    """One letter too many, too few or wrong, or two that changed places."""
    if abs(len(typed) - len(meant)) > 1 or typed[0] != meant[0]:
        return False
    same = next(
        (i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), min(len(typed), len(meant))
    )
    a, b = typed[same:], meant[same:]
    if len(a) == len(b):
        return a[1:] == b[1:] or (len(a) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:])
    return a[1:] == b if len(a) > len(b) else a == b[1:]
