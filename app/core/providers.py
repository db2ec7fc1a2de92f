"""Who takes a domain's mail: its MX provider, and how fast each of the large ones is written to.

Many domains stand behind one provider, who counts what it gets from us over all of them. The rates are starting
values for a sender with a good name: nobody publishes them, so they are what operators report, on the careful side.
"""

from collections.abc import Iterable

# The end of an MX host's name → the provider.
_BY_HOST = {
    "google.com": "google",
    "googlemail.com": "google",
    "protection.outlook.com": "microsoft",
    "mx.microsoft": "microsoft",
    "olc.protection.outlook.com": "microsoft",
    "hotmail.com": "microsoft",
    "yahoodns.net": "yahoo",
    "aol.com": "yahoo",
    "icloud.com": "apple",
    "gmx.net": "united-internet",
    "web.de": "united-internet",
    "1and1.com": "united-internet",
    "ionos.com": "united-internet",
    "kundenserver.de": "united-internet",
    "t-online.de": "telekom",
    "mail.ru": "mail-ru",
    "yandex.ru": "yandex",
    "yandex.net": "yandex",
    "zoho.com": "zoho",
    "zoho.eu": "zoho",
    "messagingengine.com": "fastmail",
    "protonmail.ch": "proton",
    "pphosted.com": "proofpoint",
    "ppe-hosted.com": "proofpoint",
    "mimecast.com": "mimecast",
    "barracudanetworks.com": "barracuda",
    "messagelabs.com": "symantec",
    "iphmx.com": "cisco",
    "ovh.net": "ovh",
    "orange.fr": "orange",
    "free.fr": "free",
    "libero.it": "italiaonline",
    "aruba.it": "aruba",
    "uol.com.br": "uol",
    "terra.com": "terra",
    "qq.com": "tencent",
    "163.com": "netease",
    "secureserver.net": "godaddy",
    "emailsrvr.com": "rackspace",
}  # fmt: skip
# Known without asking: the domains of the large mailbox providers.
_BY_DOMAIN = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), "google"),
    **dict.fromkeys(("outlook.com", "hotmail.com", "live.com", "msn.com"), "microsoft"),
    **dict.fromkeys(("yahoo.com", "ymail.com", "aol.com"), "yahoo"),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), "apple"),
    **dict.fromkeys(("gmx.de", "gmx.net", "gmx.com", "web.de"), "united-internet"),
    **dict.fromkeys(("mail.ru", "bk.ru", "inbox.ru", "list.ru"), "mail-ru"),
    **dict.fromkeys(("yandex.ru", "ya.ru", "yandex.com"), "yandex"),
}
# Mails a minute from one sender.
RATES = {
    "google": 600.0, "microsoft": 300.0, "yahoo": 200.0, "apple": 120.0, "united-internet": 120.0, "telekom": 60.0,
    "mail-ru": 120.0, "yandex": 120.0, "zoho": 120.0, "proofpoint": 120.0, "mimecast": 120.0, "barracuda": 120.0,
    "orange": 60.0, "free": 60.0, "italiaonline": 60.0, "tencent": 60.0, "netease": 60.0,
}  # fmt: skip
# Of any other, which is most often the server of one company.
USUAL_RATE = 60.0


def provider_of(domain: str, hosts: Iterable[str] = ()) -> str:
    """The provider's key: by the domain itself where it is a large one, else by its best MX host.

    A provider that is not known by name goes by the last two labels of its host, so that all domains behind
    it are counted together; without a host the domain stands for itself.
    """
    domain = domain.lower().rstrip(".")
    known = _BY_DOMAIN.get(domain)
    if known is not None:
        return known
    for host in hosts:
        labels = host.lower().rstrip(".").split(".")
        for start in range(len(labels) - 1):
            known = _BY_HOST.get(".".join(labels[start:]))
            if known is not None:
                return known
        return ".".join(labels[-2:]) or domain
    return domain


def rate_of(provider: str, own: float | None = None) -> float:
    """Mails a minute from one sender: what the operator set (`own`), else what is usual there."""
    return own if own is not None else RATES.get(provider, USUAL_RATE)
