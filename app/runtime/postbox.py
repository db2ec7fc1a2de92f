"""Caught mails that are also handed on: for a house whose readers live in the same process."""

import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from app.store.caught import CaughtMails, NewlyCaught


class Postbox(CaughtMails):
    """The file of caught mails, and beside it those that nobody has fetched yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._turn = threading.Lock()
        self._new: list[NewlyCaught] = []

    def add_all(self, mails: Sequence[NewlyCaught]) -> list[int]:
        numbers = super().add_all(mails)
        with self._turn:
            self._new += mails
        return numbers

    def fetch(self) -> list[tuple[str, str, bytes, datetime]]:
        """What came since the last time: recipient, envelope sender, bytes and instant."""
        with self._turn:
            found, self._new = self._new, []
        return [(mail.recipients[0], mail.envelope_from, mail.raw, mail.received_at) for mail in found]
