"""Secrets are sealed, opened by every key of the list, and sealed anew; none of them can be forgotten."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import MetaData, Table, Text, insert, select, text
from sqlalchemy.exc import StatementError

from app.services import secrets as service
from app.services.secrets import CannotOpen, Vault
from app.store import sealed
from app.store.database import Database
from app.store.tables import metadata
from app.store.tables.columns import Sealed, plain
from config import Settings, new_encryption_key

OLD, NEW, OTHER = (new_encryption_key() for _ in range(3))
SOUNDS_SECRET = re.compile(r"secret|password|private|passphrase|credential|token")
# A keyed or slow hash opens nothing, and a claim's token is no secret.
NO_SECRET = {"password_hash", "token_hash", "must_change_password", "claim_token", "token_id"}


def vault(*keys: str) -> Vault:
    return Vault(Settings(encryption_keys=list(keys)))


@given(st.text())
def test_what_was_sealed_opens(secret: str) -> None:
    sealed_text = vault(OLD).seal(secret)
    assert vault(NEW, OLD).open(sealed_text) == secret
    assert len(secret) < 4 or secret not in sealed_text


def test_the_same_secret_never_looks_the_same() -> None:
    assert vault(OLD).seal("hunter2") != vault(OLD).seal("hunter2")


def test_a_secret_of_an_unknown_key_says_what_to_do() -> None:
    with pytest.raises(CannotOpen, match=r"TRELLIS_ENCRYPTION_KEYS.*end of the list") as fault:
        vault(NEW).open(vault(OLD).seal("hunter2"))
    assert NEW not in str(fault.value)


@pytest.mark.parametrize("stored", ["", "hunter2", "gAAAAA", "gAAAAA\u0000ü", "gAAAAAB" * 40])
def test_what_no_key_made_does_not_open(stored: str) -> None:
    with pytest.raises(CannotOpen):
        vault(OLD).open(stored)


def test_without_keys_one_is_made_in_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    sealed_text = Vault(settings).seal("hunter2")
    assert Vault(Settings(data_dir=tmp_path)).open(sealed_text) == "hunter2"
    key = (tmp_path / "encryption.key").read_text()
    assert vault(NEW, key).open(sealed_text) == "hunter2"
    (tmp_path / "encryption.key").write_text(f"{NEW}\n{key}\n")
    assert Vault(settings).open(sealed_text) == "hunter2"
    (tmp_path / "encryption.key").write_text(NEW)
    with pytest.raises(CannotOpen, match=r"encryption\.key"):
        Vault(settings).open(sealed_text)


def test_every_column_that_sounds_like_a_secret_is_sealed() -> None:
    found = [
        sealed.name_of(column)
        for table in metadata.sorted_tables
        for column in table.columns
        if SOUNDS_SECRET.search(column.name) and column.name not in NO_SECRET
        and not isinstance(column.type, Sealed)
    ]  # fmt: skip
    assert found == [], "declare them Sealed, so that they are stored and rotated as secrets"


@pytest.fixture
def safe(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """A table of its own with a sealed column, found as those of the schema are."""
    own = MetaData()
    table = Table(
        "safe", own, plain("room", Text, primary_key=True), plain("shelf", Text, primary_key=True),
        plain("word", Sealed, nullable=True),
    )  # fmt: skip
    monkeypatch.setattr(sealed, "metadata", own)
    with database.write() as connection:
        own.create_all(connection)
    yield table
    with database.write() as connection:
        own.drop_all(connection)


def put(database: Database, table: Table, words: dict[str, str | None]) -> None:
    rows = [{"room": "1", "shelf": shelf, "word": word} for shelf, word in words.items()]
    with database.write() as connection:
        connection.execute(insert(table), rows)


def stored(database: Database, table: Table) -> dict[str, str]:
    with database.read() as connection:
        return {row.shelf: row.word for row in connection.execute(select(table))}


def test_an_open_secret_is_refused_by_its_column(database: Database, safe: Table) -> None:
    with pytest.raises(StatementError, match="a secret stands open"):
        put(database, safe, {"a": "hunter2"})
    assert stored(database, safe) == {}


def test_rotation_leaves_nothing_to_the_old_key(database: Database, safe: Table) -> None:
    old, both = vault(OLD), vault(NEW, OLD)
    put(database, safe, {f"{n:03}": old.seal(f"word {n}") for n in range(service.AT_ONCE + 5)})
    put(database, safe, {"new": both.seal("new word"), "none": None})
    assert service.check(database, both) == (service.Kept("safe.word", sealed=1, older=service.AT_ONCE + 5),)
    assert service.rotate(database, both) == (service.Kept("safe.word", sealed=service.AT_ONCE + 6),)
    after = stored(database, safe)
    assert vault(NEW).open(after["007"]) == "word 7"
    assert vault(NEW).open(after["new"]) == "new word"
    assert after["none"] is None


def test_rotation_seals_what_stood_open_and_leaves_what_is_lost(database: Database, safe: Table) -> None:
    lost = vault(OTHER).seal("gone")
    put(database, safe, {"lost": lost, "open": vault(NEW).seal("x")})
    with database.write() as connection:
        connection.execute(text("UPDATE safe SET word = 'hunter2' WHERE shelf = 'open'"))
    both = vault(NEW, OLD)
    assert service.check(database, both) == (service.Kept("safe.word", open=1, lost=1),)
    assert service.rotate(database, both) == (service.Kept("safe.word", sealed=1, lost=1),)
    after = stored(database, safe)
    assert both.open(after["open"]) == "hunter2"
    assert after["lost"] == lost


def test_a_secret_changed_meanwhile_keeps_the_change(database: Database, safe: Table) -> None:
    old, both = vault(OLD), vault(NEW, OLD)
    put(database, safe, {"a": old.seal("before")})
    column = safe.c.word
    with database.read() as connection:
        (secret,) = sealed.secrets_of(connection, column)
    after = both.seal("after")
    with database.write() as connection:
        connection.execute(safe.update().values(word=after))
        sealed.replace(connection, column, [(secret, both.seal("before"))])
    assert stored(database, safe) == {"a": after}
