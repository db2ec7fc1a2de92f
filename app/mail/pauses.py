"""What a deferral says about the next try: after how long, and whether it is a greylist's first no."""

from __future__ import annotations

import re
from datetime import timedelta

MAX_RETRY_AFTER = timedelta(days=1)

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
# A number counts as a pause only where it stands behind one of these, so that a rate ("10 mails in 5 minutes")
# or the digits of an address are none.
_ASKS = r"(?:again|retry|retries|retried|wait|come back|gr[ae]y[- ]?list\w*|deferred|delayed|next attempt)"
_LENGTH = r"(\d{1,6})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)\b"
_IN_WORDS = re.compile(rf"\b{_ASKS}\b[^0-9]{{0,40}}?{_LENGTH}(?:[\s,]*(?:and\s+)?{_LENGTH})?", re.I)
_AS_A_CLOCK = re.compile(rf"\b{_ASKS}\b[^0-9]{{0,40}}?(?:(\d{{1,3}}):)?(\d{{1,2}}):(\d{{2}})\b", re.I)
_ONE = re.compile(rf"\b{_ASKS}\b[^0-9]{{0,40}}?\ban? (second|minute|hour|day)\b", re.I)
_GREYLIST = re.compile(
    r"gr[ae]y[- ]?list|postgrey|sqlgrey|milter-greylist|first[- ]time sender|not seen (?:this|you) before",
    re.I,
)


def retry_hint(text: str) -> timedelta | None:
    """The pause a server asks for ("try again in 5 minutes"), at most a day; None when it names none."""
    if found := _IN_WORDS.search(text):
        pause = int(found[1]) * _UNITS[found[2][0].lower()]
        if found[3]:
            pause += int(found[3]) * _UNITS[found[4][0].lower()]
    elif found := _AS_A_CLOCK.search(text):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        pause = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    elif found := _ONE.search(text):
        pause = _UNITS[found[1][0].lower()]
    else:
        return None
    return min(pause, MAX_RETRY_AFTER)


def is_greylisted(code: int | None, text: str) -> bool:
    """Whether this is the first no that a greylist (RFC 6647) gives to every stranger: a second try soon is let in."""
    return code is not None and 400 <= code < 500 and code != 421 and _GREYLIST.search(text) is not None
