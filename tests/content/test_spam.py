"""What SpamAssassin says of each mail in each language, with the head that it leaves with: below one point."""

import os
import shutil

import pytest

from app.mail.spam import spam_scores
from tests.content.house import LOCALES, Sent

pytestmark = pytest.mark.prove
MOST = 1.0
INSTALLED = shutil.which("spamassassin") is not None
NEEDED = "SpamAssassin is not installed: apt-get install spamassassin."


@pytest.fixture(autouse=True)
def needed() -> None:
    if not INSTALLED:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NEEDED)


@pytest.mark.parametrize("locale", LOCALES)
def test_no_mail_has_a_point(full: list[Sent], locale: str) -> None:
    mails = [mail for mail in full if mail.locale == locale]
    scores = spam_scores([mail.raw for mail in mails], locale)
    assert len(mails) >= 26
    assert [f"{mail}: {one}" for mail, one in zip(mails, scores, strict=True) if one.score >= MOST] == []


def test_a_mail_that_shouts_would_be_told(full: list[Sent]) -> None:
    raw = full[0].raw.replace(b"Subject: ", b"Subject: FREE VIAGRA!!! ACT NOW, ")
    assert all(score.score >= MOST for score in spam_scores([raw, raw]))
