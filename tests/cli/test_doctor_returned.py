"""`trellis doctor` about mail that comes back."""

from pathlib import Path

import pytest

from app.cli.doctor_returned import findings
from config import Settings
from tests.support.imap_server import PASSWORD, USER, ImapServer


def found(folder: Path, **settings: object) -> dict[str, tuple[str, str, str]]:
    chosen = Settings(_env_file=None, data_dir=folder, **settings)  # type: ignore[call-arg, arg-type]
    return {what: (state, said, remedy) for what, state, said, remedy in findings(chosen)}


def test_a_mailbox_is_opened_and_its_refusal_told_without_the_password(tmp_path: Path) -> None:
    with ImapServer() as server:
        line = {
            "imap_host": "127.0.0.1",
            "imap_port": server.port,
            "imap_security": "none",
            "imap_username": USER,
        }
        assert found(tmp_path, **line, imap_password=PASSWORD)["Mailbox"][0] == "ok"
        told = found(tmp_path, **line, imap_password="hunter2")
    state, said, remedy = told["Mailbox"]
    assert state == "stop"
    assert "AUTHENTICATIONFAILED" in said
    assert "TRELLIS_IMAP_PASSWORD" in remedy
    assert "hunter2" not in str(told)
    # Nothing listens there any more.
    assert found(tmp_path, **line, imap_password="x")["Mailbox"][0] == "stop"


def test_no_mailbox_is_no_fault(tmp_path: Path) -> None:
    assert found(tmp_path) == {"Mailbox": ("ok", found(tmp_path)["Mailbox"][1], "")}


@pytest.mark.parametrize(
    ("domain", "fits"),
    [("halden.example", True), ("re.HALDEN.example", True), ("halden.example.evil.example", False),
     ("xhalden.example", False)],
)  # fmt: skip
def test_the_way_back_lies_below_the_sender(tmp_path: Path, domain: str, fits: bool) -> None:
    assert ("Way back" not in found(tmp_path, reply_domain=domain)) == fits
    assert ("Way back" not in found(tmp_path, bounce_domain=domain)) == fits
