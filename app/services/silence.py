"""Long silence is an event: who got mail and gave no human sign for long is told to the rules, once a month."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.core.ids import content_id
from app.services.world import World
from app.store import ledger
from app.store.tables import contacts, deliveries, events, hits

# As long, with as many mails in it, is silence; a mail opened by no machine is a sign too.
LONG = timedelta(days=60)
AGAIN = timedelta(days=30)
MAILS = 3
BATCH = 1000


def tell(world: World, now: datetime, limit: int = BATCH) -> int:
    """Write a `silent` event for each contact who has just been silent for long; how many are new."""
    since = now - LONG
    mailed = (
        select(deliveries.c.contact_id)
        .where(
            deliveries.c.workspace_id == world.workspace_id,
            deliveries.c.state == "accepted",
            deliveries.c.message_class == "marketing",
            deliveries.c.accepted_at > since - LONG,
        )
        .group_by(deliveries.c.contact_id)
        # The first of them is as old as the silence: three mails in a week make nobody silent for long.
        .having(func.count() >= MAILS, func.min(deliveries.c.accepted_at) <= since)
        .subquery()
    )
    signs = select(events.c.id).where(
        events.c.contact_id == contacts.c.id,
        events.c.occurred_at > since,
        events.c.verdict == "human",
        events.c.source.in_(("hit", "recipient", "site", "api", "inbound")),
    )
    opens = select(hits.c.id).where(
        hits.c.contact_id == contacts.c.id, hits.c.at > since, hits.c.verdict != "machine"
    )
    told = select(events.c.id).where(
        events.c.contact_id == contacts.c.id,
        events.c.kind == "silent",
        events.c.occurred_at > now - AGAIN,
    )
    query = (
        select(contacts.c.id)
        .join(mailed, mailed.c.contact_id == contacts.c.id)
        .where(
            contacts.c.created_at <= since,
            contacts.c.erased_at.is_(None),
            contacts.c.merged_into.is_(None),
            ~signs.exists(),
            ~opens.exists(),
            ~told.exists(),
        )
        .limit(limit)
    )
    with world.database.write() as connection:
        rows = [
            {
                "id": content_id(now, "silence", f"{contact_id}:{now:%Y-%m}"), "workspace_id": world.workspace_id,
                "contact_id": contact_id, "kind": "silent", "subject": "", "topics": "", "verdict": "human",
                "source": "engine", "occurred_at": now, "received_at": now, "failures": 0,
                "payload": {"days": LONG.days, "mails": MAILS},
            }
            for contact_id in connection.execute(query).scalars()
        ]  # fmt: skip
        return ledger.add_events(connection, rows)
