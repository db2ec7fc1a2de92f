"""Whoever ends a stay and whoever sends its mails come from two sides: none waits for the other for ever."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, select, update

from app.core.reasons import Reason
from app.core.tokens import ManageToken
from app.mail.replies import Outcome
from app.services import attending, enrolling, signals
from app.services.enrolling import admit_due, ask_admission
from app.services.sending.gating import claim_and_gate
from app.services.sending.outcomes import Tried, record
from app.services.sending.worker import Sender
from app.services.timeline import line as told_line
from app.store import contacts, in_hand, ledger, recipients, running
from app.store.database import Database
from app.store.tables import consents, deliveries, enrollments
from tests.services.sending.conftest import House
from tests.support import line
from tests.support.rules import SLOWLY, programme, rows
from tests.support.smtp_server import ScriptedServer

PEOPLE = 60


@pytest.fixture
def postgres_house(postgres_database: Database, tmp_path: Path) -> Any:
    house = House(postgres_database, tmp_path)
    yield house
    house.close()


def together(*works: Callable[[], Any]) -> list[Exception]:
    """Run each on a thread of its own, from the same moment; what went wrong."""
    start, errors = Barrier(len(works)), []

    def at_once(work: Callable[[], Any]) -> None:
        start.wait()
        try:
            work()
        except Exception as error:
            errors.append(error)

    threads = [Thread(target=at_once, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def waiting(connection: Connection) -> bool:
    """Whether anybody in this database waits for a lock that somebody else holds."""
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE NOT granted AND datname = current_database()"
    )
    return bool(connection.exec_driver_sql(query).scalar_one())


def test_the_gate_never_waits_for_who_ends_a_stay(postgres_house: House) -> None:
    """An exit holds the stay and comes for its mails next: here in the opposite order of the gate."""
    house = postgres_house
    who, other = house.plan(2)
    # Both would be settled by the gate, which is then written into their stays.
    house.change(update(consents).values(state="withdrawn"))
    over = Reason("exit.by_person", {"why": "x", "sequence": "line"})

    def gate() -> None:
        claim_and_gate(house.world, house.world.library.catalogue(house.now), house.now, 10)

    with house.database.write() as connection:
        (held,) = running.active_of(connection, [who])
        thread = Thread(target=gate)
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
        running.cancel_mails(connection, held.enrollment.id, over, house.now)
    assert [one.state for one in house.rows("deliveries", contact_id=who)] == ["cancelled"]
    assert [one.state for one in house.rows("deliveries", contact_id=other)] == ["suppressed"]


def test_exits_goodbyes_and_the_sender_all_at_once(postgres_house: House) -> None:
    house = postgres_house
    who = house.plan(PEOPLE)
    mails = {one.contact_id: one.id for one in house.rows("deliveries")}

    def leave(some: list[UUID]) -> None:
        for each in some:
            attending.leave(house.world, each, "line", "asked to", "system", house.now)

    def unsubscribe(some: list[UUID]) -> None:
        for each in some:
            token = ManageToken(mails[each], each, "guides")
            signals.unsubscribe(house.world, token, everything=False, source="one click", now=house.now)

    with ScriptedServer() as server:
        senders: list[Sender] = [house.sender(server.port, worker=name) for name in ("one", "two")]
        errors = together(
            lambda: leave(who[:40]),
            lambda: unsubscribe(who[20:][::-1]),
            *(sender.send_due for sender in senders),
        )
        for sender in senders:
            sender.send_due()
    assert errors == []
    out = [mail.recipient for mail in server.received]
    accepted = {one.contact_id for one in house.rows("deliveries", state="accepted")}
    assert sorted(out) == sorted(line.address(who.index(each)) for each in accepted)
    assert {one.state for one in house.rows("deliveries")} <= {"accepted", "cancelled", "suppressed"}
    assert house.rows("enrollments", state="sending") == []


def test_no_line_on_the_timeline_waits_for_who_holds_the_contact(postgres_house: House) -> None:
    """The sender writes such lines with the contact's mails in its hands, and who holds the contact comes for those."""
    house = postgres_house
    [who] = house.plan(1)
    with house.database.write() as holder:
        assert contacts.lock(holder, house.world.workspace_id, who)
        assert recipients.lock_contact(holder, house.world.workspace_id, who)
        assert contacts.load_known(holder, [who], "inbound", lock=True)
        running.active_of(holder, [who])
        with house.database.write() as other:
            other.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
            told = told_line(house.world.workspace_id, who, "note", Reason("x", {}), house.now)
            ledger.add_timeline(other, [told])


def test_who_ends_a_mail_waits_for_its_stay_with_nothing_in_hand(postgres_house: House) -> None:
    house = postgres_house
    [who] = house.plan(1)
    claim_and_gate(house.world, house.world.library.catalogue(house.now), house.now, 1)
    house.change(update(deliveries).values(state="intent", address="a@x.example", sender="main"))
    with house.database.read() as connection:
        [row] = in_hand.in_hand_of(connection, house.world.workspace_id, house.world.settings.worker_name)
    tried = Tried(row, row.claim_token, row.address, "main", Outcome("accepted", "dot"), house.now)

    def end() -> None:
        with house.database.write() as connection:
            record(connection, house.world, [tried])

    with house.database.write() as connection:
        running.active_of(connection, [who])
        thread = Thread(target=end)
        thread.start()
        while not waiting(connection):
            thread.join(0.01)
            assert thread.is_alive()
        connection.execute(select(deliveries.c.id).with_for_update(nowait=True)).one()
    thread.join(20)
    assert [one.state for one in house.rows("deliveries")] == ["accepted"]


def test_two_workers_let_in_no_more_than_there_is_room_for(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = programme(postgres_database, tmp_path, (SLOWLY,))
    definition = world.library.catalogue(line.NOW).sequences["slowly"].definition_id
    for who in line.people(world, 20):
        with world.database.write() as connection:
            assert ask_admission(
                connection, world.workspace_id, definition, who, trigger="person", occasion="x",
                reason=Reason("enroll.person", {"by": "Olga"}), now=line.NOW,
            )  # fmt: skip
    meeting, load = Barrier(2), enrolling.load_facts

    def meet(*args: Any) -> Any:
        """Where both may count at once, they do."""
        with suppress(BrokenBarrierError):
            meeting.wait(1)
        return load(*args)

    monkeypatch.setattr(enrolling, "load_facts", meet)
    errors = together(*(lambda: admit_due(world, line.NOW, limit=5) for _ in range(2)))
    assert errors == []
    while admit_due(world, line.NOW):
        pass
    assert len(rows(world, enrollments)) == 2
