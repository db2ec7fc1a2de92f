"""The rules asked at the moment of sending, one small function each.

Those that end a mail stand before those that hold it back, and within both what concerns the mail
alone before what needs reckoning. The first that objects decides; `ask_all` asks every one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from app.core.caps import FrequencyCap, free_at
from app.core.consent import mailable
from app.core.decisions import PASS, Cancel, Decision, Defer, Expire, Pass, Replace, Suppress
from app.core.lifecycle import Lifecycle, allows
from app.core.reasons import Reason
from app.core.timing import Calendar, QuietHours, Window, Zone, next_open, zone_of

# What a person or the recipient's server has stopped is looked at again after so long.
RECHECK = timedelta(minutes=5)
# Suppressions with these scopes stop every mail to the address; the other ones stop marketing only.
UNREACHABLE = ("address", "domain")

_NO_CONSENTS: Mapping[str, str] = {}
_UTC = zone_of(None, "UTC")[0]
_NO_HOLIDAYS = Calendar()
_WEEK = timedelta(days=7)
_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class MailFacts:
    """Everything the gate looks at for one mail.

    `suppressed` holds one reason for each suppression that hits this contact and topic, with its
    `scope` (topic / marketing / address / domain / company) among the params. `sent` are the instants
    of the contact's marketing mails with the state intent, uncertain or accepted. `own_cap` is the
    contact's own "mails a week", `own_month` their own in any 30 days. `when_capped` is "defer", "drop", or the key of the template that
    goes instead. `enrollment_state` is "active", "ended", or None for a mail without an enrollment;
    `sequence_state` is "live", "paused", "archived" or None; of a broadcast's mail "broadcast_paused" or
    "broadcast_cancelled". `zone` and `country` are the contact's.
    """

    message_class: str
    content_kind: str
    topic: str | None
    template: str
    stage: str
    lifecycle: Lifecycle
    address: str | None
    planned_at: datetime
    expires_at: datetime | None = None
    consents: Mapping[str, str] = field(default_factory=lambda: _NO_CONSENTS)
    suppressed: tuple[Reason, ...] = ()
    enrollment_state: str | None = None
    enrollment_reason: Reason | None = None
    sequence_state: str | None = None
    exit_holds: Reason | None = None
    goal_holds: Reason | None = None
    holdout: bool = False
    already_had_template: bool = False
    repeat: bool = False
    stopped: Reason | None = None
    person_has_word: Reason | None = None
    paused_until: datetime | None = None
    away_until: datetime | None = None
    sender_problem_until: datetime | None = None
    sender_problem: Reason | None = None
    caps: tuple[FrequencyCap, ...] = ()
    own_cap: int | None = None
    own_month: int | None = None
    sent: Sequence[datetime] = ()
    when_capped: str = "defer"
    window: Window | None = None
    quiet: QuietHours | None = None
    zone: Zone = _UTC
    calendar: Calendar = _NO_HOLIDAYS
    country: str | None = None


def expiry(planned_at: datetime, expires_at: datetime | None, away_until: datetime | None) -> datetime | None:
    """When a mail is too late: the days its recipient is away do not count."""
    if expires_at is None or away_until is None or away_until <= planned_at:
        return expires_at
    return max(expires_at, away_until + (expires_at - planned_at))


def enrollment(mail: MailFacts, now: datetime) -> Decision:
    """A mail does not outlive its enrollment."""
    if mail.enrollment_state != "ended":
        return PASS
    why = mail.enrollment_reason
    return Cancel("enrollment", Reason("gate.enrollment_ended", {"why": why.code if why else None}))


def archived(mail: MailFacts, now: datetime) -> Decision:
    """A sequence that was put away sends nothing more, and so does a broadcast that was called off."""
    if mail.sequence_state == "broadcast_cancelled":
        return Cancel("archived", Reason("gate.broadcast_cancelled"))
    return Cancel("archived", Reason("gate.archived")) if mail.sequence_state == "archived" else PASS


def goal(mail: MailFacts, now: datetime) -> Decision:
    """Who has reached the sequence's goal needs no more of its mails."""
    return PASS if mail.goal_holds is None else Cancel("goal", mail.goal_holds)


