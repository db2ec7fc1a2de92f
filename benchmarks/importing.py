"""Rows a second of a CSV import: read, decided, written with history, in short transactions that a crash cannot repeat.

The baseline is bare `sqlite3`: the same contacts and addresses, taken from the imported database, by `executemany`
into the same schema in one transaction. It reads no file, looks nothing up, and writes neither history nor companies.
Asked on SQLite: a million rows in 60 seconds.
"""

import csv
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from common import Round, arguments, figure, report, timed
from sqlalchemy import Connection

from app.runtime import memory
from app.services.importing import ImportOptions, run_import
from app.store.contacts import CONTACT, IDENTITY
from app.store.database import Database
from tests.support.databases import Postgres, make_sqlite_template
from tests.support.importing import NOW, House

HEADER = (
    "Email",
    "First name",
    "Last name",
    "Company",
    "Job title",
    "City",
    "Country",
    "Language",
    "Phone",
    "Status",
)
FIRST = ("Anna", "Bram", "Chiara", "Dagmar", "Émile", "Freja", "Giorgio", "Hanna", "Ивар", "João")
LAST = (
    "Almeida",
    "Bakker",
    "Costa",
    "De Vries",
    "Esposito",
    "Fischer",
    "Garnier",
    "Holm",
    "Иванова",
    "Jensen",
)
CITIES = (
    ("Aarhus", "Denmark", "da"),
    ("Porto", "PT", "pt-PT"),
    ("Torino", "Italia", "Italian"),
    ("Köln", "DE", "de"),
)
FREE = ("gmail.com", "libero.it", "web.de")
OPTIONS = ImportOptions(tags=("fair-2026",), source="fair")
# How many contacts the baseline writes with one call.
AT_ONCE = 10_000


class Watched(Database):
    """Keeps how long each write transaction held the lock, in seconds."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.held: list[float] = []

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with super().write() as connection:
            begun = time.perf_counter()
            yield connection
            connection.commit()
            self.held.append(time.perf_counter() - begun)


class Bench:
    """One file, imported into a fresh database each round."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count = folder, count
        self.template = make_sqlite_template(folder / "empty.db")
        self.csv = folder / "contacts.csv"
        write_csv(self.csv, count)
        self.imported = folder / "imported.db"
        self.held: list[float] = []

    def sqlite(self) -> Round:
        fresh(self.template, self.imported)
        database = Watched(f"sqlite:///{self.imported}")
        done = self._import(database)
        self.held = database.held
        database.close()
        return done

    def postgresql(self, server: Postgres) -> Round:
        database = server.create()
        done = self._import(database)
        server.drop(database)
        return done

    def _import(self, database: Database) -> Round:
        data_dir = Path(tempfile.mkdtemp(dir=self.folder))
        house = House(database, data_dir)
        import_id = house.begin(self.csv.read_bytes(), OPTIONS)

        def run() -> int:
            summary = run_import(database, import_id, house.around, NOW)
            assert summary.state == "done"
            return summary.counts["rows"]

        done = timed(run)
        assert done.count == self.count
        shutil.rmtree(data_dir)
        return done

    def bare(self) -> Round:
        """Rows of the import before; only the writing of them is timed."""
        path = self.folder / "bare.db"
        fresh(self.template, path)
        seconds = cpu = 0.0
        with closing(sqlite3.connect(self.imported)) as source, closing(sqlite3.connect(path)) as target:
            reads = [
                (insert_into(table, names), source.execute(f"SELECT {', '.join(names)} FROM {table}"))
                for table, names in (("contacts", CONTACT), ("identities", IDENTITY))
            ]
            while rows := [(sql, found) for sql, read in reads if (found := read.fetchmany(AT_ONCE))]:
                done = timed(partial(write, target, rows))
                seconds, cpu = seconds + done.seconds, cpu + done.cpu
            end = timed(partial(commit, target))
        return Round(self.count, seconds + end.seconds, cpu + end.cpu)


def write(target: sqlite3.Connection, rows: list[tuple[str, list[tuple[object, ...]]]]) -> int:
    return sum(target.executemany(sql, values).rowcount for sql, values in rows)


def commit(target: sqlite3.Connection) -> int:
    target.commit()
    return 1


def insert_into(table: str, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def fresh(template: Path, path: Path) -> None:
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    shutil.copyfile(template, path)


def write_csv(path: Path, count: int) -> None:
    """Two people of three have an address of their company, of which there is one for thirty people; every
    hundredth row repeats an address, every thousandth is broken."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(HEADER)
        for n in range(count):
            who = n // 2 if n % 100 == 99 else n
            # Addresses come in no order, as in the exports of a CRM.
            mixed = who * 2_654_435_761 % 4_294_967_291
            company = mixed % max(count // 30, 1)
            domain = FREE[mixed % 9 // 3] if mixed % 3 == 0 else f"company{company}.example"
            address = "nobody" if n % 1000 == 500 else f"{FIRST[mixed % 4].lower()}.{mixed:x}@{domain}"
            place = CITIES[mixed % len(CITIES)]
            out.writerow((
                address, FIRST[mixed % 10], LAST[mixed // 10 % 10], f"Company {company} Ltd", "Manager", *place,
                f"+39 02 {mixed % 10_000_000:07d}", "Lead" if mixed % 2 else "",
            ))  # fmt: skip


def main() -> None:
    parser = arguments(__doc__ or "", count=100_000, rounds=3)
    parser.add_argument(
        "--rows", dest="count", type=int, default=100_000, help="rows of the file, same as --count"
    )
    parser.add_argument("--postgresql", action="store_true", help="PostgreSQL as well")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="trellis-bench-"))
    server = Postgres() if chosen.postgresql else None
    try:
        bench = Bench(folder, chosen.count)
        memory.settle()
        ways = {"import, SQLite": bench.sqlite, "bare executemany, SQLite": bench.bare}
        if server is not None:
            running = server
            ways["import, PostgreSQL"] = lambda: bench.postgresql(running)
        # In turn, as in `interleaved`, but each round counts: one takes long enough to be its own warming up.
        done: dict[str, list[Round]] = {name: [] for name in ways}
        for _ in range(chosen.rounds):
            for name, way in ways.items():
                done[name].append(way())
        figures = {name: figure(name, rounds) for name, rounds in done.items()}
        million = 1e6 / figures["import, SQLite"].a_second
        goals = {"import, SQLite": f"({million:,.0f} s a million, asked: 60; {locks(bench.held)})"}
        title = f"CSV import, {chosen.count:,} rows"
        report(title, figures, "bare executemany, SQLite", as_json=chosen.json, goals=goals)
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def locks(held: list[float]) -> str:
    """How long write transactions held the lock in the last round."""
    ordered = sorted(held)
    middle, late = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return f"lock held: median {middle * 1e3:.0f}, 99 % {late * 1e3:.0f}, longest {ordered[-1] * 1e3:.0f} ms"


if __name__ == "__main__":
    main()
