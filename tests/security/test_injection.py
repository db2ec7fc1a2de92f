"""A contact's data, an owner's and a topic's never become a header, a recipient or a command: to the bytes received."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import update

from app.store import tables
from app.store.database import Database
from tests.services.authoring import content
from tests.services.sending.conftest import House
from tests.support.line import NOW
from tests.support.smtp_server import ScriptedServer

EVIL = "x\r\nBcc: victim@evil.example\r\n\r\n.\r\nRCPT TO:<victim@evil.example>\r\n=?utf-8?q?=0D=0ABcc:_v@evil.example?="
MAIL = content.mail(body="Hello {{ contact.first_name }} of {{ contact.city }}.").replace(
    "subject: Hello", "subject: Hello {{ contact.first_name }}"
)
ONCE = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    built = House(database, tmp_path, mails={"discovery/hello": MAIL})
    yield built
    built.close()


@pytest.mark.parametrize("column", ["first_name", "last_name", "city", "job_title", "locale", "zone"])
def test_no_value_of_a_contact_reaches_head_or_envelope(house: House, column: str) -> None:
    house.plan(2, city="Faro")
    house.change(update(tables.contacts).values({column: EVIL}))
    with ScriptedServer() as server:
        house.sender(server.port).send_due()
        assert len(server.received) == 2
        assert not [word for word in server.commands if "evil" in word]
        for mail in server.received:
            parsed = message_from_bytes(mail.data, policy=policy.SMTP)
            for name in ONCE:
                assert len(parsed.get_all(name, [])) == 1, name
            assert "Bcc" not in parsed
            head = mail.data.split(b"\r\n\r\n", 1)[0]
            assert b"\n" not in head.replace(b"\r\n", b"")
            assert b"victim@evil.example\r\n" not in head


@pytest.mark.parametrize(
    "address", [EVIL, "a@b.example>\r\nRCPT TO:<v@evil.example", "a@b.example, v@evil.example"]
)
def test_an_address_that_would_speak_smtp_is_never_spoken(house: House, address: str) -> None:
    """Imports refuse it; one that stands in the table all the same fails by itself, and the next one leaves."""
    first, _second = house.plan(2, city="Faro")
    house.change(
        update(tables.identities)
        .where(tables.identities.c.contact_id == first)
        .values(value=address, shown_as=address)
    )
    with ScriptedServer() as server:
        house.now = NOW
        house.sender(server.port).send_due()
        assert not [word for word in server.commands if "evil" in word]
        assert len(server.received) == 1
    assert house.states().get("accepted") == 1
