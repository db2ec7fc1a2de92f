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
    "task.result_missing": N_("say in --result what came of it"),
}
