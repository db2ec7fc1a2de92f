"""A test mail is a mail like the others: the template in force, by the live renderer, in the reader's language."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.mail.route import SmtpRoute
from app.services.senders.testing import TEMPLATE, try_out
from app.services.world import World
from app.store.database import Database
from app.store.tables import attempts, deliveries
from tests.services.authoring.content import mail
from tests.support import line
from tests.support.strict_server import strict_server

BODY = "<p>{{ brand.name }} tries {{ sender.email }}.</p>"


def template(subject: str) -> str:
    text = (
        mail("service", body=BODY).replace("class: marketing", "class: internal").replace("[pricing]", "[]")
    )
    return text.replace("A subject", subject)


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> World:
    mails = {TEMPLATE: template("We try {{ sender.email }}"), f"{TEMPLATE}.it": template("Proviamo")}
    return line.lay(sqlite_database, tmp_path, sequences=(), mails=mails)


def tried(world: World, **given: str) -> EmailMessage:
    with strict_server() as server:
        route = SmtpRoute("127.0.0.1", server.port, "none", timeout=10)
        tested = try_out(world, world.settings.sender_address, route, line.NOW, "ada@example.com", **given)
    assert tested.reason is None
    assert server.refused == []
    message = message_from_bytes(server.taken[0].data, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_it_is_the_template_in_force_with_layout_and_both_parts(world: World) -> None:
    found = tried(world)
    sender = world.settings.sender_address
    assert (found["Subject"], found["Auto-Submitted"]) == (f"We try {sender}", "auto-generated")
    parts = {part.get_content_type(): part.get_content() for part in found.iter_parts()}
    assert f"tries {sender}." in parts["text/plain"]
    assert world.settings.brand_legal_name in parts["text/html"]
    assert tried(world, locale="it")["Subject"] == "Proviamo"
    assert tried(world, locale="fi")["Subject"] == f"We try {sender}"


def test_it_holds_no_live_link_and_counts_nowhere(world: World) -> None:
    found = tried(world).as_bytes()
    assert world.settings.public_url.encode() not in found.replace(b"=\n", b"")
    assert b"List-Unsubscribe" not in found
    with world.database.read() as connection:
        for table in (deliveries, attempts):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_an_installation_without_the_template_sends_plain_words(
    sqlite_database: Database, tmp_path: Path
) -> None:
    world = line.lay(sqlite_database, tmp_path, sequences=(), mails={})
    assert tried(world)["Subject"] == f"A test mail from {world.settings.sender_address}"
