"""The demo told by its doors and read in its rows: both must say the same."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.cli.demo_making import Made, Wish
from app.demo.cast import make_cast
from app.demo.chance import Chance
from app.demo.story import Story
from app.demo.tally import Tally
from app.services import demo
from app.services.invariants import check_all
from app.services.starting import start
from app.store.accounts import main_workspace
from app.store.tables import contacts, deliveries, events, hits, identities, inbound_messages, suppressions
from tests.demo.conftest import END, SMALL, Installation, install, settings_of
from tests.support.databases import Postgres


@pytest.fixture(scope="module")
def tallies() -> list[Tally]:
    return []


@pytest.fixture(scope="module")
def played(real: Installation, tallies: list[Tally]) -> Iterator[Made]:
    """A small demo, and what was done at its doors."""
    with pytest.MonkeyPatch.context() as patch:
        play = Story.play

        def kept(story: Story) -> Tally:
            tallies.append(play(story))
            return tallies[-1]

        patch.setattr(Story, "play", kept)
        made = real.make()
    yield made
    real.remove()


def people(real: Installation, kind: str, verdict: str = "human") -> set[str]:
    """Whose events of a kind there are, by address."""
    world = real.demo_world()
    query = (
        select(identities.c.value)
        .join(events, events.c.contact_id == identities.c.contact_id)
        .where(
            events.c.workspace_id == world.workspace_id, events.c.kind == kind, events.c.verdict == verdict
        )
    )
    with real.database.read() as connection:
        return set(connection.execute(query).scalars())


def test_whatever_was_accepted_lies_in_the_catcher_of_the_demo(real: Installation, played: Made) -> None:
    rows = real.rows(deliveries, workspace_id=played.workspace_id)
    accepted = Counter(
        row.address for row in rows if row.state == "accepted" and row.message_class != "internal"
    )
    caught = real.caught()
    mails = Counter(mail.recipients[0] for mail in caught.page(limit=100_000))
    assert sum(mails.values()) == caught.count() == played.mails
    caught.close()
    assert {to: count for to, count in mails.items() if not to.endswith("@halden.example")} == accepted
    assert sum(accepted.values()) > SMALL.people
    assert not [row for row in rows if row.state == "uncertain"]
    assert not (real.settings.data_dir / "caught.db").exists()


def test_what_must_always_be_true_is_true_of_it(real: Installation, played: Made) -> None:
    assert [rule for rule in check_all(real.demo_world(), END) if not rule.ok] == []


def test_who_left_bounced_complained_wrote_or_bought_is_known_one_by_one(
    real: Installation, played: Made, tallies: list[Tally]
) -> None:
    (tally,) = tallies
    assert people(real, "unsubscribed") == tally.left
    assert people(real, "complained") == tally.complained
    assert people(real, "replied") == tally.replied
    # Who never confirmed, because the mail that asked for it came back, is forgotten by now.
    known = {row.value for row in real.rows(identities, workspace_id=played.workspace_id)}
    assert people(real, "bounced") == tally.hard & known
    came = real.rows(inbound_messages, workspace_id=played.workspace_id)
    assert {row.address for row in came if row.kind == "soft"} == tally.soft & known
    assert not [row for row in came if row.state != "read"]
    assert people(real, "custom:purchased") == tally.bought
    # The story has something of each kind to tell.
    assert tally.left | tally.hard
    assert tally.complained
    assert tally.replied
    stopped = real.rows(suppressions, workspace_id=played.workspace_id)
    assert len([row for row in stopped if row.scope == "address"]) >= len(tally.hard & known)


def test_clicks_of_people_are_counted_and_those_of_machines_are_not(
    real: Installation, played: Made, tallies: list[Tally]
) -> None:
    (tally,) = tallies
    counted = people(real, "clicked")
    posted = {email for email, _ in tally.clicked}
    assert counted <= posted
    assert len(counted) >= 0.8 * len(posted) > 0
    # Every request of a machine came in as a hit, and none of them became a person's click.
    rows = real.rows(hits, workspace_id=played.workspace_id, kind="click")
    assert (
        len([row for row in rows if row.method == "GET"])
        == tally.done["human clicks"] + tally.done["machine clicks"]
    )
    assert tally.done["machine opens"] > 0
    human = [row for row in rows if row.verdict == "human"]
    assert 0 < len(human) <= tally.done["human clicks"]


def test_every_language_is_spoken_and_no_mail_was_left_unwritten(real: Installation, played: Made) -> None:
    rows = real.rows(deliveries, workspace_id=played.workspace_id)
    faults = ("mail.missing_field", "mail.render_failed", "mail.no_template")
    assert [row.reason_code for row in rows if row.reason_code in faults] == []
    spoken = {row.locale for row in real.rows(contacts, workspace_id=played.workspace_id)}
    assert spoken >= {"en", "it", "nl", "pt-BR", "ru"}
    assert len([stage for stage, count in played.stages.items() if count]) >= 3
    assert sum(played.stages.values()) >= SMALL.people - 3


def test_the_same_seed_tells_the_same_story(started: Path, tmp_path: Path) -> None:
    told = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        house = install(started, tmp_path / name)
        made = house.make(Wish(3, 12, 11), END)
        caught = house.caught()
        mails = [(mail.received_at, mail.recipients, mail.subject) for mail in caught.page(limit=10_000)]
        caught.close()
        told.append((mails, made.stages, made.told))
        house.database.close()
    assert told[0] == told[1]
    assert told[0][0]


def test_another_seed_has_other_people() -> None:
    first, again, other = (make_cast(Chance(seed), 40, 60) for seed in (3, 3, 4))
    assert [person.email for person in first] == [person.email for person in again]
    assert [person.email for person in first] != [person.email for person in other]
    assert {person.email.rpartition(".")[2] for person in first} == {"example"}


@pytest.mark.prove
def test_it_is_told_on_postgresql_too(postgres: Postgres, tmp_path: Path) -> None:
    settings, database = settings_of(tmp_path), postgres.create(schema=False)
    start(database, settings, "admin@halden.example", END, lambda line: None)
    with database.read() as connection:
        workspace_id = main_workspace(connection)
    assert workspace_id is not None
    house = Installation(database, settings, workspace_id)
    house.import_real()
    before = house.everything()
    made = house.make(Wish(3, 30, 30))
    caught = house.caught()
    assert caught.count() == made.mails > 60
    caught.close()
    assert [rule for rule in check_all(house.demo_world(), END) if not rule.ok] == []
    assert house.remove()
    after = house.everything()
    assert {name for name in before if before[name] != after[name]} == set()
    database.close()


@pytest.mark.prove
def test_the_whole_demo_makes_sense_to_a_marketer(started: Path, tmp_path: Path) -> None:
    house = install(started, tmp_path)
    made = house.make(Wish(), END)
    told, stages = made.told, made.stages
    mailed = told["mails to contacts"]
    assert stages["lead"] > stages["dormant"] > stages["disqualified"]
    assert stages["lead"] > 4 * stages["prospect"] > 0
    assert stages["lead"] > 4 * stages["customer"] > 4 * stages["ambassador"] > 0
    assert 0.03 < told["human clicks in mails"] / mailed < 0.2
    assert 0.01 <= told["people left"] / 500 <= 0.03
    assert 0.01 <= (told["people hard"] + told["people soft"]) / 500 <= 0.05
    assert 1 <= told["people complained"] <= 3
    assert [rule for rule in check_all(house.demo_world(), END) if not rule.ok] == []
    assert demo.state(house.database) == "there"
    house.database.close()
