"""A worker that writes its journal in the folder it is given until it is killed, and says what is written."""

from __future__ import annotations

import sys
from pathlib import Path
from uuid import UUID

from app.mail.journal import Journal
from app.mail.replies import Outcome


def main() -> None:
    journal = Journal(Path(sys.argv[1]), "crashing")
    for number in range(1, 1_000_000):
        journal.started(UUID(int=number), UUID(int=number + (1 << 64)))
        print("S", number, flush=True)
        if number % 3:
            journal.answered(UUID(int=number), Outcome("accepted", "dot", 250, "2.0.0"))
            print("A", number, flush=True)


if __name__ == "__main__":
    main()
