"""The first contact's story, told to the full: answers, scores, consent, mails and a machine's clicks."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.core.effects import AddScore
from app.core.reasons import Reason
from app.core.scoring import fold

if TYPE_CHECKING:
    from tests.support.seed import Seeded, Sower

SEQUENCE = "discovery-guide"
TEMPLATES = ("discovery/hello", "discovery/guide", "discovery/nudge", "discovery/ask-means")
SOURCE = """\
# The first weeks of a lead.
sequence: discovery-guide
title: Discovery guide
for: lead
topic: getting-started
enter: {on: stage_entered, never: {tag: competitor}, at most: 200 a day}
again: never
priority: 50
window: {days: mon-fri, from: "08:30", to: "17:30", zone: contact}
goal: {stage: prospect}
exit: [replied, unsubscribed, bounced]
steps:
  - hello: {send: discovery/hello}
  - pause: {wait: 2 working days}
  - guide: {send: discovery/guide}
  - read:  {wait_for: {clicked: guide}, up to: 5 days, then: interested, else: nudge}
  - nudge: {send: discovery/nudge}
  - interested: {branch: [{if: {topic: pricing, at least: 2, in: 14 days}, go: ask}, {else: end}]}
  - ask:   {ask: means, with: discovery/ask-means, up to: 5 days, then: call, else: end}
  - call:  {task: Call them, kind: call, due: 1 working day, go: end}
"""


def story(sower: "Sower", seeded: "Seeded", version_id: UUID, now: datetime) -> None:
    person = seeded.contacts[0]
    here: dict[str, Any] = {"workspace_id": seeded.workspace_id, "contact_id": person}
    _answers(sower, here, now)
    _scores(sower, here, now)
    _consent(sower, here, now)
    enrollment_id = sower.id(now - timedelta(days=20))
    sower.add(
        "enrollments", id=enrollment_id, definition_id=seeded.sequence_id, version_id=version_id, entry_number=1,
        state="waiting", step="ask", visit=1, inside=True, since=now - timedelta(days=5),
        due_at=now + timedelta(days=2), waiting_for={"event": "answered"}, visits={"ask": 1}, failures=0,
        entered_at=now - timedelta(days=20), entered_by="trigger", reason_code="wait.answer",
        reason_params={"up_to": "5 days"}, revision=5, **here,
    )  # fmt: skip
    from tests.support.seed import mail

    mail(sower, seeded, person, enrollment_id, "hello", "accepted", now - timedelta(days=20))
    mail(sower, seeded, person, enrollment_id, "guide", "accepted", now - timedelta(days=12))
    mail(sower, seeded, person, enrollment_id, "nudge", "uncertain", now - timedelta(hours=3))
    mail(sower, seeded, person, enrollment_id, "ask", "queued", now + timedelta(days=2))
    _timeline(sower, here, now, enrollment_id)


def _answers(sower: "Sower", here: dict[str, Any], now: datetime) -> None:
    for criterion, state, value, evidence in (
        ("need", "yes", "Bills are late every quarter", {"source": "form", "subject": "guide"}),
        ("means", "yes", 12000, {"source": "ask", "subject": "discovery/ask-means"}),
        ("authority", "unknown", None, {}),
    ):
        sower.add(
            "contact_criteria", criterion=criterion, state=state, value=value, evidence=evidence,
            changed_at=now - timedelta(days=5), **here,
        )  # fmt: skip


def _scores(sower: "Sower", here: dict[str, Any], now: datetime) -> None:
    entries = (
        ("fit", "industry", 48.0, 40), ("fit", "size", 30.0, 30),
        ("engagement", "read the guide", 12.0, 12), ("engagement", "answered", 21.0, 5),
        ("engagement", "asked for a quote", 40.0, 0),
    )  # fmt: skip
    for measure, rule, points, days in entries:
        sower.add(
            "score_entries", id=sower.id(now - timedelta(days=days)), measure=measure, rule=rule, model_version=1,
            occasion=rule, points=points, at=now - timedelta(days=days, hours=1),
            reason_code="score.fit" if measure == "fit" else "score.event",
            reason_params={"rule": rule, "points": points}, **here,
        )  # fmt: skip
    for measure, half_life in (("fit", None), ("engagement", timedelta(days=21))):
        made = [
            AddScore(measure, rule, rule, points, now - timedelta(days=days, hours=1), Reason("score.event"))
            for of, rule, points, days in entries
            if of == measure
        ]
        folded = fold(made, half_life)
        assert folded is not None
        sower.add(
            "scores", measure=measure, value=folded.value, as_of=folded.as_of,
            half_life=half_life.total_seconds() if half_life else None, **here,
        )  # fmt: skip


def _consent(sower: "Sower", here: dict[str, Any], now: datetime) -> None:
    for state, days in (("asked", 41), ("given", 40)):
        sower.add(
            "consent_entries", id=sower.id(now - timedelta(days=days)), purpose="getting-started", state=state,
            basis="consent", source="form", text_version="3", at=now - timedelta(days=days), detail={}, **here,
        )  # fmt: skip
    sower.add(
        "consents",
        purpose="getting-started",
        state="given",
        basis="consent",
        at=now - timedelta(days=40),
        **here,
    )


def _timeline(sower: "Sower", here: dict[str, Any], now: datetime, enrollment_id: UUID) -> None:
    def told(hours: float, kind: str, code: str, **params: Any) -> None:
        at = now - timedelta(hours=hours)
        sower.add(
            "timeline", id=sower.id(at), at=at, kind=kind, code=code, params=params, actor="engine",
            enrollment_id=enrollment_id, **here,
        )  # fmt: skip

    guide = {"sequence": SEQUENCE}
    told(480, "enrolled", "enrollment.entered", **guide)
    told(479, "mail_accepted", "mail.accepted", template="discovery/hello", step="hello")
    told(288, "mail_accepted", "mail.accepted", template="discovery/guide", step="guide")
    told(287, "event", "event.clicked", subject="discovery/guide", verdict="human")
    told(287, "step", "wait_for.happened", step="read", up_to="5 days", **guide)
    told(
        140,
        "mail_deferred",
        "gate.cap",
        template="discovery/ask-means",
        cap="1 a week",
        until="2026-11-19T08:30:00+00:00",
    )
    told(121, "event", "event.clicked", subject="discovery/ask-means", verdict="machine")
    told(120, "event", "event.answered", subject="means", verdict="human")
    told(
        119.9,
        "stage",
        "stage.qualified",
        to="prospect",
        stage="prospect",
        **{"from": "lead"},
        fit=78,
        fit_at_least=60,
    )
    told(0.5, "event", "event.quote_requested", subject="quote", verdict="human")
    told(0.4, "task", "task.by_step", title="Answer her", step="call", **guide)
