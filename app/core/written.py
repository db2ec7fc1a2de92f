"""Whether what an operator wrote down is what it should be."""

import re
from base64 import b64decode
from ipaddress import ip_address


def is_encryption_key(key: str) -> bool:
    """Thirty-two bytes as Fernet wants them written."""
    try:
        return len(b64decode(key, altchars=b"-_", validate=True)) == 32
    except ValueError:
        return False


def is_server(text: str) -> bool:
    """An IP address, with or without a port."""
    found = re.fullmatch(
        r"(?:\[([0-9a-fA-F:.]+)\]|(\d+(?:\.\d+){3}))(?::([1-9]\d{0,4}))?|([0-9a-fA-F:]+)", text
    )
    if found is None or int(found[3] or 53) > 65535:
        return False
    try:
        ip_address(found[1] or found[2] or found[4])
    except ValueError:
        return False
    return True
