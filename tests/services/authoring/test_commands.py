"""`trellis sequences` as somebody types it."""

import json
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert

from app.cli.sequences import sequences
from app.cli.shell import Shell
from app.services.ids import new_id
from app.store.database import Database
from app.store.tables import field_definitions
from config import Settings
from tests.services.authoring.conftest import NOW
from tests.services.authoring.content import GUIDE, write

GUIDE_FILE = "sequences/discovery/guide.yaml"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def shell(database: Database, workspace_id: UUID, settings: Settings) -> Shell:
    return Shell(settings, database, workspace_id)


def run(shell: Shell, *words: str) -> Result:
    return CliRunner().invoke(sequences, words, obj=shell, catch_exceptions=False)


@pytest.fixture(autouse=True)
def company_size(database: Database, workspace_id: UUID) -> None:
    """The one custom field that the scoring of the content folder looks at."""
    with database.write() as connection:
        connection.execute(
            insert(field_definitions).values(
                id=new_id(NOW), workspace_id=workspace_id, subject="company", key="size", label="Size", type="number",
                choices=[], created_at=NOW,
            )
        )  # fmt: skip


def test_lint_knows_the_fields_there_are(shell: Shell) -> None:
    asking = GUIDE.replace("goal: {stage: prospect}", "goal: {field: company.sice, at least: 5}")
    write(shell.settings.content_dir, {GUIDE_FILE: asking})
    result = run(shell, "lint")
    assert (result.exit_code, result.output) == (
        0,
        f"{GUIDE_FILE}:6 warning No contact has a field “company.sice” yet. Did you mean “company.size”?\n",
    )


def test_lint_says_where_all_is_well(shell: Shell) -> None:
    texts = sum(path.suffix in (".yaml", ".mjml") for path in shell.settings.content_dir.rglob("*"))
    result = run(shell, "lint")
    assert (result.exit_code, result.output) == (0, f"{texts} texts, nothing to mend.\n")
    assert (
        run(shell, "lint", str(shell.settings.content_dir / GUIDE_FILE)).output
        == "1 text, nothing to mend.\n"
    )
    assert json.loads(run(shell, "lint", "--json").output) == []


def test_lint_names_file_line_and_remedy(shell: Shell) -> None:
    write(shell.settings.content_dir, {GUIDE_FILE: GUIDE.replace("goal:", "gaol:")})
    result = run(shell, "lint")
    assert result.exit_code == 1
    assert result.output == f"{GUIDE_FILE}:6 error “gaol” is not known here. Did you mean “goal”?\n"
    assert run(shell, "lint", str(shell.settings.content_dir / "email_templates")).exit_code == 0
    told = json.loads(run(shell, "lint", "--json").output)
    assert [(one["file"], one["line"], one["level"]) for one in told] == [(GUIDE_FILE, 6, "error")]


def test_plan_apply_plan(shell: Shell) -> None:
    assert "+ sequence guide: new" in run(shell, "plan").output
    assert run(shell, "apply").output.endswith("10 published, 0 mails compiled anew.\n")
    assert run(shell, "plan").output == "10 unchanged. Nothing to apply.\n"
    write(shell.settings.content_dir, {GUIDE_FILE: GUIDE.replace("2 days", "3 days")})
    assert (
        "~ sequence guide: changed, version 1 is in force\n    pause changed (span)\n"
        in run(shell, "plan").output
    )
    applied = json.loads(run(shell, "apply", "--json").output)
    assert [(one["key"], one["number"]) for one in applied["published"]] == [("guide", 2)]


def test_apply_with_a_fault_changes_nothing(shell: Shell) -> None:
    write(shell.settings.content_dir, {GUIDE_FILE: "steps"})
    result = run(shell, "apply")
    assert result.exit_code == 1
    assert result.output.endswith("Nothing was changed.\n")
    assert "+ sequence guide: new" in run(shell, "plan").output


def test_plan_says_first_what_would_be_refused(shell: Shell) -> None:
    write(shell.settings.content_dir, {GUIDE_FILE: GUIDE.replace("goal:", "gaol:")})
    result = run(shell, "plan")
    lines = result.output.splitlines()
    assert lines[0] == f"{GUIDE_FILE}:6 error “gaol” is not known here. Did you mean “goal”?"
    assert lines[-1] == "`apply` would be refused: 1 error. Nothing would be published."
    assert result.exit_code == run(shell, "apply").exit_code == 1
    told = json.loads(run(shell, "plan", "--json").output)
    assert [(one["file"], one["line"]) for one in told["errors"]] == [(GUIDE_FILE, 6)]
    assert {"kind": "sequence", "key": "guide", "state": "new"}.items() <= next(
        one for one in told["items"] if one["key"] == "guide"
    ).items()


def test_plan_counts_warnings_and_lets_them_pass(shell: Shell) -> None:
    asking = GUIDE.replace("goal: {stage: prospect}", "goal: {field: company.sice, at least: 5}")
    write(shell.settings.content_dir, {GUIDE_FILE: asking})
    result = run(shell, "plan")
    assert result.exit_code == 0
    assert result.output.endswith("1 warning; `trellis sequences lint` tells them. Nothing stops `apply`.\n")
    assert run(shell, "apply").exit_code == 0


def test_wrong_use_is_told_apart(shell: Shell) -> None:
    assert run(shell, "apply", "--inside", "jump").exit_code == 2
    assert run(shell, "lint", "no-such-file").exit_code == 2


def test_pause_and_resume(shell: Shell) -> None:
    run(shell, "apply")
    assert run(shell, "pause", "guide").output == "guide is paused: 0 people inside wait, 0 mails are held.\n"
    assert run(shell, "resume", "guide").output.endswith("guide goes on: 0 are sent, 0 are passed over.\n")
    assert "There is no published sequence “gide”" in run(shell, "pause", "gide").output
