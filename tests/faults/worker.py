"""A worker that advances and sends all that is due, and kills itself at the moment it is told to.

Arguments: data folder, database address, SMTP port, worker name, phase, count, defect. At the count-th time that
`phase` is reached (or never, "-") the process ends by SIGKILL: nothing is flushed, closed or given back.
`defect` "no-intent" makes the build that does not commit to a mail before it sends it.
"""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from app.mail import smtp
from app.mail.journal import Journal
from app.mail.smtp import SmtpRoute
from app.mail.smtp_pool import SmtpPool
from app.services.running import run_due
from app.services.sending import worker as sending_worker
from app.services.sending.recovering import take_over
from app.services.sending.worker import Sender
from app.store import sending
from app.store.database import Database
from tests.support import line

CONNECTIONS = 4
MOMENTS = {"before-body": "data", "body": "body", "dot": "sent", "replied": "replied"}


class Bomb:
    """Counts how often its phase was reached, over all threads."""

    def __init__(self, phase: str, count: int) -> None:
        self._phase, self._left = phase, count
        self._guard = threading.Lock()

    def reached(self, phase: str) -> None:
        if phase != self._phase:
            return
        with self._guard:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def moment(self, moment: str) -> None:
        for phase, wanted in MOMENTS.items():
            if moment == wanted:
                self.reached(phase)


def plant(bomb: Bomb) -> None:
    """The phases that only the database knows: after the claim, after intent, before the outcomes' commit."""
    claim, commit, write = sending_worker.claim_and_gate, Sender._commit, sending.write_outcomes

    def claimed(*args: Any) -> Any:
        taken = claim(*args)
        bomb.reached("claimed")
        return taken

    def committed(self: Sender, *args: Any) -> Any:
        mails = commit(self, *args)
        if mails:
            bomb.reached("intent")
        return mails

    def written(connection: Any, rows: Any) -> None:
        write(connection, rows)
        if rows:
            bomb.reached("committing")

    sending_worker.claim_and_gate = claimed
    Sender._commit = committed  # type: ignore[method-assign]
    sending.write_outcomes = written


def without_intent() -> None:
    """The defect: a mail is only said to be on its way together with how it ended."""
    intend, write = sending.intend, sending.write_outcomes
    meant: dict[Any, dict[str, Any]] = {}

    def pretend(connection: Any, rows: Any) -> Any:
        meant.update({row["row_id"]: row for row in rows})
        return {row["row_id"] for row in rows}

    def both(connection: Any, rows: Any) -> None:
        intend(connection, [meant.pop(row["row_id"]) for row in rows])
        write(connection, rows)

    sending.intend, sending.write_outcomes = pretend, both


def main() -> None:
    # As if the server were far: then the next envelope goes ahead, and a kill finds it there.
    smtp._FAR = 0.0
    folder, url, port, name, phase, count, defect = sys.argv[1:]
    if defect == "no-intent":
        without_intent()
    bomb = Bomb(phase, int(count))
    plant(bomb)
    world = line.reopen(Database(url), Path(folder), worker_name=name, batch_size=100)
    journal = Journal(Path(folder) / "journal", name)
    found = take_over(world, journal, line.NOW)
    print("uncertain", found.uncertain, flush=True)
    pool = SmtpPool(SmtpRoute("127.0.0.1", int(port), "none"), CONNECTIONS)
    sender = Sender(world, pool, journal, lambda: line.NOW, connections=CONNECTIONS, on_phase=bomb.moment)
    while run_due(world, line.NOW).taken + sender.send_due():
        pass
    pool.close()
    journal.close()


if __name__ == "__main__":
    main()
