"""Senders are held and let go by people, and by the breaker, scene by scene."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from app.core.breaker import FIRST_REST, PROBE
from app.mail.opening import FAULTS
from app.services.ids import new_id
from app.services.running import run_due
from app.services.senders import holding, showing
from app.services.senders.breaking import measure_of, watch
from app.services.senders.checking import SenderFault
from app.services.sentences import is_known, say
from app.services.world import World
from app.store import senders as rows
from app.store import tables
from tests.support import line
from tests.support.line import NOW

HOUSE = "hello@halden.example"
MINUTE = timedelta(minutes=1)


class Scene:
    """Mails of the house's sender and what became of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._first = count(0, 10_000)

    def mails(
        self, number: int, at: datetime = NOW, *, bad: int = 0, enhanced: str = "5.1.1", phase: str = "rcpt"
    ) -> list[UUID]:
        """So many people are written to at `at`; the first `bad` of these mails are refused."""
        who = line.people(self.world, number, first=next(self._first))
        line.enroll(self.world, who)
        while run_due(self.world, NOW).taken:
            pass
        d = tables.deliveries
        with self.world.database.write() as connection:
            ids = list(connection.execute(select(d.c.id).where(d.c.contact_id.in_(who))).scalars())
            connection.execute(update(d).where(d.c.id.in_(ids)).values(sender=HOUSE, state="accepted"))
            connection.execute(
                insert(tables.attempts),
                [self._attempt(each, at, enhanced if n < bad else None, phase) for n, each in enumerate(ids)],
            )
        return ids

    def _attempt(self, delivery: UUID, at: datetime, enhanced: str | None, phase: str) -> dict[str, Any]:
        refused = enhanced is not None
        return {
            "id": new_id(at), "workspace_id": self.world.workspace_id, "delivery_id": delivery, "number": 1, "at": at,
            "worker": "main", "phase": phase if refused else "dot", "outcome": "failed" if refused else "accepted",
            "code": 550 if refused else 250, "enhanced": enhanced, "response": "",
        }  # fmt: skip

    def waiting(self, number: int, until: datetime) -> None:
        """Mails that the sender's trouble holds back."""
        who = line.people(self.world, number, first=next(self._first))
        line.enroll(self.world, who)
        while run_due(self.world, NOW).taken:
            pass
        d = tables.deliveries
        params = {"sender": HOUSE}
        with self.world.database.write() as connection:
            connection.execute(
                update(d).where(d.c.contact_id.in_(who)).values(
                    state="deferred", due_at=until, reason_code="sender.held", reason_params=params
                )
            )  # fmt: skip

    def due(self, at: datetime) -> int:
        d = tables.deliveries.c
        with self.world.database.read() as connection:
            return len(connection.execute(select(d.id).where(d.state == "deferred", d.due_at <= at)).all())

    def standing(self, at: datetime = NOW) -> showing.Standing:
        with self.world.database.read() as connection:
            return showing.standing_of(rows.states(connection, self.world.workspace_id).get(HOUSE), at)

    def audit(self) -> list[str]:
        with self.world.database.read() as connection:
            action = tables.audit_entries.c.action
            query = select(action).where(action.like("sender.%")).order_by(tables.audit_entries.c.at)
            return list(connection.execute(query).scalars())


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)


def test_a_person_holds_a_sender_and_lets_it_go(scene: Scene) -> None:
    scene.waiting(3, NOW + timedelta(hours=4))
    assert holding.pause(scene.world, HOUSE, " wrong  price ", NOW, None)
    assert not holding.pause(scene.world, HOUSE, "again", NOW, None)
    held = scene.standing(NOW + timedelta(days=400))
    assert (held.state, held.reason.params["why"]) == ("held", "wrong price")  # type: ignore[union-attr]
    assert scene.due(NOW) == 0
    assert holding.resume(scene.world, HOUSE, "corrected", NOW + MINUTE, None) == 3
    assert scene.due(NOW + MINUTE) == 3
    assert scene.standing(NOW + MINUTE).state == "ok"
    assert holding.resume(scene.world, HOUSE, "again", NOW + MINUTE, None) is None
    assert scene.audit() == ["sender.paused", "sender.resumed"]


def test_a_reason_is_asked_for_and_the_sender_must_be_one(scene: Scene) -> None:
    for sender, why, code in (
        (HOUSE, "  ", "senders.why_missing"),
        ("who@x.example", "x", "senders.unknown"),
    ):
        for act in (holding.pause, holding.resume):
            with pytest.raises(SenderFault) as fault:
                act(scene.world, sender, why, NOW, None)
            assert fault.value.reason.code == code
    assert scene.audit() == []


def test_a_good_sender_is_left_alone(scene: Scene) -> None:
    scene.mails(60, bad=4)
    assert watch(scene.world, NOW + MINUTE) == 0
    assert scene.standing().state == "ok"


def test_dead_addresses_open_it_with_the_figures(scene: Scene) -> None:
    scene.mails(60, bad=7)
    assert watch(scene.world, NOW + MINUTE) == 1
    stopped = scene.standing(NOW + MINUTE)
    assert (stopped.state, stopped.until) == ("stopped", NOW + MINUTE + FIRST_REST)
    assert stopped.reason is not None
    assert stopped.reason.code == "sender.breaker_hard"
    assert (stopped.reason.params["hit"], stopped.reason.params["contacts"]) == (7, 60)
    assert "7 of the last 60 people" in say(stopped.reason.code, stopped.reason.params)
    assert watch(scene.world, NOW + 2 * MINUTE) == 0
    assert scene.audit() == ["sender.breaker_opened"]


