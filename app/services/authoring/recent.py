"""What this process compiled last, by digest: a mail is looked at many times while it is being written."""

import threading
from collections import OrderedDict
from collections.abc import Mapping

from app.mail.compile import CompiledTemplate

MOST = 200
_lock = threading.Lock()
_done: OrderedDict[str, CompiledTemplate] = OrderedDict()


def known() -> dict[str, CompiledTemplate]:
    with _lock:
        return dict(_done)


def remember(done: Mapping[str, CompiledTemplate]) -> None:
    """The digest names everything a compilation is made of, so that nothing here grows old."""
    with _lock:
        for digest, compiled in done.items():
            _done[digest] = compiled
            _done.move_to_end(digest)
        while len(_done) > MOST:
            _done.popitem(last=False)
