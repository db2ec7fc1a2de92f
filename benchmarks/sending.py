"""Mails a second through the whole durable pipeline against a bare loop of `smtplib.sendmail`.

Both put the same mail of about 34 kB over four kept-open connections into the same `smtp-sink`. The pipeline
claims, gates, renders, commits to, sends, journals and records each mail, and lets its enrollment go on; the
bare loop has its bytes ready. Asked: at least 0.7 of the bare loop, reached for: 1.0; signed with DKIM
(RSA-2048), which the bare loop is not, 0.5 and 0.8. As in real life with so much due, a second process comes
along, and its start is part of what is timed; the connections are shared, not doubled.
"""

import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from common import Round, arguments, interleaved, report, timed
from sqlalchemy import func, select

from app.mail.journal import Journal
from app.mail.smtp_pools import SmtpPools
from app.runtime import clock, memory
from app.runtime.sending_along import Along, share, shared
from app.services import dkim_keys, pace
from app.services.running import run_due
from app.services.senders.book import HOUSE, house_route
from app.services.sending import composing
from app.services.sending.gating import claim_and_gate
from app.services.sending.worker import Sender
from app.store.database import Database
from app.store.tables import deliveries
from config import ROOT
from tests.support import line
from tests.support.databases import Postgres, make_sqlite_template, open_sqlite

SINK = "/usr/sbin/smtp-sink"
SIGNED = "the same, DKIM RSA-2048"
TEXT = "The heating curve was set too high in every second house that we looked at, and nobody had noticed. "
# With the subject's, eight merge fields in the body, one of them behind a condition.
FIELDS = {
    1: " for {{ contact.first_name }} {{ contact.last_name }}",
    2: " in {{ contact.city }}",
    3: ", {{ contact.job_title }}",
    4: "{% if company.name %} at {{ company.name }}{% endif %}",
    5: " from {{ sender.name }}",
    6: " of {{ brand.name }}",
    7: " about {{ mail.topic }}",
}
MAIL = """\
---
kind: discovery
class: marketing
topics: [pricing]
subject: "{{ contact.first_name }}, twelve pages for {{ company.name }}"
preheader: "What we found in 41 buildings, and what it cost to put right."
fallbacks: {contact.first_name: there, contact.last_name: Friend, company.name: your house, contact.city: your town, contact.job_title: you, mail.topic: this}
---
""" + "\n".join(
    f"""<mj-section padding="0 40px 16px"><mj-column>
<mj-text><h2>Part {number}{FIELDS.get(number, "")}</h2><p>{TEXT * 6}</p>
<p><a href="https://example.com/guides/part-{number}">Read part {number}</a></p></mj-text>
</mj-column></mj-section>"""
    for number in range(1, 11)
)


@contextmanager
def sink(folder: Path) -> Iterator[tuple[str, int]]:
    """Its name and its port. Without Postfix's sink one in Python takes its place, slower and the same for both."""
    if not Path(SINK).exists():
        command = [sys.executable, "-m", "tests.faults.sink", str(folder / "sink.log")]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as process:
            assert process.stdout is not None
            yield "a sink in Python (smtp-sink is not installed)", int(process.stdout.readline())
            process.communicate()
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([SINK, "-u", "nobody", f"127.0.0.1:{port}", "100"])
    try:
        _wait(port)
        yield "smtp-sink", port
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("smtp-sink does not answer")


class Bare:
    """Kept-open connections of the standard library, each in a thread, with bytes that are ready."""

    def __init__(self, port: int, data: bytes, count: int, connections: int) -> None:
        self._data, self._count = data, count
        self._open = [smtplib.SMTP("127.0.0.1", port, "localhost") for _ in range(connections)]

    def round(self) -> Round:
        return timed(self._send)

    def _send(self) -> int:
        share = self._count // len(self._open)
        threads = [threading.Thread(target=self._loop, args=(one, share)) for one in self._open]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return share * len(threads)

    def _loop(self, connection: smtplib.SMTP, share: int) -> None:
        for number in range(share):
            connection.sendmail("bounces@example.com", [f"person{number}@example.com"], self._data)


