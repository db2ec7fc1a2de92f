"""From whom a mail comes: the sender of its owner, of the owner's domain, of its purpose, or the house's own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Serves = Literal["owner", "domain", "purpose"]
SERVES: tuple[Serves, ...] = ("owner", "domain", "purpose")


@dataclass(frozen=True, slots=True)
class Sender:
    """One sender as it was set up.

    `match` is an owner's address, a domain, or a message class or content kind, as `serves` says. `relay` is the
    key of the connections its mail leaves by; empty: those of the settings.
    """

    address: str
    name: str
    serves: Serves
    match: str
    relay: str = ""
    bounce_domain: str = ""
    reply_domain: str = ""


@dataclass(frozen=True, slots=True)
class House:
    """The sender of the settings, for whom nobody else is found."""

    address: str
    name: str
    bounce_domain: str = ""


@dataclass(frozen=True, slots=True)
class From:
    """From whom one mail comes. It is counted, limited and paused under `sender`; `address` stands in its From.

    The two differ where one sender writes for all the addresses of a domain. An empty domain: as the settings say.
    """

    sender: str
    address: str
    name: str
    relay: str
    bounce_domain: str
    reply_domain: str


class Senders:
    """All senders that are in use, asked for each mail."""

    def __init__(self, senders: Iterable[Sender], house: House) -> None:
        self._by = {(one.serves, one.match.lower()): one for one in senders}
        self._house = house
        self._chosen: dict[tuple[str | None, str | None, str, str], From] = {}

    def choose(
        self, owner: str | None, owner_name: str | None, message_class: str, content_kind: str
    ) -> From:
        """The owner's own sender, else their domain's, else the purpose's, else the house's.

        A content kind is the nearer purpose than a message class. Internal mail has no owner: it comes from the
        house, or from the sender for `internal`.
        """
        asked = (owner, owner_name, message_class, content_kind)
        found = self._chosen.get(asked)
        if found is None:
            found = self._chosen[asked] = self._choose(*asked)
        return found

    def _choose(
        self, owner: str | None, owner_name: str | None, message_class: str, content_kind: str
    ) -> From:
        if owner:
            mine = self._by.get(("owner", owner.lower()))
            if mine is not None:
                return _from(mine, mine.address, mine.name or owner_name)
            domain = self._by.get(("domain", owner.rpartition("@")[2].lower()))
            if domain is not None:
                return _from(domain, owner, owner_name or domain.name)
        for purpose in (content_kind, message_class):
            found = self._by.get(("purpose", purpose.lower()))
            if found is not None:
                return _from(found, found.address, found.name)
        return self._from_house(owner, owner_name)

    def _from_house(self, owner: str | None, owner_name: str | None) -> From:
        house = self._house
        address = owner or house.address
        return From(address, address, owner_name or house.name, "", house.bounce_domain, "")


def _from(sender: Sender, address: str, name: str | None) -> From:
    return From(sender.address, address, name or "", sender.relay, sender.bounce_domain, sender.reply_domain)
