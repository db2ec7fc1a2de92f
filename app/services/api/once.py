"""A request that is made twice under one key is done once: the second time it gets the first answer.

The answer may name people, so it is sealed with the caller's token and key, which are not kept: nobody here can
open it, and an erasure need not look for it. After a day it is gone.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from uuid import UUID

from cryptography.fernet import Fernet

from app.core.reasons import Reason
from app.services.api.tokens import Caller
from app.store import api as rows
from app.store.database import Database
from app.store.views import Found

KEPT = timedelta(days=1)
# A process that answers for longer is dead; what it began is begun again.
AT_WORK = timedelta(minutes=2)
LONGEST_KEY = 200


class OnceFault(Exception):
    """The request is not done; `code` is once.at_work or once.other_request."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.reason = Reason(code)


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered the first time."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that is being done; `finish` or `give_up` ends it."""

    database: Database
    token_id: UUID
    key_hash: str
    seal: bytes

    def finish(self, status: int, text: str) -> None:
        """Keep the answer for whoever asks again."""
        sealed = Fernet(self.seal).encrypt(text.encode()).decode()
        with self.database.write() as connection:
            rows.keep_answer(connection, self.token_id, self.key_hash, status, sealed)

    def give_up(self) -> None:
        """Nothing was done; the same key may be used again."""
        with self.database.write() as connection:
            rows.release(connection, self.token_id, self.key_hash)


def begin(
    database: Database, workspace_id: UUID, caller: Caller, key: str, request: bytes, now: datetime
) -> Claim | Answered:
    """The claim of the first request with this key, or what that was answered. Raises OnceFault."""
    secret = sha256(caller.secret.encode()).digest()
    seal = urlsafe_b64encode(blake2b(key.encode(), key=secret, digest_size=32, person=b"answer").digest())
    key_hash = blake2b(key.encode(), key=secret, digest_size=32, person=b"key").hexdigest()
    request_hash = blake2b(request, key=secret, digest_size=32, person=b"request").hexdigest()
    row = {
        "token_id": caller.id, "key_hash": key_hash, "workspace_id": workspace_id, "request_hash": request_hash,
        "started_at": now,
    }  # fmt: skip
    claim = Claim(database, caller.id, key_hash, seal)
    with database.write() as connection:
        rows.forget_answers(connection, now - KEPT)
        if rows.claim(connection, row):
            return claim
        earlier = rows.answer(connection, caller.id, key_hash)
        if earlier is None:  # it has just been given up
            raise OnceFault("once.at_work")
        _check_same(earlier, request_hash)
        if earlier.status is None:
            over = earlier.started_at <= now - AT_WORK
            if over and rows.take_over(connection, caller.id, key_hash, earlier.started_at, now):
                return claim
            raise OnceFault("once.at_work")
    return Answered(earlier.status, Fernet(seal).decrypt(earlier.answer.encode()).decode())


def _check_same(earlier: Found, request_hash: str) -> None:
    if earlier.request_hash != request_hash:
        raise OnceFault("once.other_request")
