"""Labels come at once or not at all; link maps are there before the first mail."""

import threading
from pathlib import Path

from app.inbound.link_maps import LinkMaps
from app.services.signals.links import Campaign, Campaigns, find_links, keep_links
from tests.services.signals.conftest import Scene, lay_scene
from tests.support.line import NOW


def test_every_variant_in_force_is_kept(scene: Scene, tmp_path: Path) -> None:
    keep_links(scene.world, LinkMaps(tmp_path / "fresh"), scene.world.library.catalogue(NOW))
    found = LinkMaps(tmp_path / "fresh").get(scene.variant)
    assert found is not None
    assert [(one.number, one.url_template, one.topics) for one in found.targets] == [
        (1, "https://example.com/a", ("pricing",)),
        (2, "{{ brand.home }}/prices?a=1&b=2", ("pricing",)),
    ]


def test_a_server_that_never_saw_the_variant_asks_the_database(scene: Scene, tmp_path: Path) -> None:
    links = LinkMaps(tmp_path / "fresh")
    assert find_links(scene.world, links, scene.variant) == scene.links.get(scene.variant)
    assert LinkMaps(tmp_path / "fresh").get(scene.variant) is not None
    assert find_links(scene.world, links, scene.person) is None


def test_a_visit_is_labelled_with_sequence_and_step(scene: Scene) -> None:
    campaigns = Campaigns(lambda: scene.world)
    assert campaigns.of(scene.delivery(), "discovery/hello") == Campaign("line", "hello")
    assert campaigns.of(scene.person, "discovery/hello") == Campaign("discovery/hello", "")


def test_a_database_that_hangs_costs_one_visitor_a_moment(sqlite_database, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    scene = lay_scene(sqlite_database, tmp_path)
    mail, release, asked, time = scene.delivery(), threading.Event(), [], [0.0]

    def world():  # type: ignore[no-untyped-def]
        asked.append(True)
        release.wait(10)
        return scene.world

    campaigns = Campaigns(world, lambda: time[0])
    assert campaigns.of(mail, "t") == Campaign("t", "")
    assert campaigns.of(mail, "t") == Campaign("t", "")
    assert len(asked) == 1  # nobody waits again for a while
    release.set()
    time[0] = 11.0
    assert campaigns.of(mail, "t") == Campaign("line", "hello")


def test_a_database_that_is_away_costs_nobody_their_way() -> None:
    def world():  # type: ignore[no-untyped-def]
        raise OSError("no database")

    from uuid import UUID

    assert Campaigns(world).of(UUID(int=1), "t") == Campaign("t", "")
