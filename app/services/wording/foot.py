"""What stands at the foot of a mail, and what `trellis doctor` calls the things that must always be true."""

from app.services.wording.marking import N_

FOOT = {
    "mail_foot.touch": N_("you are in touch with us."),
    "mail_foot.topic": N_("you agreed to hear from us about “%(topic)s”."),
    "doctor.next_step": N_("Everybody inside has one next step"),
    "doctor.mails_add_up": N_("Planned mails add up"),
    "doctor.after_suppression": N_("Nothing sent after a suppression"),
    "doctor.scores_fold": N_("Scores are the sum of their entries"),
    "doctor.one_acceptance": N_("Every accepted mail was accepted once"),
    "doctor.one_in_hand": N_("One mail of a person in hand"),
    "doctor.consents_fold": N_("Consents are what their ledger says"),
    "doctor.addresses": N_("Addresses belong to the living"),
    "doctor.work_taken": N_("Due work is taken"),
}
