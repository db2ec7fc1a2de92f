"""Every starter mail as it would leave: published from the files that ship, composed by the sender's own renderer,
for contacts that came in by an import.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from lxml import html as lxml_html
from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from app.core.steps import Ask, Send
from app.mail.compile import CompiledTemplate
from app.services.ids import new_id
from app.services.library import Catalogue, TemplateVersion
from app.services.sending.composing import compose
from app.services.sending.facts import load_batch
from app.store.database import Database
from app.store.tables import identities, tasks, users
from tests.scenarios.stage import Stage

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LOCALES = ("en", "it", "pt-BR", "nl", "ru")
HOME = "https://mail.halden.example"
OWNER = "jonas@halden.example"
COLUMNS = (
    "E-mail", "First name", "Last name", "Company", "Website", "Industry", "Apartments", "Job title", "City", "Country",
    "Time zone", "Language", "Owner",
)  # fmt: skip
TASK = "internal/task"
DUE, TOPICS = "12:40", ["Guides"]

FULL = ("Ada", "Lovelace", "Lindehaven", "lindehaven.example", "housing association", "1200", "Office manager",
        "Aarhus", "DK", "Europe/Copenhagen")  # fmt: skip
BARE = ("",) * 10
LONG = ("Maximiliane-Wilhelmine", "von und zu Hohenlohe-Waldenburg-Schillingsfürst",
        "Gemeinnützige Wohnungsbau- und Siedlungsgenossenschaft der Eisenbahner eG", "long.example",
        "housing cooperative", "128000", "Geschäftsführende Vorstandsvorsitzende", "Garmisch-Partenkirchen", "DE",
        "Europe/Berlin")  # fmt: skip
CYRILLIC = (
    "Ёлка",
    "Щербакова-Цой",
    "ООО «Жилкомсервис № 3»",
    "",
    "",
    "",
    "Главный инженер",
    "Йошкар-Ола",
    "RU",
    "",
)
RIGHT_TO_LEFT = ("מרים", "אל־חכים", "شركة السكن & <أبناؤه>", "", "", "", "مديرة", "حيفا", "IL", "")
# Who is written to in each language. A French contact has no variant and is written to in English.
KINDS: Mapping[str, Sequence[str]] = {
    "full": FULL, "bare": BARE, "long": LONG, "cyrillic": CYRILLIC, "rtl": RIGHT_TO_LEFT,
}  # fmt: skip
FRENCH = "full.fr@full.example"


def address(kind: str, locale: str) -> str:
    # Of whom nothing is known, not even the domain tells a company.
    return f"{kind}.{locale.lower()}@{'gmail.com' if kind == 'bare' else f'{kind}.example'}"


@dataclass(frozen=True)
class Sent:
    """One composed mail. `wanted` is the contact's language, `locale` the one the mail is in."""

    key: str
    who: str
    wanted: str
    locale: str
    compiled: CompiledTemplate
    raw: bytes

    def __str__(self) -> str:
        return f"{self.key} in {self.wanted} to {self.who}"

    @cached_property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @cached_property
    def text(self) -> str:
        return self._part("plain")

    @cached_property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")

    @cached_property
    def page(self) -> Any:
        """The HTML as a tree."""
        return lxml_html.document_fromstring(self.html)

    @property
    def preheader(self) -> str:
        (hidden, *_) = self.page.find("body")
        assert "display:none" in (hidden.get("style") or "").replace(" ", "")
        return str(hidden.text_content())

    @property
    def hrefs(self) -> list[str]:
        return [str(one.get("href")) for one in self.page.iter("a")]

    def links_in(self, css: str) -> list[Any]:
        """The links within elements of a class, such as the buttons."""
        return [
            one
            for one in self.page.iter("a")
            if any(css in (parent.get("class") or "").split() for parent in one.iterancestors())
        ]

    @property
    def buttons(self) -> list[Any]:
        return self.links_in("btn")

    @property
    def answers(self) -> list[Any]:
        return self.links_in("answer")

    def visible(self) -> Iterator[str]:
        """The words of the HTML that a reader sees, block by block; figures drawn as bars have none."""
        body = self.page.find("body")
        for place in list(body)[1:]:
            for text in place.itertext():
                words = " ".join(text.split())
                if words and "[if mso" not in text:
                    yield words