class Pipeline:
    """The real thing; each round works on a fresh copy of a database with `count` mails due."""

    def __init__(
        self,
        folder: Path,
        port: int,
        count: int,
        connections: int,
        database: Database,
        *,
        signed: bool,
        processes: int,
    ) -> None:
        self._folder, self._count, self._connections = folder, count, connections
        self._next = 0
        self.world = line.lay(
            database,
            folder,
            mails={"discovery/hello": MAIL},
            smtp_connections=connections,
            # With a relay of its own, mail takes its turn at the provider; the rate is set so high that none waits.
            smtp_host="127.0.0.1",
            smtp_port=port,
            smtp_security="none",
            smtp_mails_per_connection=100_000,
            sending_processes=processes,
        )
        self._routes = {HOUSE: (house_route(self.world.settings), connections)}
        self._pools = SmtpPools(self._routes)
        pace.set_rate(self.world, "example.com", 1_000_000, line.NOW)
        if signed:
            domain = self.world.settings.sender_address.rpartition("@")[2]
            for key in dkim_keys.make(self.world, domain, line.NOW, algorithms=["rsa"]):
                dkim_keys.activate(self.world, key, line.NOW)
            self.world.dkim.refresh()
        self._journal = Journal(folder / "journal", "main")

    def plan(self) -> None:
        """People with a mail each that is due; not part of what is timed."""
        who = line.people(self.world, self._count, first=self._next, city="Aarhus", job_title="Caretaker")
        self._next += self._count
        line.enroll(self.world, who)
        while run_due(self.world, line.NOW, 1000).taken:
            pass

    def example(self) -> bytes:
        """The bytes of one of the mails."""
        self.plan()
        catalogue = self.world.library.catalogue(line.NOW)
        taken = claim_and_gate(self.world, catalogue, line.NOW, 1)
        assert taken is not None
        return composing.compose(self.world, catalogue, taken.batch, taken.passed[0], line.NOW).data

    def round(self) -> Round:
        self.plan()
        done = timed(self._send)
        self._all_out()
        return done

    def _all_out(self) -> None:
        """A mail that did not leave is no figure. The one of the example stays claimed."""
        with self.world.database.read() as connection:
            query = select(deliveries.c.state, deliveries.c.reason_code, func.count())
            states = connection.execute(query.group_by(deliveries.c.state, deliveries.c.reason_code)).all()
        if sum(count for state, _, count in states if state != "accepted") > 1:
            raise SystemExit(f"Not all mails left: {states}")

    def _send(self) -> int:
        along = Along(self.world, _clock)
        processes = along.processes(self._count, self._routes)
        self._pools.replace(shared(self._routes, processes, 0))
        own = share(self._connections, processes, 0)
        sender = Sender(self.world, self._pools, self._journal, _clock, connections=own)
        sender.send_due()
        while along.processes(0, self._routes) > 1:
            time.sleep(0.01)
        along.close()
        return self._count


# The mails are due on the line's day; from there the time goes on through all rounds, because turns are booked in it.
AHEAD = line.NOW - clock.now()


def _clock() -> datetime:
    return clock.now() + AHEAD


def main() -> None:
    parser = arguments(__doc__ or "", count=8000, rounds=5)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2, help="sending processes at most")
    parser.add_argument("--postgresql", action="store_true", help="PostgreSQL as well")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="trellis-bench-"))
    server = Postgres() if chosen.postgresql else None
    try:
        with sink(folder) as (name, port):
            template = make_sqlite_template(folder / "empty.db")
            databases = {
                "whole pipeline, SQLite": open_sqlite(template, folder / "plain.db"),
                SIGNED: open_sqlite(template, folder / "signed.db"),
            }
            if server is not None:
                databases["whole pipeline, PostgreSQL"] = server.create()
            lines = {
                title: Pipeline(
                    folder / str(number),
                    port,
                    chosen.count,
                    chosen.connections,
                    database,
                    signed=title == SIGNED,
                    processes=chosen.processes,
                )
                for number, (title, database) in enumerate(databases.items())
            }
            data = next(iter(lines.values())).example()
            bare = Bare(port, data, chosen.count, chosen.connections)
            memory.settle()  # as the engine does when it starts
            ways = {"bare smtplib.sendmail": bare.round, **{title: one.round for title, one in lines.items()}}
            figures = interleaved(ways, chosen.rounds)
        title = (
            f"Mails of {len(data):,} bytes into {name}, {chosen.connections} connections, "
            f"{chosen.processes} processes at most"
        )
        goals = dict.fromkeys(lines, "(asked: x 0.7, reached for: x 1.0)")
        goals[SIGNED] = "(asked: x 0.5, reached for: x 0.8)"
        report(title, figures, "bare smtplib.sendmail", as_json=chosen.json, goals=goals)
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
