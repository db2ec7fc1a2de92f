"""What is told to people who ask about themselves, and about it in their story."""

from app.services.wording.marking import N_

PERSONS = {
    "contact.erased": N_("erased at their own wish or a colleague's; only counts are left"),
    "contact.asked_us": N_("asked on the form “%(form)s”, which waits for the button in the mail"),
    "contact.referred": N_("signed up through a link that somebody who knows us passed on"),
    "contact.brought": N_("somebody signed up through the link they passed on"),
    "contact.joined": N_("confirmed the form “%(form)s” by the button in the mail"),
    "contact.asked_export": N_("asked on their own page for a copy of their data"),
    "contact.asked_erase": N_("asked on their own page to be erased"),
    "contact.language": N_("chosen on the person's own page"),
    "erase.why_missing": N_("say why in --reason; it stands in the audit log"),
    "erase.no_mail": N_("the template %(template)s is missing; `trellis sequences apply` publishes it"),
    "export.title": N_("What we keep about you"),
    "export.made": N_("Taken on %(at)s, universal time."),
}
