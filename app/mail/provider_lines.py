"""Header lines by which a provider tells us later which mail its web hook speaks of, and leaves our links alone.

They stand in front of the finished message and are not signed: the provider reads them and takes them out.
Mailgun tells our Message-ID, Amazon SES the envelope sender too, so the token need not be said again.
Sources: the SMTP pages of Postmark, Mailgun, SendGrid ("X-SMTPAPI") and Brevo ("X-Mailin-custom").
"""

_LINES = {
    "postmark": (
        "X-PM-KeepID: true\r\nX-PM-TrackOpens: false\r\nX-PM-TrackLinks: None\r\n"
        "X-PM-Metadata-trellis: {token}\r\n"
    ),
    "mailgun": "X-Mailgun-Track: no\r\n",
    "sendgrid": (
        'X-SMTPAPI: {{"filters": {{"clicktrack": {{"settings": {{"enable": 0}}}},\r\n'
        ' "opentrack": {{"settings": {{"enable": 0}}}},\r\n'
        ' "subscriptiontrack": {{"settings": {{"enable": 0}}}}}},\r\n'
        ' "unique_args":\r\n {{"trellis": "{token}"}}}}\r\n'
    ),
    "brevo": "X-Mailin-custom: {token}\r\n",
}  # fmt: skip

# Under which domain each listens for mail.
_DOMAINS = {
    "amazonaws.com": "ses",
    "postmarkapp.com": "postmark",
    "mailgun.org": "mailgun",
    "sendgrid.net": "sendgrid",
    "brevo.com": "brevo",
    "sendinblue.com": "brevo",
}


def provider_at(host: str) -> str:
    """Whose relay listens at this host; empty where nobody's we know."""
    return _DOMAINS.get(".".join(host.lower().rstrip(".").rsplit(".", 2)[-2:]), "")


def provider_lines(provider: str, token: str) -> bytes:
    """The lines for a mail that leaves through this provider (a key of `core.relays.PRESETS`); none for others.

    `token` is the one of the Message-ID (`Keyring.seal_envelope`).
    """
    lines = _LINES.get(provider)
    return lines.format(token=token).encode("ascii") if lines else b""
