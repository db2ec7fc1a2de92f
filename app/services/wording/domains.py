"""What a look at a domain's records found, and what to do; the keys that sign."""

from app.services.wording.marking import N_

DOMAINS = {
    "dkim.domain": N_("“%(domain)s” is no domain; give one such as example.com"),
    "dkim.selector": N_("“%(selector)s” is no selector; give letters, digits and dashes, such as mail2026"),
    "dkim.selector_taken": N_("%(domain)s has a key %(selector)s already; give another selector"),
    "dkim.unknown": N_("%(domain)s has no key %(selector)s; `trellis dkim list` tells which there are"),
    "dkim.none_new": N_("%(domain)s has no new key; `trellis dkim new %(domain)s` makes one"),
    "dkim.bad_key": N_("%(fault)s"),
    "domain.about.spf": N_("SPF"),
    "domain.about.dkim": N_("DKIM"),
    "domain.about.dmarc": N_("DMARC"),
    "domain.about.alignment": N_("Alignment"),
    "domain.about.mx": N_("MX"),
    "domain.about.ptr": N_("Name of the address"),
    "domain.about.links": N_("Host of the links"),
    "domain.about.dns": N_("DNS"),
    "domain.dns.no_answer": N_("the DNS does not answer, so nothing can be said (%(name)s: %(detail)s)"),
    "domain.dns.no_answer.remedy": N_(
        "Check this machine's network, or name a server in TRELLIS_DNS_SERVERS; then ask again."
    ),
    "domain.dns.refused": N_("the name servers will not say what %(name)s is (%(detail)s)"),
    "domain.dns.refused.remedy": N_(
        "Ask again later; if it stays so, whoever runs these name servers must mend them."
    ),
    "domain.spf.ok": N_("%(domain)s lets our mail pass, with %(lookups)s of 10 look-ups: %(text)s"),
    "domain.spf.none": N_("%(domain)s has no SPF record"),
    "domain.spf.none.remedy": N_("Publish one."),
    "domain.spf.several": N_("%(domain)s has %(count)s SPF records, so receivers take none"),
    "domain.spf.several.remedy": N_("Put everything into one record and remove the others."),
    "domain.spf.syntax": N_(
        "the SPF record of %(domain)s, or one that it includes, has a term nobody understands: %(at)s"
    ),
    "domain.spf.syntax.remedy": N_(
        "Mend or remove that term; until then receivers take the whole record as broken."
    ),
    "domain.spf.broken_include": N_("the SPF record of %(domain)s includes %(at)s, which has none"),
    "domain.spf.broken_include.remedy": N_("Remove that include, or mend its name."),
    "domain.spf.loop": N_("the SPF record of %(domain)s comes back to itself through %(at)s"),
    "domain.spf.loop.remedy": N_("Remove the include that leads back."),
    "domain.spf.many_mx": N_(
        "the SPF record of %(domain)s names the mail hosts of %(at)s, which are more than ten"
    ),
    "domain.spf.many_mx.remedy": N_("Name the sending hosts by ip4 or a instead of mx."),
    "domain.spf.many_lookups": N_(
        "the SPF record of %(domain)s needs %(count)s look-ups, and receivers stop after %(most)s"
    ),
    "domain.spf.many_lookups.remedy": N_(
        "Remove includes of services that no longer send for you, or send from a sub-domain of its own."
    ),
    "domain.spf.void": N_(
        "%(count)s look-ups of the SPF record of %(domain)s lead nowhere, and receivers stop after %(most)s"
    ),
    "domain.spf.void.remedy": N_("Remove the names that no longer exist."),
    "domain.spf.all_pass": N_("the SPF record of %(domain)s lets the whole world send in its name"),
    "domain.spf.all_pass.remedy": N_("End it with ~all."),
    "domain.spf.neutral": N_("the SPF record of %(domain)s says nothing about everybody else (?all)"),
    "domain.spf.neutral.remedy": N_("End it with ~all."),
    "domain.spf.no_end": N_("the SPF record of %(domain)s says nothing about everybody else"),
    "domain.spf.no_end.remedy": N_("End it with ~all."),
    "domain.spf.ptr": N_("the SPF record of %(domain)s uses ptr, which receivers pass over"),
    "domain.spf.ptr.remedy": N_("Name the hosts by ip4, ip6 or a instead."),
    "domain.spf.relay_missing": N_("the SPF record of %(domain)s does not name the relay (%(mechanism)s)"),
    "domain.spf.relay_missing.remedy": N_("Add it."),
    "domain.spf.address_missing": N_("the SPF record of %(domain)s does not cover %(address)s"),
    "domain.spf.address_missing.remedy": N_("Add it, or what your relay asks you to add."),
    "domain.dkim.ok": N_("%(name)s is published as it must be"),
    "domain.dkim.missing": N_("%(name)s is not published"),
    "domain.dkim.missing.remedy": N_("Publish it. A new record may take an hour to be seen everywhere."),
    "domain.dkim.several": N_("%(name)s has %(count)s records, and receivers may take any of them"),
    "domain.dkim.several.remedy": N_("Leave the one record of this key."),
    "domain.dkim.syntax": N_("%(name)s is no DKIM record from here on: %(text)s"),
    "domain.dkim.syntax.remedy": N_(
        "Publish it again, in one record; look for a lost quote or a line break."
    ),
    "domain.dkim.revoked": N_("%(name)s is revoked: its p= is empty"),
    "domain.dkim.revoked.remedy": N_("Publish the key again, or retire it here with `trellis dkim retire`."),
    "domain.dkim.other_key": N_("%(name)s publishes another key than ours (%(text)s)"),
    "domain.dkim.other_key.remedy": N_("Publish ours; every mail signed with it fails until then."),
    "domain.dkim.short": N_(
        "%(name)s is an RSA key of less than 2048 bits, which large providers take as none"
    ),
    "domain.dkim.short.remedy": N_("Have whoever signs make a key of 2048 bits."),
    "domain.dkim.hash": N_("%(name)s does not allow SHA-256 (%(text)s)"),
    "domain.dkim.hash.remedy": N_("Remove the h= from the record."),
    "domain.dkim.service": N_("%(name)s is not for mail (%(text)s)"),
    "domain.dkim.service.remedy": N_("Remove the s= from the record."),
    "domain.dkim.testing": N_("%(name)s says t=y, so receivers take its mail as unsigned"),
    "domain.dkim.testing.remedy": N_("Remove the t=y when the trial is over."),
    "domain.dkim.no_key": N_("no key of ours signs mail from %(domain)s"),
    "domain.dkim.no_key.remedy": N_(
        "Run `trellis dkim new %(domain)s`. If the relay signs, name its key with --selector."
    ),
    "domain.dkim.not_active": N_("the keys of %(domain)s do not sign yet"),
    "domain.dkim.not_active.remedy": N_("Publish their records and run `trellis dkim activate %(domain)s`."),
    "domain.dmarc.ok": N_("%(owner)s asks receivers for “%(policy)s”: %(text)s"),
    "domain.dmarc.none": N_(
        "%(domain)s has no DMARC record, which large providers ask of whoever sends much"
    ),
    "domain.dmarc.none.remedy": N_("Publish one; p=none changes nothing yet and brings reports."),
    "domain.dmarc.several": N_("%(owner)s has %(count)s DMARC records, so receivers take none"),
    "domain.dmarc.several.remedy": N_("Leave one of them."),
    "domain.dmarc.syntax": N_("the DMARC record of %(owner)s cannot be read (%(at)s)"),
    "domain.dmarc.syntax.remedy": N_("Publish it anew."),
    "domain.dmarc.watching": N_("%(owner)s only watches (p=none): whoever forges your mail is let through"),
    "domain.dmarc.watching.remedy": N_(
        "When the reports show that all your mail passes, ask for quarantine."
    ),
    "domain.dmarc.share": N_("the policy of %(owner)s holds for %(share)s of 100 mails"),
    "domain.dmarc.share.remedy": N_("Raise it to all when the reports look right."),
    "domain.dmarc.no_reports": N_("%(owner)s asks for no reports, so nobody sees what fails"),
    "domain.dmarc.no_reports.remedy": N_("Name an address that takes them."),
    "domain.dmarc.reports_refused": N_(
        "reports about %(owner)s go to %(to)s, which does not say that it takes them"
    ),
    "domain.dmarc.reports_refused.remedy": N_(
        "Whoever runs that domain must publish this, or name an address of your own."
    ),
    "domain.alignment.ok": N_("signatures (%(keys)s) and bounces (%(bounce)s) both count as %(domain)s"),
    "domain.alignment.dkim_only": N_(
        "signatures count as %(domain)s, the envelope's domain %(bounce)s does not"
    ),
    "domain.alignment.dkim_only.remedy": N_("Set TRELLIS_BOUNCE_DOMAIN to %(domain)s or a domain below it."),
    "domain.alignment.spf_only": N_(
        "no signature counts as %(domain)s, so a mail that is forwarded fails DMARC"
    ),
    "domain.alignment.spf_only.remedy": N_("Sign with a key of %(domain)s: `trellis dkim new %(domain)s`."),
    "domain.alignment.none": N_(
        "neither a signature nor the envelope's domain %(bounce)s counts as %(domain)s: DMARC fails for every mail"
    ),
    "domain.alignment.none.remedy": N_(
        "Sign with a key of %(domain)s (`trellis dkim new %(domain)s`) and set TRELLIS_BOUNCE_DOMAIN below it."
    ),
    "domain.mx.ok": N_("%(hosts)s takes the %(purpose)s of %(domain)s"),
    "domain.mx.none": N_("%(domain)s has no mail host, so %(purpose)s never come back"),
    "domain.mx.none.remedy": N_("Publish an MX record."),
    "domain.mx.no_domain": N_("there is no domain %(domain)s, so %(purpose)s never come back"),
    "domain.mx.no_domain.remedy": N_("Check its spelling, or make it in your DNS with an MX record."),
    "domain.mx.refuses": N_("%(domain)s says that it takes no mail at all, so %(purpose)s never come back"),
    "domain.mx.refuses.remedy": N_("Replace the record “0 .” by the host that takes your mail."),
    "domain.mx.by_address": N_("%(domain)s has no MX record; %(purpose)s go to its own address"),
    "domain.mx.by_address.remedy": N_("Publish an MX record, even if it names the same host."),
    "domain.mx.lost_host": N_("mail hosts of %(domain)s have no address: %(hosts)s"),
    "domain.mx.lost_host.remedy": N_("Mend the names in the MX records, or give these hosts an address."),
    "domain.ptr.ok": N_("%(address)s is called %(name)s, which leads back to it"),
    "domain.ptr.none": N_("%(address)s has no name, and large providers refuse mail from such an address"),
    "domain.ptr.none.remedy": N_("Whoever gave you the address must enter a PTR record for it."),
    "domain.ptr.no_way_back": N_("%(address)s is called %(names)s, which does not lead back to it"),
    "domain.ptr.no_way_back.remedy": N_(
        "Publish the address under that name, or have the PTR record changed."
    ),
    "domain.links.ok": N_("%(host)s is at %(addresses)s"),
    "domain.links.none": N_("%(host)s has no address: no link in any mail would open"),
    "domain.links.none.remedy": N_("Publish an A or AAAA record for it, or mend TRELLIS_BASE_URL."),
    "domain.links.private": N_("%(host)s is at %(addresses)s, which recipients cannot reach"),
    "domain.links.private.remedy": N_("Publish its public address."),
}
