"""Who got what, judged by the server's own log and by nothing the worker says of itself."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select

from app.core.tokens import verp_local_part
from app.services.sending.composing import BOUNCES
from app.services.world import World
from app.store.tables import deliveries, enrollments


@dataclass(frozen=True, slots=True)
class Verdict:
    """Deliveries by what is wrong with them; `uncertain` ones are listed and wrong only in number."""

    planned: int
    twice: int
    lost: int
    stray: int
    unsettled: int
    uncertain: int
    went_on: int

    @property
    def clean(self) -> bool:
        return not (self.twice or self.lost or self.stray or self.unsettled)


def judge(world: World, log: Path) -> Verdict:
    """The log names each taken mail by its envelope sender, which carries the sealed id of the delivery.

    Lost: called accepted, yet not in the log. Stray: in the log, yet the ledger says it never left. Unsettled:
    neither accepted nor uncertain after all is done. `went_on` counts enrollments that are past the mail.
    """
    taken = Counter(line.split("\t")[1].partition("@")[0] for line in log.read_text().splitlines())
    with world.database.read() as connection:
        rows = connection.execute(select(deliveries.c.id, deliveries.c.state)).all()
        went_on = connection.execute(
            select(func.count()).select_from(enrollments).where(
                enrollments.c.step == "pause", enrollments.c.inside
            )
        ).scalar_one()  # fmt: skip
    states = {_token(world, row.id): row.state for row in rows}
    return Verdict(
        planned=len(states),
        twice=sum(1 for times in taken.values() if times > 1),
        lost=sum(1 for token, state in states.items() if state == "accepted" and token not in taken),
        stray=sum(1 for token in taken if states.get(token) not in ("accepted", "uncertain")),
        unsettled=sum(1 for state in states.values() if state not in ("accepted", "uncertain")),
        uncertain=sum(1 for state in states.values() if state == "uncertain"),
        went_on=went_on,
    )


def _token(world: World, delivery_id: UUID) -> str:
    return verp_local_part(BOUNCES, world.keyring.seal_envelope(delivery_id))
