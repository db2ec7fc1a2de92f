"""Complaints: feedback reports (RFC 5965) and the older forms of the large providers."""

from app.inbound.returned.addresses import addresses_in, first_address, reported
from app.inbound.returned.parts import Part, split_fields
from app.inbound.returned.said import Returned, What

KIND = "message/feedback-report"
# Where a report or the mail in it tells whose complaint it is, the surest first.
OF_REPORT = ("original-rcpt-to", "removal-recipient", "original-recipient", "final-recipient")
OF_ORIGINAL = (
    "x-hmxmroriginalrecipient", "x-original-recipient", "x-apparently-to", "x-rcpt-to", "x-envelope-to",
    "envelope-to", "x-original-to", "delivered-to", "to",
)  # fmt: skip
REDACTED = ("redacted", "undisclosed", "unknown@", "@redacted", "x@x", "hidden@", "removed@")
# A report that somebody is content, or on how a mail was signed, is nobody's complaint.
NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "dmarc", "auth", "dkim"})
OLD_SENDERS = (
    "staff@hotmail.com",
    "staff@bounce.hotmail.com",
    "complaints@",
    "feedbackloop@",
    "fbl@",
    "fbl-",
)
OLD_SUBJECTS = (
    "complaint about message from",
    "email feedback report",
    "abuse report",
    "spam complaint",
    "fbl report",
)


def complaints(message: Part, original: dict[str, str]) -> list[Returned]:
    """The complaints of a message; empty where it is none. Who complains may be unknown: the address is empty."""
    for part in message.walk():
        if part.kind == KIND:
            return _of_report(part, original)
    # Apple Mail leaves a list by a mail of its own making.
    if message.get("x-apple-unsubscribe").strip().lower() == "true":
        return [Returned(first_address(message.get("from")), "complaint", None, None, None, "opt-out")]
    # Hotmail's oldest form is our mail itself, with a field put on top.
    named = addresses_in(message.get("x-hmxmroriginalrecipient"))
    if named:
        return [Returned(each, "complaint", None, None, None, "abuse") for each in named[:100]]
    if _is_old_form(message, original):
        return [
            Returned(address, "complaint", None, None, None, "abuse") for address in _recipients(original)
        ]
    return []


def _of_report(part: Part, original: dict[str, str]) -> list[Returned]:
    fields = [*part.fields, *split_fields(part.decoded()[:100_000].lstrip(b"\n").replace(b"\n\n", b"\n"))]
    kind = next((value.strip().lower() for name, value in fields if name == "feedback-type"), "abuse")
    kind = kind.partition(" ")[0].strip(";\"'")
    what: What = "none" if kind in NO_COMPLAINT else "complaint"
    for wanted in OF_REPORT:
        named = [reported(value) for name, value in fields if name == wanted]
        found = [each for each in dict.fromkeys(named) if "@" in each and not _is_redacted(each)]
        if found:
            return [Returned(each, what, None, None, None, kind) for each in found[:100]]
    return [Returned(each, what, None, None, None, kind) for each in _recipients(original)]


def _recipients(original: dict[str, str]) -> list[str]:
    for name in OF_ORIGINAL:
        found = [each for each in addresses_in(original.get(name, "")) if not _is_redacted(each)]
        if found:
            return found[:100]
    return [""]


def _is_redacted(address: str) -> bool:
    lower = address.lower()
    return any(word in lower for word in REDACTED)


def _is_old_form(message: Part, original: dict[str, str]) -> bool:
    if "x-hmxmroriginalrecipient" in original:
        return True
    sender, subject = first_address(message.get("from")).lower(), message.get("subject").lower()
    if not original or subject.startswith(("re:", "fw:", "fwd:", "aw:")):
        return False
    return sender.startswith(OLD_SENDERS) and any(words in subject for words in OLD_SUBJECTS)