def exits(mail: MailFacts, now: datetime) -> Decision:
    """Whom the sequence lets go gets no more of its mails."""
    return PASS if mail.exit_holds is None else Cancel("exits", mail.exit_holds)


def address(mail: MailFacts, now: datetime) -> Decision:
    return PASS if mail.address else Suppress("address", Reason("gate.no_address"))


def suppression(mail: MailFacts, now: datetime) -> Decision:
    """Every suppression stops marketing; a dead address or domain stops service and internal mail too."""
    for reason in mail.suppressed:
        scope = reason.params.get("scope", "address")
        if mail.message_class == "marketing" or scope in UNREACHABLE:
            return Suppress("suppression", reason)
    return PASS


def consent(mail: MailFacts, now: datetime) -> Decision:
    refusal = mailable(mail.consents, mail.topic, mail.message_class)
    return PASS if refusal is None else Suppress("consent", refusal)


def stage(mail: MailFacts, now: datetime) -> Decision:
    """The stage gate: the template's content kind against the stage the contact is at now."""
    if allows(mail.lifecycle, mail.stage, mail.content_kind):
        return PASS
    return Suppress("stage", Reason("gate.stage", {"stage": mail.stage, "content_kind": mail.content_kind}))


def holdout(mail: MailFacts, now: datetime) -> Decision:
    return Suppress("holdout", Reason("gate.holdout")) if mail.holdout else PASS


def once(mail: MailFacts, now: datetime) -> Decision:
    """A template reaches a contact once, ever, unless it says `repeat`."""
    if not mail.already_had_template or mail.repeat:
        return PASS
    return Suppress("once", Reason("gate.once", {"template": mail.template}))


def late(mail: MailFacts, now: datetime) -> Decision:
    if mail.expires_at is None or now < mail.expires_at:
        return PASS
    params = {"planned_at": mail.planned_at.isoformat(), "expires_at": mail.expires_at.isoformat()}
    return Expire(Reason("gate.late", params))


def stopped(mail: MailFacts, now: datetime) -> Decision:
    """The red button."""
    return PASS if mail.stopped is None else Defer(now + RECHECK, "stopped", mail.stopped)


def sender(mail: MailFacts, now: datetime) -> Decision:
    """What is wrong with the sender is not the recipient's fault: the mail waits."""
    until = mail.sender_problem_until
    if until is None or until <= now:
        return PASS
    return Defer(until, "sender", mail.sender_problem or Reason("gate.sender", {"until": until.isoformat()}))


def sequence(mail: MailFacts, now: datetime) -> Decision:
    if mail.sequence_state == "broadcast_paused":
        return Defer(now + RECHECK, "sequence", Reason("gate.broadcast_paused"))
    return (
        Defer(now + RECHECK, "sequence", Reason("gate.paused")) if mail.sequence_state == "paused" else PASS
    )


def person(mail: MailFacts, now: datetime) -> Decision:
    """While a person is to speak next, the machine is silent."""
    return PASS if mail.person_has_word is None else Defer(now + RECHECK, "person", mail.person_has_word)


def pause(mail: MailFacts, now: datetime) -> Decision:
    """The contact asked for a rest."""
    until = mail.paused_until
    if until is None or until <= now:
        return PASS
    return Defer(until, "pause", Reason("gate.contact_paused", {"until": until.isoformat()}))


def away(mail: MailFacts, now: datetime) -> Decision:
    """Who is away, as their automatic answer says, finds our mail when they are back, and not below all others."""
    until = mail.away_until
    if until is None or until <= now:
        return PASS
    return Defer(until, "away", Reason("gate.away", {"until": until.isoformat()}))


