"""Secrets at rest: sealed before they are stored, opened only where they are used, sealed anew under a new key.

A column of the type `Sealed` takes nothing else, so whoever declares one needs no list to be entered in.
"""

from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.store import sealed as store
from app.store.database import Database
from app.store.types import SEAL
from config import Settings

AT_ONCE = 200  # rows sealed anew in one transaction


class CannotOpen(Exception):
    """None of the keys opens a stored secret; the text says what to do."""


class Vault:
    """Seals and opens texts with the keys of the settings: the first seals, all of them open."""

    def __init__(self, settings: Settings) -> None:
        keys = settings.sealing_keys()
        self._where = "TRELLIS_ENCRYPTION_KEYS" if settings.encryption_keys else settings.encryption_key_file
        self._first = Fernet(keys[0])
        self._all = MultiFernet([Fernet(key) for key in keys])

    def seal(self, text: str) -> str:
        """The text under the first key (Fernet: AES-128-CBC with HMAC-SHA256), other each time."""
        return self._all.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """The text that was sealed. Raises CannotOpen."""
        try:
            return self._all.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise CannotOpen(
                f"No key in {self._where} opens this secret. Put the key that sealed it at the end of the list, "
                "or enter the secret again."
            ) from None

    def state(self, stored: str) -> str:
        """`sealed` by the first key, `older` by another one, `open` as it was typed, or `lost`."""
        if not stored.startswith(SEAL):
            return "open"
        for keys, state in ((self._first, "sealed"), (self._all, "older")):
            try:
                keys.decrypt(stored.encode())
            except InvalidToken:
                continue
            return state
        return "lost"


@dataclass(frozen=True, slots=True)
class Kept:
    """How many secrets of one column are in which state (see `Vault.state`)."""

    column: str
    sealed: int = 0
    older: int = 0
    open: int = 0
    lost: int = 0


def check(database: Database, vault: Vault) -> tuple[Kept, ...]:
    """The state of every stored secret, by column."""
    found = []
    for column in store.sealed_columns():
        with database.read() as connection:
            states = [vault.state(secret.value) for secret in store.secrets_of(connection, column)]
        counts = {state: states.count(state) for state in ("sealed", "older", "open", "lost")}
        found.append(Kept(store.name_of(column), **counts))
    return tuple(found)


def rotate(database: Database, vault: Vault) -> tuple[Kept, ...]:
    """Seal everything under the first key: what an older one sealed, and what stands open.

    What no key opens stays as it is. A secret that somebody changes meanwhile keeps the change. The
    result is what is there afterwards; a run that broke off is made up for by the next.
    """
    for column in store.sealed_columns():
        with database.read() as connection:
            rows = store.secrets_of(connection, column)
        anew = []
        for secret in rows:
            state = vault.state(secret.value)
            if state in ("older", "open"):
                text = vault.open(secret.value) if state == "older" else secret.value
                anew.append((secret, vault.seal(text)))
        for start in range(0, len(anew), AT_ONCE):
            with database.write() as connection:
                store.replace(connection, column, anew[start : start + AT_ONCE])
    return check(database, vault)
