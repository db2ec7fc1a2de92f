"""What comes back by mail, acted on: kept as it came, read, matched to a mail of ours, and what follows from it."""

from app.services.returned.keeping import Accepted, accept
from app.services.returned.reviewing import assign, dismiss, replay
from app.services.returned.working import forget_old, read_due

__all__ = ["Accepted", "accept", "assign", "dismiss", "forget_old", "read_due", "replay"]
