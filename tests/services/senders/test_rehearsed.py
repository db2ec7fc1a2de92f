"""A rehearsal sees the trouble of the sender that would write, not that of the settings."""

from pathlib import Path

from app.services.rehearsing.people import people
from app.services.senders import holding, keeping
from app.services.senders.checking import Wish
from app.store.database import Database
from tests.support import line
from tests.support.line import NOW


def test_the_held_sender_is_the_one_that_fits(database: Database, tmp_path: Path) -> None:
    world = line.lay(database, tmp_path)
    who = line.people(world, 1)
    news = Wish(address="news@halden.example", serves="purpose", match="marketing", host="mail.example")
    keeping.add(world, news, NOW, None)

    def held() -> bool:
        with database.read() as connection:
            [person] = people(connection, world, world.library.catalogue(NOW), who, NOW)
        return person.sender_problem_until is not None

    holding.pause(world, world.settings.sender_address, "a look at the figures", NOW, None)
    assert not held()
    holding.pause(world, "news@halden.example", "the price is wrong", NOW, None)
    assert held()
