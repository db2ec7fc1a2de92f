"""The pictures of the docs, taken by a browser from the program itself: `make pictures`.

They show the demo, told by one seed up to one instant, and what a marketer begins in it: an import, a segment, a
broadcast. So pictures change only when the program does.
"""

import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from argon2 import PasswordHasher
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import func, select, update
from werkzeug.serving import make_server

from app.cli.demo_making import Wish, make
from app.demo.chance import Chance
from app.factory import create_app
from app.services import demo
from app.services.broadcasts import deciding, queueing
from app.services.ids import drawn_from
from app.services.segments.changing import publish
from app.services.segments.reading import fields_of
from app.services.starting import start
from app.services.world import World, open_world
from app.store.database import Database
from app.store.tables import contact_stages, events, tasks, users
from config import ROOT, Settings
from tests.support.chromium import find_chromium

PICTURES = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1280, 860
QUIET = 1_500  # milliseconds
NEEDED = "No Chromium. Install it, or name one: TRELLIS_CHROMIUM=… make pictures"
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # a Tuesday
STORY = Wish(seed=7, people=180, days=60)
ADMIN, PASSWORD = "ada@halden.example", "a trellis holds things"
SEGMENT = """segment: reading-leads
label: Leads who read
if: {all: [{stage: lead}, {event: clicked, at least: 1, in: 30 days}]}
"""
PEOPLE = """E-mail,First name,Last name,Company,Apartments,Heating,Unsubscribed
mikkel@friis.example,Mikkel,Friis,Friis Ejendomme,1200,district,no
ines@casa-alta.example,Inês,Carvalho,Casa Alta,2300,gas,no
tomas@vltava.example,Tomáš,Novák,Vltava Housing,640,district,yes
"""


@contextmanager
def site(folder: Path) -> Iterator[tuple[str, World]]:
    """The program with the demo in it, at a free port of this machine; the demo's world."""
    settings = Settings(_env_file=None, data_dir=folder)
    database = Database(settings.url_of_database)
    with drawn_from(Chance(STORY.seed).octets):
        start(database, settings, ADMIN, NOW, lambda line: None)
    known = {
        "password_hash": PasswordHasher().hash(PASSWORD),
        "name": "Ada Lind",
        "must_change_password": False,
    }
    with database.write() as connection:
        connection.execute(update(users).where(users.c.email == ADMIN).values(**known))
    workspace_id = make(database, settings, STORY, NOW).workspace_id
    app = create_app(settings, database, clock=lambda: NOW)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield (
            f"http://127.0.0.1:{server.server_port}",
            open_world(database, workspace_id, demo.demo_settings(settings)),
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        database.close()


def broadcast(world: World) -> UUID:
    """One that is ready to be confirmed: its audience is written down."""
    publish(world, SEGMENT, fields_of(world), NOW, None, base=0)
    wish = deciding.Wish("Invitation to the open day", "discovery/report", "reading-leads", "guides")
    mine = deciding.draft(world, wish, NOW, None)
    deciding.freeze(world, mine, deciding.find(world, mine).revision, NOW, None)
    while queueing.work(world, NOW):
        pass
    return mine


def prospect(world: World) -> UUID:
    """The prospect of whom most is told."""
    stages, told = contact_stages.c, events.c
    query = (
        select(stages.contact_id)
        .join(events, told.contact_id == stages.contact_id)
        .where(stages.workspace_id == world.workspace_id, stages.stage == "prospect")
        .group_by(stages.contact_id)
        .order_by(func.count().desc(), stages.contact_id)
    )
    with world.database.read() as connection:
        return UUID(str(connection.execute(query).scalars().first()))


def open_task(world: World) -> UUID:
    mine = (tasks.c.workspace_id == world.workspace_id, tasks.c.state == "open")
    with world.database.read() as connection:
        return UUID(
            str(connection.execute(select(tasks.c.id).where(*mine).order_by(tasks.c.id)).scalars().first())
        )


def addresses(world: World) -> dict[str, str]:
    """Name of the picture to the address of its page."""
    return {
        "today": "/demo/",
        "contacts": "/demo/contacts",
        "contact": f"/demo/contacts/{prospect(world)}",
        "why": f"/demo/contacts/{prospect(world)}/why?mail=decision/case",
        "segment": "/demo/segments/of/reading-leads/edit",
        "broadcast": f"/demo/broadcasts/{broadcast(world)}",
        "sequence": "/demo/sequences/discovery-guide",
        "editor": "/demo/sequences/discovery-guide/text",
        "template": "/demo/templates/of/discovery/guide",
        "task": f"/demo/tasks/{open_task(world)}",
        "settings": "/demo/settings/programme",
        "health": "/demo/health",
        "audit": "/audit",
        "api": "/api/v1/docs",
    }


def sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("Address").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("load")


def take(page: Page, name: str) -> None:
    page.wait_for_load_state("load")
    page.wait_for_timeout(QUIET)  # frames of mails, and the page of the API that builds itself
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
    print(f"docs/pictures/{name}.png", flush=True)


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit(NEEDED)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # A browser refuses its sandbox to root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with (
        tempfile.TemporaryDirectory() as folder,
        site(Path(folder)) as (base, world),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        window = {"width": WIDTH, "height": HEIGHT}
        page = browser.new_page(base_url=base, viewport=window, color_scheme="light", locale="en-GB")
        sign_in(page)
        for name, address in addresses(world).items():
            page.goto(address)
            take(page, name)
        page.goto("/demo/imports/new")
        people = {"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()}
        page.get_by_label("CSV file").set_input_files(people)  # type: ignore[arg-type]
        page.get_by_role("button", name="Look at its columns").click()
        take(page, "import")
        page.goto("/demo/catcher")
        page.locator("main table a").first.click()
        take(page, "mail")
        browser.close()


if __name__ == "__main__":
    main()
