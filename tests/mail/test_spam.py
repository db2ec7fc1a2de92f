"""What SpamAssassin prints, read; a small program of ours on PATH stands for it, and once the real one."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from app.mail.spam import NoSpamAssassin, SpamScore, parse_report, spam_score, spam_scores
from tests.mail.support import built

REPORT = """\
X-Spam-Status: Yes, score=5.9 required=5.0 tests=SUBJ_ALL_CAPS,HTML_MESSAGE autolearn=no
Subject: x

Content analysis details:   (5.9 points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
 1.5 SUBJ_ALL_CAPS          Subject is all capitals
 0.0 HTML_MESSAGE           BODY: HTML included in message
                            and 9.9 NOT_A_RULE in a description
-0.5 GOOD_ONE               something fine
 4.9 URI_BAD                body has a bad address
"""


def fake(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it but what a test puts there, and the shell's own programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("cat", "grep", "sh"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_score_and_rules_are_read() -> None:
    rules = (("URI_BAD", 4.9), ("SUBJ_ALL_CAPS", 1.5), ("GOOD_ONE", -0.5))
    assert parse_report(REPORT) == SpamScore(5.9, rules)


def test_a_daemon_s_answer_is_read() -> None:
    text = "-1.1/5.0\n\n pts rule name  description\n---- ----\n-1.1 ALL_TRUSTED  x\n"
    assert parse_report(text) == SpamScore(-1.1, (("ALL_TRUSTED", -1.1),))


def test_nothing_scores_as_nothing() -> None:
    assert str(parse_report("X-Spam-Status: No, score=-0.0 required=5.0\n").score) == "0.0"


@pytest.mark.parametrize("text", ["", "garbage", "0/0\n", "X-Spam-Status: No\n"])
def test_no_score_is_told(text: str) -> None:
    with pytest.raises(NoSpamAssassin):
        parse_report(text)


def test_the_whole_mail_goes_in_without_asking_the_network(alone: Path) -> None:
    (alone / "report").write_text(REPORT)
    fake(alone, "spamassassin", f'[ "$*" = "-L -t -x" ] && grep -q List-Unsubscribe: && cat {alone}/report')
    assert spam_score(built()).score == 5.9


@pytest.mark.parametrize(
    ("locale", "told"), [("", ""), ("en", ""), ("pt-BR", ""), ("ru", " --cf=score MIXED_ES 0.01")]
)
def test_letters_of_a_language_are_no_disguise_in_it(alone: Path, locale: str, told: str) -> None:
    score = 'cat > /dev/null; echo "X-Spam-Status: No, score=0.1"'
    fake(alone, "spamassassin", f'[ "$*" = "-L -t -x{told}" ] && {{ {score}; }}')
    assert spam_score(b"x", locale).score == 0.1


def test_without_it_the_remedy_is_told(alone: Path) -> None:
    with pytest.raises(NoSpamAssassin, match="apt-get install spamassassin"):
        spam_score(b"x")


def test_a_daemon_that_does_not_answer_is_told(alone: Path) -> None:
    fake(alone, "spamc", "cat > /dev/null; echo 0/0")
    with pytest.raises(NoSpamAssassin, match="spamd"):
        spam_score(b"x")


def test_it_sees_no_secret_of_ours(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_SECRET_KEY", "hush")
    fake(alone, "spamassassin", 'cat > /dev/null; echo "X-Spam-Status: No, score=${TRELLIS_SECRET_KEY:-0.3}"')
    assert spam_score(b"x").score == 0.3


def test_the_real_one_likes_our_mail_and_not_its_own_test_line() -> None:
    """Where it is not installed the remedy is told instead."""
    raw = built()
    if shutil.which("spamassassin") is None:
        with pytest.raises(NoSpamAssassin, match="install"):
            spam_score(raw)
        return
    assert spam_score(raw).score < 1.0
    gtube = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
    bad = spam_score(b"From: a@example.com\r\nSubject: x\r\n\r\n" + gtube + b"\r\n")
    assert bad.score > 900
    assert bad.rules[0][0] == "GTUBE"


MANY = """\
import sys
for mail in sys.stdin.read().split("From ")[1:]:
    line, _, rest = mail.partition("\\n")
    print("From", line)
    print("X-Spam-Status: No, score=%d.5 required=5.0" % rest.count("point"))
    print(rest)
"""


def test_many_mails_go_in_at_once_and_keep_their_order(alone: Path) -> None:
    (alone / "many").write_text(MANY)
    fake(alone, "spamassassin", f'[ "$*" = "-L -t -x --mbox" ] && {sys.executable} {alone}/many')
    raws = [b"Subject: x\r\n\r\n" + b"point " * number for number in (2, 0, 1)]
    assert [one.score for one in spam_scores(raws)] == [2.5, 0.5, 1.5]
    assert spam_scores([]) == []


def test_a_missing_answer_among_many_is_told(alone: Path) -> None:
    fake(alone, "spamassassin", "cat > /dev/null; echo nothing")
    with pytest.raises(NoSpamAssassin, match="0 scores for 2"):
        spam_scores([b"x", b"y"])


def test_a_line_of_a_mail_that_begins_like_a_mailbox_s_ends_no_mail() -> None:
    if shutil.which("spamassassin") is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("SpamAssassin is not installed.")
    raw = b"From: a@example.com\r\nSubject: x\r\n\r\nHello.\r\n\r\nFrom here on it is quiet.\r\n"
    one, other = spam_scores([raw, raw])
    assert one == other == spam_score(raw)
