"""`trellis pace`: rates, slowed senders, warm-ups."""

from collections.abc import Callable

import pytest

from app.core.throttling import WARM_UP, pressed
from app.store import throttles
from tests.cli.conftest import Line


@pytest.fixture
def shop(lay: Callable[..., Line]) -> Line:
    return lay()


def test_a_rate_is_set_and_taken_back(shop: Line) -> None:
    usual = {one["provider"]: one["per_minute"] for one in shop.told("pace", "list")["rates"]}
    shop.told("pace", "set", "Google", "1200")
    rates = {one["provider"]: one for one in shop.told("pace", "list")["rates"]}
    assert (rates["google"]["per_minute"], rates["google"]["own"]) == (1200, True)
    shop.told("pace", "reset", "google")
    assert {one["provider"]: one["per_minute"] for one in shop.told("pace", "list")["rates"]} == usual


@pytest.mark.parametrize(
    ("provider", "rate"), [("google", "0"), ("google", "-5"), ("google", "nan"), ("a b", "5")]
)
def test_what_is_no_rate_is_refused(shop: Line, provider: str, rate: str) -> None:
    assert shop.run("pace", "set", "--", provider, rate).exit_code == 1


def test_a_domain_is_warmed_up_once(shop: Line) -> None:
    first = shop.told("pace", "warm-up", "News.Example.com")
    assert (first["domain"], first["day"], first["limit"]) == ("news.example.com", 1, WARM_UP[0])
    assert shop.told("pace", "warm-up", "news.example.com") == first
    assert "day 1, 0 of 50 today" in shop.run("pace", "list").output
    shop.told("pace", "warm-up", "news.example.com", "--end")
    assert shop.told("pace", "list")["warm_ups"] == []
    assert shop.run("pace", "warm-up", "news.example.com", "--end").exit_code == 1
    assert shop.run("pace", "warm-up", "no domain").exit_code == 1


def test_a_slowed_sender_is_shown_and_trusted_again(shop: Line) -> None:
    now = shop.shell.now()
    with shop.world.database.write() as connection:
        throttles.save_pressure(
            connection, shop.world.workspace_id, "a@halden.example", "google", pressed(None, now),
            "throttle.slowed_down", {"provider": "google", "code": 421, "enhanced": "4.7.28", "text": "busy"},
        )  # fmt: skip
    [slowed] = shop.told("pace", "list")["slowed"]
    assert slowed["factor"] == 0.5
    assert "421 4.7.28" in slowed["reason"]
    assert "at 50%" in shop.run("pace", "list").output
    shop.told("pace", "trust", "a@halden.example", "google")
    assert shop.told("pace", "list")["slowed"] == []
    assert shop.run("pace", "trust", "b@halden.example", "google").exit_code == 1
