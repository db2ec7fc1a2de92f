"""Slices of several connections in one transaction, and each for itself where one of them fails."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from app.services.sending import committing
from app.services.sending.committing import Commits, Slice
from tests.services.sending.conftest import House

CONNECTIONS = 4


def until(holds: Callable[[], bool]) -> None:
    pause = Event()
    for _ in range(3000):
        if holds():
            return
        pause.wait(0.01)
    pytest.fail("it did not come about in half a minute")


class Clerk:
    """Notes what is written together, holds up the first transaction, and refuses whatever has `bad` in it."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch, bad: int | None = None) -> None:
        self.written: list[list[int]] = []
        self._bad, self._go_on = bad, Event()
        self._commits = Commits(house.world, lambda: house.now, lambda seconds: None)
        monkeypatch.setattr(committing, "record", lambda connection, world, tried: self._record(tried))

    def _record(self, tried: Sequence[Any]) -> None:
        self.written.append(list(tried))
        if len(self.written) == 1:
            assert self._go_on.wait(30)
        if self._bad in tried:
            raise ValueError("no such row")

    def hand_in(self) -> list[Exception | None]:
        """One slice a connection, all but the first of them while the first is being written; their errors."""
        slices: list[Any] = [Slice(UUID(int=number), tried=[number]) for number in range(CONNECTIONS)]  # type: ignore[list-item]
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            first = threads.submit(self._commits.commit, slices[0])
            until(lambda: bool(self.written))
            others = [threads.submit(self._commits.commit, one) for one in slices[1:]]
            until(lambda: len(self._commits._waiting) == CONNECTIONS - 1)
            self._go_on.set()
            errors = [one.exception(30) for one in (first, *others)]
        assert all(error is None or isinstance(error, Exception) for error in errors)
        return errors  # type: ignore[return-value]


def test_those_who_wait_are_written_together(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = Clerk(house, monkeypatch)
    assert clerk.hand_in() == [None] * CONNECTIONS
    assert [sorted(one) for one in clerk.written] == [[0], [1, 2, 3]]


def test_nobody_fails_for_anothers_sake(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = Clerk(house, monkeypatch, bad=2)
    errors = clerk.hand_in()
    assert [type(error) for error in errors] == [type(None), type(None), ValueError, type(None)]
    assert [sorted(one) for one in clerk.written[:2]] == [[0], [1, 2, 3]]
    assert sorted(clerk.written[2:]) == [[1], [2], [3]]


def test_the_next_is_written_after_a_failure(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = Clerk(house, monkeypatch, bad=0)
    errors = clerk.hand_in()
    assert [error is None for error in errors] == [False, True, True, True]
