"""One contact: what is known, how the scores add up, the story with its reasons, and what comes next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.facts import Measure
from app.core.reasons import Reason
from app.services.viewing import Place, programme
from app.services.viewing.people import full_name, half_life
from app.store import referrals
from app.store.views import Found
from app.store.views import one as rows

ENTRIES = 100
STORY = 50
BROUGHT = 20
TRAIL_WEEKS = 6
NEVER = datetime.max.replace(tzinfo=UTC)
MAIL_STATES = ("accepted", "deferred", "suppressed", "expired", "cancelled", "failed", "uncertain")
# What the filters above the story mean.
STORY_KINDS: Mapping[str, tuple[str, ...]] = {
    "stage": ("stage", "stage_refused", "enrolled", "not_enrolled", "ended", "parked", "step"),
    "mail": tuple(f"mail_{state}" for state in MAIL_STATES),
    "clicks": ("event", "answered", "consent"),
    "hand": ("note", "contact", "task"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A field with where its value came from; `source` is None where nobody wrote it down."""

    name: str
    label: str | None
    value: Any
    source: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Criterion:
    key: str
    state: str
    value: Any
    evidence: Mapping[str, Any]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """`worth` is what is left of the points today."""

    measure: str
    points: float
    worth: float
    rule: str
    at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Scores:
    """Fit and engagement now, each None while unknown, with their entries and the trail of six weeks."""

    fit: float | None
    engagement: float | None
    half_life: timedelta | None
    lines: tuple[ScoreLine, ...]
    more_lines: bool
    trail: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Course:
    """A sequence this contact is in, or was; `revision` grows with every change of the stay."""

    id: UUID
    revision: int
    key: str
    title: str
    version: int
    state: str
    step: str
    position: int | None
    steps: int
    due_at: datetime | None
    zone: str | None
    ended_at: datetime | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Coming:
    """Something that is planned: a mail, a step that ends, a task for a person."""

    kind: str
    title: str
    detail: str
    at: datetime | None
    zone: str | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the story."""

    id: UUID
    at: datetime
    kind: str
    reason: Reason
    actor: str


@dataclass(frozen=True, slots=True)
class Story:
    entries: tuple[Entry, ...]
    before: tuple[datetime, UUID] | None
    kind: str


@dataclass(frozen=True, slots=True)
class Named:
    """Another contact, to be linked to."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Contact:
    id: UUID
    name: str
    row: Found
    addresses: tuple[str, ...]
    flagged: tuple[Found, ...]
    away_until: datetime | None
    stage: programme.StageName | None
    tags: tuple[str, ...]
    facts: tuple[Fact, ...]
    criteria: tuple[Criterion, ...]
    consents: tuple[Found, ...]
    suppressions: tuple[Found, ...]
    interests: tuple[tuple[str, float], ...]
    scores: Scores
    courses: tuple[Course, ...]
    coming: tuple[Coming, ...]
    story: Story
    names: programme.Names
    referred_by: Named | None
    brought: tuple[Named, ...]
    colleagues: Mapping[str, str]
    mails: tuple[str, ...]

    @property
    def acted_on(self) -> bool:
        """Whether there is still somebody to act on."""
        return self.row.erased_at is None


def look_at(
    place: Place,
    contact_id: UUID,
    now: datetime,
    kind: str = "all",
    before: tuple[datetime, UUID] | None = None,
) -> Contact | None:
    """Everything the contact's page shows, or None. A merged contact's page is that of the survivor's."""
    with place.database.read() as connection:
        names = programme.names(connection, place.workspace_id, place.preset)
        row = rows.contact(connection, place.workspace_id, contact_id, names.key)
        if row is None:
            return None
        courses = tuple(_course(course) for course in rows.enrollments_of(connection, contact_id))
        identities = rows.identities_of(connection, contact_id)
        addresses = tuple(each.shown_as for each in identities if each.kind == "email")
        return Contact(
            id=contact_id,
            name=full_name(row.first_name, row.last_name, addresses[0] if addresses else ""),
            row=row,
            addresses=addresses,
            away_until=row.away_until if row.away_until and row.away_until > now else None,
            flagged=tuple(each for each in identities if each.flag),
            stage=names.stage(row.stage) if row.stage else None,
            tags=tuple(rows.tags(connection, contact_id)),
            facts=_facts(connection, place.workspace_id, row),
            criteria=_criteria(connection, contact_id, names),
            consents=tuple(rows.consent_history(connection, contact_id)),
            suppressions=tuple(rows.suppressed(connection, place.workspace_id, contact_id)),
            interests=_interests(connection, contact_id, now),
            scores=_scores(connection, contact_id, now),
            courses=courses,
            coming=_coming(connection, contact_id, courses),
            story=_story(connection, contact_id, kind, before),
            names=names,
            referred_by=_named(referrals.named(connection, row.referred_by)) if row.referred_by else None,
            brought=tuple(
                named
                for each in referrals.brought_by(connection, contact_id, BROUGHT)
                if (named := _named(each))
            ),
            colleagues=_colleagues(connection, place.workspace_id),
            mails=tuple(rows.templates(connection, place.workspace_id)),
        )


