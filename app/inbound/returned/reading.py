"""One message that came back, to what it says."""

from app.inbound.returned.said import Reading


def read_message(raw: bytes) -> Reading:
    """Read a message of any form and size. Never raises on what it is given."""
    raise NotImplementedError
