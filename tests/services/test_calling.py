"""Web hooks out: signed and tried again with an end, closed to everything inside, and held up by nobody."""

import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from app.mail.posting import Poster
from app.mail.reach import is_public
from app.services import calling, health
from app.services.calling import DELAYS, Caller, replay, signing_key
from app.services.ids import new_id
from app.services.running import run_due
from app.services.sentences import is_known
from app.services.world import World
from app.store import tables
from app.store.database import Database
from app.store.queues import due_and_unclaimed
from tests.support import line
from tests.support.certificates import self_signed
from tests.support.line import NOW
from tests.support.receiver import OK, Came, Receiver, Reply

Answer = Callable[[Came, Any], Reply | None]
NAME = "hooks.example"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's settings with a certificate for NAME, and a client's that trust it."""
    server, certificate = self_signed(tmp_path_factory.mktemp("tls"), f"DNS:{NAME},DNS:slow.example")
    return server, ssl.create_default_context(cafile=str(certificate))


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return line.lay(database, tmp_path)


@pytest.fixture
def contact(world: World) -> UUID:
    return line.people(world, 1)[0]


class Office:
    """The world, a clock that a test moves, and receivers that answer for it."""

    def __init__(self, world: World, contact: UUID, tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
        self.world, self.contact, self.tls = world, contact, tls
        self.now = NOW
        self.asked: list[str] = []
        self.receivers: list[Receiver] = []

    def receiver(self, answer: Answer = lambda came, line: OK) -> Receiver:
        self.receivers.append(Receiver(self.tls[0], answer))
        return self.receivers[-1]

    def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return ["127.0.0.1"]

    def caller(self, **given: Any) -> Caller:
        chosen = {"resolve": self.resolve, "allows": lambda address: True, "tls": self.tls[1], **given}
        return Caller(self.world, self.clock, Poster(**chosen))

    def clock(self) -> datetime:
        return self.now

    def queue(self, url: str, **columns: Any) -> UUID:
        row_id = new_id(NOW)
        row = {
            "id": row_id, "workspace_id": self.world.workspace_id, "contact_id": self.contact,
            "dedupe_key": str(row_id), "url": url, "payload": {"contact": str(self.contact), "step": "tell"},
            "state": "queued", "due_at": NOW, "attempts": 0, "reason_code": "webhook.by_step", "reason_params": {},
            "created_at": NOW, **columns,
        }  # fmt: skip
        with self.world.database.write() as connection:
            connection.execute(insert(tables.web_calls), [row])
        return row_id

    def call(self, row_id: UUID) -> Any:
        with self.world.database.read() as connection:
            return connection.execute(select(tables.web_calls).where(tables.web_calls.c.id == row_id)).one()

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        query = (
            select(tables.timeline)
            .where(tables.timeline.c.kind == "web_hook")
            .order_by(tables.timeline.c.at, tables.timeline.c.id)
        )
        with self.world.database.read() as connection:
            return [(row.code, row.params) for row in connection.execute(query)]


@pytest.fixture
def office(world: World, contact: UUID, tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> Iterator[Office]:
    office = Office(world, contact, tls)
    yield office
    for receiver in office.receivers:
        receiver.stop()


def answers(status: int, headers: dict[str, str] | None = None, text: bytes = b"") -> Answer:
    return lambda came, line: (status, headers or {}, text)


def test_a_step_tells_another_system_which_can_check_who_spoke(
    database: Database, tmp_path: Path, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    receiver = Receiver(tls[0], lambda came, _: OK)
    text = f"sequence: line\nfor: lead\ntopic: guides\nenter: {{on: person}}\nsteps:\n  - tell: {{web_hook: \"https://{NAME}:{receiver.port}/in?a=1\"}}\n  - pause: {{wait: 30 days}}\n"  # fmt: skip
    world = line.lay(database, tmp_path, sequences=(text,))
    people = line.people(world, 1)
    line.enroll(world, people)
    run_due(world, NOW)
    office = Office(world, people[0], tls)
    assert office.caller().call_due() == 1
    receiver.stop()
    [came] = receiver.came
    assert came.path == "/in?a=1"
    assert came.headers["Host"] == f"{NAME}:{receiver.port}"
    assert receiver.names == [NAME], "the name goes along in the handshake, the address does not"
    told = json.loads(came.body)
    assert (told["contact"], told["sequence"], told["step"]) == (str(people[0]), "line", "tell")
    assert told["id"] == came.headers["Idempotency-Key"]
    at, mac = came.headers["Trellis-Signature"].split(",")
    assert at == f"t={int(NOW.timestamp())}"
    key = signing_key(world.settings.keys()[0]).encode()
    assert mac == "v1=" + hmac.new(key, at[2:].encode() + b"." + came.body, hashlib.sha256).hexdigest()
    assert world.settings.keys()[0].hex() not in signing_key(world.settings.keys()[0])
    row = office.call(UUID(told["id"]))
    assert (row.state, row.attempts, row.claimed_by, row.ended_at) == ("done", 1, None, NOW)
    assert row.response == "200 thank you"
    assert office.told() == [("hook.done", {"to": f"{NAME}:{receiver.port}", "status": 200})]
    assert office.caller().call_due() == 0


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [(201, "done", "hook.done"), (204, "done", "hook.done"), (400, "dead", "hook.refused"), (404, "dead", "hook.refused"),
     (410, "dead", "hook.refused"), (408, "queued", "hook.not_now"), (429, "queued", "hook.not_now"),
     (500, "queued", "hook.not_now"), (503, "queued", "hook.not_now"), (302, "queued", "hook.redirected")],
)  # fmt: skip
def test_what_an_answer_means(office: Office, status: int, state: str, code: str) -> None:
    row_id = office.queue(f"https://{NAME}:{office.receiver(answers(status)).port}/")
    office.caller().call_due()
    row = office.call(row_id)
    assert (row.state, row.reason_code, row.ended_at) == (state, code, None if state == "queued" else NOW)
    assert [told for told, _ in office.told()] == [code]
    assert (row.due_at > NOW) == (state == "queued")


def test_tries_grow_apart_and_end(office: Office) -> None:
    receiver = office.receiver(answers(500))
    row_id = office.queue(f"https://{NAME}:{receiver.port}/")
    caller, waits = office.caller(), []
    while (row := office.call(row_id)).state == "queued":
        waits.append(row.due_at - office.now)
        office.now = row.due_at - timedelta(seconds=1)
        assert caller.call_due() == 0, "not before it is due"
        office.now = row.due_at
        assert caller.call_due() == 1
    assert (row.state, row.reason_code, row.attempts) == ("dead", "hook.gave_up", len(DELAYS) + 1)
    for wait, delay in zip(waits[1:], DELAYS, strict=True):
        assert 0.8 * delay <= wait <= 1.2 * delay
    assert len({came.headers["Idempotency-Key"] for came in receiver.came}) == 1
    assert len({came.body for came in receiver.came}) == 1
    assert len({came.headers["Trellis-Signature"] for came in receiver.came}) == len(DELAYS) + 1
    looked = health.look(office.world.database, office.world.workspace_id, office.now)
    [dead] = looked.dead_calls
    assert looked.problems >= 1
    assert (dead.id, dead.contact_id, dead.attempts) == (row_id, office.contact, len(DELAYS) + 1)


@pytest.mark.parametrize(
    ("text", "wait"),
    [("3600", timedelta(hours=1)), ("Tue, 24 Nov 2026 12:00:00 GMT", timedelta(hours=2)),
     ("99999999999999999999", timedelta(days=1)), ("-5", timedelta()), ("soon", timedelta()), ("", timedelta()),
     ("Mon, 23 Nov 2026 12:00:00 GMT", timedelta()), ("Tue, 24 Nov 2026 12:00:00", timedelta(hours=2))],
)  # fmt: skip
def test_how_long_the_other_end_asks_to_wait(text: str, wait: timedelta) -> None:
    assert calling.wanted_wait(text, NOW) == wait


def test_retry_after_is_honoured(office: Office) -> None:
    receiver = office.receiver(answers(503, {"Retry-After": "7200"}))
    row_id = office.queue(f"https://{NAME}:{receiver.port}/")
    office.caller().call_due()
    assert office.call(row_id).due_at == NOW + timedelta(hours=2)


def test_a_redirect_is_not_followed(office: Office) -> None:
    inside = office.receiver()
    away = answers(307, {"Location": f"https://{NAME}:{inside.port}/secret"})
    office.queue(f"https://{NAME}:{office.receiver(away).port}/")
    office.caller().call_due()
    assert inside.came == []


def test_the_guard_as_it_ships_lets_nothing_through_to_this_machine(office: Office) -> None:
    receiver = office.receiver()
    urls = [f"https://127.0.0.1:{receiver.port}/", f"https://localhost:{receiver.port}/", f"https://[::1]:{receiver.port}/",
            f"https://[::ffff:127.0.0.1]:{receiver.port}/", f"https://0x7f000001:{receiver.port}/",
            f"http://127.0.0.1:{receiver.port}/"]  # fmt: skip
    rows = [office.queue(url) for url in urls]
    Caller(office.world, office.clock).call_due()
    assert receiver.came == []
    assert {(office.call(row).state, office.call(row).reason_code) for row in rows} == {
        ("dead", "hook.closed_network")
    }


def test_a_name_that_points_inside_is_not_called(office: Office) -> None:
    receiver = office.receiver()
    row_id = office.queue(f"https://{NAME}:{receiver.port}/")
    office.caller(allows=is_public).call_due()
    assert receiver.came == []
    assert office.call(row_id).reason_code == "hook.closed_network"


def test_a_name_that_answers_otherwise_a_moment_later_changes_nothing(office: Office) -> None:
    """DNS rebinding: the name is asked once, and the line goes to what was judged then."""
    receiver = office.receiver()
    answers_in_turn = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])

    def rebinding(host: str, port: int) -> list[str]:
        office.asked.append(host)
        return next(answers_in_turn)

    row_id = office.queue(f"https://{NAME}:{receiver.port}/")
    office.caller(resolve=rebinding, allows=lambda address: address == ip_address("127.0.0.1")).call_due()
    assert office.asked == [NAME]
    assert office.call(row_id).state == "done"


def test_this_machine_is_called_where_the_operator_asked_for_it(database: Database, tmp_path: Path) -> None:
    receiver = Receiver(None, lambda came, _: OK)
    world = line.lay(database, tmp_path, web_hooks_to_this_machine=True)
    office = Office(world, line.people(world, 1)[0], (ssl.create_default_context(),) * 2)
    row_id = office.queue(f"http://127.0.0.1:{receiver.port}/")
    private = office.queue("http://10.0.0.1/")
    Caller(world, office.clock).call_due()
    receiver.stop()
    assert office.call(row_id).state == "done"
    assert office.call(private).reason_code == "hook.closed_network"


def test_a_certificate_of_another_name_is_not_taken(office: Office) -> None:
    receiver = office.receiver()
    row_id = office.queue(f"https://other.example:{receiver.port}/")
    office.caller().call_due()
    assert office.call(row_id).reason_code == "hook.certificate"
    assert receiver.came == []


def test_an_unknown_issuer_is_not_taken(office: Office) -> None:
    row_id = office.queue(f"https://{NAME}:{office.receiver().port}/")
    office.caller(tls=ssl.create_default_context()).call_due()
    assert office.call(row_id).reason_code == "hook.certificate"


def test_one_that_hangs_holds_up_no_other_and_ends(office: Office) -> None:
    released = threading.Event()
    hanging = office.receiver(lambda came, line: released.wait(10) and None)
    quick = office.receiver()
    hung = [office.queue(f"https://slow.example:{hanging.port}/") for _ in range(3)]
    fine = [office.queue(f"https://{NAME}:{quick.port}/") for _ in range(3)]
    began = time.monotonic()
    assert office.caller(seconds=0.5).call_due() == 6
    assert time.monotonic() - began < 5
    released.set()
    assert {office.call(row).state for row in fine} == {"done"}
    first, *others = [office.call(row) for row in hung]
    assert (first.state, first.reason_code, first.attempts) == ("queued", "hook.timed_out", 1)
    assert [(row.attempts, row.claimed_by, row.due_at > NOW) for row in others] == [(0, None, True)] * 2
    assert len(hanging.came) == 1, "the others to it wait, and cost no time-out each"


def test_an_answer_in_drips_ends_at_the_deadline(office: Office) -> None:
    ended = threading.Event()

    def drip(came: Came, line: Any) -> None:
        line.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(90):
            line.wfile.write(f"X-{number}: drip\r\n".encode())
            if ended.wait(0.05):
                return

    receiver = office.receiver(drip)
    row_id = office.queue(f"https://{NAME}:{receiver.port}/")
    began = time.monotonic()
    office.caller(seconds=0.3).call_due()
    ended.set()
    assert time.monotonic() - began < 3
    assert office.call(row_id).reason_code == "hook.timed_out"


def test_a_long_answer_is_read_in_part_only(office: Office) -> None:
    receiver = office.receiver(answers(200, text=b"<script>\x00\x1b[31m" + b"a" * 5_000_000))
    row_id = office.queue(f"https://{NAME}:{receiver.port}/")
    office.caller().call_due()
    row = office.call(row_id)
    assert row.state == "done"
    assert len(row.response) < 600
    assert row.response.isprintable()


def test_what_is_too_large_is_not_sent(office: Office) -> None:
    receiver = office.receiver()
    row_id = office.queue(f"https://{NAME}:{receiver.port}/", payload={"note": "a" * 70_000})
    office.caller().call_due()
    assert office.call(row_id).reason_code == "hook.too_large"
    assert receiver.came == []


def test_no_transaction_is_open_while_the_other_end_thinks(office: Office) -> None:
    """Who is called can write to the same database, which on SQLite takes one writer at a time."""
    wrote: list[int] = []

    def write(came: Came, line: Any) -> Reply:
        with office.world.database.write() as connection:
            wrote.append(connection.execute(update(tables.contacts).values(city="Porto")).rowcount)
            wrote.append(
                connection.execute(update(tables.web_calls).values(url="https://x.example/")).rowcount
            )
        return OK

    row_id = office.queue(f"https://{NAME}:{office.receiver(write).port}/")
    office.caller(seconds=3).call_due()
    assert (wrote, office.call(row_id).state) == ([1, 1], "done")


def test_who_died_in_the_middle_is_followed_by_another_with_the_same_key(office: Office) -> None:
    receiver = office.receiver()
    row_id = office.queue(f"https://{NAME}:{receiver.port}/")

    class Killed(BaseException):
        """The process ends after the call was made, before it was written down."""

    caller = office.caller()
    caller._record = lambda *args: (_ for _ in ()).throw(Killed())  # type: ignore[method-assign]
    with pytest.raises(Killed):
        caller.call_due()
    row = office.call(row_id)
    assert (row.state, row.attempts) == ("queued", 1)
    assert office.caller().call_due() == 0, "its lease still holds"
    with office.world.database.read() as connection:
        waiting = {
            each.queue: each.count for each in due_and_unclaimed(connection, office.world.workspace_id, NOW)
        }
    assert waiting["web_calls"] == 0
    office.now += calling.LEASE + timedelta(seconds=1)
    assert office.caller().call_due() == 1
    assert office.call(row_id).state == "done"
    assert len({came.headers["Idempotency-Key"] for came in receiver.came}) == 1 < len(receiver.came)


def test_who_lost_the_lease_writes_nothing(office: Office) -> None:
    def stolen(came: Came, line: Any) -> Reply:
        with office.world.database.write() as connection:
            connection.execute(update(tables.web_calls).values(claim_token=new_id(NOW)))
        return OK

    row_id = office.queue(f"https://{NAME}:{office.receiver(stolen).port}/")
    office.caller().call_due()
    assert office.call(row_id).state == "queued"
    assert office.told() == []


def test_a_receiver_with_a_long_queue_does_not_fill_the_batch(office: Office) -> None:
    busy, other = office.receiver(), office.receiver()
    for _ in range(30):
        office.queue(f"https://slow.example:{busy.port}/", due_at=NOW - timedelta(hours=1))
    row_id = office.queue(f"https://{NAME}:{other.port}/")
    assert office.caller().call_due() == calling.OF_ONE_URL + 1
    assert office.call(row_id).state == "done"


def test_who_is_told_to_stop_gives_the_rest_back(office: Office) -> None:
    caller = office.caller()

    def last(came: Came, line: Any) -> Reply:
        caller.stop()
        return OK

    receiver = office.receiver(last)
    rows = [office.queue(f"https://{NAME}:{receiver.port}/") for _ in range(3)]
    caller.call_due()
    found = [office.call(row) for row in rows]
    assert sorted(row.state for row in found) == ["done", "queued", "queued"]
    assert {(row.attempts, row.claim_token) for row in found if row.state == "queued"} == {(0, None)}


def test_dead_ones_are_called_again_under_their_keys(office: Office) -> None:
    replies = iter([404, 404, 200, 200])
    receiver = office.receiver(lambda came, line: (next(replies), {}, b""))
    rows = [office.queue(f"https://{NAME}:{receiver.port}/") for _ in range(2)]
    caller = office.caller()
    caller.call_due()
    assert replay(office.world, rows[:1], "system", NOW) == 1
    assert replay(office.world, rows[:1], "system", NOW) == 0
    assert replay(office.world, None, "system", NOW) == 1
    caller.call_due()
    assert {office.call(row).state for row in rows} == {"done"}
    keys = [came.headers["Idempotency-Key"] for came in receiver.came]
    assert sorted(keys) == sorted([str(row) for row in rows] * 2)
    assert health.look(office.world.database, office.world.workspace_id, NOW).dead_calls == ()
    assert [code for code, _ in office.told()].count("hook.replayed") == 2


def test_every_code_of_a_hook_has_a_sentence() -> None:
    codes = ("done", "refused", "not_now", "redirected", "timed_out", "no_connection", "no_such_host", "certificate",
             "gave_up", "address", "not_https", "closed_network", "too_large", "replayed")  # fmt: skip
    assert all(is_known(f"hook.{code}") for code in codes)
