"""What an operator may write, and what not."""

import pytest

from app.core.written import is_encryption_key, is_server


@pytest.mark.parametrize(
    "text", ["192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:5353", "2001:db8::53", "[::1]"]
)
def test_a_server_is_an_address_with_or_without_a_port(text: str) -> None:
    assert is_server(text)


@pytest.mark.parametrize(
    "text", ["", "localhost", "192.0.2.256", "192.0.2.53:0", "192.0.2.53:70000", "[::1", "1:2:3"]
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_server(text)


def test_a_key_has_thirty_two_bytes() -> None:
    assert is_encryption_key("A" * 43 + "=")
    assert not is_encryption_key("A" * 43)
    assert not is_encryption_key("A" * 40)
    assert not is_encryption_key("ü" * 44)
