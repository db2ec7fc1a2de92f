"""Step kinds: one file a kind, one line here."""

from app.core.steps.act import Enroll, Exit, Goal, MoveTo, WebHook
from app.core.steps.ask import Ask
from app.core.steps.base import END, Capped, Context, Go, Leave, Manner, Outlet, Reading, Stay, Step
from app.core.steps.branch import Branch
from app.core.steps.send import MANNER_KEYS, Send, read_manner
from app.core.steps.set_fact import SetFact
from app.core.steps.split import Split
from app.core.steps.task import Task
from app.core.steps.wait import Wait
from app.core.steps.wait_for import HAPPENED, WaitFor, counts_from

KINDS: dict[str, type[Step]] = {
    kind.kind: kind
    for kind in (Send, Wait, WaitFor, Branch, Split, SetFact, Ask, Task, MoveTo, Enroll, WebHook, Goal, Exit)
}

__all__ = [
    "END",
    "HAPPENED",
    "KINDS",
    "MANNER_KEYS",
    "Ask",
    "Branch",
    "Capped",
    "Context",
    "Enroll",
    "Exit",
    "Go",
    "Goal",
    "Leave",
    "Manner",
    "MoveTo",
    "Outlet",
    "Reading",
    "Send",
    "SetFact",
    "Split",
    "Stay",
    "Step",
    "Task",
    "Wait",
    "WaitFor",
    "WebHook",
    "counts_from",
    "read_manner",
]
