"""Is it a mailer's notice, of a failure or of a delay, and whom does it name?"""

from dataclasses import dataclass

from app.inbound.returned import formats
from app.inbound.returned.addresses import addresses_in, first_address, unrouted
from app.inbound.returned.codes import enhanced_code, reply_code
from app.inbound.returned.meanings import class_of, meanings_of
from app.inbound.returned.parts import Part
from app.inbound.returned.said import Returned
from app.inbound.returned.texts import Named, named_in, others_in, says, spoken

ANSWERS = (
    "re:", "aw:", "sv:", "antw:", "antwort:", "rv:", "res:", "odp:", "vs:", "ynt:", "r:", "rif:", "fw:", "fwd:", "wg:", "tr:", "enc:", "i:", "doorst:", "vl:", "pd:", "回复:", "回复：", "答复:", "答复：", "転送:", "re：", "rép:",
)  # fmt: skip
MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as the readers look at it: its parts, its text without the copy, and the copy's fields."""

    message: Part
    notice: str
    original: dict[str, str]
    own: frozenset[str]

    @property
    def subject(self) -> str:
        return self.message.get("subject").strip()


def is_daemon(message: Part) -> bool:
    """Whether a mailer wrote it, by its sender."""
    if message.get("x-mlserver"):
        return True
    written = message.get("from").lower()
    address = first_address(written).lower() or written
    senders = (address, first_address(message.get("sender")).lower())
    if "<>" in written or any(each.startswith(formats.DAEMONS) for each in senders):
        return True
    # A person may be a system administrator by name, and answers then.
    name = written.replace(address, "")
    return any(word in name for word in formats.DAEMON_NAMES) and not is_answer(message)


def has_null_sender(message: Part) -> bool:
    """An empty envelope sender (RFC 5321 4.5.5), as far as the header kept it."""
    paths = [path.strip().lower() for path in message.all("return-path")]
    return any(path in ("<>", "") or path.startswith(("<mailer-daemon", "mailer-daemon")) for path in paths)


def is_answer(message: Part) -> bool:
    """Whether its subject and thread are those of somebody's answer or forwarding."""
    return message.get("subject").strip().lower().startswith(ANSWERS)


def is_notice(letter: Letter) -> bool:
    """Whether a mailer tells here of mail it could not deliver, or not yet."""
    message = letter.message
    if message.get("x-failed-recipients"):
        return True
    by_daemon = is_daemon(message)
    if "delivery-status" in message.get("content-type").lower():
        return by_daemon or has_null_sender(message) or not is_answer(message)
    subject = says(letter.subject, formats.SUBJECTS) and (by_daemon or not is_answer(message))
    opening = says(letter.notice, formats.OPENINGS) or says(letter.notice, formats.DELAYS)
    if by_daemon and is_answer(message) and not says(letter.subject, formats.SUBJECTS):
        # A postmaster is a person, too, and answers questions about failures.
        return opening and _has_form(letter)
    if by_daemon:
        return subject or opening or _reads_as_failure(letter)
    if has_null_sender(message):
        # Answering machines have an empty sender, too, and name colleagues on lines of their own.
        return (subject and (opening or _has_form(letter))) or (opening and _has_form(letter, with_code=True))
    # A person may write of a failure; a mailer without a name of its own still writes in its form.
    return subject and opening and _has_form(letter)


def read_notice(letter: Letter) -> list[Returned]:
    """What a notice says of each recipient."""
    is_delay = _is_delay(letter)
    found = _named(letter)
    notice = spoken(letter.notice)
    if not found:
        return [_returned("", notice, is_delay)]
    shared = notice if len(found) == 1 else _head(notice, found)
    return [_returned(each.address, _best(each, shared, notice), is_delay) for each in found]


def named_beside(letter: Letter) -> list[str]:
    """The addresses a notice means where its report names none: of the text, else of the mail that came back."""
    return [each.address for each in _named(letter)]


def context_of(letter: Letter, address: str) -> str:
    """The lines of a notice about one recipient; all of them where it names no one, or only that one."""
    found = named_in(letter.notice, frozenset())
    mine = next((each for each in found if each.address.lower() == address.lower()), None)
    others = [each for each in found if each is not mine and each.sure]
    return mine.context if mine and others and meanings_of(mine.context) else letter.notice[:6_000]


def _named(letter: Letter) -> list[Named]:
    failed = [unrouted(each) for each in addresses_in(letter.message.get("x-failed-recipients"))]
    found = named_in(letter.notice, letter.own)
    if failed:
        by_address = {each.address.lower(): each for each in found}
        return [by_address.get(each.lower()) or Named(each, True) for each in failed]
    to = [each for each in addresses_in(letter.original.get("to", "")) if each.lower()]
    if found and not any(each.sure for each in found):
        # Prose names many: those the mail was for come first, then the first one.
        meant = [each for each in found if each.address.lower() in {one.lower() for one in to}]
        found = meant or found[:1]
    if found:
        return found
    if to and len(to) == 1:
        return [Named(to[0], False)]
    # A mail to oneself: the recipient is one of ours.
    again = [each for each in named_in(letter.notice, frozenset()) if each.sure]
    return again[:1] or [Named(each, False) for each in others_in(letter.subject, letter.own)[:1]]


def _best(named: Named, shared: str, notice: str) -> str:
    """The lines that say why: those about the recipient, else what is said of all."""
    own = named.context
    if meanings_of(own) or enhanced_code(own):
        return own
    together = f"{own}\n{shared}"
    return together if meanings_of(together) else f"{own}\n{notice}"


def _head(notice: str, found: list[Named]) -> str:
    at = notice.find(found[0].address)
    return notice[: max(at, 0)]


def _returned(address: str, text: str, is_delay: bool) -> Returned:
    enhanced, code = enhanced_code(text), reply_code(text)
    reason = _reason(text, address)
    # What is only late has no other class: it is soft until somebody gives up.
    if is_delay:
        return Returned(address, "delay", "soft", enhanced, code, reason)
    return Returned(address, "bounce", class_of(enhanced, code, text), enhanced, code, reason)


def _reason(text: str, address: str) -> str:
    lines = [line.strip() for line in text.split("\n") if line.strip() and line.strip(' <>:"*') != address]
    telling = [line for line in lines if reply_code(line) or enhanced_code(line)] or [
        line for line in lines if meanings_of(line)
    ]
    return " ".join(" ".join((telling or lines)[:3]).split())[:MAX_REASON]


def _is_delay(letter: Letter) -> bool:
    if says(letter.notice, formats.GAVE_UP):
        return says(letter.notice, formats.DELAYS[:3])
    return says(letter.notice, formats.DELAYS) or says(
        letter.subject, ("delayed", "(delay)", "warning: could not send", "verzögert", "vertraagd", "отложен")
    )


def _reads_as_failure(letter: Letter) -> bool:
    return bool(enhanced_code(letter.notice) and reply_code(letter.notice)) and bool(_named(letter))


def _has_form(letter: Letter, with_code: bool = False) -> bool:
    """Marks of a mailer's form: a recipient on a line of its own, and a server's code or the mail that came back."""
    named = any(each.sure for each in named_in(letter.notice, letter.own))
    has_code = reply_code(letter.notice) is not None
    return named and (has_code or (bool(letter.original) and not with_code))
