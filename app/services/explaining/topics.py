"""Of which topics a contact may be written about at this moment: consent, caps and rests, topic by topic."""

from dataclasses import dataclass, replace
from datetime import datetime

from app.core.explain import Change, Verdict, in_the_way, verdicts
from app.core.simulator import Mail
from app.core.simulator.sending import gate_facts
from app.services.explaining.mails import STOPPED
from app.services.explaining.situation import Situation

# The rules about a person and a topic. The others ask about one sequence, one template or one hour.
RULES = ("address", "suppression", "consent", "stage", "stopped", "person", "pause", "away", "cap")


@dataclass(frozen=True, slots=True)
class TopicExplained:
    """`state` of the consent; `verdicts` are the objections, `changes` all that would have to be different."""

    topic: str
    state: str
    goes: bool
    verdicts: tuple[Verdict, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class CapExplained:
    """`counting` of the mails that were sent count under the cap at this moment."""

    cap: str
    counting: int
    most: int


@dataclass(frozen=True, slots=True)
class TopicsExplained:
    at: datetime
    caps: tuple[CapExplained, ...]
    topics: tuple[TopicExplained, ...]


def explain_topics(seen: Situation) -> TopicsExplained:
    """What the gate would say of a marketing mail of each topic, with content that the stage gets."""
    sent = [at for _, message_class, at in seen.person.sent if message_class == "marketing"]
    caps = tuple(
        CapExplained(cap.label, sum(at > seen.at - cap.per for at in sent), cap.count)
        for cap in seen.setting.programme.caps
    )
    return TopicsExplained(seen.at, caps, tuple(_one(seen, key) for key in seen.setting.programme.topics))


def _one(seen: Situation, topic: str) -> TopicExplained:
    facts = gate_facts(seen.play(), seen.person, _any_mail(seen, topic), None, seen.at)
    if seen.stopped:
        facts = replace(facts, stopped=STOPPED)
    found = [one for one in verdicts(facts, seen.at) if one.rule in RULES and one.reason is not None]
    state = seen.facts.consents.get(topic, "unknown")
    return TopicExplained(topic, state, not found, tuple(found), tuple(in_the_way(found)))


def _any_mail(seen: Situation, topic: str) -> Mail:
    stage = seen.catalogue.rules.lifecycle.stages.get(seen.facts.stage)
    kinds = sorted(stage.content_kinds) if stage is not None else []
    return Mail(
        enrollment_id=None, sequence=None, step=None, visit=None, template="", topic=topic,
        message_class="marketing", content_kind=kinds[0] if kinds else "", priority=50, once=False,
        when_capped="defer", due_at=seen.at, planned_at=seen.at, code="",
    )  # fmt: skip
