"""`trellis webhooks` as it is typed."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.services import provider_events as service
from app.services.secrets import Vault
from tests.cli.conftest import Line
from tests.support.webhooks import (
    CERTIFICATE,
    MAILGUN_KEY,
    TOPIC,
    certificate,
    confirmation,
    public_key_text,
    sign,
)


def call(command: Line, made: dict[str, str], request: object) -> str:
    world = command.world
    receiver = service.Receiver(world.database, world.workspace_id, Vault(world.settings))
    provider, key = made["address"].split("/")[-2:]
    return receiver.take(provider, key, request.headers, request.body, "192.0.2.1", command.shell.now())  # type: ignore[attr-defined]


def test_made_listed_and_removed(command: Line) -> None:
    assert "There is none yet" in command.run("webhooks", "list").output
    result = command.run("webhooks", "add", "postmark")
    assert "/hooks/postmark/" in result.output
    password = result.output.split("Password")[1].split()[0]
    assert password not in command.run("webhooks", "list").output
    assert "postmark  (Postmark)" in command.run("webhooks", "list").output
    [told] = command.told("webhooks", "list")
    assert (told["name"], told["enabled"], told["refused"], told["counts"]) == ("postmark", True, 0, {})
    assert command.told("webhooks", "remove", "postmark") == {"removed": "postmark"}
    assert command.told("webhooks", "remove", "postmark", code=1)["code"] == "webhook.not_found"


def test_what_the_provider_signs_with_comes_from_a_file_or_the_input(command: Line, tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    key.write_text(public_key_text() + "\n")
    assert command.told("webhooks", "add", "sendgrid", "--secret-from", key)["password"] is None
    made = command.told("webhooks", "add", "mailgun", "--secret-from", "-", stdin=MAILGUN_KEY.encode())
    assert MAILGUN_KEY not in str(made)
    assert (
        command.told("webhooks", "add", "mailgun", "--name", "second", code=1)["code"]
        == "webhook.secret_missing"
    )
    assert command.run("webhooks", "add", "nonsense").exit_code == 2


def test_events_are_listed_and_read_again(command: Line, tmp_path: Path) -> None:
    made = command.told("webhooks", "add", "sendgrid", "--secret-from", "-", stdin=public_key_text().encode())
    assert "Nothing was told yet" in command.run("webhooks", "events").output
    now = command.shell.now()
    told = [
        {
            "event": "bounce",
            "email": "stranger@example.org",
            "timestamp": int(now.timestamp()),
            "status": "5.1.1",
        },
        "x",
    ]
    assert call(command, made, sign("sendgrid", told, now)) == "taken"
    while service.work(command.world, command.shell.now()):
        pass
    assert {each["result"] for each in command.told("webhooks", "events")} == {"unmatched", "failed"}
    [one] = command.told("webhooks", "events", "--kind", "bounced")
    assert (one["class"], one["enhanced"], one["recipient"]) == ("hard", "5.1.1", None)
    assert "bounced" in command.run("webhooks", "events", "--result", "unmatched").output
    assert command.told("webhooks", "replay") == {"replayed": 1}
    assert command.run("webhooks", "replay", one["call"]).output == "1 are read again.\n"
    assert command.run("webhooks", "replay", one["id"]).exit_code == 0


def test_a_certificate_and_a_subscription(command: Line, tmp_path: Path) -> None:
    made = command.told("webhooks", "add", "ses", "--topic", TOPIC)
    now = command.shell.now()
    assert command.told("webhooks", "confirm", "ses", code=1)["code"] == "webhook.nothing_pending"
    assert call(command, made, confirmation(now)) == "refused"
    assert f"https://sns.eu-west-1.amazonaws.com/{CERTIFICATE}" in command.run("webhooks", "list").output
    file = tmp_path / CERTIFICATE
    file.write_text(certificate(begin=now - timedelta(days=2)))
    assert command.told("webhooks", "certificate", "ses", file) == {"installed": CERTIFICATE}
    assert call(command, made, confirmation(now)) == "taken"
    assert "trellis webhooks confirm ses" in command.run("webhooks", "list").output
    output = command.run("webhooks", "confirm", "ses").output
    assert f"aws sns confirm-subscription --topic-arn {TOPIC} --token {'ab12' * 16}" in output
    assert "evil.example" not in output


@pytest.mark.parametrize(("name", "text"), [("cert.pem", "x"), (CERTIFICATE, "nonsense")])
def test_what_is_no_certificate_is_refused(command: Line, tmp_path: Path, name: str, text: str) -> None:
    command.told("webhooks", "add", "ses", "--topic", TOPIC)
    (tmp_path / name).write_text(text)
    found = command.told("webhooks", "certificate", "ses", tmp_path / name, code=1)
    assert found["code"] == "webhook.certificate_bad"
