"""A domain's DMARC policy, and whether our mail counts as the domain's own (RFC 7489)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.mail.dns import NoSuchDomain, Resolver
from app.mail.domain.findings import OK, STOP, WARN, Finding, Record
from app.mail.domain.organisation import organisation_of, same_organisation
from app.mail.domain.tag_list import TagFault, read_tags

POLICIES = ("none", "quarantine", "reject")
_VERSION = re.compile(r"v\s*=\s*DMARC1\s*(;|$)", re.I)


@dataclass(frozen=True, slots=True)
class Policy:
    """The record that holds for a From domain, found at `owner`: the domain itself or its organisation's."""

    owner: str
    text: str
    tags: Mapping[str, str] = field(default_factory=dict)
    count: int = 1
    fault: str = ""

    def applies(self, domain: str) -> str:
        """The policy for mail from this domain."""
        above = self.tags.get("sp") if domain != self.owner else None
        return (above or self.tags.get("p", "")).lower()

    def strict(self, kind: str) -> bool:
        """Whether `adkim` or `aspf` asks for the very same domain."""
        return self.tags.get(kind, "r").lower() == "s"


def find_policy(resolver: Resolver, domain: str) -> Policy | None:
    """The domain's own record, else that of its organisation (RFC 7489 6.6.3). Raises NoAnswer and Refused."""
    for owner in dict.fromkeys((domain, organisation_of(domain))):
        try:
            texts = [text for text in resolver.txt(f"_dmarc.{owner}") if _VERSION.match(text)]
        except NoSuchDomain:
            texts = []
        if texts:
            return _read(owner, texts)
    return None


def _read(owner: str, texts: Sequence[str]) -> Policy:
    try:
        tags = {name.lower(): value for name, value in read_tags(texts[0]).items()}
    except TagFault as fault:
        return Policy(owner, texts[0], {}, len(texts), fault.part)
    broken = ""
    for name in ("p", "sp"):
        if (name == "p" or name in tags) and tags.get(name, "").lower() not in POLICIES:
            broken = f"{name}={tags.get(name, '')}"
    for name in ("adkim", "aspf"):
        if tags.get(name, "r").lower() not in ("r", "s"):
            broken = f"{name}={tags[name]}"
    if not re.fullmatch(r"\d{1,2}|100", tags.get("pct", "100")):
        broken = f"pct={tags['pct']}"
    return Policy(owner, texts[0], tags, len(texts), broken)


def check_dmarc(resolver: Resolver, domain: str, policy: Policy | None) -> Iterator[Finding]:
    """Whether there is a policy and what it says. Raises NoAnswer and Refused."""
    start = f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
    if policy is None:
        yield Finding(
            "dmarc", "domain.dmarc.none", STOP, {"domain": domain}, Record(f"_dmarc.{domain}", "TXT", start)
        )
        return
    params = {"domain": domain, "owner": policy.owner, "text": policy.text}
    name = f"_dmarc.{policy.owner}"
    if policy.count > 1:
        yield Finding("dmarc", "domain.dmarc.several", STOP, {**params, "count": policy.count})
        return
    if policy.fault:
        publish = Record(name, "TXT", start)
        yield Finding("dmarc", "domain.dmarc.syntax", STOP, {**params, "at": policy.fault}, publish)
        return
    yield Finding("dmarc", "domain.dmarc.ok", OK, {**params, "policy": policy.applies(domain)})
    yield from _advice(policy, domain, name, params)
    yield from _reports(resolver, policy, params)


def _advice(policy: Policy, domain: str, name: str, params: Mapping[str, str]) -> Iterator[Finding]:
    if policy.applies(domain) == "none":
        key = "sp" if domain != policy.owner and "sp" in policy.tags else "p"
        yield Finding("dmarc", "domain.dmarc.watching", WARN, params, _with(policy, name, key, "quarantine"))
    elif policy.tags.get("pct", "100") != "100":
        told = {**params, "share": policy.tags["pct"]}
        yield Finding("dmarc", "domain.dmarc.share", WARN, told, _with(policy, name, "pct", "100"))
    if not policy.tags.get("rua"):
        publish = _with(policy, name, "rua", f"mailto:dmarc@{policy.owner}")
        yield Finding("dmarc", "domain.dmarc.no_reports", WARN, params, publish)


def _with(policy: Policy, name: str, tag: str, value: str) -> Record:
    return Record(name, "TXT", "; ".join(f"{k}={v}" for k, v in {**policy.tags, tag: value}.items()))


def _reports(resolver: Resolver, policy: Policy, params: Mapping[str, str]) -> Iterator[Finding]:
    """Reports to another domain arrive only where that domain says that it takes them (RFC 7489 7.1)."""
    for address in policy.tags.get("rua", "").split(","):
        _, _, target = address.strip().partition("!")[0].rpartition("@")
        if not target or same_organisation(target.lower(), policy.owner):
            continue
        name = f"{policy.owner}._report._dmarc.{target.lower()}"
        try:
            texts = resolver.txt(name)
        except NoSuchDomain:
            texts = ()
        if not any(_VERSION.match(text) for text in texts):
            told = {**params, "to": target.lower()}
            yield Finding(
                "dmarc", "domain.dmarc.reports_refused", WARN, told, Record(name, "TXT", "v=DMARC1;")
            )


def aligned(policy: Policy | None, domain: str, other: str, kind: str) -> bool:
    """Whether `other` (d= with `adkim`, the envelope's domain with `aspf`) counts as the From domain."""
    if policy is not None and policy.strict(kind):
        return domain == other
    return same_organisation(domain, other)


def check_alignment(
    policy: Policy | None, domain: str, bounce_domain: str, signing: Sequence[str]
) -> Iterator[Finding]:
    """DMARC passes where DKIM or SPF passes for the From domain; with both, mail survives being forwarded."""
    by_key = [name for name in signing if aligned(policy, domain, name, "adkim")]
    by_bounce = aligned(policy, domain, bounce_domain, "aspf")
    params = {"domain": domain, "bounce": bounce_domain, "keys": list(dict.fromkeys(signing))}
    if by_key and by_bounce:
        yield Finding("alignment", "domain.alignment.ok", OK, params)
    elif by_key:
        yield Finding("alignment", "domain.alignment.dkim_only", WARN, params)
    elif by_bounce:
        yield Finding("alignment", "domain.alignment.spf_only", WARN, params)
    else:
        yield Finding("alignment", "domain.alignment.none", STOP, params)
