"""When a mail that was not taken is tried again: growing, jittered, and with an end."""

from collections.abc import Sequence
from datetime import timedelta

# A week of tries, then the mail has failed.
DELAYS = (
    timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1), timedelta(hours=3), timedelta(hours=6),
    timedelta(hours=12), timedelta(days=1), timedelta(days=1), timedelta(days=2), timedelta(days=2),
)  # fmt: skip
# A greylist lets the second try in after a minute to five (RFC 6647, 2.1); after that it was none.
GREYLIST_DELAYS = (timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=10))
SENDER_DELAYS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
# One recipient's server may refuse *us* for good; the mail then has failed, and nobody is blamed.
MOST_REFUSALS = 4


def after_deferral(
    number: int, chance: float, asked: timedelta | None = None, *, greylisted: bool = False
) -> timedelta | None:
    """How long to wait after the try `number` (0 is the first); None: it was the last.

    `chance` is in [0, 1) and spreads mails that were deferred together. What the server asked for is kept
    to, with a little on top, because its clock is not ours.
    """
    if number >= len(DELAYS):
        return None
    delays: Sequence[timedelta] = GREYLIST_DELAYS if greylisted and number < len(GREYLIST_DELAYS) else DELAYS
    usual = delays[number] * (0.8 + 0.4 * chance)
    if asked is None:
        return usual
    wanted = asked * (1.0 + 0.2 * chance)
    # A greylist says exactly when it lets us in; any other server may ask for too little.
    return wanted if greylisted else max(usual, wanted)


def after_sender_problem(problems: int, asked: timedelta | None = None) -> timedelta:
    """How long a sender rests after its `problems`-th problem in a row (1 is the first)."""
    return max(SENDER_DELAYS[min(max(problems, 1), len(SENDER_DELAYS)) - 1], asked or timedelta())
