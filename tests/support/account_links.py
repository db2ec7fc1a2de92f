"""The mails of accounts as their readers get them: handed over to a server of the test, and their links read."""

import re
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from app.mail.route import SmtpRoute
from app.services.account_mails import send_due
from app.services.world import World
from tests.support.strict_server import strict_server

LINK = re.compile(r"https?://[^\s<>\"]+/(?:invited|reset)/[\w-]+")


def account_mails(world: World, now: datetime) -> list[EmailMessage]:
    """What is due now, sent and read."""
    with strict_server() as server:
        send_due(world, SmtpRoute("127.0.0.1", server.port, "none", timeout=10), now)
        found = [message_from_bytes(taken.data, policy=default) for taken in server.taken]
    assert server.refused == []
    return [mail for mail in found if isinstance(mail, EmailMessage)]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link_in(mail: EmailMessage) -> str:
    found = LINK.search(text_of(mail))
    assert found is not None
    return found[0]


def token_in(mail: EmailMessage) -> str:
    return link_in(mail).rpartition("/")[2]
