"""Each mailer's notice is read as it was meant, however its lines end."""

import pytest

from app.inbound.returned import read_message
from tests.inbound.returned.building import Sample
from tests.inbound.returned.corpus_mailers import MAILERS


@pytest.mark.parametrize("sample", MAILERS, ids=lambda sample: sample.name)
def test_a_notice_is_read_to_the_last_digit(sample: Sample) -> None:
    for ending in (b"\n", b"\r\n", b"\r"):
        (found,) = read_message(sample.raw.replace(b"\n", ending)).found
        read = (found.address, found.what, found.class_, found.enhanced, found.code)
        assert read == (sample.address, sample.what, sample.class_, sample.enhanced, sample.code), ending
