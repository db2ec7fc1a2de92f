"""An independent reader of DKIM signatures: dkimpy, with records from a dictionary and a clock that is given."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from unittest.mock import patch

import dkim

from app.mail.dkim import PrivateKey, Signer
from app.mail.dkim_keys import algorithm_of, public_text, record, record_name


@dataclasses.dataclass(frozen=True)
class Published:
    """A signer and the record that belongs to its key."""

    signer: Signer
    records: Mapping[str, str]


def published(domain: str, selector: str, key: PrivateKey) -> Published:
    text = record(algorithm_of(key), public_text(key))
    return Published(Signer(domain, selector, key), {record_name(domain, selector): text})


def verdicts(message: bytes, records: Mapping[str, str], at: datetime) -> list[bool]:
    """For each DKIM-Signature from the top, whether it holds at this moment; what is malformed does not."""

    def txt(name: bytes, timeout: int = 5) -> bytes | None:
        text = records.get(name.decode().rstrip("."))
        return text.encode() if text is not None else None

    found = []
    with patch.object(dkim, "time", SimpleNamespace(time=at.timestamp)):
        reader = dkim.DKIM(message)
        count = sum(1 for name, _ in reader.headers if name.lower() == b"dkim-signature")
        for number in range(count):
            try:
                found.append(bool(dkim.DKIM(message).verify(idx=number, dnsfunc=txt)))
            except dkim.DKIMException:
                found.append(False)
    return found
