"""What comes back: raw hits are kept, judged after a while, and only then become events."""

from app.services.signals.hits import drain, forget_old_hits
from app.services.signals.recipients import (
    answer,
    choose_language,
    choose_pace,
    choose_topics,
    choose_tracking,
    resubscribe,
    unsubscribe,
)
from app.services.signals.settling import judge_due

__all__ = [
    "answer", "choose_language", "choose_pace", "choose_topics", "choose_tracking", "drain", "forget_old_hits", "judge_due", "resubscribe", "unsubscribe",
]  # fmt: skip
