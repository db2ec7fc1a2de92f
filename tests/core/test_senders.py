"""From whom a mail comes, when it is tried again, and when a sender is stopped."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.breaker import (
    FIRST_REST,
    LONGEST_REST,
    NEWEST,
    PROBE,
    WINDOW,
    Figures,
    Measure,
    Try,
    figures,
    probed,
    rest,
    trips,
    worth_counting,
)  # fmt: skip
from app.core.relays import PRESETS
from app.core.retrying import DELAYS, SENDER_DELAYS, after_deferral, after_sender_problem
from app.core.senders import From, House, Sender, Senders

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
HOUSE = House("hello@halden.example", "Halden", "b.halden.example")
ALL = (
    Sender("marta@own.example", "Marta", "owner", "Marta@halden.example", "own"),
    Sender("post@halden.example", "Halden post", "domain", "halden.example", "domain", "b.halden.example"),
    Sender("news@halden.example", "Halden news", "purpose", "marketing", "bulk"),
    Sender("guides@halden.example", "Halden guides", "purpose", "discovery", "bulk"),
)


@pytest.mark.parametrize(
    ("owner", "name", "message_class", "kind", "sender", "address", "shown", "relay"),
    [
        ("marta@halden.example", "Marta L", "marketing", "discovery", "marta@own.example", "marta@own.example", "Marta", "own"),
        ("MARTA@halden.example", "Marta L", "service", "", "marta@own.example", "marta@own.example", "Marta", "own"),
        ("jan@halden.example", "Jan", "marketing", "discovery", "post@halden.example", "jan@halden.example", "Jan", "domain"),
        ("jan@sub.halden.example", "Jan", "marketing", "discovery", "guides@halden.example", "guides@halden.example", "Halden guides", "bulk"),
        ("jan@other.example", "Jan", "marketing", "decision", "news@halden.example", "news@halden.example", "Halden news", "bulk"),
        (None, None, "marketing", "discovery", "guides@halden.example", "guides@halden.example", "Halden guides", "bulk"),
        (None, None, "internal", "", "hello@halden.example", "hello@halden.example", "Halden", ""),
        ("jan@other.example", "Jan", "service", "", "jan@other.example", "jan@other.example", "Jan", ""),
    ],
)  # fmt: skip
def test_the_nearest_sender_writes(
    owner: str | None,
    name: str | None,
    message_class: str,
    kind: str,
    sender: str,
    address: str,
    shown: str,
    relay: str,
) -> None:
    found = Senders(ALL, HOUSE).choose(owner, name, message_class, kind)
    assert (found.sender, found.address, found.name, found.relay) == (sender, address, shown, relay)


def test_without_senders_it_is_as_it_was() -> None:
    nobody = Senders((), HOUSE)
    assert nobody.choose(None, None, "marketing", "x") == From(
        "hello@halden.example", "hello@halden.example", "Halden", "", "b.halden.example", ""
    )
    assert nobody.choose("jan@halden.example", "Jan", "marketing", "x").address == "jan@halden.example"


def test_bounces_and_replies_go_below_the_froms_domain() -> None:
    found = Senders(ALL, HOUSE).choose("jan@halden.example", "Jan", "marketing", "discovery")
    assert (found.bounce_domain, found.reply_domain) == ("b.halden.example", "")


@pytest.mark.parametrize("key", PRESETS)
def test_a_preset_is_secured_and_named_by_its_key(key: str) -> None:
    preset = PRESETS[key]
    assert preset.key == key
    assert preset.security in ("starttls", "tls")
    assert bool(preset.host) == (key != "plain")


# -- trying again --------------------------------------------------------------------------------------------


def test_a_deferral_waits_longer_each_time_and_ends() -> None:
    waits = [after_deferral(number, 0.5) for number in range(len(DELAYS) + 1)]
    assert waits == [*DELAYS, None]


def test_a_greylist_is_tried_again_sooner_and_then_like_any_other() -> None:
    first = after_deferral(0, 0.5, greylisted=True)
    assert first is not None
    assert first < DELAYS[0] / 2
    assert after_deferral(1, 0.5, timedelta(minutes=7), greylisted=True) == timedelta(minutes=7) * 1.1
    assert after_deferral(5, 0.5, greylisted=True) == DELAYS[5]
    assert after_deferral(len(DELAYS), 0.5, greylisted=True) is None


@given(
    number=st.integers(0, len(DELAYS) - 1),
    chance=st.floats(0, 1, exclude_max=True),
    asked=st.none() | st.timedeltas(timedelta(), timedelta(days=1)),
    greylisted=st.booleans(),
)
def test_nobody_comes_back_before_they_were_asked_to(
    number: int, chance: float, asked: timedelta | None, greylisted: bool
) -> None:
    wait = after_deferral(number, chance, asked, greylisted=greylisted)
    assert wait is not None
    assert wait >= (asked or timedelta())
    assert wait <= max(DELAYS[number], asked or timedelta()) * 1.2 + timedelta(microseconds=1)


def test_a_sender_rests_longer_each_time() -> None:
    assert [after_sender_problem(n) for n in range(1, 5)] == list(SENDER_DELAYS)
    assert after_sender_problem(99) == SENDER_DELAYS[-1]
    assert after_sender_problem(1, timedelta(hours=2)) == timedelta(hours=2)


# -- the breaker ---------------------------------------------------------------------------------------------


def person(number: int) -> UUID:
    return UUID(int=number)


def sent(people: int, **hit: int) -> list[Try]:
    """Mails to so many people, of whom some were hit; the newest first."""
    tries = [Try(person(n), NOW - timedelta(seconds=n)) for n in range(people)]
    for measure, count in hit.items():
        tries += [Try(person(n), NOW - timedelta(seconds=n), measure) for n in range(count)]  # type: ignore[arg-type]
    return sorted(tries, key=lambda one: one.at, reverse=True)


@pytest.mark.parametrize(
    ("people", "hit", "opens"),
    [
        (3, {"hard": 1}, None),  # one of three says nothing
        (49, {"hard": 49}, None),  # nor does a small sample of the worst kind
        (50, {"hard": 5}, None),  # exactly a tenth is not more than that
        (50, {"hard": 6}, "hard"),
        (1000, {"hard": 100}, None),
        (20, {"policy": 4}, None),  # fewer than the least
        (20, {"policy": 5}, "policy"),
        (299, {"complaint": 9}, None),
        (300, {"complaint": 3}, "complaint"),
        (1000, {"complaint": 3}, None),
        (1000, {"complaint": 4}, "complaint"),
        (0, {}, None),
    ],
)
def test_it_opens_on_a_sample_that_says_something(
    people: int, hit: dict[str, int], opens: str | None
) -> None:
    found = figures(sent(people, **hit), NOW)
    trip = trips(found)
    assert (trip.measure if trip else None) == opens
    if trip:
        assert worth_counting(found.hit)
        assert (trip.hit, trip.contacts) == (hit[trip.measure], people)
        assert trip.percent == round(100 * trip.hit / people, 1)


def test_it_counts_people_and_not_mails() -> None:
    tries = [Try(person(1), NOW - timedelta(seconds=n), "hard") for n in range(500)]
    assert figures(tries, NOW) == Figures(1, {"hard": 1})


def test_it_looks_at_the_newest_people_of_the_window_only() -> None:
    found = figures(sent(NEWEST + 50), NOW)
    assert found.contacts == NEWEST
    old = [Try(person(n), NOW - WINDOW - timedelta(seconds=1), "hard") for n in range(100)]
    assert figures(old, NOW) == Figures(0, {})
    assert figures(sent(100, hard=50), NOW, since=NOW - timedelta(seconds=9.5)).contacts == 10


@given(
    st.lists(
        st.tuples(
            st.integers(0, 60), st.integers(0, 90_000), st.sampled_from(["hard", "policy", "complaint", None])
        )
    )
)
def test_nobody_is_hit_who_was_not_counted(tries: list[tuple[int, int, Measure | None]]) -> None:
    made = [Try(person(who), NOW - timedelta(seconds=ago), measure) for who, ago, measure in tries]
    found = figures(sorted(made, key=lambda one: one.at, reverse=True), NOW)
    assert all(count <= found.contacts for count in found.hit.values())
    assert found.contacts <= len({who for who, _, _ in tries})


def test_it_rests_twice_as_long_each_time() -> None:
    assert [rest(n) for n in (0, 1, 2, 3, 4, 400)] == [
        FIRST_REST, FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST, LONGEST_REST, LONGEST_REST,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("people", "hit", "becomes"),
    [
        (0, {}, "half-open"),
        (PROBE - 1, {}, "half-open"),
        (PROBE - 1, {"hard": 2}, "half-open"),
        (4, {"hard": 3}, "open"),  # no need to wait for the rest
        (PROBE, {}, "closed"),
        (PROBE, {"hard": 2}, "closed"),  # exactly a tenth
        (PROBE, {"hard": 3}, "open"),
        (PROBE, {"complaint": 1}, "open"),
    ],
)
def test_what_a_probe_comes_to(people: int, hit: dict[str, int], becomes: str) -> None:
    assert probed(figures(sent(people, **hit), NOW)) == becomes
