"""Keeps a message that came back and acts on it, and kills itself at the moment it is told to.

Arguments: data folder, database address, phase. The message comes by standard input. The process ends by
SIGKILL, in the middle of whatever it holds open.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from app.services.returned import accept, read_due, working
from app.store import inbound as store
from app.store.database import Database
from tests.support import line

# After the message is stored, taken, read, let go (who asks to leave), acted on but not committed, and committed.
PHASES = ("stored", "taken", "read", "left", "acted", "committed")


def die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def after(owner: Any, name: str) -> None:
    done = getattr(owner, name)
    setattr(owner, name, lambda *given, **named: (done(*given, **named), die()))


def main(folder: str, url: str, phase: str) -> None:
    world = line.reopen(
        Database(url), Path(folder), secret_key="a key for tests", reply_domain="re.halden.example"
    )
    accept(world, sys.stdin.buffer.read(), "pipe", line.NOW)
    match phase:
        case "stored":
            die()
        case "taken":
            working._one = die
        case "read":
            after(working, "find")
        case "left":
            after(working, "let_go")
        case "acted":
            after(store, "change")
        case "committed":
            after(working, "_one")
    read_due(world, line.NOW)


if __name__ == "__main__":
    main(*sys.argv[1:])
