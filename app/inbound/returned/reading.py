"""One message that came back, to what it says.

The surest form is believed first: a complaint's report, a delivery report, a provider's notification, a
mailer's notice in text, then the marks of automatic answers. What is left, a person wrote.
"""

import re
from dataclasses import replace

from app.inbound.returned import absences, arf, automatic, dsn, notifications, replies
from app.inbound.returned.addresses import addresses_in, first_address
from app.inbound.returned.guessing import guess_recipients
from app.inbound.returned.notices import (
    Letter,
    context_of,
    has_null_sender,
    is_answer,
    is_daemon,
    is_notice,
    named_beside,
    read_notice,
)  # fmt: skip
from app.inbound.returned.parts import Part, open_message
from app.inbound.returned.said import Reading, Returned
from app.inbound.returned.texts import copied_fields, cut_copy, readable

MESSAGE_ID = re.compile(r"<[^<>\s]{1,500}>")
DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "x-delivered-to")
MAX_THREAD, MAX_REASON = 50, 500
UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def read_message(raw: bytes) -> Reading:
    """Read a message of any form and size. Never raises on what it is given."""
    try:
        return _read(raw)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        # Nothing of a stranger's making may stop the post; the caller keeps the message for a person to see.
        return Reading(
            (Returned("", "none", reason="unreadable"),), faults=(f"unreadable:{type(error).__name__}",)
        )


def _read(raw: bytes) -> Reading:
    message, faults = open_message(raw)
    text = readable(message)
    notice, copy = cut_copy(text)
    original = _original(message) or copied_fields(copy)
    own = _own(message, original)
    letter = Letter(message, notice, original, own)
    found = _found(letter, text)
    is_written = any(each.what == "reply" for each in found)
    is_automatic = bool(found) and all(each.what == "auto-reply" for each in found)
    return Reading(
        tuple(_clean(each) for each in found),
        message_id=message.get("message-id").strip()[:998],
        sender=first_address(message.get("from")),
        subject=letter.subject[:998],
        addressed_to=tuple(_addressed(message)),
        thread=tuple(_thread(message)),
        original=original,
        text=replies.written(text) if is_written else "",
        back=absences.back_of(letter.subject, text) if is_automatic else None,
        faults=faults,
    )


def _clean(found: Returned) -> Returned:
    """The same without signs that no store and no terminal takes, and not longer than they are told."""
    address = UNPRINTABLE.sub("", found.address)[:320]
    return replace(found, address=address, reason=UNPRINTABLE.sub(" ", found.reason)[:MAX_REASON])


def _found(letter: Letter, text: str) -> list[Returned]:
    message = letter.message
    if automatic.is_receipt(message) or automatic.is_challenge(message):
        return _of_machine_or_person(letter, text)
    return (
        arf.complaints(message, letter.original)
        or _of_reports(letter)
        or notifications.read(text)
        or _of_notice(letter, text)
        or _of_machine_or_person(letter, text)
    )


def _of_reports(letter: Letter) -> list[Returned]:
    """What the delivery reports in the message say, the outermost ones only."""
    parts = [part for part in letter.message.walk() if dsn.is_report(part)]
    outermost = min((part.letters for part in parts), default=0)
    told = [status for part in parts if part.letters == outermost for status in dsn.statuses(part)]
    if not told and _may_hold_report(letter):
        told = _in_texts(letter)
    if not told:
        return []
    named = [status for status in told if status.address]
    if named:
        once = {status.address.lower(): status for status in reversed(named)}
        return [
            dsn.told(status, status.address, context_of(letter, status.address))
            for status in reversed(once.values())
        ]
    beside = named_beside(letter)
    # A mailbox without its domain is of use where nothing else is told.
    addresses = beside[: len(told)] or [status.name for status in told]
    return [
        dsn.told(status, address, letter.notice[:6_000])
        for status, address in zip(told, addresses, strict=False)
    ]


def _may_hold_report(letter: Letter) -> bool:
    message = letter.message
    if automatic.is_absence(message):
        return False
    return is_daemon(message) or has_null_sender(message) or not is_answer(message)


def _in_texts(letter: Letter) -> list[dsn.Status]:
    """Reports that are sent as text, or as an attachment of a kind of their own."""
    found: list[dsn.Status] = []
    for part in letter.message.walk():
        is_leaf = part.letters == 0 and not part.parts and part.kind != "text/rfc822-headers"
        if is_leaf and part.kind.startswith(("text/", "message/", "application/")):
            above = part.text() if part.kind != "text/plain" else cut_copy(part.text())[0]
            found.extend(dsn.in_text(above))
    return found


def _of_notice(letter: Letter, text: str) -> list[Returned]:
    is_failure = letter.message.get("x-failed-recipients") or not automatic.is_absence(letter.message)
    if not is_failure or not is_notice(letter):
        return []
    found = read_notice(letter)
    if found == [] or not found[0].address:
        guessed = guess_recipients(letter)
        sample = found[0] if found else None
        if guessed and sample:
            found = [
                Returned(each, sample.what, sample.class_, sample.enhanced, sample.code, sample.reason)
                for each in guessed
            ]
    robot = automatic.kind_of(letter.message, text, letter.original)
    # A notice that names no one, and an answer that says it is one, is that answer.
    if robot and not any(each.address for each in found) and robot[0] == "auto-reply":
        return []
    return found


def _of_machine_or_person(letter: Letter, text: str) -> list[Returned]:
    sender = first_address(letter.message.get("from")) or first_address(letter.message.get("return-path"))
    robot = automatic.kind_of(letter.message, text, letter.original)
    if robot:
        return [Returned(sender, robot[0], reason=robot[1])]
    if not sender:
        return [Returned("", "none", reason="no sender" if text.strip() else "empty")]
    return [Returned(sender, "reply")]


def _original(message: Part) -> dict[str, str]:
    """The header of our mail, as far as it came back."""
    for part in message.walk():
        if part.letters == 1:
            fields = dict(reversed(part.fields))
            if fields:
                return fields
        if (
            part.kind in ("text/rfc822-headers", "message/rfc822-headers", "text/rfc822-header")
            and not part.letters
        ):
            return copied_fields(part.text())
        if "header" in part.parameters.get("name", "") and part.kind == "text/plain":
            return copied_fields(part.text())
        # A letter put in without a word of what it is: its header is taken for that of a part.
        if part.depth and not part.letters and part.get("message-id") and part.get("from"):
            return dict(reversed(part.fields))
    return {}


def _own(message: Part, original: dict[str, str]) -> frozenset[str]:
    """Addresses of ours and of the mailer, lower case. DragonFly names its failed recipient in X-Original-To."""
    to = {each.lower() for value in message.all("to") for each in addresses_in(value)}
    names = (*DELIVERED, "cc", "from", "reply-to", "sender", "return-path", "errors-to")
    others = {each.lower() for name in names for value in message.all(name) for each in addresses_in(value)}
    return frozenset(to | (others - {each.lower() for each in addresses_in(original.get("to", ""))}))


def _addressed(message: Part) -> list[str]:
    found: dict[str, str] = {}
    for name in (*DELIVERED, "to", "cc"):
        for value in message.all(name):
            for each in addresses_in(value):
                found.setdefault(each.lower(), each)
    return list(found.values())[:100]


def _thread(message: Part) -> list[str]:
    answered = MESSAGE_ID.findall(message.get("in-reply-to"))
    before = MESSAGE_ID.findall(message.get("references"))
    return list(dict.fromkeys([*answered, *reversed(before)]))[:MAX_THREAD]
