"""One worker: everything that ticks, wired to one workspace. The truth is in rows; this holds none."""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.mail.dns import Resolver, SystemResolver
from app.mail.journal import Journal
from app.mail.smtp import SmtpRoute
from app.mail.smtp_pools import SmtpPools
from app.runtime import memory
from app.runtime.sending_along import MUCH, Along, Routes, share, shared
from app.services import (
    account_mails,
    bulk_acts,
    calling,
    enrolling,
    flagging,
    gathering,
    invariants,
    joining,
    previewing,
    privacy,
    provider_events,
    reacting,
    reassigning,
    running,
    settling,
    silence,
)
from app.services.broadcasts import queueing
from app.services.calling import Caller
from app.services.importing import jobs, keeping
from app.services.returned import forget_old, polling, read_due
from app.services.segments.counting import count_all
from app.services.senders import breaking
from app.services.senders.book import HOUSE, house_route, routes_of
from app.services.sending.recovering import Recovered, reap, take_over
from app.services.sending.worker import OnPhase, Sender
from app.services.signals import drain, forget_old_hits, judge_due
from app.services.signals.links import keep_links
from app.services.world import World
from app.store import throttles
from app.store.in_hand import count_due
from app.store.partitions import add_partitions
from config import Settings

log = structlog.get_logger()


def route_of(settings: Settings, catcher_port: int | None) -> SmtpRoute:
    """Where mail leaves: the relay of the settings, or the built-in catcher."""
    return house_route(settings, catcher_port)


def resolver_of(settings: Settings) -> Resolver | None:
    """Who is asked for mail hosts; nobody while mail goes to the built-in catcher."""
    return None if settings.uses_catcher else SystemResolver(settings.dns_servers)


