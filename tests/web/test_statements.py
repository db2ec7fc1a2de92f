"""A page asks the database the same number of questions, however much there is: every page, and every list of the API."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import event, select

from app.services.api import tokens
from app.services.api.tokens import SCOPES
from app.store import tables
from app.store.caught import CaughtMails
from app.store.database import Database
from app.web.access import ACCESS
from tests.security.conftest import Site, lay_site
from tests.support.crowd import Crowd, lists, publish
from tests.support.line import NOW

MOST = 40
# Pages that ask more than that, however little there is: so many, and for what.
LONGER = {
    "contact.why": 80,  # a whole decision, asked rule by rule as at the moment of sending
    "recipients.show_why": 80,  # the same, for whoever got the mail
}


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


class Grown:
    """A site that grows, and whoever looks at it: the admin, somebody of sales, and a program."""

    def __init__(self, site: Site) -> None:
        self.site, self.world = site, site.scene.world
        database, workspace_id = self.world.database, self.world.workspace_id
        with database.read() as connection:
            query = select(tables.users.c.id).order_by(tables.users.c.id)
            self.team = list(connection.execute(query).scalars())
        self.token = tokens.make(database, workspace_id, "walks", SCOPES, None, None, NOW)[1]
        self.lookers = {role: site.as_role(role) for role in ("admin", "sales")}

    def grow(self, first: int, last: int, texts: tuple[int, int]) -> None:
        """More of everything, and more of one person's story."""
        Crowd(self.world, NOW, self.team, dense=True).come(first, last)
        Crowd(self.world, NOW, self.team, dense=True).tell_of(
            self.site.scene.person, 10_000 + first, 10_000 + last
        )
        publish(self.world, NOW, *texts)

    def addresses(self) -> dict[tuple[str, str], str]:
        """By who looks and what at: every route that answers a GET, and some of what the list of contacts is asked."""
        paths = self.site.paths() | {path: path for path in lists(self.world)[::17]}
        found = {("admin", name): path for name, path in paths.items()}
        # What is shown first is one's own.
        own = [
            name
            for name in paths
            if ACCESS.get(name) in ("viewer", "sales") and name.startswith(("today.", "tasks."))
        ]
        found |= {("sales", name): paths[name] for name in own}
        api: Flask = self.site.app.extensions["api"]
        known = {
            "contact_id": str(self.site.scene.person), "delivery_id": str(self.site.mail), "key": "line",
            "company_id": str(self._company()), "broadcast_id": str(self.site.broadcast),
        }  # fmt: skip
        for rule in api.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and rule.endpoint != "static":
                found["program", rule.endpoint + rule.rule] = rule.build(
                    {name: known[name] for name in rule.arguments}
                )[1]  # type: ignore[index]
        return found

    def _company(self) -> object:
        with self.world.database.read() as connection:
            return connection.execute(select(tables.companies.c.id).limit(1)).scalar_one()

    def asked(self, who: str, path: str) -> list[str]:
        with counted(self.world.database) as statements:
            if who == "program":
                headers = {"Authorization": f"Bearer {self.token}"}
                answer = self.site.app.test_client(use_cookies=False).get(path, headers=headers)
            else:
                answer = self.lookers[who].client.get(path)
            answer.get_data()
            answer.close()
        assert answer.status_code < 400, (who, path, answer.status_code, answer.get_data(as_text=True)[:300])
        return statements


def more(before: list[str], after: list[str]) -> dict[str, int]:
    """Which statements were asked more often, or less; lists of values are as long as they are."""
    was, now = (Counter(each.partition(" IN (")[0][:300] for each in asked) for asked in (before, after))
    return {each: now[each] - was[each] for each in was | now if now[each] != was[each]}


def test_more_in_the_tables_is_no_reason_to_ask_more(
    sqlite_database: Database, tmp_path: Path, caught: CaughtMails
) -> None:
    grown = Grown(lay_site(sqlite_database, tmp_path, caught))
    grown.grow(0, 15, (0, 2))
    addresses = grown.addresses()
    few = {}
    for at, path in addresses.items():
        for _ in range(2):  # what is read once is read by then
            few[at] = grown.asked(at[0], path)
    grown.grow(15, 150, (2, 8))
    wrong: dict[tuple[str, str], object] = {}
    for at, path in addresses.items():
        for _ in range(2):  # what is read once after a change is read by then
            asked = grown.asked(at[0], path)
            if len(asked) == len(few[at]):
                break
        else:
            wrong[at] = len(few[at]), len(asked), more(few[at], asked)
        if len(asked) > LONGER.get(at[1], MOST):
            wrong[at] = len(asked)
    assert wrong == {}
