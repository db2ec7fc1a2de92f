"""`trellis sequences lint --spam`: from a score to a finding."""

import pytest

from app.mail.spam import SpamScore
from app.services.authoring.spam import Scored


@pytest.mark.parametrize(
    ("score", "level"), [(-1.0, None), (2.0, None), (2.1, "warning"), (4.9, "warning"), (5.0, "error")]
)
def test_above_two_is_a_warning_and_from_five_an_error(score: float, level: str | None) -> None:
    finding = Scored("email_templates/a/b.mjml", SpamScore(score, (("BAD", score),))).finding()
    assert (finding.level if finding else None) == level
    assert finding is None or ("BAD" in finding.message and finding.remedy)
