"""Whether a demo that was played is as it must be: every mail caught, nothing uncertain, all truths hold."""

from datetime import datetime

from app.services.invariants import check_all
from app.services.world import World
from app.store import demo as store


def faults(world: World, caught: int, now: datetime) -> list[str]:
    """What is wrong, in words; empty where all is well."""
    with world.database.read() as connection:
        states = store.mail_states(connection, world.workspace_id)
    accepted = states.get("accepted", 0)
    found = []
    if accepted != caught:
        found.append(f"The catcher has {caught} mails, and {accepted} are noted as accepted.")
    if states.get("uncertain"):
        found.append(f"{states['uncertain']} mails are uncertain.")
    found += [
        f"{rule.code}: {', '.join(map(str, rule.findings))}" for rule in check_all(world, now) if not rule.ok
    ]
    return found
