"""The one door: what is read is not written, what fails leaves nothing, writers take turns."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import OperationalError

from app.store import database as database_module
from app.store.database import Database, FairLock
from app.store.tables import workspaces

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PATIENCE = 10


def add(connection: Connection, number: int) -> None:
    row = {"id": UUID(int=number), "key": str(number), "name": "M", "is_demo": False, "created_at": NOW}
    connection.execute(insert(workspaces), [row])


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(workspaces.c.key).order_by(workspaces.c.key)).scalars())


def test_what_is_written_stays(database: Database) -> None:
    with database.write() as connection:
        add(connection, 1)
    assert names(database) == ["1"]


def test_an_error_leaves_nothing_and_the_next_writer_goes_on(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as connection:
        add(connection, 1)
        raise RuntimeError
    with database.write() as connection:
        add(connection, 2)
    assert names(database) == ["2"]


def test_reading_writes_nothing(database: Database) -> None:
    with database.read() as connection:
        add(connection, 1)
        assert connection.execute(select(workspaces.c.key)).scalars().all() == ["1"]
    assert names(database) == []


def test_a_failed_read_gives_its_connection_back_clean(database: Database) -> None:
    for number in range(1, 12):
        with pytest.raises(RuntimeError), database.read() as connection:
            add(connection, number)
            raise RuntimeError
    assert names(database) == []


def test_a_reader_sees_one_moment_and_waits_for_no_writer(sqlite_database: Database) -> None:
    with sqlite_database.read() as looking:
        assert looking.execute(select(workspaces.c.key)).all() == []
        with sqlite_database.write() as connection:
            add(connection, 1)
        assert looking.execute(select(workspaces.c.key)).all() == []
    assert names(sqlite_database) == ["1"]


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("secure_delete", 1), ("synchronous", 1)],
)
def test_sqlite_is_set_up_on_every_connection(sqlite_database: Database, pragma: str, value: object) -> None:
    with sqlite_database.read() as first, sqlite_database.read() as second:
        for connection in (first, second):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value


def test_what_is_deleted_is_gone_from_the_file(sqlite_database: Database) -> None:
    secret = "katarzyna.wisniewska@bloki.example"
    row = {"id": UUID(int=1), "key": secret, "name": "M", "is_demo": False, "created_at": NOW}
    with sqlite_database.write() as connection:
        connection.execute(insert(workspaces), [row])
    _empty_log(sqlite_database)
    assert secret.encode() in _file(sqlite_database)
    with sqlite_database.write() as connection:
        connection.execute(workspaces.delete())
    _empty_log(sqlite_database)
    assert secret.encode() not in _file(sqlite_database)


def _empty_log(database: Database) -> None:
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _file(database: Database) -> bytes:
    return Path(database.url.database or "").read_bytes()


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'deep' / 'er' / 'trellis.db'}")
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    database.close()


def test_writers_are_served_in_the_order_in_which_they_came() -> None:
    lock, served, waiting = FairLock(), [], []
    lock.acquire()

    def wait(number: int) -> None:
        lock.acquire()
        served.append(number)
        lock.release()

    for number in range(8):
        thread = threading.Thread(target=wait, args=(number,))
        thread.start()
        waiting.append(thread)
        _until(lambda wanted=number + 1: len(lock._waiting) == wanted)
    lock.release()
    for thread in waiting:
        thread.join(PATIENCE)
    assert served == list(range(8))


def test_a_busy_writer_does_not_starve_another() -> None:
    """Whoever lets go and asks again at once stands behind those who wait."""
    lock, order = FairLock(), []
    lock.acquire()
    other = threading.Thread(target=lambda: (lock.acquire(), order.append("other"), lock.release()))
    other.start()
    _until(lambda: len(lock._waiting) == 1)
    lock.release()
    lock.acquire()
    order.append("busy")
    lock.release()
    other.join(PATIENCE)
    assert order == ["other", "busy"]


def test_writers_in_many_threads_lose_nothing(database: Database) -> None:
    def write(numbers: range) -> None:
        for number in numbers:
            with database.write() as connection:
                add(connection, number)

    threads = [threading.Thread(target=write, args=(range(start, start + 10),)) for start in (1, 11, 21, 31)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(names(database)) == 40


def _until(condition: object) -> None:
    waiter = threading.Event()
    for _ in range(2000):
        if condition():  # type: ignore[operator]
            return
        waiter.wait(0.005)
    raise AssertionError("it did not come")


def test_a_write_waits_for_another_process_and_says_when_it_takes_too_long(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Database(sqlite_database.url.render_as_string())
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with other.write() as connection:
            add(connection, 1)
            begun.set()
            assert done.wait(PATIENCE)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(PATIENCE)
    monkeypatch.setattr(database_module, "PATIENCE", 0)
    with pytest.raises(OperationalError, match="locked"), sqlite_database.write():
        pass
    monkeypatch.undo()
    waiter = threading.Thread(target=lambda: _write(sqlite_database, 2))
    waiter.start()
    done.set()
    holder.join(PATIENCE)
    waiter.join(PATIENCE)
    assert names(sqlite_database) == ["1", "2"]
    with sqlite_database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 30_000
    other.close()


def _write(database: Database, number: int) -> None:
    with database.write() as connection:
        add(connection, number)
