"""What a failure means: hard, soft or policy, by its status and by the words that correct it.

Sources: RFC 3463 and the IANA registry of enhanced status codes; what large providers are known to say
under a wrong code. Where in doubt it is not hard: nobody is suppressed on a guess.
"""

import re

from app.inbound.returned import words
from app.inbound.returned.said import Class

SEARCHED = 6_000
# What may hold the words of a meaning without meaning it.
LINKS = re.compile(r"\b(?:https?://|www\.)[^\s>\"']{1,300}+", re.I)
MAIL_NAMES = re.compile(r"[^\s<>()\[\],;:\"'@]{1,200}+@[\w.\-\[\]]{1,200}+|<[^<>\s]{0,200}@[^<>]{0,200}>")
HOSTS = re.compile(
    r"(?<![\w.\-])(?!resolver|storedrv|smtpsend|queue\.|transport\.)(?=[\w\-]{0,62}[a-z])[\w\-]{1,62}+(?:\.[\w\-]{1,62}+){2,10}(?![\w(])",
    re.I,
)
QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "_": " "})
# Of an account these words say that it is closed, of a message that it was filtered.
CLOSED = re.compile(
    r"\b(?<!your )(account|mailbox|user|recipient)s? (?:is|was|has been|have been) (?:temporarily )?(?:blocked|banned|restricted)\b(?! to\b)"
)
ABSENT = re.compile(
    r"\b(?:user|recipient|mailbox|account|address|rcpt)\b.{0,90}\b(?:does ?n[o']t exist|not exist|not found|unknown|not known|is not valid|does not exist)"
    r"|\bunknown\b.{0,30}\b(?:user|recipient|mailbox|address)\b|\b(?:user|recipient|address|mailbox) (?:name )?\S{0,80} ?(?:unknown|not found)"
    r"|\bnot (?:a )?(?:known|valid|local|listed)\b.{0,30}\b(?:user|recipient|mailbox|account)|\A(?:\S{1,3} )?not found\Z",
    re.S,
)

SAYS: tuple[tuple[str, Class, tuple[str, ...]], ...] = (
    ("greylisted", "soft", words.GREYLISTED),
    ("large", "soft", words.LARGE),
    ("full", "soft", words.FULL),
    ("relay", "policy", words.RELAY),
    ("spam", "policy", words.SPAM),
    ("sender", "policy", words.SENDER),
    ("policy", "policy", words.POLICY),
    ("rate", "soft", words.RATE),
    ("loop", "soft", words.LOOP),
    ("expired", "soft", words.EXPIRED),
    ("disabled", "hard", words.DISABLED),
    ("unknown", "hard", words.UNKNOWN),
    ("moved", "hard", words.MOVED),
    ("no_host", "hard", words.NO_HOST),
    ("no_mail", "hard", words.NO_MAIL),
    ("later", "soft", words.LATER),
    ("network", "soft", words.NETWORK),
    ("system", "soft", words.SYSTEM),
)
CLASSES: dict[str, Class] = {name: class_ for name, class_, _ in SAYS}
HARD = frozenset(name for name, class_, _ in SAYS if class_ == "hard")
REFUSED = frozenset({"relay", "spam", "sender", "policy"})
# They hold a word of policy and mean the mailbox.
ABOUT_RECIPIENT = (
    "mailbox name not allowed", "unavailable or access denied", "not found or access denied", "in my badrcptto list", "envelope recipient has been denied",
)  # fmt: skip
# RFC 3463 and IANA: what a status means where no words say more.
BY_STATUS: dict[str, Class] = {
    "1.1": "hard", "1.2": "hard", "1.3": "hard", "1.6": "hard", "1.10": "hard", "1.7": "policy", "1.8": "policy", "1.9": "soft",
    "1.4": "soft", "1.0": "soft", "1.5": "soft", "2.1": "hard", "2.2": "soft", "2.3": "soft", "2.4": "soft", "2.0": "soft",
    "4.1": "soft", "4.4": "hard", "4.310": "hard",
}  # fmt: skip
# Phrases that mean the address, unless the status says that it was a matter of policy (5.7.1).
WEAK = (
    "recipient address rejected", "address rejected", "recipient rejected", "recipient refused", "mailbox unavailable",
    "mailbox not available", "mailbox is unavailable", "mailbox is not available", "not found", "no longer available",
)  # fmt: skip
# Statuses so exact that their own words of "try again" do not soften them.
SURE = frozenset({"5.1.1", "5.1.10", "5.1.2", "5.1.6", "5.4.310"})


