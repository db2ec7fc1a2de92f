"""Advances a second, durable: claimed, facts loaded, decided, saved, effects written.

A quarter of the people begin a wait, a quarter pass a branch on a field before it, a quarter get a tag before it,
a quarter get a mail queued. The baseline writes the same rows with a bare `executemany` of the driver, as many
a commit. Asked on SQLite: 8,000 a second; reached for: 20,000.
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from common import Round, arguments, interleaved, report, timed
from sqlalchemy import select

from app.runtime import memory
from app.services.running import run_due
from app.store.database import Database
from app.store.tables import enrollments
from tests.support import line
from tests.support.databases import Postgres, make_sqlite_template, open_sqlite

SEQUENCE = """\
sequence: line
for: lead
topic: guides
enter: {on: person}
steps:
  - look: {branch: [{if: {field: city, is: Aarhus}, go: pause}, {else: out}]}
  - mark: {set: {tag: warm}}
  - pause: {wait: 2 days}
  - hello: {send: discovery/hello}
  - rest: {wait: 5 days}
  - out: {exit: elsewhere}
"""
STEPS = ("look", "mark", "pause", "hello")
BARE = (
    "UPDATE enrollments SET state = 'due', step = 'pause', visit = visit + 1, inside = 1, since = ?, due_at = ?, "
    "reason_code = 'wait', reason_params = '{}', revision = revision + 1, claimed_by = NULL WHERE id = ?"
)


class Base:
    """One database with more people every round, all of them due."""

    def __init__(self, folder: Path, database: Database, count: int, batch: int) -> None:
        self.world = line.lay(database, folder, sequences=[SEQUENCE])
        self._count, self._batch, self._next = count, batch, 0

    def enroll(self) -> Sequence[UUID]:
        who = line.people(self.world, self._count, first=self._next, city="Aarhus")
        self._next += self._count
        found: list[UUID] = []
        for place, step in enumerate(STEPS):
            found += line.enroll(self.world, who[place :: len(STEPS)], step=step)
        return found

    def round(self) -> Round:
        self.enroll()
        return timed(self._advance)

    def _advance(self) -> int:
        saved = 0
        while (ran := run_due(self.world, line.NOW, self._batch)).taken:
            assert not ran.failed
            saved += ran.saved
        return saved

    def bare(self) -> Round:
        """The same rows by the driver alone, with values that are ready."""
        ids = self.enroll()
        rows = [(1, 2, one.bytes) for one in ids]
        database = self.world.database

        def write() -> int:
            for start in range(0, len(rows), self._batch):
                with database.write() as connection:
                    connection.exec_driver_sql(BARE, rows[start : start + self._batch])
            return len(rows)

        done = timed(write)
        with database.write() as connection:
            query = select(enrollments.c.id).where(enrollments.c.id == ids[0])
            assert connection.execute(query).one()
            connection.execute(enrollments.delete())
        return done


def main() -> None:
    parser = arguments(__doc__ or "", count=8000, rounds=5)
    parser.add_argument("--batch", type=int, default=500, help="enrollments a transaction")
    parser.add_argument("--postgresql", action="store_true", help="PostgreSQL as well")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="trellis-bench-"))
    server = Postgres() if chosen.postgresql else None
    try:
        template = make_sqlite_template(folder / "empty.db")
        bare = Base(folder / "bare", open_sqlite(template, folder / "bare.db"), chosen.count, chosen.batch)
        whole = Base(folder / "whole", open_sqlite(template, folder / "whole.db"), chosen.count, chosen.batch)
        memory.settle()  # as the engine does when it starts
        ways = {"bare executemany, SQLite": bare.bare, "advances, SQLite": whole.round}
        if server is not None:
            ways["advances, PostgreSQL"] = Base(
                folder / "postgres", server.create(), chosen.count, chosen.batch
            ).round
        figures = interleaved(ways, chosen.rounds)
        goals = {"advances, SQLite": "(asked: 8,000/s, reached for: 20,000/s)"}
        title = f"Durable advances, {chosen.batch} a transaction"
        report(title, figures, "bare executemany, SQLite", as_json=chosen.json, goals=goals)
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
