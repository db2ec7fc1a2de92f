"""Web hooks of mail providers: one file a provider, one protocol, one registry, one vocabulary."""

from app.inbound.webhooks.base import KINDS, Accepted, Call, Provider, ProviderEvent, Refused, Secrets
from app.inbound.webhooks.brevo import Brevo
from app.inbound.webhooks.mailgun import Mailgun
from app.inbound.webhooks.postmark import Postmark
from app.inbound.webhooks.sendgrid import SendGrid
from app.inbound.webhooks.ses import AmazonSes

PROVIDERS: dict[str, Provider] = {
    provider.name: provider for provider in (AmazonSes(), Brevo(), Mailgun(), Postmark(), SendGrid())
}

__all__ = ["KINDS", "PROVIDERS", "Accepted", "Call", "Provider", "ProviderEvent", "Refused", "Secrets"]
