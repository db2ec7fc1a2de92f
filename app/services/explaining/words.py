"""Explanations in sentences, the instants on the contact's own clock."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from app.core.explain import Change
from app.core.reasons import Reason
from app.services.explaining.mails import Course, MailExplained
from app.services.explaining.standing import Standing
from app.services.explaining.topics import TopicsExplained
from app.services.sentences import because, headline, moment, say

FORESEEN = {
    "mail_accepted": "goes", "mail_deferred": "waits", "mail_suppressed": "is not sent",
    "mail_expired": "comes too late", "mail_cancelled": "is cancelled", "stage": "the stage changes",
    "task": "a task", "ended": "the end of the stay", "parked": "stays where they are",
}  # fmt: skip
STATES = {
    "accepted": "Sent", "suppressed": "Not sent", "expired": "Too late", "failed": "Failed", "cancelled": "Cancelled",
    "uncertain": "Uncertain", "queued": "Waiting", "deferred": "Waiting", "claimed": "Being sent", "intent": "Being sent",
}  # fmt: skip


class Words:
    """Tells in `locale`, by a clock in `zone`: "Thu 26 Nov, 09:00 in Lisbon"."""

    def __init__(self, zone: ZoneInfo, locale: str = "en") -> None:
        self._zone = zone
        self._locale = locale

    def when(self, at: datetime) -> str:
        place = self._zone.key.rpartition("/")[2].replace("_", " ")
        return f"{moment(at, self._zone, self._locale)} in {place}"

    def why(self, reason: Reason) -> str:
        return say(reason.code, reason.params, self._locale, self._zone)

    def change(self, change: Change) -> str:
        text = self.why(change.reason)
        if change.params.get("wanted") is False:
            return say("change.not", {"change": text}, self._locale, self._zone)
        return text

    def mail(self, told: MailExplained) -> Iterator[str]:
        for course in told.courses:
            yield from self._course(course)
        if not told.courses:
            yield f"“{told.template}” was never planned for this contact."
        subject = "The mail that waits" if told.waiting else "One more"
        if told.goes:
            yield f"{subject} would go at {self.when(told.at)}: no rule objects."
            return
        yield f"{subject} would not go at {self.when(told.at)}:"
        for verdict in told.verdicts:
            if verdict.reason is not None:
                yield f"  {verdict.rule} ({verdict.decision}): {self.why(verdict.reason)}."
                for change in verdict.changes:
                    yield f"    What would change it: {self.change(change)}."
        fine = [verdict.rule for verdict in told.verdicts if verdict.reason is None]
        yield f"  No objection: {', '.join(fine)}."

    def _course(self, course: Course) -> Iterator[str]:
        place = f" by step “{course.step}” of “{course.sequence}”" if course.sequence else ""
        yield f"Planned{place} on {self.when(course.planned_at)}."
        ended = f" on {self.when(course.ended_at)}" if course.ended_at is not None else ""
        due = f", next look {self.when(course.due_at)}" if course.state in ("queued", "deferred") else ""
        yield f"  {STATES.get(course.state, course.state)}{ended}{due}: {self.why(course.reason)}."
        for one in course.tries:
            yield f"  Tried {self.when(one.at)}: {one.outcome} at {one.phase}, {one.response or 'no answer'}."

    def topics(self, told: TopicsExplained) -> Iterator[str]:
        for topic in told.topics:
            consent = say(f"consent.word.{topic.state}", {}, self._locale, self._zone)
            yield f"{topic.topic}: {'a mail may go' if topic.goes else 'no mail goes'} (consent: {consent})."
            for verdict in topic.verdicts:
                if verdict.reason is not None:
                    yield f"  {verdict.rule} ({verdict.decision}): {self.why(verdict.reason)}."
            for change in topic.changes:
                yield f"    What would change it: {self.change(change)}."
        for cap in told.caps:
            yield f"Cap {cap.cap}: {cap.counting} of {cap.most} used."

    def standing(self, told: Standing) -> Iterator[str]:
        since = f" since {self.when(told.stage_since)}" if told.stage_since is not None else ""
        why = f": {self.why(told.stage_reason)}" if told.stage_reason is not None else ""
        yield f"Stage: {told.stage or 'none'}{since}{why}."
        yield from self._scores(told)
        for criterion in told.criteria:
            value = f" ({criterion.value})" if criterion.value is not None else ""
            proof = criterion.evidence.get("what")
            yield f"Criterion {criterion.key}: {criterion.state}{value}{f', because of {proof}' if proof else ''}."
        yield from self._places(told)
        yield f"Next stage: {self.why(told.judged)}."
        for change in told.missing:
            yield f"  What would change it: {self.change(change)}."
        yield from self._coming(told)
        if told.story:
            yield "The last lines of the story:"
        for at, kind, reason in told.story:
            line = headline(kind, reason.code, reason.params, self._locale, self._zone)
            why = because(reason.code, reason.params, self._locale, self._zone)
            yield f"  {self.when(at)}: {line}{f', {why}' if why != reason.code else ''}."

    def _scores(self, told: Standing) -> Iterator[str]:
        for score in told.scores:
            yield f"{score.measure.capitalize()}: {score.value:.1f}."
            for entry in score.entries:
                left = f", worth {entry.worth:.1f} now" if abs(entry.worth - entry.points) > 0.05 else ""
                yield f"  {entry.points:+g} on {self.when(entry.at)}{left}: {self.why(entry.reason)}."

    def _places(self, told: Standing) -> Iterator[str]:
        if not told.places:
            yield "In no sequence."
        for place in told.places:
            due = f"; next {self.when(place.due_at)}" if place.due_at is not None else ""
            yield f"In “{place.sequence}” at “{place.step}” since {self.when(place.since)}: {self.why(place.reason)}{due}."

    def _coming(self, told: Standing) -> Iterator[str]:
        if told.coming:
            yield "In the next 30 days, if nobody answers:"
        for line in told.coming:
            what = f"“{line.template}” " if line.template else ""
            state = FORESEEN.get(line.action, line.action)
            place = f" ({line.sequence})" if line.sequence else ""
            why = f", {self.why(line.reason)}" if line.action != "mail_accepted" else ""
            yield f"  {self.when(line.at)}: {what}{state}{place}{why}."