class Engine:
    """The jobs of one worker. `clock` is read once a tick, and when a mail is answered."""

    def __init__(
        self,
        world: World,
        spool: Spool,
        links: LinkMaps,
        route: SmtpRoute,
        clock: Callable[[], datetime],
        *,
        on_phase: OnPhase | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        settings = world.settings
        self.world = world
        self._resolver = resolver
        self.clock = clock
        self._spool = spool
        self._links = links
        self._journal = Journal(_journals(settings.data_dir), settings.worker_name)
        self._house = (route, settings.smtp_connections)
        self._pools = SmtpPools({HOUSE: self._house})
        self._along = Along(world, clock)
        self._processes = 1
        self._sender = Sender(
            world,
            self._pools,
            self._journal,
            clock,
            connections=settings.smtp_connections,
            on_phase=on_phase,
            renew=self._renew,
        )
        self._caller = Caller(world, clock)
        self._stopping = threading.Event()

    def recover(self) -> Recovered:
        """Settle what the last process of this worker left, before anything is sent."""
        found = take_over(self.world, self._journal, self.clock())
        self._along.recover()
        memory.settle()
        log.info(
            "engine.recovered",
            given_back=found.given_back,
            answered=found.answered,
            uncertain=found.uncertain,
        )
        return found

    def signals(self) -> int:
        """Hits from the spool into the store, and verdicts on those whose settle window is over."""
        now = self.clock()
        keep_links(self.world, self._links, self.world.library.catalogue(now))
        return drain(self.world, self._spool, now) + self._until_idle(
            lambda: judge_due(self.world, self._links, self.clock())
        )

    def old_hits(self) -> int:
        """Once an hour: raw hits that are older than they may be kept are removed."""
        return self._until_idle(lambda: forget_old_hits(self.world, self._spool, self.clock()))

    def mailbox(self) -> int:
        """New messages of the mailbox of returned mail are kept, and old ones forgotten."""
        forget_old(self.world, self.clock())
        route = polling.route_of(self.world.settings)
        return polling.poll(self.world, route, self.clock()) if route is not None else 0

    def inbound(self) -> int:
        """Messages that came back are read and acted on."""
        return self._until_idle(lambda: read_due(self.world, self.clock()))

    def react(self) -> int:
        """Events to their consequences; contacts of whom a fact changed are judged anew."""
        return self._until_idle(lambda: react_once(self.world, self.clock()))

    def run(self) -> int:
        """Requests to enter are decided and due enrollments go on."""
        return self._until_idle(lambda: run_once(self.world, self.clock()))

    def send(self) -> int:
        """Mails that are due go out."""
        now = self.clock()
        keep_links(self.world, self._links, self.world.library.catalogue(now))
        # The journal knows more than the reaper does.
        self._sender.settle()
        reap(self.world, now)
        with self.world.database.read() as connection:
            due = 0 if self._along.alone else count_due(connection, self.world.workspace_id, now, MUCH)
            routes = self._routes(connection)
        self._processes = self._along.processes(due, routes)
        self._sender.connections = share(self._house[1], self._processes, 0)
        return self._sender.send_due()

    def _routes(self, connection: Connection) -> Routes:
        return routes_of(connection, self.world.workspace_id, self.world.settings, self._house)

    def _renew(self) -> None:
        """Relays as they are now, with this process's share of their connections."""
        with self.world.database.read() as connection:
            routes = self._routes(connection)
        self._pools.replace(shared(routes, self._processes, 0))

    def breaker(self) -> int:
        """Senders whose mail is refused, bounces or is complained of too often are stopped, or let go again."""
        return breaking.watch(self.world, self.clock())

    def account_mails(self) -> int:
        """Invitations, new passwords and notices leave; those long past are forgotten."""
        now = self.clock()
        return account_mails.send_due(self.world, self._house[0], now) + account_mails.forget(self.world, now)

    def bulk(self) -> int:
        """Acts on many contacts go on, a batch at a time."""
        return self._until_idle(lambda: bulk_acts.run_due(self.world, self.clock()))

    def call(self) -> int:
        """Web hooks that are due are called."""
        return self._until_idle(self._caller.call_due)

    def provider_events(self) -> int:
        """What mail providers told by web hooks is worked in."""
        return self._until_idle(lambda: provider_events.work(self.world, self.clock()))

    def provider_tidy(self) -> int:
        """Every five minutes: uncertain mails that a provider knows are settled, old calls are emptied."""
        return provider_events.tidy(self.world, self.clock())

    def silence(self) -> int:
        """Once a day: who has been silent for long is told to the rules as an event."""
        return silence.tell(self.world, self.clock())

    def gather(self) -> int:
        """Once an hour: who is in the segment, or has the date, that a sequence begins with asks to enter."""
        return gathering.gather(self.world, self.clock())

    def broadcasts(self) -> int:
        """Audiences are written down, and mails of broadcasts queued."""
        return self._until_idle(lambda: queueing.work(self.world, self.clock()))

    def reassign(self) -> int:
        """Once a minute: open tasks of colleagues who were shut out are assigned again."""
        return self._until_idle(lambda: reassigning.reassign(self.world, self.clock()))

    def segments(self) -> int:
        """Once an hour: how many people are in each segment is counted, for the list of segments."""
        return count_all(self.world, self.clock())

    def forget(self) -> int:
        """Once a minute: erasures are ended when nothing of the person can come in late any more; who never
        confirmed a sign-up is forgotten, and so are files that were only looked at and old calls of receivers."""
        now = self.clock()
        previewing.forget_previews(self.world.settings, now)
        calling.forget(self.world, now)
        return privacy.settle_due(self.world, now) + joining.forget_unconfirmed(self.world, now)

    def imports(self) -> int:
        """Files that people brought are looked over and taken in; those that were used are removed."""
        keeping.forget_files(self.world, self.clock())
        return jobs.work(self.world, self.clock, self._stopping.is_set)

    def settle(self) -> int:
        """Uncertain mails that something came back from are settled."""
        return settling.settle_known(self.world, self.clock())

    def flags(self) -> int:
        """Addresses that came in are looked at, and their domains asked whether they take mail."""
        looked = self._until_idle(lambda: flagging.flag_new(self.world, self.clock()))
        if self._resolver is not None:
            flagging.ask_domains(self.world, self._resolver, self.clock())
        return looked

    def invariants(self) -> int:
        """Once an hour: what must always be true is asked of the newest rows and the next piece of each table."""
        return invariants.run_checks(self.world, self.clock())

    def partitions(self) -> int:
        """Once a day: the months ahead get their partitions before their rows come."""
        with self.world.database.write() as connection:
            return add_partitions(connection, self.clock())

    def paces(self) -> int:
        """Once a day: turns long past at providers are forgotten."""
        with self.world.database.write() as connection:
            return throttles.forget(connection, self.clock())

    def stop(self) -> None:
        """Finish what is in hand and take no more; the connections and the journal are closed."""
        self._stopping.set()
        self._sender.stop()
        self._along.stop()
        self._caller.stop()

    def close(self) -> None:
        self._along.close()
        self._pools.close()
        self._journal.close()

    def _until_idle(self, work: Callable[[], int]) -> int:
        handled = 0
        while not self._stopping.is_set():
            done = work()
            if done == 0:
                break
            handled += done
        return handled


def react_once(world: World, now: datetime) -> int:
    return reacting.react_due(world, now) + reacting.judge_changed(world, now)


def run_once(world: World, now: datetime) -> int:
    return enrolling.admit_due(world, now) + running.run_due(world, now).taken


def _journals(data_dir: Path) -> Path:
    return data_dir / "journal"
