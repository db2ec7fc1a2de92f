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
from app.core.timing import zone_of
from app.core.tokens import ManageToken, TrackToken
from app.mail.compile import CompiledTemplate
from app.mail.links import urls_for
from app.mail.program import Preview, Program
from app.mail.sandbox import MissingField, RenderError
from app.services.library import Catalogue
from app.services.reading import Unreadable
from app.services.sending.composing import mail_context
from app.services.sending.facts import load_batch
from app.services.signals.coming import Coming, coming
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
    """By what the contact agreed to hear about the topic; `source` as it was written down, `form` the title of the
    form they filled in themselves (None: none), confirmed by a button in a mail."""

    at: datetime
    source: str
    form: str | None
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Origin:
    """How we came to the address. `way` is form, import, colleague or system; `source` as it was written down."""

    way: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Why:
    mail: Mail | None
    origin: Origin
    agreed: Agreement | None
    withdrawn_at: datetime | None
    series: str | None
    coming: Coming


@dataclass(frozen=True, slots=True)
class Choices:
    """What they can change. `topics` are (key, label, wanted); `usual` is the limit for everybody, in words."""

    topics: tuple[tuple[str, str, bool], ...]
    mails_a_week: int | None
    mails_a_month: int | None
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


def language_of(world: World, contact_id: UUID) -> str | None:
    """The language of a contact, if it is known."""
    with world.database.read() as connection:
        row = store.person(connection, world.workspace_id, contact_id)
    return row.locale if row is not None else None


def _hidden(address: str) -> str:
    """First and last letter of the local part: enough to know which of one's addresses it is."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••{local[-1:] if len(local) > 2 else ''}{at}{domain}"


def topic_label(world: World, topic: str, locale: str, now: datetime) -> str:
    known = world.library.catalogue(now).setting.programme.topics.get(topic)
    return label_in(known.label, locale) if known is not None else topic


def why(world: World, token: ManageToken, locale: str, now: datetime) -> Why | None:
    """Why the mail came and what comes next, if the contact changes nothing. None: the contact is gone."""
    catalogue = world.library.catalogue(now)
    with world.database.read() as connection:
        row = store.mail(connection, token.delivery)
        who = store.person(connection, world.workspace_id, token.contact)
        if who is None:
            return None
        given = store.last_given(connection, who.id, token.topic)
        state = store.consents_of(connection, who.id).get(token.topic)
        first = store.first_line(connection, who.id)
        seen = _render(world, catalogue, connection, row, now) if row is not None else None
    mail = Mail(seen.subject if seen else None, row.accepted_at or row.intent_at) if row is not None else None
    version = row.sequence_version_id if row is not None else None
    return Why(
        mail,
        Origin(_way(first), who.created_at, who.source or ""),
        _agreement(catalogue, given, locale),
        state.at if state is not None and state.state == "withdrawn" else None,
        world.library.pinned(version).sequence.series_in(locale) if version is not None else None,
        coming(world, who.id, locale, now),
    )


def _way(first: Any) -> str:
    """By whom the first line of their story was written, where it tells how they came."""
    if first is not None and first.code == "contact.asked_us":
        return "form"
    if first is None or first.kind != "contact":
        return "system"
    return (
        "colleague" if first.actor.startswith("user:") else "import" if first.actor == "import" else "system"
    )


def _agreement(catalogue: Catalogue, given: Any, locale: str) -> Agreement | None:
    if given is None:
        return None
    form = catalogue.setting.programme.forms.get(given.source.removeprefix("form "))
    asked = given.detail.get("asked_at") if isinstance(given.detail, dict) else None
    title = label_in(form.title, locale) if form is not None and given.source.startswith("form ") else None
    source = given.source if given.source not in ("page", "one click") else ""
    return Agreement(given.at, source, title, datetime.fromisoformat(asked) if asked else None)


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
        row.mails_a_month,
        row.paused_until if row.paused_until is not None and row.paused_until > now else None,
        row.tracking or world.settings.tracking,
        bool(wanted & set(topics)),
    )


def sent(world: World, token: ManageToken) -> datetime | None:
    """When the token's mail left."""
    with world.database.read() as connection:
        row = store.mail(connection, token.delivery)
    return (row.accepted_at or row.intent_at) if row is not None else None


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


def web_view(world: World, token: ManageToken | TrackToken, now: datetime) -> str | None:
    """The mail as HTML, made again by the same program, its links untracked; None when that cannot be done any more.

    A page that was opened by a link's token is one that people pass on: it holds no right to change anything.
    """
    catalogue = world.library.catalogue(now)
    with world.database.read() as connection:
        row = store.mail(connection, token.delivery)
        own = isinstance(token, ManageToken)
        seen = _render(world, catalogue, connection, row, now, own=own) if row is not None else None
    return seen.html if seen is not None else None


def _render(
    world: World, catalogue: Catalogue, connection: Connection, row: Any, now: datetime, *, own: bool = True
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
        manage = world.keyring.seal_manage(row.id, row.contact_id, row.topic or "") if own else "not-yours"
        base = world.settings.public_url
        # It is there to be passed on, so it stays in a mail that was.
        referral = world.keyring.seal_referral(row.contact_id)
        urls = urls_for(
            base, "-", manage, campaign=row.sequence or "", content=row.step or "", referral=referral
        )
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
