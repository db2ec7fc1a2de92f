"""Calls over the wire: believed ones are stored before the answer, others get one answer and are counted."""

import json
from datetime import timedelta

import pytest

from app.inbound.webhooks import PROVIDERS
from app.services import provider_events as service
from app.services.provider_events.receiving import LARGEST, QUIET
from app.store import tables
from tests.inbound.webhooks.payloads import CASES
from tests.services.provider_events.conftest import Post, bounce, simple
from tests.support.webhooks import AT, CERTIFICATE, TOPIC, confirmation, sign, sns

OURS = "<x@halden.example>"


def refusal(post: Post, name: str) -> tuple[int, str | None]:
    found = service.listing(post.world.database, post.vault, post.world.workspace_id)
    [mine] = [one for one in found if one.name == name]
    return mine.refused, mine.refusal.code if mine.refusal else None


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_call_is_stored_as_it_came(post: Post, provider: str) -> None:
    request = sign(provider, CASES[provider][1].told)
    assert post.take(provider, request) == "taken"
    [call] = post.rows(tables.webhook_calls)
    assert call.body.encode() == request.body
    assert (call.state, call.received_at) == ("waiting", AT)
    assert post.work() > 0
    assert post.rows(tables.provider_events) != []
    [endpoint] = service.listing(post.world.database, post.vault, post.world.workspace_id)
    assert endpoint.last_at == AT
    assert sum(endpoint.counts.values()) == 1


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_call_that_comes_again_is_taken_once(post: Post, provider: str) -> None:
    request = sign(provider, CASES[provider][1].told)
    for _ in range(3):
        assert post.take(provider, request) == "taken"
        post.work()
    assert len(post.rows(tables.webhook_calls)) == 1
    assert len(post.rows(tables.provider_events)) == 1


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_what_is_told_by_two_calls_is_one_event(post: Post, provider: str) -> None:
    told = CASES[provider][1].told
    later = AT + timedelta(minutes=1)
    post.take(provider, sign(provider, told))
    post.take(provider, sign(provider, told, later, 2), later)
    post.work(later)
    assert len(post.rows(tables.provider_events)) == 1
    [endpoint] = service.listing(post.world.database, post.vault, post.world.workspace_id)
    assert sum(endpoint.counts.values()) == 1


def test_a_used_proof_with_another_body_is_a_forgery(post: Post) -> None:
    good = sign("mailgun", CASES["mailgun"][1].told)
    assert post.take("mailgun", good) == "taken"
    assert post.take("mailgun", good.changed(b"delivered", b"complained")) == "refused"
    assert refusal(post, "mailgun") == (1, "webhook.repeated")
    assert len(post.rows(tables.webhook_calls)) == 1


def test_nobody_learns_what_there_is(post: Post) -> None:
    request = sign("postmark", CASES["postmark"][0].told)
    post.take("postmark", request)
    key = post.keys["postmark"]
    for provider, wrong in (
        ("postmark", key[:-1]),
        ("brevo", key),
        ("nonsense", key),
        ("postmark", ""),
        ("postmark", "ü\ud800"),
    ):
        assert post.receiver.take(provider, wrong, request.headers, request.body, "", AT) == "nowhere"


def test_refusals_are_counted_and_a_flood_is_written_once(post: Post) -> None:
    forged = sign("mailgun", CASES["mailgun"][1].told).changed(b'"signature": "', b'"signature": "0')
    for _ in range(50):
        assert post.take("mailgun", forged) == "refused"
    assert refusal(post, "mailgun") == (1, "webhook.forged")
    post.take("mailgun", forged, AT + QUIET)
    assert refusal(post, "mailgun") == (51, "webhook.forged")
    assert post.rows(tables.webhook_calls) == []


def test_only_the_networks_that_are_named(post: Post) -> None:
    made = post.add("postmark", networks=("192.0.2.0/24", "2001:db8::/32"))
    post._know(made.id, "a-password-made-for-the-provider")
    request = sign("postmark", CASES["postmark"][0].told)
    for address, answer in (("198.51.100.1", "refused"), ("", "refused"), ("nonsense", "refused"),
                            ("192.0.2.9", "taken"), ("::ffff:192.0.2.9", "taken"), ("2001:db8::1", "taken")):  # fmt: skip
        assert post.take("postmark", request, address=address) == answer, address


