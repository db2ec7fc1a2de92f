"""Rows of an import whose address looks wrong: what is said of them, and whether they come in."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from disposable_email_domains import blocklist

from app.core.contacts import Address
from app.core.contacts.flags import DISPOSABLE, HOLD, NO_MAIL, POLICIES, REJECT, USUAL, flag_of
from app.core.reasons import Reason

PREFIX = "import.flag."
CODES = {kind: PREFIX + kind for kind in USUAL}
HELD = "import.flag.held"


@dataclass(frozen=True, slots=True)
class Flagged:
    """What is said of an address: first its flag, then what follows from it."""

    refused: bool
    reasons: tuple[Reason, ...]


class Flagging:
    """Looks at addresses under a programme's `policy`. `silent` are domains known to take no mail.

    No name server is asked: what is not known yet comes in, and is flagged when the answer is there.
    """

    def __init__(self, policy: Mapping[str, str], silent: Collection[str]) -> None:
        self._policy = policy
        self._silent = silent

    def of(self, address: Address) -> Flagged | None:
        """None: there is nothing to say."""
        flag = flag_of(address.key, blocklist)
        kinds = [flag.kind] if flag is not None else []
        if address.domain in self._silent and DISPOSABLE not in kinds:
            kinds.append(NO_MAIL)
        if not kinds:
            return None
        # Of two flags the one with the stricter policy speaks first, and of two alike the domain's.
        kinds.sort(key=lambda kind: (POLICIES.index(self._policy[kind]), kind == NO_MAIL), reverse=True)
        policy = self._policy[kinds[0]]
        params = {"address": address.shown, "suggestion": (flag and flag.suggestion) or ""}
        reasons = [Reason(CODES[kind], params) for kind in kinds]
        if policy == HOLD:
            reasons.append(Reason(HELD, {"address": address.shown}))
        return Flagged(policy == REJECT, tuple(reasons))


def flags_in(codes: Collection[str]) -> list[str]:
    """The kinds of flag that reasons with these codes tell of, each once."""
    return [kind for kind, code in CODES.items() if code in codes]
