"""The same contract for every provider: what it tells is read, what is forged, stale or changed is refused."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.inbound.webhooks import KINDS, PROVIDERS, ProviderEvent, Refused, Secrets
from app.inbound.webhooks.reading import LONGEST, MOST_EVENTS, load_json
from tests.inbound.webhooks.payloads import AGENT, CASES, IP, OURS, WHO, Case
from tests.support.webhooks import AT, sign, verify

ALL = sorted(PROVIDERS)
EVERY = [(provider, number) for provider in ALL for number in range(len(CASES[provider]))]
TIMED = {"ses": timedelta(hours=2), "mailgun": timedelta(hours=9), "sendgrid": timedelta(hours=25)}
NESTED: Any = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(max_size=20),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)


def read(provider: str, told: Any) -> list[ProviderEvent | Exception]:
    return list(PROVIDERS[provider].events(load_json(sign(provider, told).body)))


def case(provider: str, kind: str) -> Case:
    return next(one for one in CASES[provider] if one.kind == kind)


@pytest.mark.parametrize(("provider", "number"), EVERY)
def test_every_documented_event_is_read(provider: str, number: int) -> None:
    told = CASES[provider][number]
    [event] = read(provider, told.told)
    assert isinstance(event, ProviderEvent), event
    assert (event.kind, event.class_, event.enhanced, event.code) == (
        told.kind, told.class_, told.enhanced, told.code,
    )  # fmt: skip
    assert event.occurred_at is None or abs(event.occurred_at - AT) < timedelta(seconds=1)
    if event.kind not in ("unknown", "inbound"):
        assert event.occurred_at is not None
        assert event.recipient == WHO
        assert any(OURS.partition("@")[0] in text for text in event.ours)
    if event.kind in ("opened", "clicked"):
        assert (event.user_agent, event.ip) == (AGENT, IP)


def named(told: dict[str, Any]) -> str:
    return str(
        told.get("eventType") or told.get("notificationType") or told.get("RecordType") or told["event"]
    )


@pytest.mark.parametrize("provider", ALL)
def test_what_happened_twice_has_two_keys_and_what_is_told_twice_has_one(provider: str) -> None:
    keys: dict[str, set[str]] = {}
    for one in CASES[provider]:
        [event], [again] = read(provider, one.told), read(provider, one.told)
        assert isinstance(event, ProviderEvent)
        assert isinstance(again, ProviderEvent)
        assert event.key == again.key
        keys.setdefault(named(one.told), set()).add(event.key)
    assert len(set().union(*keys.values())) == sum(map(len, keys.values()))


def test_a_bounce_that_ses_tells_as_event_and_as_notification_is_one() -> None:
    told = case("ses", "bounced").told
    notice = {name.replace("eventType", "notificationType"): value for name, value in told.items()}
    [one], [other] = read("ses", told), read("ses", notice)
    assert isinstance(one, ProviderEvent)
    assert one == other


def test_the_vocabulary_is_used_and_kept_to() -> None:
    used = {one.kind for cases in CASES.values() for one in cases}
    # `sent` is for a provider that tells leaving and arriving apart; none of these does.
    assert used == set(KINDS) - {"sent"}


@pytest.mark.parametrize("provider", ALL)
def test_a_call_that_is_theirs_is_believed(provider: str) -> None:
    assert verify(provider, sign(provider, case(provider, "delivered").told)).once


@pytest.mark.parametrize("provider", ALL)
def test_without_a_proof_it_is_refused(provider: str) -> None:
    request = sign(provider, case(provider, "bounced").told)
    body = json.loads(request.body)
    for name in ("signature", "Signature"):
        if isinstance(body, dict):
            body.pop(name, None)
    with pytest.raises(Refused, match=r"webhook\.no_proof"):
        verify(provider, replace(request, headers={}, body=json.dumps(body).encode()))


@pytest.mark.parametrize("provider", ALL)
def test_a_wrong_proof_is_refused(provider: str) -> None:
    request = sign(provider, case(provider, "bounced").told)
    forged = {
        "ses": lambda: request.changed(b'"Signature": "', b'"Signature": "AAAA'),
        "mailgun": lambda: request.changed(b'"signature": "', b'"signature": "00'),
        "sendgrid": lambda: replace(request, headers={
            **request.headers, "x-twilio-email-event-webhook-signature": "MEUCIQ=="}),
        "postmark": lambda: replace(request, headers={"authorization": "Basic dHJlbGxpczp3cm9uZw=="}),
        "brevo": lambda: replace(request, headers={"authorization": "Bearer wrong"}),
    }[provider]()  # fmt: skip
    with pytest.raises(Refused, match=r"webhook\.forged"):
        verify(provider, forged)


@pytest.mark.parametrize("provider", ["ses", "sendgrid"])
def test_a_changed_body_is_refused(provider: str) -> None:
    request = sign(provider, case(provider, "bounced").told).changed(b"carvalho", b"carvolho")
    with pytest.raises(Refused, match=r"webhook\.forged"):
        verify(provider, request)


@pytest.mark.parametrize("provider", ["mailgun"])
def test_where_the_body_is_not_signed_a_proof_is_good_for_one_body(provider: str) -> None:
    told = verify(provider, sign(provider, case(provider, "bounced").told))
    assert not told.covers_body
    assert told.once == verify(provider, sign(provider, case(provider, "complained").told)).once
    assert told.once != verify(provider, sign(provider, case(provider, "bounced").told, number=2)).once


@pytest.mark.parametrize("provider", sorted(TIMED))
def test_what_is_too_old_or_from_the_future_is_refused(provider: str) -> None:
    request = sign(provider, case(provider, "delivered").told)
    second = timedelta(seconds=1)
    verify(provider, request, AT + TIMED[provider])
    verify(provider, request, AT - timedelta(minutes=5))
    for now in (AT + TIMED[provider] + second, AT - timedelta(minutes=5) - second):
        with pytest.raises(Refused, match=r"webhook\.stale"):
            verify(provider, request, now)


@pytest.mark.parametrize("provider", ALL)
def test_an_endpoint_without_secrets_believes_nobody(provider: str) -> None:
    with pytest.raises(Refused):
        verify(provider, sign(provider, case(provider, "delivered").told), secrets=Secrets())


@pytest.mark.parametrize("provider", ["postmark", "brevo"])
@pytest.mark.parametrize("headers", [
    {"authorization": "Basic"}, {"authorization": "Basic !!!"}, {"authorization": "Basic /w=="},
    {"authorization": "Bearer "}, {"authorization": "Digest x"}, {"x-trellis-secret": "ü"}, {"authorization": ""},
])  # fmt: skip
def test_a_broken_password_is_refused(provider: str, headers: dict[str, str]) -> None:
    with pytest.raises(Refused):
        verify(provider, replace(sign(provider, case(provider, "delivered").told), headers=headers))


@pytest.mark.parametrize("body", [
    b"", b"\xff\xfe", b"{", b"[" * 200_000, b'{"a": NaN}', b'{"a": ' + b"9" * 5000 + b"}", b'{"a": "\x00"}', b"null x",
])  # fmt: skip
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match=r"webhook\.not_json"):
        load_json(body)


@pytest.mark.parametrize("provider", ALL)
@given(NESTED)
def test_whatever_is_signed_is_read_or_refused(provider: str, told: Any) -> None:
    for body in (told, {"event-data": told}, {"Type": "Notification", "Message": json.dumps(told)}):
        for event in PROVIDERS[provider].events(body):
            assert isinstance(event, ProviderEvent | Exception)
            if isinstance(event, ProviderEvent):
                assert event.kind in KINDS
    try:
        verify(provider, replace(sign(provider, {}), body=json.dumps(told).encode()))
    except Refused:
        pass


@pytest.mark.parametrize("provider", ALL)
@given(NESTED)
def test_values_of_any_type_are_read(provider: str, value: Any) -> None:
    """Each member of an event, turned into something else."""
    told = case(provider, "bounced").told
    for name in told:
        for event in read(provider, {**told, name: value}):
            if isinstance(event, ProviderEvent):
                assert event.kind in KINDS
                assert len(event.text) <= LONGEST
                assert event.recipient.isprintable()
                assert event.text.isprintable()
                assert event.occurred_at is None or event.occurred_at.tzinfo is not None


@pytest.mark.parametrize("provider", ["sendgrid", "brevo"])
def test_one_bad_event_does_not_stop_the_rest(provider: str) -> None:
    good = case(provider, "bounced").told
    found = read(provider, [good, "nonsense", None, [good], good])
    assert [isinstance(one, ProviderEvent) for one in found] == [True, False, False, False, True]


def test_a_batch_has_an_end() -> None:
    found = read("sendgrid", [{"event": "delivered"}] * (MOST_EVENTS + 5))
    assert len(found) == MOST_EVENTS + 1
    assert isinstance(found[-1], ValueError)


def test_texts_are_one_clean_line() -> None:
    told = {**case("postmark", "bounced").told, "Details": "a\r\nb\x00\x1b[31m\u202e c" + "x" * 5000}
    [event] = read("postmark", told)
    assert isinstance(event, ProviderEvent)
    assert event.text.startswith("a b [31m c")
    assert len(event.text) == LONGEST
