"""Backups: whole or not at all, proven before anything is put in place, and nothing old is lost."""

import io
import json
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.services import backup
from app.services.backup import BackupFault, back_up, restore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def lay(data: Path, word: str = "first", rows: int = 500) -> None:
    (data / "journal").mkdir(parents=True)
    (data / "journal" / "a.log").write_text(word)
    (data / "secret.key").write_text("k" * 64)
    with closing(sqlite3.connect(data / "trellis.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('one')")
        connection.execute("CREATE TABLE words (word TEXT)")
        connection.executemany("INSERT INTO words VALUES (?)", [(word,)] * rows)
        connection.commit()


def word_in(data: Path) -> str:
    with closing(sqlite3.connect(data / "trellis.db")) as connection:
        return str(connection.execute("SELECT min(word) || count(*) FROM words").fetchone()[0])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    lay(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def archive(data: Path, tmp_path: Path) -> Path:
    back_up(data, tmp_path / "b.tgz", NOW)
    return tmp_path / "b.tgz"


def rewritten(
    archive: Path, change: Callable[[str, bytes], bytes | None], more: dict[str, bytes] | None = None
) -> Path:
    """The archive with its members changed (None leaves one out), and more of them behind."""
    other = archive.with_name("other.tgz")
    with tarfile.open(archive) as old, tarfile.open(other, "w:gz") as new:
        members = [(m.name, old.extractfile(m).read()) for m in old.getmembers()]  # type: ignore[union-attr]
        for name, body in [*members, *(more or {}).items()]:
            found = change(name, body)
            if found is not None:
                info = tarfile.TarInfo(name)
                info.size = len(found)
                new.addfile(info, io.BytesIO(found))
    return other


def test_what_is_backed_up_comes_back_and_the_old_is_kept(data: Path, archive: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(data / "trellis.db")) as connection:
        connection.execute("UPDATE words SET word = 'later'")
        connection.commit()
    manifest, kept = restore(data, archive, NOW, replace=True)
    assert manifest["schema"] == "one"
    assert word_in(data) == "first500"
    assert kept is not None
    assert word_in(kept) == "later500"
    assert (data / "journal" / "a.log").read_text() == "first"
    assert (data / "secret.key").exists()
    fresh = tmp_path / "fresh"
    assert restore(fresh, archive, NOW)[1] is None
    assert word_in(fresh) == "first500"
    assert not (fresh / "secret.key").exists()


def test_it_is_consistent_while_somebody_writes(data: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(data / "trellis.db")) as writer:
        writer.execute("UPDATE words SET word = 'half'")
        back_up(data, tmp_path / "w.tgz", NOW, keys=True)
        writer.rollback()
    restore(tmp_path / "there", tmp_path / "w.tgz", NOW)
    assert word_in(tmp_path / "there") == "first500"
    assert (tmp_path / "there" / "secret.key").read_text() == "k" * 64


def test_a_database_in_use_or_in_the_way_is_left_alone(data: Path, archive: Path) -> None:
    with pytest.raises(BackupFault, match="--replace"):
        restore(data, archive, NOW)
    with closing(sqlite3.connect(data / "trellis.db")) as user:
        user.execute("SELECT * FROM words").fetchone()
        with pytest.raises(BackupFault, match="in use"):
            restore(data, archive, NOW, replace=True)
    assert sorted(path.name for path in data.iterdir() if path.name.startswith((".", "before"))) == []


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_truncated_archive_changes_nothing(data: Path, archive: Path, share: float) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BackupFault):
        restore(data, archive, NOW, replace=True)
    assert word_in(data) == "first500"


def test_tampered_and_hostile_archives_are_refused(data: Path, archive: Path, tmp_path: Path) -> None:
    def same(_name: str, body: bytes) -> bytes:
        return body

    def told(name: str) -> Callable[[str, bytes], bytes | None]:
        """The manifest names the hostile member too."""

        def change(each: str, body: bytes) -> bytes:
            if each != "manifest.json":
                return body
            found = json.loads(body)
            found["files"][name] = {"bytes": 1, "sha256": backup.sha256(b"x").hexdigest()}
            return json.dumps(found).encode()

        return change

    hostile = [rewritten(archive, lambda n, b: b"other" if n == "journal/a.log" else b)]
    for name in ("../evil", "/tmp/w-evil", "journal/../../evil", "notes.txt", "demo/x"):
        for change in (same, told(name)):
            with pytest.raises(BackupFault):
                restore(data, rewritten(archive, change, {name: b"x"}), NOW, replace=True)
    hostile += [rewritten(archive, lambda n, b: None if n == "manifest.json" else b)]
    with pytest.raises(BackupFault):
        restore(data, hostile[-1], NOW, replace=True)
    with pytest.raises(BackupFault, match="is not what was backed up"):
        restore(
            data, rewritten(archive, lambda n, b: b"other" if n == "journal/a.log" else b), NOW, replace=True
        )
    with pytest.raises(BackupFault, match="is missing"):
        restore(data, rewritten(archive, lambda n, b: None if n == "journal/a.log" else b), NOW, replace=True)
    with pytest.raises(BackupFault, match="not known here"):
        restore(data, archive, NOW, replace=True, knows=lambda revision: revision == "two")
    assert word_in(data) == "first500"
    assert not (tmp_path / "evil").exists()


def test_a_kill_or_a_full_disk_in_the_middle_leaves_no_archive(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    def kill(what: str, _done: int, _all: int) -> None:
        if what == "archive":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(data, tmp_path / "k.tgz", NOW, step=kill)
    monkeypatch.setattr(backup, "_pack", full)
    with pytest.raises(BackupFault, match="No space left"):
        back_up(data, tmp_path / "f.tgz", NOW)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
