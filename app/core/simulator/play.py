"""What a whole rehearsal shares: the rules, the sequences that can be entered and their places of the day."""

from bisect import insort
from collections.abc import Mapping
from datetime import datetime, timedelta

from app.core.admission import begins
from app.core.facts import Happening
from app.core.reactions import Rules
from app.core.sequences import Sequence
from app.core.setting import Setting
from app.core.simulator.model import Offer, Responses, nobody
from app.core.simulator.silence import Silence

DAY = timedelta(days=1)


class Play:
    """`offers` are by key. Those with a cap on entries a day make contacts depend on each other.

    `silence` None: nobody is told of as silent.
    """

    def __init__(
        self,
        setting: Setting,
        rules: Rules,
        offers: Mapping[str, Offer],
        responses: Responses = nobody,
        silence: Silence | None = None,
    ) -> None:
        self.silence = silence
        self.setting = setting
        self.rules = rules
        self.offers = offers
        self.responses = responses
        self.states = {key: offer.state for key, offer in offers.items()}
        self._live = [offer.sequence for offer in offers.values() if offer.state == "live"]
        # Those that begin by themselves, with a segment or a date.
        self.gathered = [one for one in self._live if one.trigger.on in ("segment", "date")]
        self._entered = {
            key: sorted(offer.entered)
            for key, offer in offers.items()
            if offer.sequence.trigger.a_day is not None
        }

    @property
    def shared(self) -> bool:
        """Whether a contact's turn depends on how many others came before."""
        return bool(self._entered)

    def begun_by(self, happening: Happening, source: str) -> list[Sequence]:
        return [sequence for sequence in self._live if begins(sequence, happening, source)]

    def full_until(self, key: str, now: datetime) -> datetime | None:
        """When `at most n a day` leaves no room: the first moment it does again."""
        entered = self._entered.get(key)
        if entered is None:
            return None
        most = self.offers[key].sequence.trigger.a_day
        assert most is not None
        if len(entered) < most or entered[-most] <= now - DAY:
            return None
        return entered[-most] + DAY

    def one_enters(self, key: str, now: datetime) -> None:
        if key in self._entered:
            insort(self._entered[key], now)
