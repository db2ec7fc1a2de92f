"""What a provider is told in front of a mail comes back in its web hooks as our token."""

import json
from email import message_from_bytes
from email.policy import SMTP

import pytest

from app.core.relays import PRESETS
from app.inbound.webhooks import PROVIDERS
from app.mail.provider_lines import provider_at, provider_lines

TOKEN = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmn"
MAIL = b"From: a@halden.example\r\nTo: b@example.com\r\nMessage-ID: <x@halden.example>\r\n\r\nHello.\r\n"


@pytest.mark.parametrize("provider", sorted(PRESETS))
def test_the_lines_are_headers_and_the_mail_stays_as_it_is(provider: str) -> None:
    lines = provider_lines(provider, TOKEN)
    assert all(len(line) <= 76 for line in lines.split(b"\r\n"))
    assert b"\n" not in lines.replace(b"\r\n", b"")
    read = message_from_bytes(lines + MAIL, policy=SMTP)
    assert not read.defects
    assert [read[name] for name in ("From", "To", "Message-ID")] == [
        "a@halden.example",
        "b@example.com",
        "<x@halden.example>",
    ]
    assert (lines + MAIL).endswith(b"\r\n\r\nHello.\r\n")


def test_every_provider_whose_web_hooks_are_read_can_be_sent_through() -> None:
    assert set(PROVIDERS) <= set(PRESETS)


def test_the_token_stands_where_each_gives_it_back() -> None:
    def head(provider: str) -> dict[str, str]:
        return dict(message_from_bytes(provider_lines(provider, TOKEN) + MAIL, policy=SMTP).items())

    assert head("postmark")["X-PM-Metadata-trellis"] == TOKEN
    assert head("brevo")["X-Mailin-custom"] == TOKEN
    said = json.loads(head("sendgrid")["X-SMTPAPI"])
    assert said["unique_args"] == {"trellis": TOKEN}
    assert {each["settings"]["enable"] for each in said["filters"].values()} == {0}


def test_a_plain_relay_is_told_nothing() -> None:
    assert provider_lines("plain", TOKEN) == provider_lines("", TOKEN) == b""


def test_a_relay_is_known_by_its_host() -> None:
    for preset in PRESETS.values():
        if preset.host:
            assert provider_at(preset.host.format(region="eu-west-1")) == preset.key
    assert provider_at("SMTP.Postmarkapp.com.") == "postmark"
    assert [
        provider_at(host) for host in ("", "relay.example.com", "postmarkapp.com.evil.example", "com")
    ] == [""] * 4
