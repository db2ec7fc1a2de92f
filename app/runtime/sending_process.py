"""A further sending process (`python -m app.runtime.sending_process`): it sends until nothing is due, then it ends.

Its order comes as one line on its input. When the input is closed, on purpose or because the first process is gone, it
finishes the slices in hand.
"""

import json
import sys
import threading
from datetime import datetime, timedelta
from uuid import UUID

from app.inbound.link_maps import LinkMaps
from app.mail.journal import Journal
from app.mail.smtp_pools import SmtpPools
from app.runtime import clock as real
from app.runtime import memory
from app.runtime.logs import quiet_logs
from app.runtime.sending_along import share, shared
from app.services.senders.book import HOUSE, house_route, routes_of
from app.services.sending.recovering import take_over
from app.services.sending.worker import Sender
from app.services.signals.links import keep_links
from app.services.world import open_world
from app.store.database import Database
from config import Settings


def main() -> None:
    quiet_logs()
    order = json.loads(sys.stdin.readline())
    settings = Settings(_env_file=None, **order["settings"])
    processes, number, ahead = order["processes"], order["number"], timedelta(seconds=order["ahead"])
    database = Database(settings.url_of_database)
    world = open_world(database, UUID(order["workspace_id"]), settings)
    journal = Journal(settings.data_dir / "journal", settings.worker_name)

    def now() -> datetime:
        return real.now() + ahead

    house = (house_route(settings), settings.smtp_connections)

    def renew() -> None:
        with database.read() as connection:
            routes = routes_of(connection, world.workspace_id, settings, house)
        if min(count for _, count in routes.values()) < processes:
            # A relay has come that has no connection for us.
            sender.stop()
        else:
            pools.replace(shared(routes, processes, number))

    take_over(world, journal, now())
    keep_links(world, LinkMaps(settings.data_dir / "links"), world.library.catalogue(now()))
    memory.settle()
    pools = SmtpPools(shared({HOUSE: house}, processes, number))
    connections = share(settings.smtp_connections, processes, number)
    sender = Sender(world, pools, journal, now, connections=connections, renew=renew)
    threading.Thread(target=_watch, args=(sender,), daemon=True).start()
    while sender.send_due():
        pass
    pools.close()
    journal.close()
    database.close()


def _watch(sender: Sender) -> None:
    """The input ends when the first process wants that, or when it is gone."""
    sys.stdin.read()
    sender.stop()


if __name__ == "__main__":
    main()
