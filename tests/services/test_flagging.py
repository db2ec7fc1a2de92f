"""Addresses are looked at after they came in: marked, held where they must be, and asked for with a resolver of ours."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.mail.dns import NULL_MX, DnsFault, Mx, NoAnswer, NoSuchDomain, Resolver
from app.services import suppressions
from app.services.flagging import ask_domains, flag_new
from app.services.world import World
from app.store.database import Database
from app.store.tables import contact_tags, domain_checks, identities
from app.store.tables import suppressions as table
from tests.services.authoring import content
from tests.support import line
from tests.support.rules import rows

NOW = line.NOW


class Names(Resolver):
    """Says of each domain what a test wants; no name server is asked."""

    def __init__(self, **said: tuple[Mx, ...] | DnsFault) -> None:
        self.said = {name.replace("_", "."): what for name, what in said.items()}

    def mx(self, domain: str) -> tuple[Mx, ...]:
        found = self.said.get(domain, ((10, "mail.example"),))
        if isinstance(found, DnsFault):
            raise found
        return found

    def addresses(self, name: str) -> tuple[str, ...]:
        return ()


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return _flagged(line.lay(database, tmp_path))


def _flagged(made: World) -> World:
    line.people(made, 5)
    for number, value in enumerate(("info@a.example", "x@mailinator.com", "ann@gmial.com", "ann@b.example")):
        with made.database.write() as connection:
            connection.execute(
                update(identities).where(identities.c.value == line.address(number)).values(value=value)
            )
    return made


def flags(world: World) -> dict[str, str | None]:
    return {row.value: row.flag for row in rows(world, identities)}


def test_each_address_is_looked_at_once(world: World) -> None:
    assert [flag_new(world, NOW, 3), flag_new(world, NOW, 3), flag_new(world, NOW, 3)] == [3, 2, 0]
    assert flags(world) == {
        "info@a.example": "role", "x@mailinator.com": "disposable", "ann@gmial.com": "typo", "ann@b.example": "",
        line.address(4): "",
    }  # fmt: skip
    assert {row.tag for row in rows(world, contact_tags)} == {
        "role-address", "disposable-address", "mistyped-address",
    }  # fmt: skip
    assert {row.suggestion for row in rows(world, identities)} == {None, "ann@gmail.com"}
    assert [(row.scope, row.reason_code, row.source) for row in rows(world, table)] == [
        ("marketing", "suppressed.disposable", "flag")
    ]


@pytest.mark.parametrize("said", [NULL_MX, NoSuchDomain("b.example")])
def test_a_domain_without_mail_is_held_until_it_takes_mail_again(
    world: World, said: tuple[Mx, ...] | DnsFault
) -> None:
    flag_new(world, NOW)
    assert ask_domains(world, Names(b_example=said), NOW) == 5
    assert flags(world)["ann@b.example"] == "no_mail"
    assert {each.code for each in suppressions.check(world, "ann@b.example")} == {"suppressed.domain"}
    assert ask_domains(world, Names(), NOW) == 0, "nothing is due"
    assert ask_domains(world, Names(), NOW + timedelta(days=8)) == 1
    assert suppressions.check(world, "ann@b.example") == ()
    assert flags(world)["ann@b.example"] == ""


def held(world: World) -> list[str]:
    return sorted(row.reason_code for row in rows(world, table) if row.lifted_at is None)


def test_the_programme_says_what_becomes_of_a_flag(database: Database, tmp_path: Path) -> None:
    said = "  flags: {role: hold, disposable: keep, no mail: keep, typo: reject}\n"
    world = _flagged(line.lay(database, tmp_path, lifecycle=content.LIFECYCLE + said))
    flag_new(world, NOW)
    ask_domains(world, Names(b_example=NULL_MX), NOW)
    assert held(world) == ["suppressed.role", "suppressed.typo"]
    assert flags(world)["x@mailinator.com"] == "disposable"
    assert flags(world)["ann@b.example"] == "no_mail"
    assert ask_domains(world, Names(), NOW + timedelta(days=8)) == 1
    assert flags(world)["ann@b.example"] == ""


def test_where_no_name_server_answers_nothing_is_said(world: World) -> None:
    flag_new(world, NOW)
    silent = Names(**{domain.replace(".", "_"): NoAnswer(domain) for domain in _domains(world)})
    assert ask_domains(world, silent, NOW) == 0
    assert {row.takes_mail for row in rows(world, domain_checks)} == {"unknown"}
    assert len(rows(world, table)) == 1
    assert ask_domains(world, Names(), NOW) == 0
    assert ask_domains(world, Names(), NOW + timedelta(hours=1)) == 5


def _domains(world: World) -> list[str]:
    return [row.domain for row in rows(world, domain_checks)]
