"""Where links lead and what their visitors are labelled with, without waiting for the database."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import Connection

from app.inbound.link_maps import LinkMap, LinkMaps, Target
from app.mail.compile import CompiledTemplate
from app.services.library import Catalogue
from app.services.world import World
from app.store import hits as store
from app.store import recipients

log = structlog.get_logger()
# So long a person waits for the labels of their visit, and so long nobody asks after they did not come.
PATIENCE, REST = 0.15, 10.0
MOST_ASKING = 4


def keep_links(world: World, links: LinkMaps, catalogue: Catalogue) -> None:
    """Put the link maps of every variant in force on this disk, before the first mail of it leaves."""
    for template in catalogue.templates.values():
        for variant_id, program in template.variants.values():
            _keep(links, variant_id, program.compiled)


def links_of(connection: Connection, links: LinkMaps, variant_id: UUID) -> LinkMap | None:
    """The map of a variant: from this disk, or from the database and then kept on this disk."""
    found = links.get(variant_id)
    if found is not None:
        return found
    text = store.compiled_variant(connection, variant_id)
    if text is None:
        return None
    try:
        return _keep(links, variant_id, CompiledTemplate.from_json(text))
    except (ValueError, LookupError, TypeError):
        log.warning("signals.unreadable_variant", variant=str(variant_id))
        return None


def find_links(world: World, links: LinkMaps, variant_id: UUID) -> LinkMap | None:
    """The same for a redirect on a server that has never seen the variant."""
    with world.database.read() as connection:
        return links_of(connection, links, variant_id)


def _keep(links: LinkMaps, variant_id: UUID, compiled: CompiledTemplate) -> LinkMap:
    targets = [Target(link.number, link.url_template, link.topics) for link in compiled.links]
    return links.put(variant_id, compiled.key, targets, compiled.locale)


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a visit is labelled with: the sequence (utm_campaign) and the step (utm_content)."""

    sequence: str
    step: str


class Campaigns:
    """The sequence and step of a mail, if the database says so at once.

    A variant serves several sequences, so the label is not in the link map. A database that is busy,
    down or hanging costs a visitor 150 ms once in ten seconds, and the label falls back to the template.
    """

    def __init__(self, world: Callable[[], World], seconds: Callable[[], float] = time.monotonic) -> None:
        self._world = world
        self._seconds = seconds
        self._rest_until = 0.0
        self._asking = threading.Semaphore(MOST_ASKING)

    def of(self, delivery_id: UUID, template: str) -> Campaign:
        fallback = Campaign(template, "")
        if self._seconds() < self._rest_until or not self._asking.acquire(blocking=False):
            return fallback
        answer: list[Campaign | None] = []
        asking = threading.Thread(target=self._ask, args=(delivery_id, answer), daemon=True)
        asking.start()
        asking.join(PATIENCE)
        if not answer:
            self._rest_until = self._seconds() + REST
            return fallback
        return answer[0] or fallback

    def _ask(self, delivery_id: UUID, answer: list[Campaign | None]) -> None:
        try:
            with self._world().database.read() as connection:
                row = recipients.campaign_of(connection, delivery_id)
            answer.append(Campaign(row.sequence, row.step or "") if row is not None else None)
        except Exception as error:
            # Whatever is wrong with the database, the visitor goes on; others will tell.
            log.warning("signals.no_campaign", error=repr(error)[:200])
        finally:
            self._asking.release()
