"""The catcher's own file: kept, listed, searched, erased."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.store.caught import CaughtMails, NewlyCaught

NOON = datetime(2026, 3, 2, 12, 0, 0, 123_456, tzinfo=UTC)


def raw(subject: str = "Hello", to: str = "jane@customer.example", text: str = "Hi.") -> bytes:
    lines = [
        f"Subject: {subject}",
        "From: Ann <ann@us.example>",
        f"To: {to}",
        "Date: Mon, 2 Mar 2026 13:00:00 +0100",
    ]
    return "\r\n".join([*lines, "", text, ""]).encode()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CaughtMails]:
    caught = CaughtMails(tmp_path / "made" / "caught.sqlite")
    yield caught
    caught.close()


def test_a_mail_comes_back_as_it_was(store: CaughtMails) -> None:
    number = store.add("b@us.example", ["jane@customer.example"], raw(), NOON)
    mail = store.get(number)
    assert mail is not None
    assert mail.raw == raw()
    assert (mail.summary.envelope_from, mail.summary.recipients) == (
        "b@us.example",
        ("jane@customer.example",),
    )
    assert (mail.summary.subject, mail.summary.from_header) == ("Hello", "Ann <ann@us.example>")
    assert (mail.summary.received_at, mail.summary.size) == (NOON, len(raw()))
    assert mail.summary.sent_at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert store.get(number + 1) is None


def test_it_outlives_its_process(tmp_path: Path) -> None:
    first = CaughtMails(tmp_path / "c.sqlite")
    number = first.add("", ["a@b.example"], raw(), NOON)
    first.close()
    second = CaughtMails(tmp_path / "c.sqlite")
    assert second.get(number) is not None
    second.close()


def test_pages_go_from_new_to_old(store: CaughtMails) -> None:
    numbers = [store.add("", ["a@b.example"], raw(f"No {n}"), NOON + timedelta(minutes=n)) for n in range(7)]
    first = store.page(limit=3)
    second = store.page(before=first[-1].id, limit=3)
    third = store.page(before=second[-1].id, limit=3)
    assert [mail.id for mail in [*first, *second, *third]] == numbers[::-1]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("HELLO", 1),
        ("stra\u00dfe", 1),
        ("STRASSE", 1),
        ("bob@", 1),
        ("%", 0),
        ("  ", 3),
        (None, 3),
        ("ann", 3),
    ],
)
def test_search_knows_subject_and_addresses(store: CaughtMails, search: str | None, found: int) -> None:
    store.add("", ["jane@customer.example"], raw("Hello"), NOON)
    store.add("", ["jane@customer.example"], raw("=?utf-8?q?Stra=C3=9Fe?="), NOON)
    store.add("", ["bob@customer.example"], raw("Other"), NOON)
    assert len(store.page(search=search)) == found
    assert store.count(search) == found


def test_a_batch_is_all_or_nothing(store: CaughtMails) -> None:
    good = NewlyCaught("", ("a@b.example",), raw(), NOON)
    with pytest.raises(ValueError, match="zone"):
        store.add_all([good, NewlyCaught("", ("a@b.example",), raw(), NOON.replace(tzinfo=None))])
    assert store.count() == 0
    assert len(store.add_all([good] * 3)) == 3
    assert store.count() == 3


def test_a_batch_that_fails_in_the_database_leaves_nothing(store: CaughtMails, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "made" / "caught.sqlite")
    refuse = "BEGIN SELECT RAISE(ABORT, 'refused') WHERE new.subject = 'bad'; END"
    other.execute(f"CREATE TRIGGER refusal BEFORE INSERT ON caught {refuse}")
    other.close()
    good, bad = (NewlyCaught("", ("a@b.example",), raw(subject), NOON) for subject in ("good", "bad"))
    with pytest.raises(sqlite3.IntegrityError, match="refused"):
        store.add_all([good, bad])
    assert store.count() == 0
    assert len(store.add_all([good])) == 1


def test_addresses_that_are_no_text_do_not_stop_a_batch(store: CaughtMails) -> None:
    odd = b"\xff@b.example".decode("utf-8", "surrogateescape")
    store.add(odd, [odd], raw(), NOON)
    assert store.page()[0].recipients == ("?@b.example",)


def test_clear_removes_all_and_uses_no_number_twice(store: CaughtMails) -> None:
    last = store.add("", ["a@b.example"], raw(), NOON)
    assert store.clear() == 1
    assert store.count() == 0
    assert store.add("", ["a@b.example"], raw(), NOON) > last


def test_erasure_takes_what_names_the_person_and_nothing_else(store: CaughtMails) -> None:
    gone = [
        store.add("", ["Jane@Customer.example"], raw(to="undisclosed:;"), NOON),
        store.add("jane@customer.example", ["us@us.example"], raw(to="us@us.example"), NOON),
        store.add(
            "", ["us@us.example"], raw(to="us@us.example", text="Task: call <jane@customer.example>."), NOON
        ),
        store.add(
            "", ["us@us.example"], raw(to="us@us.example", text="call jane@cust=\r\nomer.example now"), NOON
        ),
    ]
    kept = [
        store.add("", ["mary.jane@customer.example"], raw(to="mary.jane@customer.example"), NOON),
        store.add("", ["jane@customer.example.org"], raw(to="jane@customer.example.org"), NOON),
    ]
    assert store.erase("JANE@customer.example") == len(gone)
    assert [mail.id for mail in store.page()] == kept[::-1]


def test_what_was_erased_is_in_no_file_any_more(tmp_path: Path) -> None:
    store = CaughtMails(tmp_path / "c.sqlite")
    store.add("", ["jane@customer.example"], raw(text="unmistakable words"), NOON)
    store.erase("jane@customer.example")
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"unmistakable" not in files
    assert b"jane@customer" not in files
    store.close()


def test_threads_share_it(store: CaughtMails) -> None:
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(lambda n: store.add("", [f"c{n}@b.example"], raw(), NOON), range(64)))
    assert len(set(numbers)) == store.count() == 64
