"""What is given is what arrives, whatever its dots."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.smtp import SmtpConnection, SmtpRoute
from app.mail.wire import dot_stuffed
from tests.support.smtp_server import ScriptedServer

LINES = st.lists(
    st.one_of(st.binary(max_size=30), st.sampled_from([b".", b"..", b".a", b"", b"QUIT"])), min_size=1
)
STRAY = st.text("ab.\r\n", max_size=12).map(str.encode)


@pytest.fixture(scope="module")
def line() -> Iterator[tuple[SmtpConnection, ScriptedServer]]:
    with ScriptedServer() as server:
        connection = SmtpConnection(SmtpRoute("127.0.0.1", server.port, "none", timeout=5.0))
        yield connection, server
        connection.close()


@settings(max_examples=100, deadline=None)
@given(lines=LINES)
def test_crlf_data_arrives_as_it_was(line: tuple[SmtpConnection, ScriptedServer], lines: list[bytes]) -> None:
    connection, server = line
    data = b"".join(text.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n" for text in lines)
    assert connection.send("a@b.example", "c@d.example", data).kind == "accepted"
    assert server.received[-1].data == data
    assert server.connections == 1


@settings(max_examples=400)
@given(data=STRAY)
def test_only_whole_line_ends_pass(data: bytes) -> None:
    left = data.replace(b"\r\n", b"")
    if b"\r" not in left and b"\n" not in left and data.endswith(b"\r\n"):
        assert dot_stuffed(data).replace(b"\r\n..", b"\r\n.") in (data, b"." + data)
    else:
        with pytest.raises(ValueError, match="CRLF"):
            dot_stuffed(data)
