"""Suppressions in people's hands: why one stands, and what cannot be done."""

from app.services.wording.marking import N_

SUPPRESSED = {
    "suppressed.by_hand": N_("a colleague stopped it: %(why)s"),
    "suppressed.imported": N_("it came with a list of those who get no mail (%(why)s)"),
    "suppressed.disposable": N_("the address is one that is thrown away after use"),
    "suppressed.no_mail": N_("its domain takes no mail"),
    "suppressed.role": N_("the address belongs to a role and not to a person"),
    "suppressed.typo": N_("the address looks mistyped"),
    "suppression.scope": N_("“%(scope)s” is no scope; known: %(known)s"),
    "suppression.topic": N_("“%(topic)s” is no topic a suppression can be about; known: %(known)s"),
    "suppression.topic_too_much": N_("the scope %(scope)s goes beyond a topic; leave the topic out"),
    "suppression.why_missing": N_("a reason is needed, for those who ask later"),
    "suppression.no_company": N_("there is no company %(company)s; write its domain or its whole name"),
    "suppression.unknown": N_("there is no suppression %(suppression)s"),
    "suppression.erased_stays": N_(
        "the person had themselves erased; they come back by their own act only, such as a form"
    ),
    "suppression.complained": N_(
        "the person called our mail unwanted; writing to them again harms all who are written to, so say that you are sure"
    ),
    "suppression.no_file": N_("choose the file that another tool gave you"),
    "suppression.file_gone": N_("the file is not here any more; choose it again"),
    "suppression.no_column": N_("no column holds addresses; name it %(known)s, or the like"),
    "scope.topic": N_("one topic"),
    "scope.marketing": N_("all marketing"),
    "scope.address": N_("the address"),
    "scope.domain": N_("the whole domain"),
    "scope.company": N_("the whole company"),
    "mailstate.uncertain": N_("Uncertain"),
    "mailstate.queued": N_("Queued"),
    "mailstate.deferred": N_("Put off"),
    "mailstate.claimed": N_("In hand"),
    "mailstate.intent": N_("Being sent"),
    "mailstate.accepted": N_("Accepted"),
    "mailstate.failed": N_("Failed"),
    "mailstate.suppressed": N_("Stopped by a rule"),
    "mailstate.expired": N_("Too late"),
    "mailstate.cancelled": N_("Called back"),
    "flag.role": N_("belongs to a role"),
    "flag.disposable": N_("thrown away after use"),
    "flag.no_mail": N_("domain takes no mail"),
    "flag.typo": N_("looks mistyped"),
}