@dataclass(frozen=True, slots=True)
class Head:
    """Who a page is about; `gone`: erased, so that nothing can be done for them any more."""

    id: UUID
    name: str
    stage: programme.StageName | None
    names: programme.Names
    gone: bool
    merged_into: UUID | None
    owner_id: UUID | None
    colleagues: Mapping[str, str]


def head(place: Place, contact_id: UUID) -> Head | None:
    """The head of a page about one thing of a contact, without the story. None: there is no such contact."""
    with place.database.read() as connection:
        names = programme.names(connection, place.workspace_id, place.preset)
        row = rows.contact(connection, place.workspace_id, contact_id, names.key)
        if row is None:
            return None
        address = next((each.shown_as for each in rows.identities_of(connection, contact_id)), "")
        return Head(
            contact_id,
            full_name(row.first_name, row.last_name, address),
            names.stage(row.stage) if row.stage else None,
            names,
            row.erased_at is not None,
            row.merged_into,
            row.owner_id,
            _colleagues(connection, place.workspace_id),
        )


def course(place: Place, contact_id: UUID, stay_id: UUID) -> Course | None:
    """One stay of the contact, running or over."""
    with place.database.read() as connection:
        found = rows.enrollments_of(connection, contact_id)
        return next((_course(row) for row in found if row.id == stay_id), None)


def _colleagues(connection: Connection, workspace_id: UUID) -> dict[str, str]:
    """Everybody of the team by the name under which their acts are kept, those who left too."""
    return {f"user:{row.id}": row.name for row in rows.colleagues(connection, workspace_id)}


def _named(row: Any) -> Named | None:
    return Named(row.id, full_name(row.first_name, row.last_name, "")) if row is not None else None


FIELDS = (
    "job_title", "company", "city", "country", "phone", "locale", "zone", "persona", "origin", "source",
    "preferred_channel", "owner",
)  # fmt: skip


def _facts(connection: Connection, workspace_id: UUID, row: Found) -> tuple[Fact, ...]:
    labels = rows.field_labels(connection, workspace_id)
    sources = rows.fact_sources(connection, row.id)
    known = [(name, None, row._mapping[name]) for name in FIELDS]
    own = [(name, labels.get(name, name), value) for name, value in sorted((row.fields or {}).items())]
    return tuple(
        Fact(name, label, value, *sources.get(name, (None, None)))
        for name, label, value in (*known, *own)
        if value not in (None, "")
    )


def _criteria(connection: Connection, contact_id: UUID, names: programme.Names) -> tuple[Criterion, ...]:
    """Every criterion of the lifecycle, in its order; one nobody asked for yet is unknown, not absent."""
    found = {
        row.criterion: Criterion(row.criterion, row.state, row.value, row.evidence, row.changed_at)
        for row in rows.criteria(connection, contact_id)
    }
    asked = {key: found.get(key) or Criterion(key, "unknown", None, {}, None) for key in names.criteria}
    return tuple({**asked, **found}.values())


def _interests(connection: Connection, contact_id: UUID, now: datetime) -> tuple[tuple[str, float], ...]:
    """Topics by what they are worth today, the strongest first; what has faded is left out."""
    found = [
        (row.topic, Measure(row.value, row.as_of, half_life(row.half_life)).at(now))
        for row in rows.interests_of(connection, contact_id)
    ]
    return tuple(sorted((each for each in found if each[1] >= 0.5), key=lambda each: -each[1])[:8])


