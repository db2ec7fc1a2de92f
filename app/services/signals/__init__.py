"""What comes back: raw hits are kept, judged after a while, and only then become events."""

from app.services.signals.hits import drain, judge_due
from app.services.signals.recipients import (
    answer,
    choose_pace,
    choose_topics,
    choose_tracking,
    resubscribe,
    unsubscribe,
)

__all__ = [
    "answer", "choose_pace", "choose_topics", "choose_tracking", "drain", "judge_due", "resubscribe", "unsubscribe",
]  # fmt: skip