def plain(text: str) -> str:
    """Text as the words are compared with it: lower case, one space, no addresses, hosts or links."""
    shown = LINKS.sub(" ", text[:SEARCHED].translate(QUOTES))
    shown = HOSTS.sub(" ", MAIL_NAMES.sub(" ", shown))
    folded = " ".join(shown.lower().split()).replace("privacy policy", "")
    return CLOSED.sub(r"\1 disabled", folded)


def meanings_of(text: str, status: str = "") -> frozenset[str]:
    """The meanings of which a phrase is in the text. `status` is subject and detail, such as `7.1`."""
    folded = plain(text)
    if status.startswith("7."):
        for phrase in WEAK:
            folded = folded.replace(phrase, "")
    found = {name for name, _, phrases in SAYS if any(phrase in folded for phrase in phrases)}
    if "unknown" not in found and ABSENT.search(folded[:2000]):
        found.add("unknown")
    return frozenset(found)


def class_of(enhanced: str | None, code: int | None, text: str) -> Class:
    """The class of a failure. Never `hard` for what is temporary, for what a policy says, or for a bare 5xx."""
    status = enhanced.partition(".")[2] if enhanced else ""
    said = meanings_of(text, status)
    if _is_temporary(enhanced, code, said):
        return _temporary(enhanced, said)
    # 5.1.7 and 5.1.8 are about the sender, whichever domain their words miss.
    if status in ("1.7", "1.8"):
        return "policy"
    if said & {"full", "large", "greylisted"}:
        return "soft"
    if said & REFUSED and not _is_about_recipient(status, said, text):
        return "policy"
    if said & {"rate", "loop", "expired"} and not (enhanced in SURE and said & HARD):
        return "soft"
    if said & HARD:
        return "soft" if "later" in said and enhanced not in SURE and "disabled" not in said else "hard"
    if said & {"later", "network", "system"}:
        return "policy" if status.startswith("7.") else "soft"
    # 5.6.x and 5.7.x: what we sent, or that we sent it.
    return "policy" if status.startswith(("6.", "7.")) else BY_STATUS.get(status, "soft")


def _temporary(enhanced: str | None, said: frozenset[str]) -> Class:
    """4xx: it may be policy, never hard, with one exception: a domain that says it takes no mail."""
    if said & {"full", "large", "greylisted", "later", "rate", "expired"} and not said & {"spam"}:
        return "soft"
    if (enhanced or "").startswith("4.7.") or said & {"spam", "sender", "policy", "relay"}:
        return "policy"
    return "soft"


def _is_temporary(enhanced: str | None, code: int | None, said: frozenset[str]) -> bool:
    if enhanced == "4.0.0" and said & {"no_mail"}:
        return False
    if enhanced:
        return enhanced.startswith("4.")
    return code is not None and 400 <= code < 500


def _is_about_recipient(status: str, said: frozenset[str], text: str) -> bool:
    """Words of policy that large providers use where they mean the address: `Access denied` under 5.4.1."""
    if said & {"spam", "relay"}:
        return False
    folded = plain(text)
    if status == "4.1" and "recipient address rejected: access denied" in folded:
        return True
    return any(phrase in folded for phrase in ABOUT_RECIPIENT)
