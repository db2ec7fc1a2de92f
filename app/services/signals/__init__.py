"""What comes back: raw hits are kept, judged after a while, and only then become events."""

from app.services.signals.hits import drain
from app.services.signals.recipients import (
    answer,
    choose_language,
    choose_pace,
    choose_topics,
    choose_tracking,
    resubscribe,
    unsubscribe,
)
from app.services.signals.verdicts import judge_due

__all__ = [
    "answer", "choose_language", "choose_pace", "choose_topics", "choose_tracking", "drain", "judge_due", "resubscribe", "unsubscribe",
]  # fmt: skip
