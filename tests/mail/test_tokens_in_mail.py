"""From the bytes of a mail back to its delivery: what a click, a bounce and an unsubscribe bring home."""

import re
from dataclasses import replace
from uuid import UUID

from app.core.tokens import (
    EnvelopeToken,
    Keyring,
    ManageToken,
    TrackToken,
    message_id,
    token_of_local_part,
    verp_local_part,
)
from app.mail.links import destination, urls_for, with_utm
from app.mail.message import Listing, checked_message
from tests.mail.support import BRAND, DELIVERY, context, envelope, hello, part, read

RING = Keyring([b"k" * 32])
CONTACT = UUID("01930000-0000-7000-8000-00000000000a")
VARIANT = UUID("01930000-0000-7000-8000-00000000000b")
TOPIC = "getting-started"


def mail(delivery: UUID = DELIVERY) -> bytes:
    urls = urls_for(
        "https://t.example.com",
        RING.seal_track(delivery, CONTACT, VARIANT),
        RING.seal_manage(delivery, CONTACT, TOPIC),
    )
    token = RING.seal_envelope(delivery)
    sealed = replace(
        envelope(),
        delivery=delivery,
        message_id=message_id(token, "halden.example.com"),
        reply_to=f"{verp_local_part('reply', token)}@halden.example.com",
        listing=Listing(TOPIC, "news.halden.example.com", urls.unsubscribe),
    )
    return checked_message(hello(), context(), sealed, urls, track=True)


def test_a_click_leads_to_its_destination_and_names_its_delivery() -> None:
    token, number = re.findall(r'href="https://t\.example\.com/c/([^/"]+)/(\d+)"', part(mail(), "html"))[1]
    assert RING.open_track(token) == TrackToken(DELIVERY, CONTACT, VARIANT)
    link = next(link for link in hello().compiled.links if link.number == int(number))
    assert with_utm(destination(link.url_template, BRAND), "guide", "hello").startswith(
        "https://halden.example.com/guides/first?a=1&b=2&utm_source=trellis"
    )


def test_a_forwarded_link_opens_nobodys_preferences() -> None:
    raw = mail()
    track = re.findall(r"/c/([^/\"]+)/\d+", part(raw, "html"))[0]
    leave = re.findall(r"<https://t\.example\.com/u/([^>]+)>", str(read(raw)["List-Unsubscribe"]))[0]
    assert RING.open_manage(track) is None
    assert RING.open_manage(leave) == ManageToken(DELIVERY, CONTACT, TOPIC)
    assert RING.open_track(leave) is None


def test_message_id_and_reply_address_bring_the_delivery_back_in_any_case() -> None:
    message = read(mail())
    local = str(message["Message-ID"]).strip("<>").partition("@")[0]
    assert RING.open_envelope(local) == EnvelopeToken(DELIVERY)
    reply = str(message["Reply-To"]).partition("@")[0].upper()
    assert RING.open_envelope(token_of_local_part(reply)) == EnvelopeToken(DELIVERY)


def test_no_address_name_or_id_stands_in_any_url() -> None:
    raw = mail()
    urls = re.findall(r"https://t\.example\.com[^\s\"<>]+", part(raw, "html") + part(raw, "plain"))
    assert urls
    for url in [*urls, str(read(raw)["List-Unsubscribe"])]:
        for secret in (
            "ada",
            "Ada",
            "lovelace",
            str(DELIVERY),
            DELIVERY.hex,
            str(CONTACT),
            CONTACT.hex,
            TOPIC,
        ):
            assert secret not in url
    assert DELIVERY.hex.encode() not in raw


def test_every_line_of_the_head_stays_short_enough_to_pass_unfolded() -> None:
    raw = mail()
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(len(line) <= 200 for line in head)
    assert mail() == raw
    assert mail(UUID(int=1)) != raw
