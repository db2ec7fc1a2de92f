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
    "stay.why_missing": N_("say why in --reason, for those who read the contact's story"),
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
