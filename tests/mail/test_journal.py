"""What a worker's journal still knows after its process is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.journal import Journal, JournalBusy, JournalDamaged, JournalState
from app.mail.replies import Outcome

ROOT = Path(__file__).parents[2]
ACCEPTED = Outcome("accepted", "dot", 250, "2.0.0")
DEFERRED = Outcome("deferred", "connect", None, None, "", timedelta(minutes=5))


def mail(number: int) -> UUID:
    return UUID(int=number)


@contextmanager
def journal_in(folder: Path, worker: str = "one") -> Iterator[Journal]:
    journal = Journal(folder, worker)
    yield journal
    journal.close()


def test_an_empty_journal_knows_nothing(tmp_path: Path) -> None:
    with journal_in(tmp_path / "made" / "here") as journal:
        assert journal.unsettled() == JournalState()


def test_what_was_begun_and_answered_is_found_again(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        for number in (1, 2, 3):
            journal.started(mail(number), mail(100 + number))
        journal.answered(mail(1), ACCEPTED)
        journal.answered(mail(2), DEFERRED)
    with journal_in(tmp_path) as journal:
        assert journal.unsettled() == JournalState(
            {mail(3)},
            {mail(1): ACCEPTED, mail(2): DEFERRED},
            {mail(1): mail(101), mail(2): mail(102), mail(3): mail(103)},
        )


def test_a_second_try_takes_the_place_of_the_first(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal.started(mail(1), mail(101))
        journal.answered(mail(1), DEFERRED)
        journal.started(mail(1), mail(102))
        assert journal.unsettled() == JournalState({mail(1)}, {}, {mail(1): mail(102)})


def test_no_address_and_no_words_of_a_server(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal.started(mail(1), mail(101))
        journal.answered(
            mail(1), Outcome("failed", "rcpt", 550, "5.1.1", "<jane@customer.example> is unknown")
        )
        assert journal.unsettled().answered[mail(1)] == Outcome("failed", "rcpt", 550, "5.1.1", "")
    for file in tmp_path.iterdir():
        assert b"jane" not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0


def test_settling_empties_the_file_once_nothing_is_in_hand(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        for number in (1, 2):
            journal.started(mail(number), mail(100))
            journal.answered(mail(number), ACCEPTED)
        journal.settle([mail(1)])
        assert mail(2) in journal.unsettled().answered
        journal.settle([mail(2)])
        assert journal.unsettled() == JournalState()
        assert (tmp_path / "one.journal").stat().st_size == 0


def test_the_file_stays_small_though_something_is_always_in_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.mail.journal._REWRITE_ABOVE", 2_000)
    with journal_in(tmp_path) as journal:
        journal.started(mail(1), mail(101))
        for number in range(2, 200):
            journal.started(mail(number), mail(100))
            journal.settle([mail(number)])
            assert (tmp_path / "one.journal").stat().st_size < 2_200
        journal.answered(mail(1), ACCEPTED)
        assert journal.unsettled().answered[mail(1)] == ACCEPTED
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one.journal", "one.lock"]


def test_nothing_is_sent_before_the_last_life_is_settled(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal.started(mail(1), mail(101))
    with journal_in(tmp_path) as journal:
        with pytest.raises(RuntimeError, match="Settle"):
            journal.started(mail(2), mail(102))
        journal.settle([mail(2)])
        assert journal.unsettled().started_unanswered == {mail(1)}
        journal.settle()
        journal.started(mail(2), mail(102))
        assert journal.unsettled().started_unanswered == {mail(2)}


def test_one_process_a_name(tmp_path: Path) -> None:
    busy = pytest.raises(JournalBusy, match=rf"'one'.*process {os.getpid()}.*another worker name")
    with journal_in(tmp_path), journal_in(tmp_path, "other"), busy:
        Journal(tmp_path, "one")
    with journal_in(tmp_path):
        pass


@pytest.mark.parametrize("worker", ["", "../one", ".one", "a/b", "a b"])
def test_a_name_that_is_no_file_name(tmp_path: Path, worker: str) -> None:
    with pytest.raises(ValueError, match="worker name"):
        Journal(tmp_path, worker)


def test_threads_write_whole_records(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:

        def one(number: int) -> None:
            journal.started(mail(number), mail(100))
            journal.answered(mail(number), ACCEPTED)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(one, range(1, 400)))
        assert len(journal.unsettled().answered) == 399


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 1_000))
def test_a_file_cut_anywhere_still_tells_its_beginning(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    path = folder / "one.journal"
    with journal_in(folder) as journal:
        for number in range(1, 6):
            journal.started(mail(number), mail(100))
            journal.answered(mail(number), ACCEPTED)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    lines = whole[:cut].count(b"\n")
    with journal_in(folder) as journal:
        state = journal.unsettled()
        assert len(state.answered) == lines // 2
        assert len(state.started_unanswered) == lines % 2
        journal.settle()
        journal.started(mail(9), mail(100))
        assert journal.unsettled().started_unanswered == {mail(9)}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "S 1 2",
        f"A {mail(1).hex} accepted dot 250 - -",
        f"X {mail(1).hex} {mail(2).hex}",
        "\u00e9",
    ],
)
def test_a_damaged_record_is_never_passed_over(tmp_path: Path, line: str) -> None:
    """A record lost in silence would let its mail be sent a second time."""
    (tmp_path / "one.journal").write_bytes(f"{line}\nS {mail(7).hex} {mail(8).hex}\n".encode())
    with journal_in(tmp_path) as journal:
        with pytest.raises(JournalDamaged, match=r"line 1.*uncertain"):
            journal.unsettled()
        journal.settle()
        assert journal.unsettled() == JournalState()


@pytest.mark.parametrize("records", [1, 2, 7, 40, 200])
def test_kill_9_loses_no_record(tmp_path: Path, records: int) -> None:
    command = [sys.executable, "-m", "tests.mail.journal_child", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        said = [child.stdout.readline().split() for _ in range(records)]
        child.send_signal(signal.SIGKILL)
        said += [words for line in child.stdout if len(words := line.split()) == 2 and line.endswith("\n")]
        assert child.wait(10) == -signal.SIGKILL
    with journal_in(tmp_path, "crashing") as journal:
        state = journal.unsettled()
    begun = {mail(int(number)) for kind, number in said if kind == "S"}
    answered = {mail(int(number)) for kind, number in said if kind == "A"}
    assert answered <= set(state.answered)
    assert begun <= set(state.answered) | state.started_unanswered
    # What was written but not yet said is at most the record in hand.
    assert len(state.answered) + len(state.claim_tokens) <= len(said) + 1
