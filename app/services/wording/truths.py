"""What must always be true: the rule, what a violation is, and what to do about it."""

from app.services.wording.marking import N_

TRUTHS = {
    "invariant.next_step": N_("Every active person has one next step"),
    "invariant.mails_add_up": N_("Planned mails are the sum of all states"),
    "invariant.one_acceptance": N_("Every accepted mail was accepted once"),
    "invariant.one_in_hand": N_("Of one person one mail at a time is in hand"),
    "invariant.work_taken": N_("Work that is due is taken"),
    "invariant.scores_fold": N_("Every score is the sum of its entries"),
    "invariant.consents_fold": N_("Every consent is the last line of its ledger"),
    "invariant.addresses": N_("Every address belongs to one living contact"),
    "invariant.after_suppression": N_("Nothing was sent after a suppression"),
    "rule.next_step": N_(
        "Who is inside a sequence is due at an instant, waits for something with a time-out, waits for a mail, or is parked. Only who is due or waits may be in a worker’s hands."
    ),
    "rule.mails_add_up": N_(
        "Each planned mail is in one of the ten states, and an end has its instant. So all states together are all planned mails."
    ),
    "rule.one_acceptance": N_(
        "An accepted mail has one attempt that a server answered with yes, or was settled as accepted. Two answers would be two copies."
    ),
    "rule.one_in_hand": N_(
        "Two mails to one person are never claimed together, so that caps and once-rules count every mail."
    ),
    "rule.work_taken": N_("What is due is taken within five minutes, unless sending is stopped."),
    "rule.scores_fold": N_("Fit and engagement are made of their entries and of nothing else."),
    "rule.consents_fold": N_(
        "What the gate reads of a consent is what the append-only ledger says last about it."
    ),
    "rule.addresses": N_(
        "Who was merged or erased keeps no address, a merge ends with somebody, and of several addresses one is the first."
    ),
    "rule.after_suppression": N_(
        "No mail was begun while a suppression of its topic, address, domain or company held."
    ),
    "remedy.next_step": N_(
        "Open the person, see where they stand in the sequence, and end or restart the stay. A worker that was killed leaves none of these, so tell the maintainers how it came about."
    ),
    "remedy.mails_add_up": N_(
        "Read the mail with `trellis deliveries show`. Rows like this come from outside of Trellis: a restored backup, or a change by hand in the database."
    ),
    "remedy.one_acceptance": N_(
        "Compare the attempts with the relay’s log. Where two answers are real, two workers ran under one name: give each its own TRELLIS_WORKER_NAME."
    ),
    "remedy.one_in_hand": N_(
        "Wait for the lease to end (TRELLIS_LEASE_SECONDS); if it comes back, see whether workers of two releases run together."
    ),
    "remedy.work_taken": N_("See whether the engine runs and whether its jobs tick."),
    "remedy.scores_fold": N_("Rescore the person; the entries stay, and the sum is made of them again."),
    "remedy.consents_fold": N_(
        "Write the consent down again as the ledger says; until then trust the stricter of the two."
    ),
    "remedy.addresses": N_("Open the contact and give the address to whom it belongs."),
    "remedy.after_suppression": N_(
        "Tell the person, and read the mail with `trellis deliveries show`: it says when it was begun and when the suppression came."
    ),
    "health.next_step.state": N_("%(count)s people are in a state nobody knows"),
    "health.next_step.due_never": N_("%(count)s people would go on, but never"),
    "health.next_step.waits_forever": N_("%(count)s people wait without a time-out, or for nothing"),
    "health.next_step.no_delivery": N_("%(count)s people wait for a mail that is not planned"),
    "health.next_step.two_places": N_("%(count)s people are in two places at once"),
    "health.next_step.leased_at_rest": N_("%(count)s people are in a worker’s hands while they rest"),
    "health.next_step.leased_forever": N_("%(count)s people are in a worker’s hands without an end"),
    "health.mails_add_up.state": N_("%(count)s mails are in a state nobody knows"),
    "health.mails_add_up.nobodys": N_("%(count)s mails are in hand, but in nobody’s"),
    "health.mails_add_up.no_intent": N_("%(count)s mails were begun without a time"),
    "health.mails_add_up.no_instant": N_("%(count)s mails were accepted without a time"),
    "health.mails_add_up.no_end": N_("%(count)s mails ended without a time"),
    "health.one_acceptance.twice": N_("%(count)s mails were accepted more than once"),
    "health.one_acceptance.unproven": N_("%(count)s mails count as accepted and no attempt says so"),
    "health.one_acceptance.forgotten": N_("%(count)s mails were accepted and are still to be sent"),
    "health.one_in_hand.two_in_hand": N_("%(count)s mails are in hand beside another one to the same person"),
    "health.after_suppression.sent": N_("%(count)s mails were sent while a suppression held"),
    "health.scores_fold.differs": N_("%(count)s contacts have a score that its entries do not add up to"),
    "health.consents_fold.consent_differs": N_("%(count)s contacts have a consent their ledger does not say"),
    "health.consents_fold.consent_without_entry": N_(
        "%(count)s contacts have a consent without a ledger line"
    ),
    "health.addresses.merged_keeps": N_("%(count)s merged contacts still have an address"),
    "health.addresses.erased_keeps": N_("%(count)s erased contacts still have an address"),
    "health.addresses.merged_into_nobody": N_("%(count)s contacts were merged into nobody"),
    "health.addresses.first_address": N_("%(count)s contacts have no first address, or two"),
    "health.work_taken.late": N_(
        "%(queue)s: %(count)s wait, the oldest for %(minutes)s minutes; is the engine running"
    ),
    "fault.state": N_("a state nobody knows"),
    "fault.due_never": N_("due, and never"),
    "fault.waits_forever": N_("waits without a time-out, or for nothing"),
    "fault.no_delivery": N_("waits for a mail that is not planned"),
    "fault.two_places": N_("in two places at once"),
    "fault.leased_at_rest": N_("in a worker’s hands while at rest"),
    "fault.leased_forever": N_("in a worker’s hands without an end"),
    "fault.nobodys": N_("in hand, and in nobody’s"),
    "fault.no_intent": N_("begun without a time"),
    "fault.no_instant": N_("accepted without a time"),
    "fault.no_end": N_("ended without a time"),
    "fault.twice": N_("accepted more than once"),
    "fault.unproven": N_("accepted, and no attempt says so"),
    "fault.forgotten": N_("accepted, and still to be sent"),
    "fault.two_in_hand": N_("in hand beside another one"),
    "fault.sent": N_("sent while a suppression held"),
    "fault.differs": N_("not the sum of its entries"),
    "fault.consent_differs": N_("not what the ledger says"),
    "fault.consent_without_entry": N_("no line in the ledger"),
    "fault.merged_keeps": N_("merged, and has an address"),
    "fault.erased_keeps": N_("erased, and has an address"),
    "fault.merged_into_nobody": N_("merged into nobody"),
    "fault.first_address": N_("no first address, or two"),
}
