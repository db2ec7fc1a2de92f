"""Forged web hooks: whoever is not the provider changes nothing of anybody, and learns nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.services import provider_events as service
from app.services.secrets import Vault
from tests.inbound.webhooks.payloads import CASES
from tests.security.conftest import Site
from tests.security.test_looking import rows_of
from tests.support.line import NOW
from tests.support.webhooks import (
    CERTIFICATE,
    MAILGUN_KEY,
    TOPIC,
    Request,
    certificate,
    public_key_text,
    sign,
    sns,
)

SECRETS = {"mailgun": MAILGUN_KEY, "sendgrid": public_key_text()}
PROVIDERS = sorted(CASES)
OTHER_TOPIC = "arn:aws:sns:eu-west-1:999999999999:theirs"


def endpoint(site: Site, provider: str) -> str:
    """The path of a web hook of this provider."""
    world = site.scene.world
    wish = service.Wish(provider, provider, SECRETS.get(provider, ""), (TOPIC,) if provider == "ses" else ())
    made = service.add(world.database, Vault(world.settings), world.workspace_id, wish, None, NOW)
    if provider == "ses":
        service.install_certificate(
            world.database, world.workspace_id, "ses", CERTIFICATE, certificate(), None, NOW
        )
    return made.path


def post(client: FlaskClient, path: str, request: Request) -> TestResponse:
    return client.post(
        path, data=request.body, headers=dict(request.headers), content_type="application/json"
    )


def complaint(provider: str) -> object:
    return next(one.told for one in CASES[provider] if one.kind == "complained")


def forgeries(provider: str) -> dict[str, Request]:
    good = sign(provider, complaint(provider), NOW)
    old = sign(provider, complaint(provider), NOW - timedelta(days=3))
    made = {
        "without a proof": Request({}, b"{}"),
        "nonsense": replace(good, body=b"\x00\xff{"),
        "deep": replace(good, body=b"[" * 90_000),
    }
    if provider in ("postmark", "brevo"):
        # The signers' password is not the one that was made here.
        return {
            **made,
            "another password": good,
            "an empty one": replace(good, headers={"authorization": "Basic dHJlbGxpczo="}),
        }
    if provider == "ses":
        made["of another topic"] = sns({"Type": "Notification", "Message": "{}"}, NOW, topic=OTHER_TOPIC)
        made["signed by nobody"] = good.changed(b'"Signature": "', b'"Signature": "AAAA')
    if provider == "sendgrid":
        made["signed by another"] = replace(
            good, headers={**good.headers, "x-twilio-email-event-webhook-signature": "MEUCIQ=="}
        )
    if provider in ("ses", "sendgrid"):
        made["changed"] = good.changed(b"carvalho", b"carvolho")
    if provider == "mailgun":
        made["signed by nobody"] = good.changed(b'"signature": "', b'"signature": "0')
    return {**made, "of last week": old}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_forgery_gets_one_answer_and_changes_nothing(site: Site, provider: str) -> None:
    path, client = endpoint(site, provider), site.app.test_client()
    before = rows_of(site)
    answers = set()
    for name, request in forgeries(provider).items():
        answer = post(client, path, request)
        assert answer.status_code == 403, name
        assert "Set-Cookie" not in answer.headers
        answers.add(answer.data)
        after = rows_of(site)
        assert {table for table in after if after[table] != before[table]} <= {"webhook_endpoints"}, name
    assert answers == {b"Refused.\n"}


def test_what_is_huge_is_turned_away_unread(site: Site) -> None:
    path, client = endpoint(site, "postmark"), site.app.test_client()
    before = rows_of(site)
    assert post(client, path, Request({}, b" " * 1_000_001)).status_code == 413
    assert rows_of(site) == before


def test_nobody_finds_out_which_web_hooks_there_are(site: Site) -> None:
    path, client = endpoint(site, "brevo"), site.app.test_client()
    request = sign("brevo", complaint("brevo"), NOW)
    places = (
        path + "x",
        path.replace("brevo", "postmark"),
        path.replace("brevo", "nonsense"),
        "/hooks/brevo/x",
    )
    answers = {
        (answer.status_code, answer.data) for answer in (post(client, place, request) for place in places)
    }
    assert answers == {(404, b"Not found.\n")}


def test_a_web_hook_answers_to_nothing_but_a_post(site: Site) -> None:
    path, client = endpoint(site, "brevo"), site.app.test_client()
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        assert client.open(path, method=method).status_code == 405


def test_a_true_call_needs_neither_cookie_nor_form_token(site: Site) -> None:
    path, client = endpoint(site, "sendgrid"), site.app.test_client(use_cookies=False)
    answer = post(client, path, sign("sendgrid", complaint("sendgrid"), NOW))
    assert (answer.status_code, answer.data) == (200, b"OK\n")


def test_while_the_database_is_away_the_provider_is_told_to_come_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, client = endpoint(site, "sendgrid"), site.app.test_client()
    request = sign("sendgrid", complaint("sendgrid"), NOW)

    def away(*_: object) -> None:
        raise OSError("no database")

    with monkeypatch.context() as patched:
        patched.setattr(type(site.scene.world.database), "write", away)
        assert post(client, path, request).status_code == 503
    assert post(client, path, request).status_code == 200
