"""What this process compiled and checked last, by digest: a text is looked at many times while it is being written."""

import threading
from collections import OrderedDict
from collections.abc import Mapping

from app.mail.compile import CompiledTemplate
from app.services.authoring.linting import Checked

MOST = 200
# Each holds a whole programme.
MOST_CHECKED = 6
_lock = threading.Lock()
_done: OrderedDict[str, CompiledTemplate] = OrderedDict()
_checked: OrderedDict[str, Checked] = OrderedDict()


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


def checked(digest: str) -> Checked | None:
    with _lock:
        found = _checked.get(digest)
        if found is not None:
            _checked.move_to_end(digest)
        return found


def remember_checked(digest: str, found: Checked) -> None:
    """The digest names every text, setting and field that was looked at. What could not be compiled may have been in
    want of time or memory, so that is tried again.
    """
    if any(recipe.digest not in found.compiled.done for recipe in found.recipes):
        return
    with _lock:
        _checked[digest] = found
        while len(_checked) > MOST_CHECKED:
            _checked.popitem(last=False)
