"""What people may ask of us about themselves: a copy of what is kept, and to be forgotten."""

from app.services.privacy.erasing import Erased, erase, settle_due
from app.services.privacy.exporting import Export, export

__all__ = ["Erased", "Export", "erase", "export", "settle_due"]