def cap(mail: MailFacts, now: datetime) -> Decision:
    """The frequency caps, shared by all sequences, and the contact's own."""
    caps = mail.caps
    if mail.own_cap is not None:
        if mail.own_cap < 1:
            return Suppress("cap", Reason("gate.no_mails_wanted"))
        caps = (*caps, FrequencyCap(mail.own_cap, _WEEK, f"{mail.own_cap} a week"))
    if mail.own_month is not None:
        caps = (*caps, FrequencyCap(mail.own_month, _MONTH, f"{mail.own_month} a month"))
    held = free_at(caps, mail.sent, now)
    if held is None:
        return PASS
    until, by = held
    reason = Reason("gate.cap", {"cap": by.label, "until": until.isoformat()})
    if mail.when_capped == "drop":
        return Suppress("cap", reason)
    if mail.when_capped in ("defer", mail.template):
        return Defer(until, "cap", reason)
    return Replace(
        mail.when_capped, until, Reason(reason.code, {**reason.params, "instead": mail.when_capped})
    )


def window(mail: MailFacts, now: datetime) -> Decision:
    """The send window and the quiet hours, together: a mail leaves when both allow it."""
    opens = next_open(now, mail.window, mail.quiet, mail.zone, mail.calendar, mail.country)
    if opens == now:
        return PASS
    if opens is None:
        return Suppress("window", Reason("gate.never_open"))
    inside = mail.window is None or mail.window.contains(now, mail.zone, mail.calendar, mail.country)
    params = {"until": opens.isoformat(), "zone": mail.zone.key}
    return Defer(opens, "window", Reason("gate.quiet" if inside else "gate.window", params))


class Rule(Protocol):
    """Its `__name__` is the rule's name."""

    __name__: str

    def __call__(self, mail: MailFacts, now: datetime, /) -> Decision: ...


FINAL: tuple[Rule, ...] = (
    enrollment, archived, goal, exits, address, suppression, consent, stage, holdout, once, late,
)  # fmt: skip
HOLDING: tuple[Rule, ...] = (stopped, sender, sequence, person, pause, away, cap, window)
RULES: tuple[Rule, ...] = FINAL + HOLDING

# A service mail answers what somebody just did, so it needs no consent and waits for no office hours;
# one that is part of a sequence still ends with it.
_SERVICE: tuple[Rule, ...] = (
    enrollment, archived, goal, exits, address, suppression, late, stopped, sender, sequence,
)  # fmt: skip
# An internal mail tells a colleague, also about an enrollment that just ended.
_INTERNAL: tuple[Rule, ...] = (address, suppression, late, stopped, sender)
_BY_CLASS = {"service": _SERVICE, "internal": _INTERNAL}


def rules_for(message_class: str) -> tuple[Rule, ...]:
    """The rules a mail of this class is asked, in their order."""
    return _BY_CLASS.get(message_class, RULES)


def decide(mail: MailFacts, now: datetime) -> Decision:
    """What becomes of the mail at `now`: the first objection, or `Pass`.

    A mail that has to wait is looked at again when it expires at the latest, so that it never holds
    up its sequence longer than it may be late.
    """
    for rule in rules_for(mail.message_class):
        decision = rule(mail, now)
        if decision is not PASS:
            return _in_time(decision, mail.expires_at)
    return PASS


def ask_all(mail: MailFacts, now: datetime) -> list[tuple[str, Decision]]:
    """What every rule says by itself, in their order, under its name."""
    return [(rule.__name__, rule(mail, now)) for rule in rules_for(mail.message_class)]


def _in_time(decision: Decision, expires_at: datetime | None) -> Decision:
    if isinstance(decision, Defer | Replace) and expires_at is not None and decision.until > expires_at:
        return replace(decision, until=expires_at)
    return decision


__all__ = [
    "HOLDING", "PASS", "RECHECK", "RULES", "Cancel", "Decision", "Defer", "Expire", "MailFacts", "Pass",
    "Replace", "Suppress", "ask_all", "decide", "rules_for",
]  # fmt: skip
