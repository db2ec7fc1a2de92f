"""What comes back by mail, read: bounces, delays, complaints, replies and automatic answers."""

from app.inbound.returned.reading import read_message
from app.inbound.returned.said import LARGEST, Reading, Returned

__all__ = ["LARGEST", "Reading", "Returned", "read_message"]
