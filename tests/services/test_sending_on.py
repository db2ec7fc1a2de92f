"""Replies come to an address of their own, and the letter goes on to the owner inside our mail."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from app.mail.journal import Journal
from app.mail.smtp import SmtpRoute
from app.mail.smtp_pool import SmtpPool
from app.services.sending.worker import Sender
from app.services.sending_on import reply_address, send_on
from app.store import tables
from app.store.database import Database
from tests.services.returned.conftest import Desk
from tests.support import line, returned
from tests.support.line import NOW
from tests.support.rules import programme, settle
from tests.support.smtp_server import ScriptedServer


def sent(desk: Desk, folder: Path) -> dict[str, EmailMessage]:
    """What a mail server gets of everything that is due, by its recipient."""
    with ScriptedServer() as server:
        pool = SmtpPool(SmtpRoute("127.0.0.1", server.port, "none", timeout=10), 1)
        journal = Journal(folder / "journal", "main")
        try:
            Sender(desk.world, pool, journal, lambda: NOW, connections=1).send_due()
        finally:
            pool.close()
            journal.close()
        found = {}
        for mail in server.received:
            message = message_from_bytes(mail.data, policy=policy.default)
            assert isinstance(message, EmailMessage)
            found[mail.recipient] = message
        return found


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(programme(database, tmp_path, reply_domain="re.halden.example"))


def test_the_owner_gets_the_letter_in_our_mail_and_answers_its_writer(desk: Desk, tmp_path: Path) -> None:
    raw = returned.letter(desk.verp(prefix="r"), sender="Ann Private <ann@private.example>")
    desk.take(raw)
    with desk.world.database.write() as connection:
        connection.execute(tables.deliveries.delete().where(tables.deliveries.c.message_class == "marketing"))
    mail = sent(desk, tmp_path)["owner0@halden.example"]
    assert str(mail["From"]).endswith("<hello@halden.example>")
    assert mail["Reply-To"] == "ann@private.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    body, letter = mail.iter_parts()
    assert "call on Thursday" in body.get_body(("plain",)).get_content()
    assert letter.get_content_disposition() == "attachment"
    inner = letter.get_content()
    if isinstance(inner, EmailMessage):
        inner = inner.as_bytes(policy=policy.SMTP)
    assert b"call on Thursday" in inner


def test_a_mail_to_a_contact_asks_for_replies_at_its_own_address(desk: Desk, tmp_path: Path) -> None:
    (who,) = line.people(desk.world, 1, first=5)
    line.enroll(desk.world, [who], "discovery")
    settle(desk.world)
    mail = sent(desk, tmp_path)[line.address(5)]
    local, _, domain = str(mail["Reply-To"]).partition("@")
    (row,) = desk.rows("deliveries", contact_id=who)
    assert domain == "re.halden.example"
    assert desk.world.keyring.open_envelope(local.removeprefix("r-")).delivery == row.id  # type: ignore[union-attr]
    # And back again.
    came = desk.take(returned.letter(str(mail["Reply-To"]), sender=line.address(5)))
    assert (came.contact_id, came.reason_code) == (who, "returned.reply")


@pytest.mark.parametrize(
    "context", [None, {}, {"task_id": "x"}, {"returned": "no id"}, {"returned": str(NOW)}]
)
def test_any_other_mail_stays_as_it_is(desk: Desk, context: dict[str, Any] | None) -> None:
    assert send_on(desk.world, context, "a@b.example", b"bytes") == b"bytes"


def test_an_answer_never_comes_back_to_us(desk: Desk) -> None:
    raw = returned.letter(desk.verp(prefix="r"), sender="r-loop@re.halden.example")
    row = desk.take(raw)
    ours = b"From: a@b.example\r\nMessage-ID: <a@b>\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x--\r\n"
    data = send_on(desk.world, {"returned": str(row.id)}, line.address(0), ours)
    assert f"Reply-To: {line.address(0)}\r\n".encode() in data
    assert b"Reply-To: r-loop" not in data


def test_where_no_replies_are_read_they_go_to_the_owner(desk: Desk) -> None:
    settings = desk.world.settings.model_copy(update={"reply_domain": ""})
    assert reply_address(settings, "token") == ""
