"""Codes of a phone: the vectors of RFC 6238 and RFC 4226, and what is typed."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from app.core import totp

SECRET = b"12345678901234567890"
NOW = datetime(2026, 11, 24, 8, 24, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
        (2000000000, "69279037"), (20000000000, "65353130"),
    ],
)  # fmt: skip
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    assert totp.code(SECRET, seconds // totp.STEP) == code[-6:]


def test_the_vectors_of_rfc_4226() -> None:
    codes = [
        "755224",
        "287082",
        "359152",
        "969429",
        "338314",
        "254676",
        "287922",
        "162583",
        "399871",
        "520489",
    ]
    assert [totp.code(SECRET, step) for step in range(10)] == codes


def test_half_a_minute_either_way_and_no_more() -> None:
    here = totp.step_at(NOW)
    taken = [step for step in range(here - 4, here + 5) if totp.step_of(SECRET, totp.code(SECRET, step), NOW)]
    assert taken == [here - 1, here, here + 1]
    typed = totp.code(SECRET, here)
    assert totp.step_of(SECRET, f" {typed[:3]} {typed[3:]}\n", NOW) == here
    assert totp.step_of(SECRET, typed, NOW + timedelta(minutes=2)) is None


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "²²²²²²", "-12345", "0" * 5000]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert totp.step_of(SECRET, typed, NOW) is None


def test_the_address_is_one_an_app_reads() -> None:
    parts = urlsplit(totp.address(SECRET, "Halden & Søn: Metering", "ada+x@halden.example"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Halden & Søn  Metering:ada+x@halden.example"
    found = parse_qs(parts.query)
    assert found["secret"] == ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]
    assert found["issuer"] == ["Halden & Søn: Metering"]
