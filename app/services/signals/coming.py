"""What a recipient is sent next if nobody does anything: the engine's own rules run ahead, never a guess."""

from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from uuid import UUID

import structlog
from sqlalchemy import Connection

from app.core.simulator import Line
from app.mail.sandbox import MissingField, RenderError
from app.services.explaining.situation import ExplainFault, Situation, ahead, situation
from app.services.sending.composing import mail_context
from app.services.sending.facts import load_batch
from app.services.world import World
from app.store.rehearsal import only_looking

log = structlog.get_logger()
DAYS_AHEAD = 60
MOST = 8
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Next:
    """A mail to come: when, what its subject will be (None: not known yet), and of which series."""

    at: datetime
    subject: str | None
    series: str | None


@dataclass(frozen=True, slots=True)
class End:
    """A series that is over then; `again`: it may begin anew another time."""

    at: datetime
    series: str
    again: bool


@dataclass(frozen=True, slots=True)
class Coming:
    """`mails` of the next 60 days, the first ones; `more` beyond them; `on` are the series that go on longer."""

    mails: tuple[Next, ...] = ()
    more: int = 0
    ends: tuple[End, ...] = ()
    on: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        return bool(self.mails or self.ends or self.on)


def coming(world: World, contact_id: UUID, locale: str, now: datetime) -> Coming:
    """The next marketing mails of a contact. Nothing is written: the database itself refuses to."""
    with only_looking(world.database) as connection:
        try:
            seen = situation(connection, world, contact_id, now, now)
        except ExplainFault:
            return Coming()
        if seen.stopped:
            log.info("recipients.coming_while_stopped")
        titles = {inside.sequence.key: inside.sequence for inside in seen.person.inside}
        lines = ahead(seen, DAYS_AHEAD)
        mails = [line for line in lines if line.action == "mail_accepted" and _is_marketing(seen, line)]
        ended = [line for line in lines if line.action == "ended" and line.sequence in titles]
        ends = tuple(_end(seen, line, locale) for line in ended)
        still = {inside.sequence.series_in(locale) for inside in seen.person.inside}
        told = tuple(_next(connection, seen, line, locale) for line in mails[:MOST])
        return Coming(told, max(len(mails) - MOST, 0), ends, tuple(sorted(still)))


def _is_marketing(seen: Situation, line: Line) -> bool:
    info = seen.setting.templates.get(line.template or "")
    return info is None or info.message_class == "marketing"


def _series(seen: Situation, key: str | None, locale: str) -> str | None:
    version = seen.catalogue.sequences.get(key or "")
    return version.sequence.series_in(locale) if version is not None else None


def _end(seen: Situation, line: Line, locale: str) -> End:
    version = seen.catalogue.sequences.get(line.sequence or "")
    again = version is not None and version.sequence.again.way != "never"
    return End(line.at, _series(seen, line.sequence, locale) or line.sequence or "", again)


def _next(connection: Connection, seen: Situation, line: Line, locale: str) -> Next:
    return Next(line.at, _subject(connection, seen, line, locale), _series(seen, line.sequence, locale))


def _subject(connection: Connection, seen: Situation, line: Line, locale: str) -> str | None:
    """As it would read today; a field that is still empty leaves it open."""
    template = seen.catalogue.templates.get(line.template or "")
    if template is None:
        return None
    version = seen.catalogue.sequences.get(line.sequence or "")
    row = SimpleNamespace(
        id=_NOBODY, contact_id=seen.facts.contact_id, recipient_user_id=None, template=template.key, context=None,
        topic=version.sequence.topic if version else None, step=line.step, message_class="marketing",
        content_kind=template.info.content_kind, sequence=line.sequence,
        sequence_version_id=version.version_id if version else None,
    )  # fmt: skip
    try:
        batch = load_batch(connection, seen.world, seen.catalogue, [row], seen.now)  # type: ignore[list-item]
        person = batch.people[seen.facts.contact_id]
        context = mail_context(seen.world, seen.catalogue, batch, row, person, locale, seen.now)  # type: ignore[arg-type]
        return template.for_locale(locale)[2].render_preview(context).subject
    except (MissingField, RenderError):
        return None
