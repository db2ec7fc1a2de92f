import pytest

from app.core.consent import mailable


def test_marketing_needs_consent_for_its_topic() -> None:
    assert mailable({"guides": "given"}, "guides", "marketing") is None


@pytest.mark.parametrize(
    ("consents", "topic", "code"),
    [
        ({}, "guides", "gate.consent_unknown"),
        ({"guides": "unknown"}, "guides", "gate.consent_unknown"),
        ({"offers": "given"}, "guides", "gate.consent_unknown"),
        ({"guides": "asked"}, "guides", "gate.consent_asked"),
        ({"guides": "withdrawn"}, "guides", "gate.consent_withdrawn"),
        ({"guides": "given"}, None, "gate.consent_without_topic"),
    ],
)
def test_everything_else_refuses_with_its_own_reason(
    consents: dict[str, str], topic: str | None, code: str
) -> None:
    reason = mailable(consents, topic, "marketing")
    assert reason is not None
    assert reason.code == code
    assert reason.params == ({"topic": topic} if topic else {})


@pytest.mark.parametrize("message_class", ["service", "internal"])
def test_what_is_no_marketing_needs_none(message_class: str) -> None:
    assert mailable({"guides": "withdrawn"}, "guides", message_class) is None
    assert mailable({}, None, message_class) is None
