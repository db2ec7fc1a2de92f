"""Why a mail goes, waits or does not go."""

from app.services.wording.marking import N_

MAIL = {
    "mail.accepted": N_("the server at the other end took it"),
    "mail.deferred": N_("the server at the other end asked to come back (%(code)s); next try %(until)s"),
    "mail.sender_problem": N_(
        "our own relay refused the sender (%(code)s), no fault of this contact; next try %(until)s"
    ),
    "mail.failed": N_("the server at the other end refused it (%(code)s %(enhanced)s)"),
    "mail.refused_for_us": N_(
        "this contact’s server refused our sender %(attempts)s times (%(code)s %(enhanced)s); the address is not to blame"
    ),
    "mail.gave_up": N_("refused for now %(attempts)s times; it is not tried again"),
    "mail.missing_field": N_("“%(template)s” needs “%(field)s” and it is empty; give the field a fallback"),
    "mail.no_template": N_("there is no published template “%(template)s”"),
    "mail.render_failed": N_("“%(template)s” could not be put together: %(error)s"),
    "mail.passed_over": N_("the sequence was resumed without the mails that had waited"),
    "mail.planned": N_("the step “%(step)s” sends it"),
    "mail.uncertain": N_("the text went out and the answer never came; it is not sent again by itself"),
    "mail.settled_by_evidence": N_("it arrived after all: something came back from it (%(evidence)s)"),
    "mail.settled_arrived": N_("a colleague says that it arrived: %(why)s"),
    "mail.settled_lost": N_("a colleague says that it did not arrive: %(why)s"),
    "mail.settled_again": N_("a colleague says that it did not arrive and has it sent again: %(why)s"),
    "mail.planned_again": N_("a colleague has it sent again"),
    "delivery.unknown": N_("there is no mail %(delivery)s"),
    "settle.verdict": N_("“%(verdict)s” says nothing of a mail; known: %(known)s"),
    "settle.not_sure": N_("a mail is sent again only when you say that a second copy would do no harm"),
    "settle.why_missing": N_("settling a mail by hand needs a reason, for those who read its story"),
    "settle.how_many": N_("%(count)s mails at once is none or too many; name 1 to %(most)s"),
    "send.all_seen": N_(
        "of the %(count)s mails of “%(step)s” none brings this contact anything new: each was sent, or what it leads to was sent or read"
    ),
    "gate.error": N_("the rules could not be asked (%(error)s); tried again in an hour"),
    "gate.suppressed": N_("mail to this address is held back for %(scope)s %(topic)s (%(source)s)"),
    "gate.unsubscribed": N_("unsubscribed %(topic)s"),
    "gate.archived": N_("the sequence was put away"),
    "gate.cap": N_("the limit of %(cap)s is reached; free again %(until)s"),
    "gate.consent_asked": N_("consent to “%(topic)s” was asked for and not given yet"),
    "gate.consent_unknown": N_("there is no consent on record for “%(topic)s”"),
    "gate.consent_withdrawn": N_("consent to “%(topic)s” was withdrawn"),
    "gate.consent_without_topic": N_("the mail names no topic, so no consent can cover it"),
    "gate.away": N_("their automatic answer says that they are away; it waits until %(until)s"),
    "gate.contact_paused": N_("the contact rests until %(until)s, as they or a colleague said"),
    "gate.enrollment_ended": N_("the contact has left the sequence meanwhile"),
    "gate.holdout": N_("held out, so that the effect of the others can be measured"),
    "gate.late": N_("too late by now to be of use"),
    "gate.never_open": N_("no hour is both in the send window and outside the quiet hours"),
    "gate.no_address": N_("there is no address"),
    "gate.no_mails_wanted": N_("the contact asked for no mail at all"),
    "gate.once": N_("“%(template)s” has reached this contact before, and it is sent once"),
    "gate.paused": N_("the sequence is paused"),
    "gate.quiet": N_("quiet hours until %(until)s"),
    "gate.sender": N_("the sender has a problem; tried again %(until)s"),
    "gate.stage": N_("a contact at the stage %(stage)s gets no %(content_kind)s content"),
    "gate.window": N_("outside the send window until %(until)s"),
    "suppressed.no_mailbox": N_("the server says that there is no such mailbox (%(enhanced)s)"),
    "suppressed.address": N_("the address does not work or wants no mail (%(source)s)"),
    "suppressed.domain": N_("the whole domain gets no mail (%(source)s)"),
    "suppressed.company": N_("the whole company gets no marketing (%(source)s)"),
    "suppressed.marketing": N_("unsubscribed from all marketing (%(source)s)"),
    "suppressed.topic": N_("unsubscribed from “%(topic)s” (%(source)s)"),
}
