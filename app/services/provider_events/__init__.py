"""What mail providers tell by web hooks: endpoints, calls that are believed, and what follows from them."""

from app.services.provider_events.endpoints import (
    Endpoint,
    EndpointFault,
    Made,
    Wish,
    add,
    confirmation,
    install_certificate,
    listing,
    remove,
)
from app.services.provider_events.receiving import Receiver
from app.services.provider_events.working import replay, tidy, work

__all__ = [
    "Endpoint", "EndpointFault", "Made", "Receiver", "Wish", "add", "confirmation", "install_certificate", "listing",
    "remove", "replay", "tidy", "work",
]  # fmt: skip
