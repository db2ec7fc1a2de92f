"""A mail as it is being written, seen as a contact would get it, and sent to a colleague to look at.

It is written by the same renderer as every mail that leaves; its links lead nowhere and nothing of it is counted.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection

from app.core.labels import label_in
from app.core.setting import Setting
from app.files.findings import FileFinding
from app.mail.compile import CompiledTemplate
from app.mail.headers import Mailbox
from app.mail.message import Envelope, checked_message
from app.mail.program import PREVIEW_URLS, Preview, Program
from app.mail.replies import Outcome
from app.mail.route import SmtpRoute
from app.mail.sample import sample_context
from app.mail.sandbox import MissingField, RenderError
from app.services.addresses import AddressFault, read_address
from app.services.authoring import recent
from app.services.authoring.applying import audit
from app.services.authoring.compiling import brand_of, compile_recipes, recipes
from app.services.authoring.drafts import Draft, DraftFault
from app.services.authoring.reading import read_sources
from app.services.authoring.sources import Sources, as_sources, in_force
from app.services.ids import new_id
from app.services.library import Catalogue
from app.services.posting import hand_over, sender_and_route
from app.services.reading import read_rules
from app.services.senders.book import keep_demo_here, senders_of
from app.services.sending.composing import mail_context
from app.services.sending.facts import Batch, load_people
from app.services.world import World
from app.store import definitions
from app.store.recipients import person as living

PARTS = ("lifecycle", "layout", "partial")


@dataclass(frozen=True, slots=True)
class Seen:
    """How a mail looks. `compiled` None: it cannot be compiled, `findings` tell why. `preview` None: it cannot be
    written for this contact: `missing` names the field they lack, `fault` any other reason.
    """

    compiled: CompiledTemplate | None = None
    preview: Preview | None = None
    findings: tuple[FileFinding, ...] = ()
    missing: str = ""
    fault: str = ""

    @property
    def size(self) -> int:
        return len(self.preview.html.encode()) if self.preview is not None else 0


def see(world: World, found: Draft, locale: str, contact_id: UUID | None, now: datetime) -> Seen:
    """The draft in one language, as a contact (None: as somebody made up, with every field filled)."""
    compiled, findings = _compiled(world, found, locale, now)
    if compiled is None:
        return Seen(findings=findings)
    try:
        context = _context(world, found, compiled, contact_id, now)
        return Seen(compiled, Program.load(compiled).render_preview(context), findings)
    except MissingField as missing:
        return Seen(compiled, None, findings, missing=str(missing.params.get("field", "")))
    except RenderError as error:
        return Seen(compiled, None, findings, fault=str(error))


def send_test(
    world: World,
    found: Draft,
    locale: str,
    contact_id: UUID | None,
    to: str,
    house: SmtpRoute,
    now: datetime,
    by: UUID,
) -> Outcome:
    """Hand one mail over by itself: through no gate, without tracking. Raises DraftFault and CannotOpen."""
    try:
        recipient = read_address(to).shown
    except AddressFault:
        raise DraftFault("senders.no_recipient", value=to[:80]) from None
    seen = see(world, found, locale, contact_id, now)
    if seen.compiled is None or seen.preview is None:
        why = seen.findings[0].message if seen.findings else f"{seen.missing or seen.fault}"
        raise DraftFault("draft.not_rendered", why=why)
    with world.database.write() as connection:
        keep_demo_here(connection, world.workspace_id, world.settings, house)
        detail = {"key": found.key, "locale": locale}
        audit(
            connection, world.workspace_id, by, "definition.tested", "definition", str(found.id), now, detail
        )
    sender, route = sender_and_route(world, house)
    domain, mail_id = sender.address.rpartition("@")[2], new_id(now)
    envelope = Envelope(
        delivery=mail_id, sender=sender, recipient=Mailbox("", recipient), at=now,
        message_id=f"<test-{mail_id.hex}@{domain}>",
    )  # fmt: skip
    # A list to leave would be somebody else's: the test is a mail to a colleague.
    plain = Program.load(replace(seen.compiled, message_class="internal"))
    context = _context(world, found, seen.compiled, contact_id, now)
    try:
        mail = checked_message(plain, context, envelope, PREVIEW_URLS, track=False)
    except RenderError as error:
        raise DraftFault("draft.not_rendered", why=str(error)) from None
    return hand_over(world, route, sender.address, recipient, mail, now)


def _compiled(
    world: World, found: Draft, locale: str, now: datetime
) -> tuple[CompiledTemplate | None, tuple[FileFinding, ...]]:
    """With the layouts and partials in force; in a child process with limits, once for each text."""
    with world.database.read() as connection:
        live = in_force(connection, world.workspace_id)
    around = as_sources({name: row for name, row in live.items() if name[0] in PARTS})
    sources = Sources({**around.by_name, (found.kind, found.key): found.as_source()})
    books = read_sources(sources, world.settings.lifecycle_preset, now)
    wanted, missing = recipes(sources, books, world.settings)
    ours = [recipe for recipe in wanted if recipe.locale == locale]
    file = found.as_source().files.get(locale, "")
    told = tuple(one for one in (*books.findings, *missing) if one.file == file)
    if not ours:
        return None, told
    done = compile_recipes(ours, recent.known())
    recent.remember(done.done)
    return done.done.get(ours[0].digest), (*told, *done.findings)


def _context(
    world: World, found: Draft, compiled: CompiledTemplate, contact_id: UUID | None, now: datetime
) -> dict[str, dict[str, Any]]:
    sample = sample_context(compiled, brand_of(world.settings))
    if contact_id is None:
        return sample
    with world.database.read() as connection:
        if living(connection, world.workspace_id, contact_id) is None:
            raise DraftFault("draft.no_reader")
        person = load_people(connection, [contact_id])[contact_id]
        catalogue = _catalogue(world, connection, now)
        senders = senders_of(connection, world)
    batch = Batch([], {}, {contact_id: person}, {}, {}, {}, {}, {}, senders)
    row = SimpleNamespace(
        id=found.id, contact_id=contact_id, template=found.key, sequence_version_id=None, step=None,
        topic=next(iter(catalogue.setting.programme.topics), None), recipient_user_id=None,
        message_class=compiled.message_class, content_kind=compiled.kind,
    )  # fmt: skip
    context = mail_context(world, catalogue, batch, cast(Any, row), person, compiled.locale, now)
    criterion = catalogue.rules.lifecycle.criteria.get(compiled.ask)
    if criterion is not None:
        context["ask"] = {"question": label_in(criterion.question, compiled.locale)}
    # What hangs on the mail and its sequence has no value yet; what is the contact's is never made up.
    for name in ("mail", "task"):
        given = {key: value for key, value in context[name].items() if value}
        context[name] = {**sample.get(name, {}), **given}
    return context


def _catalogue(world: World, connection: Connection, now: datetime) -> Catalogue:
    """Lifecycle and programme alone: loading every mail there is takes longer than writing this one."""
    live = {(row.kind, row.key): row for row in definitions.live(connection, world.workspace_id)}
    rules = read_rules(
        live.get(("lifecycle", "lifecycle")), live.get(("scoring", "scoring")), {},
        world.settings.lifecycle_preset or None, now,
    )  # fmt: skip
    return Catalogue(rules, Setting(rules.lifecycle, rules.programme))
