"""How long each page takes, and how many statements it asks of the database, with very many contacts.

Every address that answers a GET is asked by every role that may open it, through the whole application and in
process, in rounds; beside them stands what the list of contacts can be asked for. The baseline is the sign-in page,
which reads nothing. Asked: 150 ms at the median with 100,000 contacts on SQLite and a million on PostgreSQL.
"""

import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from common import arguments
from flask.testing import FlaskClient
from sqlalchemy import event, select

from app.runtime import memory
from app.services.starting import migrate
from app.store.caught import CaughtMails
from app.store.database import Database
from app.store.tables import users
from app.web.access import ACCESS, OWN_PROOF, PUBLIC
from tests.security.conftest import ROLES, Site, lay_site
from tests.support.crowd import Crowd, lists, publish
from tests.support.databases import Postgres, make_sqlite_template, open_sqlite
from tests.support.line import NOW

MOST = 150  # ms
SIGN_IN = "account.sign_in"
# What is no page: files that are sent as they lie there, and what is downloaded whole.
LEFT_OUT = ("static", "htmx", "recipients.static", "acting.export", "audit.export", "suppressions.export")
RANKS = ("viewer", "sales", "marketer", "admin")
LINES = 60  # of one person's story, so that their page is as long as pages get
PROGRAMME = 20


@dataclass(frozen=True, slots=True)
class Page:
    """Milliseconds of one address, asked by the role that waited longest for it."""

    name: str
    role: str
    path: str
    median: float
    fastest: float
    slowest: float
    cpu: float
    statements: int


def lay(database: Database, folder: Path, contacts: int) -> Site:
    site = lay_site(database, folder, CaughtMails(folder / "caught.db"))
    with database.read() as connection:
        team = list(connection.execute(select(users.c.id).order_by(users.c.id)).scalars())
    crowd = Crowd(site.scene.world, NOW, team)
    publish(site.scene.world, NOW, 0, PROGRAMME)
    crowd.come(0, contacts)
    crowd.tell_of(site.scene.person, contacts, contacts + LINES)
    return site


def addresses(site: Site, role: str) -> Iterator[tuple[str, str]]:
    """What the role may open: the endpoint, or for the lists what is asked of them, and the address."""
    for endpoint, path in site.paths().items():
        least = ACCESS.get(endpoint, PUBLIC)
        is_public = least == PUBLIC or endpoint.partition(".")[0] in OWN_PROOF
        if endpoint not in LEFT_OUT and (
            role == "admin" if is_public else RANKS.index(role) >= RANKS.index(least)
        ):
            yield endpoint, path
    if role == "marketer":
        for path in lists(site.scene.world):
            yield path, path


def ask(client: FlaskClient, path: str) -> tuple[float, float]:
    cpu, at = time.process_time(), time.perf_counter()
    answer = client.get(path)
    answer.get_data()
    took = (time.perf_counter() - at) * 1000, (time.process_time() - cpu) * 1000
    assert answer.status_code < 400, (path, answer.status_code)
    return took


def measure(site: Site, rounds: int, only: str) -> list[Page]:
    """The slowest role's figures of each page, those that take longest first."""
    statements: list[str] = []
    event.listen(
        site.scene.world.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    slowest: dict[str, Page] = {}
    stranger = site.stranger().client
    clients = {role: site.as_role(role).client for role in ROLES}
    for role in ROLES:
        for name, path in addresses(site, role):
            if only not in name and name != SIGN_IN:
                continue
            client = stranger if name == SIGN_IN else clients[role]
            ask(client, path)  # what is read once is read
            statements.clear()
            took = [ask(client, path) for _ in range(rounds)]
            wall, cpu = zip(*took, strict=True)
            page = Page(
                name, role, path, statistics.median(wall), min(wall), max(wall), statistics.median(cpu),
                len(statements) // rounds,
            )  # fmt: skip
            if name not in slowest or slowest[name].median < page.median:
                slowest[name] = page
            print(f"\r{len(slowest):4} {name[:60]:<60}", end="", file=sys.stderr, flush=True)
    print(f"\r{'':70}\r", end="", file=sys.stderr)
    return sorted(slowest.values(), key=lambda page: -page.median)


def report(title: str, pages: Sequence[Page], as_json: bool) -> None:
    base = next(page.median for page in pages if page.name == SIGN_IN)
    over = [page for page in pages if page.median > MOST]
    if as_json:
        rows = [{**asdict(page), "ratio": page.median / base} for page in pages]
        print(
            json.dumps(
                {"title": title, "baseline": SIGN_IN, "goal_ms": MOST, "over": len(over), "pages": rows}
            )
        )
        return
    middle = statistics.median(page.median for page in pages)
    print(title)
    print(
        f"  {len(pages)} pages; median of all {middle:.0f} ms, slowest {pages[0].median:.0f} ms, over {MOST} ms: "
        f"{len(over)}; the sign-in page {base:.1f} ms\n"
    )
    print(f"  {'page':<46} {'role':<9} {'ms':>6}  {'spread':>13} {'CPU':>5} {'statements':>10} {'x':>6}")
    for page in pages:
        spread = f"{page.fastest:.0f} to {page.slowest:.0f}"
        print(
            f"  {page.name[:46]:<46} {page.role:<9} {page.median:>6.0f}  {spread:>13} {page.cpu:>5.0f} "
            f"{page.statements:>10} {page.median / base:>6.1f}{'  over' if page in over else ''}"
        )


def main() -> None:
    parser = arguments(__doc__ or "", count=0, rounds=7)
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL, with a million contacts")
    parser.add_argument("--only", default="", help="nothing but the pages whose name holds this")
    chosen = parser.parse_args()
    contacts = chosen.count or (1_000_000 if chosen.postgresql else 100_000)
    folder = Path(tempfile.mkdtemp(prefix="trellis-bench-"))
    server = Postgres() if chosen.postgresql else None
    try:
        if server is None:
            database = open_sqlite(make_sqlite_template(folder / "empty.db"), folder / "trellis.db")
        else:
            database = server.create(schema=False)
            migrate(database)
        began = time.perf_counter()
        site = lay(database, folder, contacts)
        print(f"{contacts:,} contacts made in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        memory.settle()  # as the web server does when it starts
        kind = "PostgreSQL" if server else "SQLite"
        report(
            f"Pages, {contacts:,} contacts, {kind}", measure(site, chosen.rounds, chosen.only), chosen.json
        )
        database.close()
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
