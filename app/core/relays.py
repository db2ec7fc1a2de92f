"""The habits of the large providers' relays: where they listen, who signs in, how much they take.

Facts of their documentation; what a person must know beside them is told by the code `preset.<key>`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Security = Literal["none", "opportunistic", "starttls", "tls"]
SECURITIES: tuple[Security, ...] = ("starttls", "tls", "opportunistic", "none")


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider to begin with. `host` may hold `{region}`, which the operator replaces.

    `username` is given where everybody has the same one. `token_twice`: user name and password are one token.
    """

    key: str
    label: str
    host: str = ""
    port: int = 587
    security: Security = "starttls"
    username: str = ""
    token_twice: bool = False
    connections: int = 4
    max_mails: int = 100
    max_age: int = 300
    daily_quota: int | None = None
    per_minute: int | None = None


PRESETS: Mapping[str, Preset] = {
    preset.key: preset
    for preset in (
        Preset("plain", "Another relay"),
        # A new account is in the sandbox: 200 mails a day, one a second.
        Preset("ses", "Amazon SES", "email-smtp.{region}.amazonaws.com", daily_quota=200, per_minute=60),
        Preset("postmark", "Postmark", "smtp.postmarkapp.com", token_twice=True),
        Preset("mailgun", "Mailgun", "smtp.mailgun.org"),
        # It hangs up after a hundred mails over one connection.
        Preset("sendgrid", "SendGrid", "smtp.sendgrid.net", username="apikey"),
        # The free plan takes 300 mails a day.
        Preset("brevo", "Brevo", "smtp-relay.brevo.com", daily_quota=300),
    )
}
