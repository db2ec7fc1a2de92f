"""Mails about accounts as the live renderer writes them, in each language we ship."""

from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from app.mail.headers import Mailbox
from app.services import account_mails
from app.services.posting import write
from tests.content.house import LOCALES, NOW, House
from tests.support.account_links import text_of

TO = Mailbox("Ada Berg", "ada@halden.example")
ASKER = "Marta Lindqvist, marta@halden.example"


@pytest.mark.parametrize("kind", account_mails.TEMPLATES)
def test_it_is_the_template_in_force_with_its_link(house: House, kind: str) -> None:
    world = house.stage.world
    sender = Mailbox(world.settings.sender_name, world.settings.sender_address)
    task = {"url": "https://mail.halden.example/invited/abc", "due": "Tue 1 Dec, 10:00", "lines": [ASKER]}
    subjects, at = set(), NOW + timedelta(hours=1)
    for locale in LOCALES:
        template = account_mails.TEMPLATES[kind]
        raw = write(world, sender, TO, template, task, ("plain", "plain"), locale, at)
        mail = message_from_bytes(raw, policy=default)
        assert isinstance(mail, EmailMessage)
        subjects.add(mail["Subject"])
        html = mail.get_body(("html",))
        assert html is not None
        for text in (text_of(mail), str(html.get_content())):
            assert task["url"] in text
            assert "Tue 1 Dec, 10:00" in text
            assert (ASKER in text) is (kind == "invite")
        assert (mail["Auto-Submitted"], mail["List-Unsubscribe"]) == ("auto-generated", None)
    assert "plain" not in subjects
    assert len(subjects) == len(LOCALES)
