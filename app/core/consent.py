"""Who may be mailed about what, on which basis."""

from collections.abc import Mapping

from app.core.reasons import Reason

_REFUSALS = {
    "withdrawn": "gate.consent_withdrawn",
    "asked": "gate.consent_asked",
}


def mailable(consents: Mapping[str, str], topic: str | None, message_class: str) -> Reason | None:
    """None when a mail about `topic` may go, else why not.

    `consents` maps a topic's key to given, asked or withdrawn; without an entry there is no basis. Only
    marketing needs one: service mail answers what the contact did, internal mail goes to a user.
    """
    if message_class != "marketing":
        return None
    if topic is None:
        return Reason("gate.consent_without_topic")
    state = consents.get(topic)
    if state == "given":
        return None
    return Reason(_REFUSALS.get(state or "", "gate.consent_unknown"), {"topic": topic})
