"""Mail that comes back to the real installation: out of the caught bytes, through the pipe, to what follows."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli.shell import Shell
from app.runtime import clock
from app.store.database import Database
from app.store.tables import deliveries, enrollments, events, suppressions, tasks
from tests.scenarios.stage import Mail, Stage
from tests.support import returned
from tests.support.databases import Postgres

BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OWNER = "jonas@halden.example"
BIRGIT, ULLA = "birgit@lindehaven.example", "ulla@leaving.example"
PEOPLE = f"""E-mail,First name,Last name,Company,Website,Country,Time zone,Language,Owner
{BIRGIT},Birgit,Holm,Lindehaven,lindehaven.example,DK,Europe/Copenhagen,en,{OWNER}
{ULLA},Ulla,Krag,Leaving,leaving.example,DK,Europe/Copenhagen,en,{OWNER}
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("TRELLIS_REPLY_DOMAIN", "re.halden.example")
    postgres: Postgres | None = None
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'trellis.db'}")
    else:
        postgres = request.getfixturevalue("postgres")
        database = postgres.create(schema=False)
    built = Stage(database, tmp_path, BEGIN)
    monkeypatch.setattr(clock, "now", built.now)
    built.user(OWNER, "Jonas Weber", "Jonas Weber, +45 55 51 23 40")
    built.import_csv(PEOPLE)
    built.later(minutes=20)
    yield built
    built.close()
    if postgres is not None:
        postgres.drop(database)
    else:
        database.close()


def pipe(stage: Stage, raw: bytes, *words: str) -> Any:
    """As a mail server hands it over; then the jobs tick."""
    shell = Shell(stage.settings, stage.database, stage.world.workspace_id)
    found = CliRunner().invoke(main, ["inbound", "--json", *words], obj=shell, input=raw)
    assert found.exit_code == 0, found.output
    stage.settle()
    return json.loads(found.stdout)


def the_mail(stage: Stage, email: str) -> Mail:
    (mail,) = stage.mails(email)
    return mail


def test_a_reply_and_a_bounce_come_back_through_the_pipe(stage: Stage) -> None:
    mail = the_mail(stage, BIRGIT)
    reply_to = str(mail.message["Reply-To"])
    assert reply_to.endswith("@re.halden.example")
    raw = returned.letter(
        reply_to, "Yes, please call me on Thursday.", sender=BIRGIT, subject=f"Re: {mail.subject}"
    )
    assert pipe(stage, raw)["new"] is True
    assert pipe(stage, raw)["new"] is False
    (event,) = [row for row in stage.of(events, BIRGIT) if row.kind == "replied"]
    assert event.subject.startswith("discovery/")
    (task,) = [row for row in stage.of(tasks, BIRGIT) if row.kind == "reply"]
    assert "call me on Thursday" in task.body
    (letter,) = [each for each in stage.mails(OWNER) if each.message["Reply-To"] == BIRGIT]
    assert "Birgit" in letter.subject
    assert "call me on Thursday" in letter.body("plain")
    assert next(part.get_content_type() for part in letter.message.iter_attachments()) in (
        "message/rfc822", "application/octet-stream",
    )  # fmt: skip

    gone = the_mail(stage, ULLA)
    pipe(stage, returned.report(gone.sender, ULLA), "--recipient", gone.sender)
    assert [row.scope for row in stage.rows(suppressions)] == ["address"]
    assert [row.kind for row in stage.of(events, ULLA) if row.kind == "bounced"] == ["bounced"]
    waiting = [row for row in stage.of(deliveries, ULLA) if row.state in ("queued", "deferred", "claimed")]
    assert waiting == []
    assert {row.state for row in stage.of(enrollments, ULLA)} <= {"ended", "due", "waiting"}
    # Whoever wrote back had a mail that arrived; nothing of it is held against them.
    assert [row.contact_id for row in stage.rows(suppressions)] == [stage.contact(ULLA)]
