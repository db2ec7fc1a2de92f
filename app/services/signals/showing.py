"""What a recipient may see of themselves by the token in their mail: never a score, never a stage."""

from collections.abc import Sequence as Many
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from app.core.labels import label_in
from app.core.lifecycle import CriterionDef
from app.core.sequences import Sequence
from app.core.timing import zone_of
from app.core.tokens import ManageToken
from app.mail.compile import CompiledTemplate
from app.mail.links import urls_for
from app.mail.program import Preview, Program
from app.mail.sandbox import MissingField, RenderError
from app.services.library import Catalogue
from app.services.reading import Unreadable
from app.services.sending.composing import mail_context
from app.services.sending.facts import load_batch
from app.services.world import World
from app.store import hits
from app.store import recipients as store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose page it is: their language (None: not known), zone, address half hidden, and the token's topic."""

    locale: str | None
    zone: ZoneInfo
    address: str
    topic: str


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail that the token came with; `subject` is None when it cannot be made again."""

    subject: str | None
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """By what the contact agreed to hear about the topic; `source` as it was written down."""

    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Course:
    """A series they are in: mails to come at most, when it goes on, and whether it may begin again."""

    title: str
    mails: int
    next_at: datetime | None
    again: bool


@dataclass(frozen=True, slots=True)
class Why:
    mail: Mail | None
    agreed: Agreement | None
    series: str | None
    planned: int
    next_mail_at: datetime | None
    courses: tuple[Course, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What they can change. `topics` are (key, label, wanted); `usual` is the limit for everybody, in words."""

    topics: tuple[tuple[str, str, bool], ...]
    mails_a_week: int | None
    paused_until: datetime | None
    tracking: str
    any_wanted: bool


def reader(world: World, token: ManageToken, now: datetime) -> Reader | None:
    """None: the contact is gone."""
    with world.database.read() as connection:
        row = store.person(connection, world.workspace_id, token.contact)
    if row is None:
        return None
    fallback = world.library.catalogue(now).setting.programme.zone
    return Reader(row.locale, zone_of(row.zone, fallback)[0], _hidden(row.address or ""), token.topic)


def _hidden(address: str) -> str:
    """First and last letter of the local part: enough to know which of one's addresses it is."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••{local[-1:] if len(local) > 2 else ''}{at}{domain}"


def topic_label(world: World, topic: str, locale: str, now: datetime) -> str:
    known = world.library.catalogue(now).setting.programme.topics.get(topic)
    return label_in(known.label, locale) if known is not None else topic


def why(world: World, token: ManageToken, now: datetime) -> Why:
    """Why the mail came and what comes next, if the contact changes nothing."""
    catalogue = world.library.catalogue(now)
    with world.database.read() as connection:
        row = store.mail(connection, token.delivery)
        who = store.person(connection, world.workspace_id, token.contact)
        if who is None:
            return Why(None, None, None, 0, None, ())
        given = store.last_given(connection, who.id, token.topic)
        planned = store.planned(connection, who.id)
        courses = tuple(_course(world, course) for course in store.courses(connection, who.id))
        seen = _render(world, catalogue, connection, row, now) if row is not None else None
    mail = Mail(seen.subject if seen else None, row.accepted_at or row.intent_at) if row is not None else None
    version = row.sequence_version_id if row is not None else None
    return Why(
        mail,
        Agreement(given.at, given.source) if given is not None else None,
        world.library.pinned(version).sequence.title if version is not None else None,
        len(planned),
        planned[0].due_at if planned else None,
        courses,
    )


def _course(world: World, row: Any) -> Course:
    sequence = world.library.pinned(row.version_id).sequence
    here = bool(getattr(sequence.steps.get(row.step), "templates", ())) and (
        row.state == "sending" or not row.inside
    )
    to_come = _mails_after(sequence, row.step) + here
    return Course(sequence.title, to_come, row.due_at, sequence.again.way != "never")


def _mails_after(sequence: Sequence, step: str) -> int:
    keys = list(sequence.steps)
    after = keys[keys.index(step) + 1 :] if step in keys else keys
    return sum(1 for key in after if getattr(sequence.steps[key], "templates", ()))


def choices(world: World, token: ManageToken, locale: str, now: datetime) -> Choices | None:
    topics = world.library.catalogue(now).setting.programme.topics
    with world.database.read() as connection:
        row = store.person(connection, world.workspace_id, token.contact)
        if row is None:
            return None
        known = store.consents_of(connection, row.id)
    wanted = {topic for topic, consent in known.items() if consent.state == "given"}
    return Choices(
        tuple((key, label_in(topic.label, locale), key in wanted) for key, topic in topics.items()),
        row.mails_a_week,
        row.paused_until if row.paused_until is not None and row.paused_until > now else None,
        row.tracking or world.settings.tracking,
        bool(wanted & set(topics)),
    )


def question(world: World, token: ManageToken, now: datetime) -> CriterionDef | None:
    """What the mail of this token asked; None when the question is not asked any more."""
    catalogue = world.library.catalogue(now)
    with world.database.read() as connection:
        row = store.mail(connection, token.delivery)
        if row is None:
            return None
        info = catalogue.setting.templates.get(row.template)
        asked = info.ask if info is not None else None
        if asked is None and row.variant_id is not None:
            compiled = _compiled(connection, row.variant_id)
            asked = compiled.ask if compiled is not None else None
    return catalogue.rules.lifecycle.criteria.get(asked) if asked else None


def web_view(world: World, token: ManageToken, now: datetime) -> str | None:
    """The mail as HTML, made again by the same program, its links untracked; None when that cannot be done any more."""
    catalogue = world.library.catalogue(now)
    with world.database.read() as connection:
        row = store.mail(connection, token.delivery)
        seen = _render(world, catalogue, connection, row, now) if row is not None else None
    return seen.html if seen is not None else None


def _render(
    world: World, catalogue: Catalogue, connection: Connection, row: Any, now: datetime
) -> Preview | None:
    if row.template not in catalogue.templates:
        return None
    try:
        batch = load_batch(connection, world, catalogue, [row], now)
        person = batch.people[row.contact_id]
        wanted = person.row.locale or catalogue.setting.programme.locale
        program = _program(catalogue, connection, row, wanted)
        if program is None:
            return None
        context = mail_context(world, catalogue, batch, row, person, wanted, now)
        manage = world.keyring.seal_manage(row.id, row.contact_id, row.topic or "")
        base = world.settings.public_url
        urls = urls_for(base, "-", manage, campaign=row.sequence or "", content=row.step or "")
        return program.render_preview(context, urls)
    except (MissingField, RenderError, Unreadable) as error:
        log.info("recipients.not_rendered", delivery=str(row.id), error=repr(error)[:200])
        return None


def _program(catalogue: Catalogue, connection: Connection, row: Any, locale: str) -> Program | None:
    """The program the mail was made with, also when a newer one is in force."""
    template = catalogue.templates[row.template]
    if row.variant_id is None:
        return template.for_locale(locale)[2]
    live: Many[tuple[UUID, Program]] = list(template.variants.values())
    for variant_id, program in live:
        if variant_id == row.variant_id:
            return program
    compiled = _compiled(connection, row.variant_id)
    return Program.load(compiled) if compiled is not None else None


def _compiled(connection: Connection, variant_id: UUID) -> CompiledTemplate | None:
    text = hits.compiled_variant(connection, variant_id)
    try:
        return CompiledTemplate.from_json(text) if text is not None else None
    except (ValueError, LookupError, TypeError):
        return None
