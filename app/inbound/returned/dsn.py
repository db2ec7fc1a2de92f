"""Delivery status notifications (RFC 3464, RFC 6533), well made or not."""

import re
from dataclasses import dataclass

from app.inbound.returned.addresses import reported
from app.inbound.returned.codes import better_status, enhanced_code, leading_code, reply_code, status_code
from app.inbound.returned.meanings import class_of, meanings_of
from app.inbound.returned.parts import Part, split_fields
from app.inbound.returned.said import Returned, What

KINDS = ("message/delivery-status", "message/global-delivery-status")
MAX_RECIPIENTS = 500
MAX_REASON = 500
# Reports are also sent as text, as attachments without a kind, and without the empty lines between recipients.
OF_RECIPIENT = re.compile(r"^[ \t]{0,4}(?:final|original)-recipient[ \t]{0,3}:", re.I | re.M)
FIELD_NAMES = re.compile(
    r"^[ \t]{1,4}((?:final-recipient|original-recipient|action|status|diagnostic-code|remote-mta|reporting-mta)[ \t]{0,3}:)",
    re.I | re.M,
)
GOOD = frozenset({"delivered", "relayed", "expanded", "transferred"})
DIAGNOSIS_KIND = re.compile(r"\s{0,5}[\w.\-]{1,20}\s{0,5};\s{0,5}")


@dataclass(slots=True)
class Status:
    """What a report says of one recipient, as it is written."""

    final: str = ""
    original: str = ""
    action: str = ""
    status: str = ""
    diagnosis: str = ""

    @property
    def address(self) -> str:
        """The address the sender used, before what forwarding made of it."""
        for value in (self.original, self.final):
            if value and "@" in (found := reported(value)):
                return found
        return ""

    @property
    def name(self) -> str:
        """The mailbox where no address is told."""
        return reported(self.final or self.original)


def statuses(part: Part) -> list[Status]:
    """The recipients of a report part."""
    extra = "\n".join(f"{name}: {value}" for name, value in part.fields if not name.startswith("content-"))
    text = "\n\n".join([extra, *(each.text() for each in part.walk() if not each.parts or each is not part)])
    return in_text(text)


def in_text(text: str) -> list[Status]:
    """The recipients of a report written into a text; empty where there is none."""
    if not OF_RECIPIENT.search(text):
        return []
    found: list[Status] = []
    shown = FIELD_NAMES.sub(r"\1", text.replace("\xa0", " "))
    for block in re.split(r"\n[ \t]*\n", shown):
        for fields in _recipients(block):
            status = _status(fields)
            if status:
                found.append(status)
            elif found:
                _add(found[-1], fields)
        if len(found) >= MAX_RECIPIENTS:
            break
    return found


def is_report(part: Part) -> bool:
    return part.kind in KINDS


def told(status: Status, address: str, context: str) -> Returned:
    """What a report's recipient comes to. `context` is what the readable part says of them."""
    diagnosis = DIAGNOSIS_KIND.sub("", status.diagnosis, count=1).strip()
    given = status_code(status.status)
    enhanced = better_status(given, enhanced_code(status.diagnosis))
    code = reply_code(status.diagnosis) or leading_code(diagnosis)
    if not diagnosis or (code is None and not meanings_of(diagnosis)):
        enhanced = better_status(enhanced, enhanced_code(context))
        code = code or reply_code(context)
    said = diagnosis if meanings_of(diagnosis) else f"{diagnosis}\n{context}"
    if not meanings_of(said):
        said = f"{diagnosis}\n{_comment(status.status)}"
    reason = " ".join((diagnosis or _line(context) or _comment(status.status)).split())[:MAX_REASON]
    what = _what(status, enhanced)
    if what == "none":
        return Returned(address, "none", None, enhanced, code, reason or status.action)
    # What is only late has no other class: it is soft until somebody gives up.
    class_ = "soft" if what == "delay" else class_of(enhanced, code, said)
    return Returned(address, what, class_, enhanced, code, reason)


def _what(status: Status, enhanced: str | None) -> What:
    action = re.split(r"[^a-z]", status.action.strip().lower(), maxsplit=1)[0]
    if action.startswith("delay"):
        return "delay"
    if action in GOOD:
        return "none"
    if action.startswith("fail") or action:
        return "bounce"
    return "none" if (enhanced or "").startswith("2.") else "bounce"


def _recipients(block: str) -> list[dict[str, str]]:
    """The fields of a block, cut where a second recipient begins without an empty line."""
    groups: list[dict[str, str]] = [{}]
    for name, value in split_fields(block.encode("utf-8", "replace")):
        # A name that comes again begins the next recipient; Original-Recipient may stand before Final-Recipient.
        if name in groups[-1] and name in ("final-recipient", "original-recipient"):
            groups.append({})
        groups[-1].setdefault(name, value)
    return groups[: MAX_RECIPIENTS + 1]


def _status(fields: dict[str, str]) -> Status | None:
    final = fields.get("final-recipient", "")
    original = fields.get("original-recipient", "")
    if not final and not original:
        return None
    status = Status(final, original)
    _add(status, fields)
    return status


def _add(status: Status, fields: dict[str, str]) -> None:
    """Fields that an empty line cut off from their recipient."""
    status.action = status.action or fields.get("action", "")
    status.status = status.status or fields.get("status", "")
    status.diagnosis = status.diagnosis or fields.get("diagnostic-code", "")


def _comment(status: str) -> str:
    return status.partition("(")[2].rstrip(") ") if "(" in status else ""


def _line(context: str) -> str:
    return next((line.strip() for line in context.split("\n") if line.strip()), "")
