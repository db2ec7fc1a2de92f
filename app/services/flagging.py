"""Addresses are looked at after they came in: roles, thrown-away ones, slips of the fingers, domains without mail.

A flag is a fact on the address and a tag on its contact. What follows is the programme's to say: nothing,
or a suppression by the source `flag`, which a person sees in the list and may lift. A held address gets no
marketing, a held domain no mail. What an import would refuse is held where it came in by another way.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from disposable_email_domains import blocklist
from sqlalchemy import Connection

from app.core.contacts.flags import DISPOSABLE, KEEP, NO_MAIL, ROLE, TAGS, TYPO, flag_of
from app.core.reasons import Reason
from app.mail.dns import DnsFault, Resolver, mail_hosts
from app.services.ids import new_id
from app.services.suppressing import ValueHash, suppress
from app.services.world import World
from app.store import flags as store
from app.store import ledger

SOURCE = "flag"
WHY = {
    ROLE: Reason("suppressed.role"), DISPOSABLE: Reason("suppressed.disposable"), TYPO: Reason("suppressed.typo"),
}  # fmt: skip
BATCH = 200
DOMAINS = 20
MOST_OF_DOMAIN = 10_000
# A domain is asked about again after so long: what is known well seldom changes.
GOOD, BAD = timedelta(days=90), timedelta(days=7)
AGAIN = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=7))


def flag_new(world: World, now: datetime, limit: int = BATCH) -> int:
    """Look at addresses that were not looked at yet; how many."""
    policy = _policy(world, now)
    with world.database.write() as connection:
        rows = store.unlooked(connection, world.workspace_id, limit)
        plain: list[UUID] = []
        for row in rows:
            flag = flag_of(row.value, blocklist)
            if flag is None:
                plain.append(row.id)
                continue
            store.set_flag(connection, [row.id], flag.kind, flag.suggestion)
            _mark(connection, world, row.contact_id, flag.kind, now)
            if policy[flag.kind] != KEEP:
                suppress(
                    connection, world, scope="marketing", value=row.value, reason=WHY[flag.kind], source=SOURCE,
                    now=now, contact_id=row.contact_id,
                )  # fmt: skip
        if plain:
            store.set_flag(connection, plain, "")
        domains = [row.value.rpartition("@")[2] for row in rows]
        store.add_domains(connection, world.workspace_id, domains, now)
    return len(rows)


def ask_domains(world: World, resolver: Resolver, now: datetime, limit: int = DOMAINS) -> int:
    """Ask for the mail hosts of domains that are due; how many answered. Unknown is no flag.

    Where no name server answers the rest is left for later: a machine without a line imports too.
    """
    held = _policy(world, now)[NO_MAIL] != KEEP
    with world.database.read() as connection:
        due = store.due_domains(connection, world.workspace_id, now, limit)
    answered = 0
    for row in due:
        try:
            hosts = mail_hosts(resolver, row.domain)
        except DnsFault:
            later = now + AGAIN[min(row.failures, len(AGAIN) - 1)]
            with world.database.write() as connection:
                values = {"due_at": later, "failures": row.failures + 1, "asked_at": now}
                store.note_domain(connection, world.workspace_id, row.domain, values)
            continue
        answered += 1
        _settle(world, row.domain, hosts, row.takes_mail, held, now)
    return answered


def _policy(world: World, now: datetime) -> Mapping[str, str]:
    return world.library.catalogue(now).rules.programme.flags


def _settle(world: World, domain: str, hosts: Sequence[str], before: str, held: bool, now: datetime) -> None:
    takes = bool(hosts)
    values = {
        "mx": hosts[0] if hosts else None,
        "takes_mail": "yes" if takes else "no", "due_at": now + (GOOD if takes else BAD), "asked_at": now,
        "failures": 0,
    }  # fmt: skip
    with world.database.write() as connection:
        store.note_domain(connection, world.workspace_id, domain, values)
        if takes and before == "no":
            digest = ValueHash(world.settings)(domain)
            why = "the domain takes mail again"
            store.lift_domain(connection, world.workspace_id, digest, SOURCE, why, now)
            again = store.of_domain(connection, world.workspace_id, domain, MOST_OF_DOMAIN)
            store.set_flag(connection, [row.id for row in again if row.flag == NO_MAIL], "")
        elif not takes and before != "no":
            if held:
                suppress(
                    connection, world, scope="domain", value=domain, reason=Reason("suppressed.no_mail"),
                    source=SOURCE, now=now,
                )  # fmt: skip
            for row in store.of_domain(connection, world.workspace_id, domain, MOST_OF_DOMAIN):
                if row.flag != DISPOSABLE:
                    store.set_flag(connection, [row.id], NO_MAIL)
                _mark(connection, world, row.contact_id, NO_MAIL, now)


def _mark(connection: Connection, world: World, contact_id: UUID, flag: str, now: datetime) -> None:
    if not store.add_tag(connection, world.workspace_id, contact_id, TAGS[flag], now):
        return
    change = {
        "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": contact_id, "kind": "tag",
        "name": TAGS[flag], "old": None, "new": True, "source": SOURCE, "reason_code": f"flag.{flag}",
        "reason_params": {}, "at": now,
    }  # fmt: skip
    ledger.add_fact_changes(connection, [change])
