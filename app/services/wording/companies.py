"""Companies: what cannot be done with one, and what the team did."""

from app.services.wording.marking import N_

COMPANIES = {
    "company.unknown": N_("this company is not here any more"),
    "company.no_name": N_("a company needs a name; write how your team speaks of it"),
    "company.name_long": N_("a name has at most %(longest)s signs; take a shorter one"),
    "company.no_domain": N_("“%(domain)s” is no domain; write it as it stands behind the @, such as acme.example"),
    "company.free_mail": N_("at %(domain)s anybody may have a mailbox, so it stands for no company; leave it empty"),
    "company.domain_taken": N_("%(domain)s belongs to %(company)s; one domain is one company"),
    "company.nobody": N_("there is no contact with the address %(address)s; import them first, or check the spelling"),
    "company.elsewhere": N_("they are with %(company)s; put them in once more to move them"),
    "audit.room.company": N_("companies"),
    "audit.company.made": N_("company made"),
    "audit.company.changed": N_("company changed"),
    "route.companies.index": N_("find companies"),
    "route.companies.show": N_("see one company with its people and their story"),
    "route.companies.new": N_("see the form of a new company"),
    "route.companies.create": N_("make a company"),
    "route.companies.edit": N_("see the facts of a company as a form"),
    "route.companies.change": N_("change name, domain and fields of a company"),
    "route.companies.put_in": N_("put somebody into a company"),
    "route.companies.take_out": N_("take somebody out of a company"),
    "route.companies.stop": N_("stop marketing to a whole company"),
    "route.companies.lift": N_("let marketing go to a whole company again"),
}  # fmt: skip
