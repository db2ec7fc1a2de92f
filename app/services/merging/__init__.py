"""Two contacts who are one person: looked for, laid side by side, made one, and made two again.

What decides later (addresses, events, score entries, tasks, the story) becomes the survivor's; which rows these
were is written down, so that they go back. Sent mails stay with whom they were sent to, and count for both.
"""

from app.services.merging.looking import Pair, Plan, Side, Twin, merged, plan, twins
from app.services.merging.merging import merge
from app.services.merging.undoing import Undone, undo, what_goes_back

__all__ = [
    "Pair", "Plan", "Side", "Twin", "Undone", "merge", "merged", "plan", "twins", "undo", "what_goes_back",
]  # fmt: skip
