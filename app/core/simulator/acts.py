"""What one contact goes through at one instant, in the order of the live engine."""

from datetime import UTC, datetime, time, timedelta, tzinfo
from uuid import UUID

from app.core.admission import SILENT, Stay, refusal
from app.core.conditions import InSegment, holds
from app.core.engine import advance, enter, notice
from app.core.enrollments import delivery_ended
from app.core.facts import Happening
from app.core.ids import content_id
from app.core.occasions import occasion
from app.core.reactions import TOLD_ALREADY, changed, judge_again, react, said_by_its_event
from app.core.reasons import Reason
from app.core.simulator.acting import Actor
from app.core.simulator.model import Asked, Inside, Line, Mail, Person, Told
from app.core.simulator.play import Play
from app.core.simulator.sending import ask_gate

RESPONSE = "response"


class Contact(Actor):
    """One contact in a rehearsal: hears, asks to enter, goes on, gets mail."""

    __slots__ = ("gather_at", "silent_at")

    def __init__(self, play: Play, person: Person, start: datetime) -> None:
        super().__init__(play, person)
        # When it is to be looked whether they have fallen silent.
        self.silent_at: datetime | None = None
        # When it is to be looked whether a sequence begins for them by a segment or a date: at once, then each day.
        self.gather_at: datetime | None = start if play.gathered else None
        self._listen(start)

    def _listen(self, now: datetime) -> None:
        silence = self.play.silence
        if silence is not None and self.person.sent:
            self.silent_at = silence.earliest(self.person, now)

    def fall_silent(self, now: datetime) -> None:
        """Tell the rules of somebody who has given no sign for long."""
        silence = self.play.silence
        if silence is None or self.silent_at is None or self.silent_at > now:
            return
        at = silence.earliest(self.person, now)
        self.silent_at = at if at > now else None
        if at <= now and silence.holds(self.person, now):
            self.happen(Happening("silent", "", now), now)
            self._listen(now)

    def next_at(self) -> datetime | None:
        """The next instant at which anything is due; None: never again by itself."""
        person = self.person
        next_at = person.judge_at
        if self.silent_at is not None and (next_at is None or self.silent_at < next_at):
            next_at = self.silent_at
        if self.gather_at is not None and (next_at is None or self.gather_at < next_at):
            next_at = self.gather_at
        for inside in person.inside:
            enrollment = inside.enrollment
            at = enrollment.due_at
            # Of a sequence that does not run nobody goes on; a mail on its way has no due instant.
            if at is None or (next_at is not None and at >= next_at):
                continue
            if enrollment.state != "sending" and self._runs(inside):
                next_at = at
        for mail in person.mails:
            if next_at is None or mail.due_at < next_at:
                next_at = mail.due_at
        for told in person.told:
            if next_at is None or told.received_at < next_at:
                next_at = told.received_at
        for asked in person.asked:
            if asked.due_at is not None and (next_at is None or asked.due_at < next_at):
                next_at = asked.due_at
        return next_at

    def gather(self, now: datetime) -> None:
        """Let them ask for the sequences whose segment they are in, or whose date has come where they live.

        The live engine looks every hour, a rehearsal at the start of each of their days.
        """
        if self.gather_at is None or self.gather_at > now:
            return
        setting, facts = self.play.setting, self.facts
        self.gather_at = next_day(now, setting.zone(facts))
        for sequence in self.play.gathered:
            key, trigger = sequence.key, sequence.trigger
            is_theirs = occasion(sequence, facts, setting, now) is not None
            if trigger.on == "segment":
                is_theirs = holds(InSegment(trigger.name), facts, now, setting.segments)
            if not is_theirs or any(asked.sequence == key for asked in self.person.asked):
                continue
            if refusal(sequence, "live", self._stay(key), facts, setting, trigger.on, now) is None:
                reason = Reason(f"enroll.{trigger.on}", {"subject": trigger.name, "sequence": key})
                self.person.asked.append(Asked(key, trigger.on, reason, now))

    def _runs(self, inside: Inside) -> bool:
        # Who is inside goes on, also where nobody else may come in.
        return self.play.states.get(inside.sequence.key, "live") in ("live", SILENT)

    def hear(self, now: datetime) -> None:
        """React to everything that happened up to now, one at a time, and judge what changed in between."""
        while self._hears_one(now) | self._is_judged(now):
            pass

    def _hears_one(self, now: datetime) -> bool:
        heard = [told for told in self.person.told if told.received_at <= now]
        if not heard:
            return False
        self._see(heard)
        first = min(heard, key=_order)
        self.person.told.remove(first)
        self._react(first, now)
        return True

    def _is_judged(self, now: datetime) -> bool:
        person = self.person
        if person.judge_at is None or person.judge_at > now:
            return False
        person.judge_at = None
        rules, standing = self.play.rules, person.standing
        self.obey(judge_again(self.facts, rules, now, occasion=now.isoformat(), standing=standing), now)
        return True

    def _see(self, heard: list[Told]) -> None:
        fresh = [told for told in heard if not told.seen]
        if fresh:
            for told in fresh:
                told.seen = True
            happenings = [*self.facts.happenings, *(told.happening for told in fresh)]
            self.facts.happenings = sorted(happenings, key=_when)

    def _react(self, told: Told, now: datetime) -> None:
        happening, rules = told.happening, self.play.rules
        if happening.kind == "unsubscribed" and told.source == RESPONSE:
            self._withdraw(now)
        if happening.kind not in TOLD_ALREADY:
            code = f"event.{happening.kind.partition(':')[0]}"
            self.tell("event", happening.at, Reason(code, {"subject": happening.subject}))
        effects = react(
            happening, self.facts, rules, now, event_id=told.id, earlier=self.person.earlier,
            standing=self.person.standing, payload=told.payload,
        )  # fmt: skip
        after = changed(self.facts, effects, rules.scoring)
        self.obey([effect for effect in effects if not said_by_its_event(effect)], now)
        moved = []
        for inside in self.person.inside:
            step = notice(inside.enrollment, inside.sequence, happening, after, self.play.setting, now)
            if step.enrollment is not inside.enrollment:
                moved.append((inside, step))
        for inside, step in moved:
            inside.enrollment = step.enrollment
            if step.enrollment.state == "ended":
                self.end(inside, now)
        for inside, step in moved:
            self.obey(step.effects, now, inside)
        for sequence in self.play.begun_by(happening, told.source):
            reason = Reason(
                f"enroll.{sequence.trigger.on}", {"subject": happening.subject, "sequence": sequence.key}
            )
            self.person.asked.append(Asked(sequence.key, sequence.trigger.on, reason, now))

    def _withdraw(self, now: datetime) -> None:
        """What the unsubscribe page does before anybody reacts: no consent any more, and no mail that waits."""
        self.facts.consents = dict.fromkeys(self.facts.consents, "withdrawn")
        for mail in [mail for mail in self.person.mails if mail.message_class == "marketing"]:
            self._over(mail, self._inside_of(mail), "cancelled", now)

    def asking(self, now: datetime) -> list[Asked]:
        return [asked for asked in self.person.asked if asked.due_at is not None and asked.due_at <= now]

    def admit(self, asked: Asked, now: datetime) -> None:
        """Decide a request to enter: in, refused, or later."""
        offer = self.play.offers.get(asked.sequence)
        if offer is None:
            self.person.asked.remove(asked)
            return
        if offer.state == "paused":
            asked.due_at = None
            return
        wait = self.play.full_until(asked.sequence, now)
        if wait is not None:
            asked.due_at = wait
            return
        self.person.asked.remove(asked)
        sequence = offer.sequence
        past = self._stay(asked.sequence)
        refused = refusal(sequence, offer.state, past, self.facts, self.play.setting, asked.trigger, now)
        if refused is not None:
            self.tell("not_enrolled", now, refused, asked.sequence)
            return
        number = past.number + 1 if past is not None else 1
        reason = Reason(asked.reason.code, {**asked.reason.params, "sequence": sequence.key})
        enrollment = enter(
            sequence, self._id(sequence.key, number, now), self.facts.contact_id, number, now, reason
        )
        self.person.inside.append(Inside(enrollment, sequence))
        self.play.one_enters(sequence.key, now)
        self.tell("enrolled", now, reason, sequence.key)

    def _stay(self, key: str) -> Stay | None:
        for inside in self.person.inside:
            if inside.enrollment.sequence == key:
                return Stay(inside.enrollment.entry_number, None)
        return self.person.past.get(key)

    def _id(self, key: str, number: int, now: datetime) -> UUID:
        return content_id(now, "rehearsal", f"{self.facts.contact_id}:{key}:{number}")

    def go_on(self, now: datetime) -> bool:
        """Advance whoever is due, all by the same facts, as a live batch is; whether anybody was."""
        setting = self.play.setting
        moved = [
            (inside, advance(inside.enrollment, inside.sequence, self.facts, setting, now))
            for inside in self.person.inside
            if self._is_due(inside, now)
        ]
        for inside, step in moved:
            inside.enrollment = step.enrollment
            if step.enrollment.state == "ended":
                self.end(inside, now)
        for inside, step in moved:
            if step.effects:
                self.obey(step.effects, now, inside)
        return bool(moved)

    def _is_due(self, inside: Inside, now: datetime) -> bool:
        enrollment = inside.enrollment
        due = enrollment.due_at
        if due is None or due > now or enrollment.state == "sending" or not self._runs(inside):
            return False
        # A time-out waits until what came before it was heard.
        unheard = enrollment.state == "waiting" and any(told.received_at <= due for told in self.person.told)
        return not unheard

    def send(self, now: datetime) -> None:
        """Ask the gate about every due mail, the weightiest first; what passes is accepted at once."""
        mails = self.person.mails
        while mails:
            due = [mail for mail in mails if mail.due_at <= now]
            if not due:
                return
            mail = due[0] if len(due) == 1 else min(due, key=_weight)
            inside = self._inside_of(mail)
            sent = ask_gate(self.play, self.person, mail, inside, now)
            if sent.noted:
                self.tell(sent.action, now, sent.reason, mail.sequence, mail.step, sent.template)
            if sent.state is not None:
                mails = self._over(mail, inside, sent.state, now)
                if sent.state == "accepted":
                    self._respond(self.lines[-1], now)
            elif sent.had_changed:
                self.note_had()

    def _inside_of(self, mail: Mail) -> Inside | None:
        for inside in self.person.inside:
            if inside.enrollment.id == mail.enrollment_id:
                return inside
        return None

    def _over(self, mail: Mail, inside: Inside | None, outcome: str, now: datetime) -> list[Mail]:
        """A delivery ended: its enrollment goes on from that instant."""
        person = self.person
        person.mails = mails = [one for one in person.mails if one is not mail]
        if outcome == "accepted":
            person.sent.append((mail.template, mail.message_class, now))
            self.reached.add(mail.template)
            if self.silent_at is None:
                self._listen(now)
        self.note_had()
        if inside is not None and inside.enrollment.visit == mail.visit:
            inside.enrollment = delivery_ended(inside.enrollment, outcome, now)
        return mails

    def _respond(self, line: Line, now: datetime) -> None:
        for response in self.play.responses(self.facts.contact_id, line):
            at = now + response.after
            happening = Happening(response.kind, response.subject, at, response.topics, response.verdict)
            self.told_in_all += 1
            id = f"{self.facts.contact_id}:{self.told_in_all}"
            self.person.told.append(Told(at, happening, id, response.payload, RESPONSE))


def next_day(now: datetime, zone: tzinfo) -> datetime:
    """The first instant of the next day there."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return max(datetime.combine(tomorrow, time.min, zone).astimezone(UTC), now + timedelta(hours=1))


def _order(told: Told) -> tuple[datetime, str, str]:
    return told.received_at, told.happening.kind, told.happening.subject


def _when(happening: Happening) -> datetime:
    return happening.at


def _weight(mail: Mail) -> tuple[int, datetime, str]:
    return -mail.priority, mail.due_at, mail.template
