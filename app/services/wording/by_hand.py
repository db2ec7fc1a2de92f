"""What colleagues do to a stay or a task by hand."""

from app.services.wording.marking import N_

BY_HAND = {
    "enroll.by_person": N_("a colleague said so: %(why)s"),
    "enroll.called_off": N_("a colleague called it off: %(why)s"),
    "exit.by_person": N_("a colleague ended it: %(why)s"),
    "left.exit.by_person": N_("taken out by a colleague"),
    "parked.freed": N_("a colleague lets them go on"),
    "parked.nowhere": N_("the contact is parked nowhere"),
    "parked.not_here": N_("the contact is not parked in “%(sequence)s”"),
    "stay.why_missing": N_("say why, for those who read the contact's story"),
    "stay.over": N_("this stay is over already"),
    "stay.moved_on": N_(
        "“%(sequence)s” went on with them since this page was shown; look where they are now, then decide"
    ),
    "stay.nothing_waits": N_(
        "nothing of “%(sequence)s” waits that could be passed over; the engine is at work on it"
    ),
    "stay.no_mail_next": N_("no mail comes next in “%(sequence)s”"),
    "stay.skipped": N_("a colleague led them past “%(step)s”: %(why)s"),
    "stay.sent_now": N_("a colleague made “%(step)s” due now: %(why)s"),
    "stage.none_chosen": N_("choose the stage first"),
    "enroll.none_chosen": N_("choose the sequence first"),
    "contact.stale": N_("this changed since the page was shown: it is “%(now)s” now; look, then save again"),
    "contact.stale.at": N_("this changed %(at)s: it is “%(now)s” now; look, then save again"),
    "contact.stale.by": N_("%(who)s saved this %(at)s: it is “%(now)s” now; look, then save again"),
    "contact.tag_long": N_("a tag has at most %(longest)s signs; take a shorter word"),
    "note.empty": N_("the note is empty; write what others should know"),
    "note.long": N_("the note has %(length)s signs, and %(longest)s are room enough; shorten it"),
    "note.by_person": N_("%(text)s"),
    "task.done": N_("done: %(result)s"),
    "task.unknown": N_("there is no task %(task)s; `trellis tasks list` shows the open ones"),
    "task.not_open": N_("the task is %(state)s already"),
    "task.result_missing": N_("say what came of it, for those who read the contact's story"),
    "task.stale": N_("somebody changed this task since you opened it; look at it as it is now, then decide"),
    "task.why_missing": N_("say why, for those who read the contact's story"),
    "task.due_past": N_("choose a time that is still to come, five years ahead at most"),
    "task.due_unreadable": N_("write the day and the time, such as 2026-11-30 09:00"),
    "task.colleague_unknown": N_("choose a colleague of this workspace"),
    "task.colleague_cannot": N_("%(name)s cannot take tasks: shut out, or may only look on"),
    "task.taken": N_("%(name)s took it"),
    "task.handed_over": N_("handed over to %(name)s: %(why)s"),
    "task.handed_over_so": N_("handed over to %(name)s"),
    "task.due_moved": N_("due at another time: %(why)s"),
    "task.handed_over_meanwhile": N_("somebody else has the task now"),
    "task.done_meanwhile": N_("the task is done already"),
}
