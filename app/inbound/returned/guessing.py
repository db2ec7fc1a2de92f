"""The last resort for a notice that names no one in a form of ours: the detectors of Mailman."""

from email import message_from_bytes
from email.policy import compat32

from flufl.bounce import scan_message

from app.inbound.returned.addresses import addresses_in
from app.inbound.returned.notices import Letter

# They look at every line with every detector.
MAX_OCTETS, MAX_LINES = 60_000, 1_500


def guess_recipients(letter: Letter) -> list[str]:
    """Addresses that other detectors find in a notice; none of ours, and none where it is large."""
    shown = letter.notice[:MAX_OCTETS]
    if not shown.strip() or shown.count("\n") > MAX_LINES:
        return []
    head = "".join(
        f"{name}: {' '.join(letter.message.get(name).split())[:500]}\n" for name in ("from", "to", "subject")
    )
    try:
        found = scan_message(
            message_from_bytes(f"{head}\n{shown}".encode("utf-8", "replace"), policy=compat32)
        )
    except Exception:
        # Its detectors were not written for hostile input; what they cannot read, they do not know.
        return []
    texts = (each.decode("utf-8", "replace") for each in found)
    clean = [address for text in texts for address in addresses_in(text)]
    return [each for each in dict.fromkeys(clean) if each.lower() not in letter.own]
