"""One template, one contact, one envelope: what the mail tests share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from app.mail.compile import CompiledTemplate, compile_template
from app.mail.headers import Mailbox
from app.mail.links import urls_for
from app.mail.message import Envelope, Listing, checked_message
from app.mail.program import Program
from app.mail.source import parse_source

FIXTURES = Path(__file__).parent / "fixtures"
BRAND = {
    "name": "Halden",
    "legal_name": "Halden Metering ApS",
    "postal_address": "Vesterbrogade 12, 1620 København",
    "home": "https://halden.example.com",
    "library": "https://t.example.com/library",
    "mark": "https://halden.example.com/mark.png",
}
ANSWERS = [("yes", "Yes & soon"), ("no", "No")]
LAYOUT = (FIXTURES / "base.mjml").read_text()
PARTIALS = {"signature": (FIXTURES / "signature.mjml").read_text()}
HELLO = (FIXTURES / "hello.mjml").read_text()
URLS = urls_for("https://t.example.com", "T" * 80, "M" * 80, campaign="discovery-guide", content="hello")
DELIVERY = UUID("01930000-0000-7000-8000-000000000001")
FRONT = 'kind: discovery\nclass: marketing\nsubject: "A subject"\npreheader: "A preheader"\n'


def section(inner: str) -> str:
    """A body of one column."""
    return f"<mj-section><mj-column>\n{inner}\n</mj-column></mj-section>"


def template(body: str, front: str = FRONT) -> str:
    """A template file of this body."""
    return f"---\n{front}---\n{body}\n"


def compiled(
    text: str = HELLO, *, layout: str = LAYOUT, partials: Mapping[str, str] = PARTIALS
) -> CompiledTemplate:
    """The text compiled as discovery/hello."""
    source = parse_source("discovery/hello", "", text)
    return compile_template(
        source, layout=layout, partials=partials, answers=ANSWERS if source.ask else [], brand_sample=BRAND
    )


@cache
def hello() -> Program:
    """The fixture template, loaded once."""
    return Program.load(compiled())


def context(*, lines: Any = (), **contact: Any) -> dict[str, dict[str, Any]]:
    """What the fixture template needs, with these values of the contact and lines of the task."""
    return {
        "contact": {"first_name": "Ada", **contact},
        "company": {"name": "Analytical Engines"},
        "sender": {"name": "Marta Lindqvist", "title": "Advice"},
        "brand": dict(BRAND),
        "mail": {"why": "you asked for guides"},
        "ask": {"question": "Is there a budget for it?"},
        "task": {"lines": lines},
    }


def envelope(**changes: Any) -> Envelope:
    """An envelope with every part present."""
    values: dict[str, Any] = {
        "delivery": DELIVERY,
        "sender": Mailbox("Marta Lindqvist", "marta@halden.example.com"),
        "recipient": Mailbox("Ada Lovelace", "ada@example.org"),
        "at": datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        "message_id": "<abc234@halden.example.com>",
        "reply_to": "reply-abc234@halden.example.com",
        "listing": Listing(
            "getting-started",
            "news.halden.example.com",
            URLS.unsubscribe,
            feedback=("guide", "t1", "mkt", "m"),
        ),
    }
    return Envelope(**(values | changes))


def built(
    program: Program | None = None,
    data: dict[str, dict[str, Any]] | None = None,
    *,
    track: bool = True,
    **changes: Any,
) -> bytes:
    """The checked bytes of one mail."""
    return checked_message(program or hello(), data or context(), envelope(**changes), URLS, track=track)


def read(raw: bytes) -> EmailMessage:
    """The bytes as another reader sees them."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(raw: bytes, subtype: str) -> str:
    """The decoded text or HTML part."""
    found = read(raw).get_body((subtype,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")