def test_what_is_huge_deep_or_no_json_is_refused(post: Post) -> None:
    good = sign("brevo", CASES["brevo"][1].told)
    for body in (b"x" * (LARGEST + 1), b"[" * 100_000, b"\x00", b"\xff", b""):
        assert post.take("brevo", type(good)(good.headers, body)) == "refused"
    assert post.rows(tables.webhook_calls) == []


def test_one_bad_event_is_kept_and_the_rest_goes_on(post: Post) -> None:
    mail = post.message_id(post.mail())
    batch = [simple("delivered", mail), "nonsense", {"event": ["list"]}, bounce(mail)]
    assert post.take("sendgrid", sign("sendgrid", batch)) == "taken"
    post.work()
    assert sorted(post.results()) == [
        ("bounced", "applied"), ("delivered", "applied"), ("unknown", "failed"), ("unknown", "kept"),
    ]  # fmt: skip


def test_a_subscription_is_stored_and_never_fetched(post: Post) -> None:
    assert post.take("ses", confirmation()) == "taken"
    assert post.work() == 0
    topic, token, url = service.confirmation(post.world.database, post.world.workspace_id, "ses")
    assert (topic, token) == (TOPIC, "ab12" * 16)
    assert "evil.example" not in url
    assert post.take("ses", sns({"Type": "Notification", "Message": "{}"}, number=2)) == "taken"
    with pytest.raises(service.EndpointFault):
        service.confirmation(post.world.database, post.world.workspace_id, "ses")


def test_a_missing_certificate_says_where_amazon_has_it(post: Post) -> None:
    post.add("ses")
    other = "SimpleNotificationService-aaaaaaaaaaaaaaaaaaaa.pem"
    url = f"https://sns.eu-west-1.amazonaws.com/{other}"
    message = sns({"Type": "Notification", "Message": "{}", "SigningCertURL": url})
    assert post.take("ses", message) == "refused"
    [endpoint] = service.listing(post.world.database, post.vault, post.world.workspace_id)
    assert endpoint.certificate_url == url
    assert endpoint.certificates == (CERTIFICATE,)


def test_a_removed_endpoint_is_nowhere_and_what_it_told_stays(post: Post) -> None:
    post.told("sendgrid", bounce(post.message_id(post.mail())))
    service.remove(post.world.database, post.world.workspace_id, "sendgrid", None, AT)
    assert post.take("sendgrid", sign("sendgrid", {})) == "nowhere"
    assert post.rows(tables.webhook_calls) == []
    assert len(post.rows(tables.provider_events)) == 1
    written = [row.action for row in post.rows(tables.audit_entries) if row.subject_kind == "webhook"]
    assert written == ["endpoint.added", "endpoint.removed"]


def test_secrets_are_sealed_and_told_once(post: Post) -> None:
    made = post.add("brevo")
    assert made.password
    [row] = post.rows(tables.webhook_endpoints)
    stored = json.dumps({name: str(value) for name, value in row._mapping.items()})
    assert made.password not in stored
    assert made.path.rpartition("/")[2] not in stored
    assert made.password not in repr(
        service.listing(post.world.database, post.vault, post.world.workspace_id)
    )


@pytest.mark.parametrize(("wish", "code"), [
    (service.Wish("nonsense", "x"), "webhook.provider"),
    (service.Wish("postmark", " "), "webhook.name"),
    (service.Wish("postmark", "x" * 61), "webhook.name"),
    (service.Wish("postmark", "x", "a secret"), "webhook.secret_unwanted"),
    (service.Wish("mailgun", "x"), "webhook.secret_missing"),
    (service.Wish("mailgun", "x", "short"), "webhook.secret_bad"),
    (service.Wish("sendgrid", "x", "AAAA"), "webhook.secret_bad"),
    (service.Wish("ses", "x"), "webhook.topic_missing"),
    (service.Wish("ses", "x", topics=("arn:aws:s3:::x",)), "webhook.topic_bad"),
    (service.Wish("brevo", "x", networks=("nonsense",)), "webhook.network_bad"),
])  # fmt: skip
def test_a_wish_that_makes_no_sense_is_refused(post: Post, wish: service.Wish, code: str) -> None:
    with pytest.raises(service.EndpointFault) as fault:
        service.add(post.world.database, post.vault, post.world.workspace_id, wish, None, AT)
    assert fault.value.reason.code == code
    assert post.rows(tables.webhook_endpoints) == []


def test_a_name_is_given_once(post: Post) -> None:
    post.add("brevo")
    with pytest.raises(service.EndpointFault, match=r"webhook\.name_taken"):
        post.add("postmark", name="brevo")