def test_one_person_refused_ten_times_is_one(scene: Scene) -> None:
    scene.mails(60)
    (mail, *_) = scene.mails(1)
    with scene.world.database.write() as connection:
        connection.execute(
            insert(tables.attempts),
            [scene._attempt(mail, NOW + n * MINUTE, "5.7.1", "dot") for n in range(1, 30)],
        )
    assert watch(scene.world, NOW + timedelta(hours=1)) == 0


def test_what_comes_back_later_counts_too(scene: Scene) -> None:
    ids = scene.mails(300)
    with scene.world.database.write() as connection:
        for number, delivery in enumerate(ids[:4]):
            row = {
                "id": delivery, "workspace_id": scene.world.workspace_id, "delivery_id": delivery,
                "complained_at": NOW + MINUTE if number else None,
                "bounced_at": None if number else NOW, "bounce_class": None if number else "hard",
            }  # fmt: skip
            connection.execute(insert(tables.mail_outcomes).values(row))
    assert watch(scene.world, NOW + 2 * MINUTE) == 1
    reason = scene.standing().reason
    assert reason is not None
    assert (reason.code, reason.params["hit"]) == ("sender.breaker_complaint", 3)


def test_after_its_rest_a_few_go_and_decide(scene: Scene) -> None:
    scene.mails(60, bad=20, enhanced="5.7.1")
    watch(scene.world, NOW + MINUTE)
    scene.waiting(PROBE + 5, NOW + timedelta(days=2))
    later = NOW + MINUTE + FIRST_REST
    assert watch(scene.world, later - MINUTE) == 0
    assert watch(scene.world, later) == 1
    assert scene.standing(later).state == "probing"
    assert scene.due(later) == PROBE
    scene.mails(5, later + MINUTE)
    assert watch(scene.world, later + 2 * MINUTE) == 0
    scene.mails(PROBE, later + 3 * MINUTE)
    assert watch(scene.world, later + 4 * MINUTE) == 1
    assert scene.standing(later + 4 * MINUTE).state == "ok"
    assert scene.due(later + 4 * MINUTE) == PROBE + 5
    # What was before does not open it again.
    assert watch(scene.world, later + 5 * MINUTE) == 0
    assert scene.audit() == ["sender.breaker_opened", "sender.breaker_closed"]


def test_a_probe_that_is_refused_opens_it_for_longer(scene: Scene) -> None:
    scene.mails(60, bad=20, enhanced="5.7.1")
    watch(scene.world, NOW + MINUTE)
    later = NOW + MINUTE + FIRST_REST
    watch(scene.world, later)
    scene.mails(4, later + MINUTE, bad=3, enhanced="5.7.1")
    assert watch(scene.world, later + 2 * MINUTE) == 1
    stopped = scene.standing(later + 2 * MINUTE)
    assert (stopped.state, stopped.until) == ("stopped", later + 2 * MINUTE + 2 * FIRST_REST)


def test_an_admin_may_let_it_go_and_old_refusals_count_no_more(scene: Scene) -> None:
    scene.mails(60, bad=20)
    watch(scene.world, NOW + MINUTE)
    assert holding.resume(scene.world, HOUSE, "the list was cleaned", NOW + 2 * MINUTE, None) == 0
    assert watch(scene.world, NOW + 3 * MINUTE) == 0
    scene.mails(60, NOW + 4 * MINUTE, bad=20)
    assert watch(scene.world, NOW + 5 * MINUTE) == 1


def test_a_hold_by_a_person_is_left_to_the_person(scene: Scene) -> None:
    holding.pause(scene.world, HOUSE, "mine", NOW, None)
    scene.mails(60, NOW + MINUTE, bad=30)
    assert watch(scene.world, NOW + 2 * MINUTE) == 0
    assert scene.standing().state == "held"


def test_what_the_page_counts(scene: Scene, add: Callable[..., str]) -> None:
    scene.mails(4, NOW - timedelta(days=1))
    scene.mails(3, NOW, bad=1)
    scene.waiting(2, NOW + timedelta(hours=1))
    add()
    with scene.world.database.read() as connection:
        house, shop = showing.listing(connection, scene.world.workspace_id, scene.world.settings, NOW)
    assert (house.address, house.sent_today, house.held_mails, house.serves) == (HOUSE, 2, 2, None)
    assert (shop.sent_today, shop.held_mails, shop.relay) == (0, 0, "mail.example:587")


@pytest.mark.parametrize(
    ("phase", "enhanced", "measure"),
    [
        ("rcpt", "5.1.1", "hard"), ("rcpt", None, "hard"), ("rcpt", "5.2.2", None), ("rcpt", "5.7.1", "policy"),
        ("dot", "5.7.26", "policy"), ("dot", None, "policy"), ("mail", "5.7.1", None), ("auth", None, None),
    ],
)  # fmt: skip
def test_what_a_refusal_counts_as(phase: str, enhanced: str | None, measure: str | None) -> None:
    assert measure_of(phase, enhanced, 550) == measure


def test_every_fault_of_a_relay_has_a_sentence_with_a_remedy() -> None:
    for fault in (*FAULTS, "paused", "held", "resumed", "probing"):
        assert is_known(f"sender.{fault}")
    for fault in FAULTS:
        assert ";" in say(f"sender.{fault}", {"sender": "a@b.example", "code": 550, "text": "no"}), fault