def _scores(connection: Connection, contact_id: UUID, now: datetime) -> Scores:
    measures = {
        row.measure: Measure(row.value, row.as_of, half_life(row.half_life))
        for row in rows.scores_of(connection, contact_id)
    }
    found = rows.score_entries_of(connection, contact_id, ENTRIES + 1)

    def worth(row: Any) -> float:
        known = measures.get(row.measure)
        return Measure(row.points, row.at, known.half_life if known else None).at(now)

    lines = tuple(
        ScoreLine(
            row.measure, row.points, worth(row), row.rule, row.at, Reason(row.reason_code, row.reason_params)
        )
        for row in found[:ENTRIES]
    )
    more = len(found) > ENTRIES
    fit, engagement = measures.get("fit"), measures.get("engagement")
    half = engagement.half_life if engagement else None
    trail = () if more or fit is None or engagement is None else _trail(lines, half, now)
    return Scores(
        fit.at(now) if fit else None, engagement.at(now) if engagement else None, half, lines, more, trail
    )


def _trail(
    lines: tuple[ScoreLine, ...], half: timedelta | None, now: datetime
) -> tuple[tuple[float, float], ...]:
    """(fit, engagement) at the end of each of the last weeks since the first entry: the entries, folded anew."""

    def folded(measure: str, at: datetime, fading: timedelta | None) -> float:
        points = (
            Measure(line.points, line.at, fading).at(at)
            for line in lines
            if line.measure == measure and line.at <= at
        )
        return min(max(sum(points), 0.0), 100.0)

    first = min((line.at for line in lines), default=now)
    weeks = (now - timedelta(weeks=weeks) for weeks in range(TRAIL_WEEKS, -1, -1))
    return tuple((folded("fit", at, None), folded("engagement", at, half)) for at in weeks if at >= first)


def _course(row: Found) -> Course:
    outline = programme.outline(row.version_id, row.key, row.source)
    keys = [step.key for step in outline.steps]
    return Course(
        row.id,
        row.revision,
        row.key,
        outline.title,
        row.number,
        row.state,
        row.step,
        keys.index(row.step) + 1 if row.step in keys else None,
        len(keys),
        row.due_at,
        row.zone,
        row.ended_at,
        Reason(row.reason_code, row.reason_params),
    )


def _coming(connection: Connection, contact_id: UUID, courses: tuple[Course, ...]) -> tuple[Coming, ...]:
    """Planned mails, open tasks and the ends of steps, the next one first."""
    mails = [_coming_mail(row) for row in rows.planned_mails(connection, contact_id)]
    tasks = [_coming_task(row) for row in rows.open_tasks(connection, contact_id)]
    steps = [
        Coming(f"step.{course.state}", course.title, course.step, course.due_at, course.zone, course.reason)
        for course in courses
        if course.state in ("due", "waiting", "parked")
    ]
    return tuple(sorted((*mails, *tasks, *steps), key=lambda each: (each.at is None, each.at or NEVER)))


def _coming_task(row: Found) -> Coming:
    kind = "task" if row.name else "task.nobodys"
    return Coming(
        kind, row.title, row.name or "", row.due_at, None, Reason(row.reason_code, row.reason_params)
    )


def _coming_mail(row: Found) -> Coming:
    if row.state == "uncertain":
        return Coming("mail.uncertain", row.template, "", row.intent_at, None, Reason("mail.uncertain"))
    why = Reason(row.reason_code, row.reason_params)
    return Coming(f"mail.{row.state}", row.template, "", row.due_at, None, why)


def _story(
    connection: Connection, contact_id: UUID, kind: str, before: tuple[datetime, UUID] | None
) -> Story:
    kinds = STORY_KINDS.get(kind)
    found = rows.story(connection, contact_id, kinds, before, STORY)
    entries = tuple(
        Entry(row.id, row.at, row.kind, Reason(row.code, row.params), row.actor) for row in found[:STORY]
    )
    last = (entries[-1].at, entries[-1].id) if len(found) > STORY else None
    return Story(entries, last, kind if kinds else "all")
