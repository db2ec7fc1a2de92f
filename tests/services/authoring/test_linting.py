"""Every fault of a content folder is told with its file, its line and the remedy."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from app.files.findings import FileFinding
from app.mail.compile import CompiledTemplate
from app.services.authoring import lint, load_folder
from app.services.authoring.linting import check
from config import ROOT, Settings
from tests.services.authoring.content import CASE, FILES, GUIDE, LIFECYCLE, SCORING, mail, write

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, CompiledTemplate]:
    """The mails of the sound folder, compiled once."""
    folder = write(tmp_path_factory.mktemp("kept"))
    return check(load_folder(folder), Settings(content_dir=folder, _env_file=None), NOW).compiled.done


Findings = Callable[..., list[FileFinding]]


@pytest.fixture
def findings(kept: Mapping[str, CompiledTemplate]) -> Findings:
    return partial(_findings, kept)


def _findings(
    kept: Mapping[str, CompiledTemplate], tmp_path: Path, files: dict[str, str] | None = None, drop: str = ""
) -> list[FileFinding]:
    folder = write(tmp_path / "content", files)
    if drop:
        (folder / drop).unlink()
    settings = Settings(content_dir=folder, _env_file=None)
    return list(check(load_folder(folder), settings, NOW, kept=kept).findings)


def test_a_sound_folder_has_no_findings(tmp_path: Path, findings: Findings) -> None:
    assert findings(tmp_path) == []


def test_the_starters_have_no_findings() -> None:
    assert lint(load_folder(ROOT), Settings(_env_file=None), NOW) == []


SEQUENCE = "sequences/discovery/guide.yaml"
HELLO = "email_templates/discovery/hello.mjml"
CASES = [
    ("a misspelt key", SEQUENCE, GUIDE.replace("topic:", "topik:"), 4, "“topik” is not known here"),
    ("an unknown template", SEQUENCE, GUIDE.replace("discovery/more", "discovery/mare"), 11, "no template “discovery/mare”"),
    ("decision mail to a lead", SEQUENCE, GUIDE.replace("discovery/more", "decision/case"), 11, "decision mail, and a lead gets discovery"),
    ("an unknown stage", SEQUENCE, GUIDE.replace("for: lead", "for: leed"), 3, "no stage “leed”"),
    ("an unknown topic", SEQUENCE, GUIDE.replace("topic: guides", "topic: guidez"), 4, "no topic “guidez”"),
    ("a name unlike the file's", SEQUENCE, GUIDE.replace("sequence: guide", "sequence: gide"), 2, "called “gide”"),
    ("a tab", SEQUENCE, GUIDE.replace("  - pause", "\t- pause"), 10, "This is not YAML"),
    ("a key twice", SEQUENCE, GUIDE + "for: lead\n", 12, "duplicate key"),
    ("an empty file", SEQUENCE, "", 1, "Here should stand"),
    ("a list instead of a mapping", SEQUENCE, "- a\n- b\n", 1, "Here should stand"),
    ("an unknown criterion in scoring", "sequences/scoring.yaml", SCORING.replace("{field: company.size, at least: 50}", "{criterion: meens, is: yes}"), 2, "no criterion “meens”"),
    ("a broken segment", "sequences/segments/warm.yaml", "segment: warm\nif: {score: warmth, at least: 1}\n", 2, "no score “warmth”"),
    ("an unknown country", "sequences/lifecycle.yaml", LIFECYCLE.replace("holidays of: [DK]", "holidays of: [XX]"), 23, "No holidays are known"),
    ("front matter that is no YAML", HELLO, mail().replace("kind: discovery", "kind: [discovery"), 3, "front matter"),
    ("an unknown layout", HELLO, mail(more="layout: bare\n"), 7, "no layout “bare”"),
    ("an unknown criterion in a mail", HELLO, mail(more="ask: meens\n"), 7, "no criterion “meens”"),
    ("an address that is none", HELLO, mail(body='<a href="htp:/x">x</a>'), 8, "is no address"),
    ("a translation of another kind", "email_templates/discovery/hello.it.mjml", mail("decision"), 2, "differs from the original"),
    ("a foot without a way out", "email_templates/partials/foot.mjml", "<mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section>\n", 1, "No link to unsubscribe"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "text", "line", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_fault_is_told_at_its_line(
    tmp_path: Path, findings: Findings, file: str, text: str, line: int, message: str
) -> None:
    told = findings(tmp_path, {file: text})
    hits = [finding for finding in told if message in finding.message]
    assert hits, [str(finding) for finding in told]
    if "unsubscribe" not in message:  # it concerns the whole mail, not the part it is missing from
        assert (hits[0].file, hits[0].line) == (file, line)
    assert hits[0].remedy or "is missing" in hits[0].message or "Here should stand" in hits[0].message


def test_a_missing_lifecycle_is_told(tmp_path: Path, findings: Findings) -> None:
    told = findings(tmp_path, drop="sequences/lifecycle.yaml")
    assert "sequences/lifecycle.yaml:1 error This file is missing. Take the one Trellis comes with." in map(
        str, told
    )


def test_a_click_on_a_mail_without_links(tmp_path: Path, findings: Findings) -> None:
    waiting = GUIDE.replace("{wait: 2 days}", "{wait_for: {clicked: hello}, up to: 2 days}")
    assert findings(tmp_path / "sound", {SEQUENCE: waiting}) == []
    told = findings(tmp_path / "linkless", {SEQUENCE: waiting, HELLO: mail(body="No link")})
    assert ["has no link" in finding.message for finding in told] == [True]


def test_an_unknown_partial_names_the_layout(tmp_path: Path, findings: Findings) -> None:
    layout = FILES["email_templates/layouts/base.mjml"].replace('name="foot"', 'name="feet"')
    told = findings(tmp_path, {"email_templates/layouts/base.mjml": layout})
    assert {finding.file for finding in told if finding.level == "error"} == {
        "email_templates/layouts/base.mjml"
    }


def test_enrolling_in_a_sequence_that_is_not_there(tmp_path: Path, findings: Findings) -> None:
    text = CASE + "  - other: {enroll: guidde}\n"
    told = findings(tmp_path, {"sequences/decision/case.yaml": text})
    assert [(finding.line, finding.remedy) for finding in told] == [(8, "Did you mean “guide”?")]
