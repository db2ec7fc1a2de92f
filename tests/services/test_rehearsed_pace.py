"""A rehearsal says with figures which of its mails would wait: quotas, domains that are warmed up, providers."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from app.cli.rehearse import report
from app.core.programme import Programme
from app.services import pace
from app.services.rehearsing import Wish, rehearse
from app.services.rehearsing.pacing import Wait, would_wait
from app.services.senders import keeping
from app.services.senders.checking import Wish as SenderWish
from app.services.world import World
from app.store import tables
from app.store.database import Database
from tests.support import line
from tests.support.line import NOW

HOUSE = "hello@halden.example"
FIRST = date(2026, 11, 24)
DAY = timedelta(days=1)


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> World:
    return line.lay(sqlite_database, tmp_path, default_zone="UTC")


@pytest.fixture
def waits(world: World) -> Callable[..., list[Wait]]:
    def asked(planned: dict[int, int], provider: str = "example.com", days: int = 9) -> list[Wait]:
        ways = Counter({(FIRST + n * DAY, HOUSE, provider): mails for n, mails in planned.items()})
        with world.database.read() as connection:
            return list(would_wait(connection, world, Programme(), ways, NOW, FIRST + days * DAY))

    return asked


def quota(world: World, most: int) -> None:
    wish = SenderWish(
        address=HOUSE, serves="purpose", match="marketing", host="mail.example", daily_quota=most
    )
    keeping.add(world, wish, NOW, None)


def put(world: World, table: Any, **values: Any) -> None:
    with world.database.write() as connection:
        connection.execute(insert(table).values(workspace_id=world.workspace_id, **values))


def test_a_quota_that_is_too_small(world: World, waits: Callable[..., list[Wait]]) -> None:
    assert waits({0: 250}) == []
    quota(world, 100)
    assert waits({0: 100, 1: 100}) == []
    # 250 on the first day: 150 wait, 50 of them for two days; the 60 of the next day wait for them.
    assert waits({0: 250, 1: 60}) == [Wait("gate.daily_quota", HOUSE, 100, 210, 150, FIRST + 3 * DAY)]
    assert waits({0: 2_000})[0].until is None
    put(world, tables.sending_days, day=FIRST, whose=HOUSE, count=90)
    assert waits({0: 20})[0].mails == 10, "what has left today counts"


def test_a_domain_that_is_warmed_up(world: World, waits: Callable[..., list[Wait]]) -> None:
    put(world, tables.warm_ups, domain="halden.example", first_day=FIRST, at=NOW)
    assert waits({0: 1_250}) == [Wait("gate.warm_up", "halden.example", 50, 1_200, 1_200, FIRST + 4 * DAY)], (
        "50 on the first day, then 100, 200, 400 and the rest"
    )
    assert waits({30: 50_000}, days=40) == []


def test_a_provider_that_takes_only_so_many(world: World, waits: Callable[..., list[Wait]]) -> None:
    pace.set_rate(world, "slow.example", 1, NOW)
    assert waits({0: 1_500}, provider="slow.example") == [
        Wait("gate.throttle_queue", "slow.example", 1_440, 60, 60, FIRST + DAY)
    ]


def test_a_rehearsal_notes_it_for_readers_and_programs(world: World) -> None:
    quota(world, 2)
    line.enroll(world, line.people(world, 5))
    total = rehearse(world, Wish(days=10), NOW)
    assert sum(total.ways.values()) == sum(total.mails.values()) == 5
    [told] = total.as_json()["would_wait"]
    assert (told["code"], told["mails"], told["most"], told["limit"]) == ("gate.daily_quota", 3, 3, 2)
    text = "\n".join(report(total, 10))
    assert (
        f"  3 of these: the daily quota of {HOUSE}, 2 a day; 3 at once, the last leave on 2026-11-26" in text
    )
