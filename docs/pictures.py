"""The pictures of the docs, taken by a browser from the program itself: `make pictures`.

They show an installation that has lived some days on a moved clock: imported people, real mails in the
catcher, answers on the real pages. So pictures change only when the program does.
"""

import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import update
from werkzeug.serving import make_server

from app.store.database import Database
from app.store.tables import users
from config import ROOT
from tests.scenarios.stage import Stage
from tests.support.chromium import find_chromium

PICTURES = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1280, 860
NEEDED = "No Chromium. Install it, or name one: TRELLIS_CHROMIUM=… make pictures"
BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday
OWNER, PASSWORD = "jonas@halden.example", "a trellis holds things"
INES, TOMAS, SANNE = "ines@casa-alta.example", "tomas@vltava.example", "sanne@woonstad.example"
HEADER = "E-mail,Name,Company,Website,Industry,Apartments,Job title,City,Country,Time zone,Language,Owner"
PEOPLE = f"""{HEADER}
mikkel@friis.example,Mikkel Friis,Friis Ejendomme,friis.example,property management,1200,Office manager,Aarhus,DK,,en,{OWNER}
{INES},Inês Carvalho,Casa Alta,casa-alta.example,property management,2300,Facilities manager,Porto,PT,Europe/Lisbon,en,{OWNER}
{TOMAS},Tomáš Novák,Vltava Housing,vltava.example,housing cooperative,640,Board member,Praha,CZ,Europe/Prague,en,
{SANNE},Sanne de Boer,Woonstad Oost,woonstad.example,housing association,4100,Manager,Zwolle,NL,Europe/Amsterdam,en,
giulia@ferri.example,Giulia Ferri,Ferri Amministrazioni,ferri.example,property management,310,Director,Bologna,IT,Europe/Rome,it,{OWNER}
peter@lund.example,Peter Lund,Lund og Søn,lund.example,property management,90,Caretaker,Odense,DK,,en,
aoife@byrne.example,Aoife Byrne,Byrne Homes,byrne.example,property management,180,Manager,Cork,IE,Europe/Dublin,en,
marek@kowalski.example,Marek Kowalski,Osiedle Północ,kowalski.example,housing cooperative,760,Director,Gdańsk,PL,Europe/Warsaw,en,
lotte@brandt.example,Lotte Brandt,Brandt Verwaltung,brandt.example,property management,520,Manager,Kiel,DE,Europe/Berlin,en,
freja@moller.example,Freja Møller,Havnehusene,moller.example,housing association,48,Caretaker,Vejle,DK,,en,
emil@sorensen.example,Emil Sørensen,Sørensen Boliger,sorensen.example,housing association,260,Manager,Randers,DK,,en,
chiara@galli.example,Chiara Galli,Galli Case,galli.example,property management,45,Student,Torino,IT,Europe/Rome,it,
"""


def answer(stage: Stage, email: str, value: str) -> None:
    """Open the page behind an answer button of the newest mail that has it, and confirm it."""
    links = [link for mail in stage.mails(email) for link in mail.links("/a/") if link.endswith(f"/{value}")]
    stage.visit(links[-1])
    stage.visit(links[-1], method="POST", form={"answer": value})


def live(stage: Stage) -> None:
    """Ten days: three people answer and read, the others are silent."""
    stage.user(OWNER, "Jonas Weber", "Jonas Weber, Halden Metering")
    known = {"password_hash": PasswordHasher().hash(PASSWORD), "role": "admin", "may_send": True}
    with stage.database.write() as connection:
        connection.execute(update(users).where(users.c.email == OWNER).values(**known))
    stage.import_csv(PEOPLE)
    stage.later(minutes=40)
    for email in (INES, TOMAS, SANNE):
        answer(stage, email, "remote-reading")
    stage.until(BEGIN + timedelta(days=1, hours=5))
    for email in (INES, SANNE):
        stage.visit(stage.mails(email)[-1].links("/c/")[0])
    stage.until(BEGIN + timedelta(days=7, hours=4))
    answer(stage, INES, "decides")
    stage.until(BEGIN + timedelta(days=8, hours=1))
    stage.event(INES, "visited", "pricing", topics="pricing")
    stage.later(minutes=11)
    stage.event(INES, "quote_requested", "quote", topics="pricing")
    stage.later(minutes=3)
    stage.event(INES, "answered", "market", answer="property-manager")
    stage.until(BEGIN + timedelta(days=9, hours=3))


@contextmanager
def site(folder: Path) -> Iterator[tuple[str, Stage]]:
    """The program with these ten days in it, at a free port of this machine."""
    stage = Stage(Database(f"sqlite:///{folder / 'trellis.db'}"), folder, BEGIN)
    live(stage)
    server = make_server("127.0.0.1", 0, stage.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", stage
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        stage.close()
        stage.database.close()


def addresses(stage: Stage) -> dict[str, str]:
    """Name of the picture to the address of its page."""
    mails = [stage.caught.get(number) for number in range(1, stage.caught.count() + 1)]
    hers = [number for number, mail in enumerate(mails, 1) if mail and INES in mail.summary.recipients]
    return {
        "today": "/",
        "contacts": "/contacts",
        "contact": f"/contacts/{stage.contact(INES)}",
        "sequence": "/sequences/discovery-guide",
        "mail": f"/catcher/{hers[-1]}",
        "health": "/health",
    }


def sign_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Address").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit(NEEDED)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # A browser refuses its sandbox to root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with (
        tempfile.TemporaryDirectory() as folder,
        site(Path(folder)) as (base, stage),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        window = {"width": WIDTH, "height": HEIGHT}
        page = browser.new_page(base_url=base, viewport=window, color_scheme="light", locale="en-GB")
        sign_in(page)
        for name, address in addresses(stage).items():
            page.goto(address)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
            print(f"docs/pictures/{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
