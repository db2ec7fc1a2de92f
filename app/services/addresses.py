"""Reading one mail address: the plain ones in the core, the others with email-validator's tables."""

from email_validator import EmailNotValidError, validate_email

from app.core.contacts import Address, addresses_in, checked_address, plain_address
from app.core.reasons import Reason


class AddressFault(Exception):
    """The text is not one mail address; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def read_address(text: str) -> Address:
    """The address in `text` with the key it is unique under. Asks no name server. Raises AddressFault."""
    plain = plain_address(text)
    if plain is not None:
        return plain
    parts = addresses_in(text)
    if len(parts) != 1:
        code = "address.several" if parts else "address.missing"
        raise AddressFault(Reason(code, {"value": text[:80]}))
    return _checked(parts[0])


def read_addresses(cell: str) -> list[Address]:
    """All addresses of a cell, in its order. Raises AddressFault for the first that is none."""
    plain = plain_address(cell)
    if plain is not None:
        return [plain]
    return [plain_address(part) or _checked(part) for part in addresses_in(cell)]


def read_domain(text: str) -> str:
    """The domain in what people write for it: itself, a web address, a mail address. Raises AddressFault."""
    host = text.lower().partition("://")[2] or text.lower()
    host = host.partition("/")[0].partition(":")[0].rpartition("@")[2].removeprefix("www.").strip(".")
    return read_address(f"x@{host}").domain


def _checked(text: str) -> Address:
    try:
        found = validate_email(text[:400], check_deliverability=False)
    except EmailNotValidError as fault:
        raise AddressFault(Reason("address.invalid", {"value": text[:80], "why": str(fault)})) from None
    return checked_address(found.local_part, found.ascii_domain, found.normalized)
