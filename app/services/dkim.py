"""Who signs our mail: the keys in force, opened once and kept until they change."""

import threading
from datetime import datetime
from uuid import UUID

from app.mail.dkim import Signer, sign
from app.mail.dkim_keys import read_key
from app.mail.headers import wire_domain
from app.services.secrets import Vault
from app.store import dkim as rows
from app.store.database import Database
from config import Settings


class Dkim:
    """Signs with the active keys of one workspace. Safe in threads.

    `refresh` looks whether the keys have changed; call it once a batch, before anything is claimed, so that a
    key that cannot be opened stops the sending and not a mail.
    """

    def __init__(self, database: Database, workspace_id: UUID, settings: Settings) -> None:
        self._database, self._workspace_id, self._settings = database, workspace_id, settings
        self._lock = threading.Lock()
        self._ids: frozenset[UUID] | None = None
        self._signers: dict[str, tuple[Signer, ...]] = {}

    def refresh(self) -> None:
        """Take over what was activated or retired since. Raises CannotOpen."""
        with self._lock, self._database.read() as connection:
            ids = rows.active_ids(connection, self._workspace_id)
            if ids == self._ids:
                return
            found = rows.active(connection, self._workspace_id) if ids else []
            signers: dict[str, tuple[Signer, ...]] = {}
            vault = Vault(self._settings) if found else None
            for row in found:
                assert vault is not None
                signer = Signer(row.domain, row.selector, read_key(vault.open(row.private_key)))
                signers[row.domain] = (*signers.get(row.domain, ()), signer)
            self._signers, self._ids = signers, ids

    def signers_for(self, domain: str) -> tuple[Signer, ...]:
        """Those of the domain, else of the nearest domain above it, which DMARC counts as the same sender."""
        if self._ids is None:
            self.refresh()
        signers = self._signers
        while domain:
            found = signers.get(domain)
            if found is not None:
                return found
            domain = domain.partition(".")[2]
        return ()

    def sign(self, message: bytes, domain: str, at: datetime) -> bytes:
        """The finished message with its signatures in front; as it is where no key is for the From domain."""
        return sign(message, self.signers_for(wire_domain(domain)), at)
