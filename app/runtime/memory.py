"""How a process that sends is set up: the garbage collector's rounds, and how threads take turns."""

import gc
import sys

# How long a thread keeps its turn while others wait (seconds). Longer than Python's own five milliseconds:
# each change of turns costs, and the one that waits has a slice of ten mails to go on with. Measured with
# `benchmarks/sending.py` at 0.5, 5, 20 and 50 ms: 0.57, 0.63, 0.67 and 0.65 of the bare loop.
TURN = 0.02


def settle() -> None:
    """Call once, when programs, rules and modules are loaded.

    Going through them again and again with every few hundred mails costs a tenth of the time it takes to
    send those.
    """
    sys.setswitchinterval(TURN)
    gc.collect()
    gc.freeze()
