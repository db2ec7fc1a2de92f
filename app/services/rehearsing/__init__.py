"""Rehearsing: the contact base run forward, counted and told."""

from app.services.rehearsing.running import RehearsalFault, Wish, rehearse
from app.services.rehearsing.tally import Tally

__all__ = ["RehearsalFault", "Tally", "Wish", "rehearse"]
