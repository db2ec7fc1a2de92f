"""However somebody leaves: what is committed before the intent to send wins, also between two slices of a batch."""

from collections.abc import Callable
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from app.core.tokens import ManageToken
from app.services import attending, bouncing, signals, suppressions
from app.services.ids import new_id
from app.services.sending import gating, worker
from app.services.sending.gating import claim_and_gate
from app.store import sending
from app.store.tables import companies, contacts, identities
from tests.services.sending.conftest import House
from tests.support import line
from tests.support.smtp_server import ScriptedServer

BATCH = 15
ADDRESS = "jane@customer.example"


def by_link(house: House, mail: Any, *, everything: bool = False) -> None:
    token = ManageToken(mail.id, mail.contact_id, "guides")
    signals.unsubscribe(house.world, token, everything=everything, source="one click", now=house.now)


def by_complaint(house: House, mail: Any) -> None:
    with house.database.write() as connection:
        found = bouncing.mail_to(connection, house.world, ADDRESS, house.now)
        assert found is not None
        bouncing.complained(connection, house.world, found, source="mail", at=house.now, now=house.now)


def by_provider(house: House, mail: Any) -> None:
    with house.database.write() as connection:
        found = bouncing.mail_to(connection, house.world, ADDRESS, house.now)
        assert found is not None
        bouncing.unsubscribed(connection, house.world, found, source="mailgun", at=house.now, now=house.now)


def by_exit(house: House, mail: Any) -> None:
    attending.leave(house.world, mail.contact_id, "line", "asked to", "system", house.now)


def by_hand(scope: str) -> Callable[[House, Any], None]:
    def act(house: House, mail: Any) -> None:
        value = {"domain": "customer.example", "company": "customer.example"}.get(scope, ADDRESS)
        topic = "guides" if scope == "topic" else ""
        assert suppressions.add(house.world, scope, value, "they asked", None, house.now, topic=topic)

    return act


WAYS: dict[str, Callable[[House, Any], None]] = {
    "the topic's link": by_link,
    "everything's link": lambda house, mail: by_link(house, mail, everything=True),
    "a complaint": by_complaint,
    "at the provider": by_provider,
    "an exit": by_exit,
    **{
        f"{scope}, by hand": by_hand(scope)
        for scope in ("topic", "marketing", "address", "domain", "company")
    },
}


def customer(house: House, who: UUID) -> None:
    """Give this person an address and a company that nobody else has."""
    company = {
        "id": new_id(house.now),
        "workspace_id": house.world.workspace_id,
        "domain": "customer.example",
    }
    house.change(insert(companies).values(**company, name="Customer", fields={}, created_at=house.now))
    house.change(update(contacts).where(contacts.c.id == who).values(company_id=company["id"]))
    named = {"value": ADDRESS, "shown_as": ADDRESS}
    house.change(update(identities).where(identities.c.contact_id == who).values(**named))


def mail_of(house: House, who: UUID) -> Any:
    (mail,) = house.rows("deliveries", contact_id=who)
    return mail


@pytest.mark.parametrize("way", WAYS)
def test_between_two_slices_it_wins(way: str, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    who = house.plan(BATCH)
    last = _last_claimed(house, monkeypatch)

    def leave(moment: str) -> None:
        if moment == "replied" and len(server.received) == 1:
            assert mail_of(house, last[0]).state == "claimed"
            WAYS[way](house, mail_of(house, last[0]))

    with ScriptedServer() as server:
        house.sender(server.port, on_phase=leave).send_due()
    told = {mail.recipient for mail in server.received}
    assert told == {line.address(who.index(each)) for each in who if each != last[0]}
    assert mail_of(house, last[0]).state in ("cancelled", "suppressed")


def _last_claimed(house: House, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Who stands at the end of the batch: known when it is claimed, and a customer from then on."""
    last: list[UUID] = []

    def claimed(*args: Any) -> Any:
        taken = claim_and_gate(*args)
        if taken is not None and not last:
            last.append(taken.passed[-1].contact_id)
            customer(house, last[0])
        return taken

    monkeypatch.setattr(worker, "claim_and_gate", claimed)
    return last


@pytest.mark.parametrize("way", WAYS)
def test_while_a_claim_has_looked_and_is_not_written_it_wins(
    way: str, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate has read that all is well; whoever leaves now must not be missed by either of the two."""
    (who,) = house.plan(1)
    customer(house, who)
    mail = mail_of(house, who)
    thread = Thread(target=WAYS[way], args=(house, mail))
    load = gating.load_batch

    def looked(*args: Any) -> Any:
        found = load(*args)
        if not thread.ident:
            thread.start()
            # On its way, or waiting for us.
            thread.join(0.2)
        return found

    monkeypatch.setattr(gating, "load_batch", looked)
    taken = claim_and_gate(house.world, house.world.library.catalogue(house.now), house.now, 10)
    thread.join()
    if taken is not None and taken.passed:
        assert not _intended(house, mail.id, taken)
    assert mail_of(house, who).state in ("queued", "cancelled", "suppressed")
    with ScriptedServer() as server:
        house.sender(server.port).send_due()
    assert server.received == []


def _intended(house: House, delivery: UUID, taken: Any) -> bool:
    row = {
        "row_id": delivery, "row_token": taken.claim.token, "new_intent_at": house.now,
        "new_claimed_until": taken.claim.until, "new_address": ADDRESS, "new_sender": "s@example.com",
        "new_template_version_id": None, "new_variant_id": None, "new_provider": None,
    }  # fmt: skip
    with house.database.write() as connection:
        return delivery in sending.intend(connection, [row])