class House:
    """An installation with the starters in force and everybody of KINDS in it, in each language."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'trellis.db'}")
        self.stage = Stage(self.database, folder, NOW, base_url=HOME)
        self.stage.user(OWNER, "Jonas Weber", "")
        rows = [
            (address(kind, locale), *cells, locale, OWNER if kind != "bare" else "")
            for kind, cells in KINDS.items()
            for locale in LOCALES
        ]
        self.take_in([*rows, (FRENCH, *FULL, "fr", OWNER)])
        self.places = self._places()

    def close(self) -> None:
        self.stage.close()
        self.database.close()

    def take_in(self, rows: Iterable[Sequence[str]]) -> Any:
        """Import contacts, by columns; what the importer says of it."""
        out = io.StringIO()
        csv.writer(out).writerows([COLUMNS, *rows])
        return self.stage.import_csv(out.getvalue(), enroll="no")

    def known_as(self, start: str) -> str:
        """The address that begins so, as the importer keeps it."""
        query = select(identities.c.value).where(identities.c.value.startswith(start, autoescape=True))
        with self.database.read() as connection:
            return str(connection.execute(query).scalar_one())

    @property
    def catalogue(self) -> Catalogue:
        return self.stage.world.library.catalogue(NOW)

    @property
    def keys(self) -> list[str]:
        """All starter mails, but the one to colleagues."""
        return sorted(key for key in self.catalogue.templates if key != TASK)

    def variants(self, key: str) -> dict[str, CompiledTemplate]:
        """By locale; the original is English."""
        return {
            locale or "en": one.compiled
            for locale, (_, one) in self.catalogue.templates[key].variants.items()
        }

    def _places(self) -> dict[str, tuple[str, str]]:
        """Where each mail stands: (sequence, step)."""
        found: dict[str, tuple[str, str]] = {}
        for key, version in sorted(self.catalogue.sequences.items()):
            for step, one in version.sequence.steps.items():
                names = (
                    one.templates
                    if isinstance(one, Send)
                    else (one.template,)
                    if isinstance(one, Ask)
                    else ()
                )
                for name in names:
                    found.setdefault(name, (key, step))
        return found

    def mails(self, who: str, keys: Iterable[str] | None = None) -> list[Sent]:
        """The mails to the contact with this address, all of them or those with these keys."""
        contact_id = self.stage.contact(who)
        rows = [self._row(key, contact_id) for key in (self.keys if keys is None else keys)]
        return self._composed(rows, who)

    def task(self, who: str) -> Sent:
        """The mail that tells the owner to call this contact."""
        contact_id = self.stage.contact(who)
        task_id, owner = new_id(NOW), self._owner(contact_id)
        with self.database.write() as connection:
            connection.execute(
                insert(tasks).values(
                    id=task_id, workspace_id=self.stage.world.workspace_id, contact_id=contact_id, owner_id=owner,
                    kind="call", title="Call them while they are interested", body="Ask about the second house.",
                    due_at=NOW, state="open", dedupe_key=str(task_id), reason_code="test", reason_params={},
                    created_at=NOW,
                )
            )  # fmt: skip
        row = self._row(TASK, contact_id)
        row.recipient_user_id, row.context = owner, {"task_id": str(task_id)}
        return self._composed([row], who)[0]

    def _owner(self, contact_id: UUID) -> UUID:
        (row, *_) = self.stage.rows(users, email=OWNER)
        found: UUID = row.id
        return found

    def _row(self, key: str, contact_id: UUID) -> Any:
        """A claimed mail, as the sender reads it."""
        template: TemplateVersion = self.catalogue.templates[key]
        sequence, step = self.places.get(key, ("", ""))
        version = self.catalogue.sequences.get(sequence)
        topic = version.sequence.topic if version else None
        context = {"confirm": {"path": "/y/confirm", "due": DUE, "topics": TOPICS}}
        return SimpleNamespace(
            id=new_id(NOW), contact_id=contact_id, recipient_user_id=None, enrollment_id=None, template=key, step=step,
            topic=topic, message_class=template.info.message_class, content_kind=template.info.content_kind,
            sequence=sequence or None, sequence_version_id=version.version_id if version else None,
            context=context if key.startswith("service/") else None,
        )  # fmt: skip

    def _composed(self, rows: list[Any], who: str) -> list[Sent]:
        world, catalogue = self.stage.world, self.catalogue
        with self.database.read() as connection:
            batch = load_batch(connection, world, catalogue, rows, NOW)
        found = []
        for row in rows:
            made = compose(world, catalogue, batch, row, NOW)
            wanted = batch.people[row.contact_id].row.locale or "en"
            program = catalogue.templates[row.template].for_locale(wanted)[2]
            found.append(
                Sent(row.template, who, wanted, program.compiled.locale, program.compiled, bytes(made.data))
            )
        return found

    def page(self, path: str) -> TestResponse:
        """One of our own pages, as somebody who reads English opens it."""
        return self.stage.app.test_client().get(
            path, headers={"Accept-Language": "en"}, environ_base={"REMOTE_ADDR": "203.0.113.9"}
        )

    def follow(self, url: str) -> tuple[int, str]:
        """Open a link of a mail, on over redirects to our own pages: the last status and address."""
        status = 302
        while status == 302 and url.startswith(HOME):
            answer = self.page(url.removeprefix(HOME))
            status = answer.status_code
            if status == 302:
                url = re.sub(r"^/", f"{HOME}/", answer.headers["Location"])
        return status, url
