"""Messages of SNS: topics on a list, certificates that an operator installed, and nothing is ever fetched."""

import json
import socket
from datetime import timedelta

import pytest

from app.inbound.webhooks import Refused, Secrets
from app.inbound.webhooks.sns import certificate_url, confirmation_url, read_certificate
from tests.support.webhooks import AT, CERTIFICATE, TOPIC, certificate, confirmation, secrets_for, sns, verify

OTHER = "arn:aws:sns:eu-west-1:999999999999:theirs"
NOTICE = {"Type": "Notification", "Message": "{}"}


@pytest.fixture(autouse=True)
def nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a web hook made us call somebody")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("version", ["1", "2"])
def test_both_versions_of_the_signature(version: str) -> None:
    assert verify("ses", sns(NOTICE, version=version)).once == "message-1"
    assert verify("ses", sns({**NOTICE, "Subject": "A subject"}, version=version))


def test_a_right_signature_of_somebody_elses_topic_is_refused() -> None:
    with pytest.raises(Refused, match=r"webhook\.topic"):
        verify("ses", sns(NOTICE, topic=OTHER))


def test_the_topic_is_part_of_what_is_signed() -> None:
    with pytest.raises(Refused, match=r"webhook\.forged"):
        verify("ses", sns(NOTICE, topic=OTHER).changed(OTHER.encode(), TOPIC.encode()))


def test_the_version_cannot_be_talked_down() -> None:
    with pytest.raises(Refused, match=r"webhook\.forged"):
        verify("ses", sns(NOTICE).changed(b'"SignatureVersion": "2"', b'"SignatureVersion": "1"'))


@pytest.mark.parametrize("url", [
    "https://evil.example/" + CERTIFICATE, "http://sns.eu-west-1.amazonaws.com/" + CERTIFICATE,
    "https://sns.eu-west-1.amazonaws.com.evil.example/" + CERTIFICATE,
    "https://sns.eu-west-1.amazonaws.com@evil.example/" + CERTIFICATE,
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-ffffffffffffffff.pem",
    "https://sns.eu-west-1.amazonaws.com/../" + CERTIFICATE, "file:///" + CERTIFICATE, "",
])  # fmt: skip
def test_another_certificate_is_refused(url: str) -> None:
    with pytest.raises(Refused, match=r"webhook\.certificate"):
        verify("ses", sns({**NOTICE, "SigningCertURL": url}))


def test_only_an_address_of_amazons_is_shown() -> None:
    assert (
        certificate_url(json.loads(sns(NOTICE).body)) == f"https://sns.eu-west-1.amazonaws.com/{CERTIFICATE}"
    )
    for data in ({"SigningCertURL": "https://evil.example/" + CERTIFICATE}, {"SigningCertURL": 7}, [], None):
        assert certificate_url(data) is None


def test_a_certificate_that_has_run_out_signs_nothing() -> None:
    held = Secrets(topics=[TOPIC], certificates={CERTIFICATE: certificate(begin=AT - timedelta(days=400))})
    with pytest.raises(Refused, match=r"webhook\.certificate"):
        verify("ses", sns(NOTICE), secrets=held)


@pytest.mark.parametrize(("pem", "why"), [
    ("nonsense", "not readable"), (certificate("evil.example"), "evil.example"),
    (certificate(begin=AT + timedelta(days=1)), "not valid now"),
])  # fmt: skip
def test_what_sns_could_not_sign_with_is_not_installed(pem: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_certificate(pem, AT)


def test_a_subscription_waits_for_a_person() -> None:
    told = verify("ses", confirmation())
    assert told.subscription == {"topic": TOPIC, "token": "ab12" * 16, "type": "SubscriptionConfirmation"}


def test_a_subscription_of_another_topic_is_refused() -> None:
    with pytest.raises(Refused, match=r"webhook\.topic"):
        verify(
            "ses",
            confirmation(),
            secrets=Secrets(topics=[OTHER], certificates=secrets_for("ses").certificates),
        )


def test_the_address_that_confirms_is_made_of_the_topic_alone() -> None:
    url = confirmation_url(TOPIC, "ab12" * 16)
    assert url.startswith(
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:"
    )
    assert "evil" not in url
    for topic, token in (
        (TOPIC, "x&y=z" * 9),
        ("arn:aws:sns:evil.example#:1:x", "ab12" * 16),
        (TOPIC + "\n", "ab12" * 16),
    ):
        with pytest.raises(ValueError):
            confirmation_url(topic, token)
