"""Exports of the large tools, known by their column titles: where each of their columns goes.

Titles are as they stand after `folded`. A tool is recognised by titles that nobody else writes; what it
calls like everybody else is found by the words of `headers`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.core.contacts.words import folded

LEFT = "left"  # where a column goes that says who wants no more mail


@dataclass(frozen=True, slots=True)
class Preset:
    """`marks`: titles of this tool alone. `columns`: title → target. `gone`: titles of its lists of who left."""

    key: str
    label: str
    marks: frozenset[str]
    columns: dict[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


def _preset(key: str, label: str, marks: str, columns: str, gone: str = "") -> Preset:
    pairs = (line.split(": ") for line in columns.strip().splitlines())
    return Preset(
        key, label, frozenset(marks.split("|")),
        {title: target for target, titles in pairs for title in titles.split("|")},
        frozenset(gone.split("|")) - {""},
    )  # fmt: skip


PRESETS = (
    _preset(
        "hubspot", "HubSpot",
        "record id|marketing contact status|unsubscribed from all email|associated company|create date|hs object id"
        "|last activity date|original source",
        """
email: email|additional email addresses|work email
phone: phone number|mobile phone number
company.name: company name|associated company
company.domain: website url|email domain
country: country region
locale: preferred language|hs language
owner: contact owner
stage: lifecycle stage
source: original source|latest source
left: unsubscribed from all email|opted out of all email|marketing emails opted out|hs email optout
""",
    ),
    _preset(
        "mailchimp", "Mailchimp",
        "member rating|optin time|optin ip|confirm time|confirm ip|leid|euid|gmtoff|dstoff|last changed",
        """
email: email address
zone: timezone
country: cc
tags: tags
""",
        "unsub time|unsub reason|unsub campaign id|clean time|clean campaign id",
    ),
    _preset(
        "activecampaign", "ActiveCampaign",
        "contact id|contact score|account name|date created|ip address|lists|last updated date|sms opted in",
        """
company.name: account name|organization
tags: tags
left: unsubscribed|email unsubscribed
""",
        "unsubscribe date|unsubscribe reason",
    ),
    _preset(
        "brevo", "Brevo",
        "double opt in|sms|whatsapp|ext id|added time|modified time|contact id|landline number|contact timezone",
        """
email: email
first_name: firstname
last_name: lastname
phone: sms|landline number
zone: contact timezone
left: blocklisted email|blacklisted email|email blacklisted|email blocklisted
""",
    ),
    _preset(
        "pipedrive", "Pipedrive",
        "person name|person email work|person organization|person owner|person label|person id|person phone work"
        "|person first name|person last name|person email|person phone|person marketing status|person labels",
        """
full_name: person name
first_name: person first name
last_name: person last name
email: person email|person email work|person email home|person email other
phone: person phone|person phone work|person phone mobile
company.name: person organization|organization name
owner: person owner
tags: person label|person labels
job_title: person job title
""",
    ),
    _preset(
        "salesforce", "Salesforce",
        "hasoptedoutofemail|email opt out|accountid|mailingcity|mailingcountry|leadsource|mailing city|mailing country"
        "|mailing state province|contact id|account id|lead source|isdeleted|reportstoid|contact owner",
        """
company.name: account name|account
job_title: title
city: mailingcity|mailing city
country: mailingcountry|mailing country|mailingcountrycode
phone: phone|mobilephone|mobile
source: leadsource|lead source
owner: contact owner|lead owner
left: hasoptedoutofemail|email opt out
""",
    ),
    _preset(
        "google", "Google Contacts",
        "given name|e mail 1 value|e mail 1 type|e mail 1 label|additional name|family name|group membership"
        "|phonetic first name|name prefix|organization 1 name|organization name|phone 1 value",
        """
full_name: name
first_name: given name|first name
last_name: family name|last name
email: e mail 1 value|e mail 2 value|e mail 3 value
phone: phone 1 value
company.name: organization 1 name|organization name
job_title: organization 1 title|organization title
city: address 1 city
country: address 1 country
company.domain: website 1 value
tags: group membership|labels
""",
    ),
)  # fmt: skip
BY_KEY = {preset.key: preset for preset in PRESETS}
_ENOUGH = 3


def recognised(header: Sequence[str]) -> Preset | None:
    """The tool that wrote these titles; None where too few of them are anybody's."""
    titles = {folded(title) for title in header}
    best = max(PRESETS, key=lambda preset: len(titles & (preset.marks | preset.gone)))
    return best if len(titles & (best.marks | best.gone)) >= _ENOUGH else None


def tells_who_left(preset: Preset, header: Sequence[str]) -> bool:
    """Whether the file is the tool's list of people who left or bounced."""
    return any(folded(title) in preset.gone for title in header)


def preset_targets(
    preset: Preset, header: Sequence[str], found: Sequence[str | None]
) -> tuple[str | None, ...]:
    """The targets of a tool's columns, laid over those that were `found` by their words."""
    named = [preset.columns.get(folded(title)) for title in header]
    taken = {target for target in named if target}
    targets: list[str | None] = []
    once: set[str] = set()
    for own, other in zip(named, found, strict=True):
        target = own or (other if other not in taken else None)
        if target in once and target not in ("email", "tags"):
            target = None
        if target:
            once.add(target)
        targets.append(target)
    return tuple(targets)
