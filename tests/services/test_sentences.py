"""Reasons in sentences: each code has one, in the voice of a clause, and none breaks a page."""

import re
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from app.services.sentences import because, headline, is_known, say
from app.services.suppressing import SCOPES
from app.services.wording import WORDING
from app.services.wording.conditions import CONDITIONS
from app.services.wording.engine import ENGINE
from app.services.wording.mail import MAIL
from app.services.wording.story import HEADLINES
from app.services.wording.truths import TRUTHS
from tests.services.reason_codes import computed_codes, constant_codes

# Texts of the same form that are no codes: names of template variables, settings, a logger.
NO_CODES = re.compile(
    r"contact\.(email|first_name|last_name|locale|name|tags|consent_)|mail\.(locale|log|remaining|subject)"
    r"|task\.(due|lines|url)|(mail|score|task|reply|wait)\.(ru|com|de|net|daemon|delivery|system)|import\.note\.consent_|condition\.(all|any|not)|mail\.[a-z_]+_url"
)
COMPUTED = {
    "import.note.consent_*": ("import.note.consent_withdrawn", "import.note.consent_asked"),
    "import.value.*": ("import.value.number", "import.value.date", "import.value.flag", "import.value.date_twofold"),
    "*.by_step": ("enroll.by_step", "stage.by_step", "webhook.by_step"),
    "bounce.*": ("bounce.hard", "bounce.soft", "bounce.policy"),
    "suppressed.*": tuple(f"suppressed.{scope}" for scope in SCOPES),
    "wait.*": ("wait.span", "wait.date", "wait.weekday"),
    "health.*.*": tuple(code for code in TRUTHS if code.startswith("health.")),
    "enroll.*": ("enroll.stage_entered", "enroll.form", "enroll.event"),
    "mail.*": ("mail.accepted", "mail.uncertain", "mail.failed", "mail.deferred", "mail.sender_problem"),
    "consent.*": ("consent.given", "consent.withdrawn", "consent.asked"),
    "signal.*": ("signal.human", "signal.machine", "signal.unknown"),
}  # fmt: skip


def test_every_code_in_the_source_has_a_sentence() -> None:
    missing = {
        code: place
        for code, place in constant_codes().items()
        # An act of the audit log has its words there.
        if not is_known(code) and f"audit.{code}" not in WORDING and not NO_CODES.fullmatch(code)
    }
    assert not missing


def test_so_has_every_code_that_is_put_together() -> None:
    unlisted = set(computed_codes()) - set(COMPUTED)
    assert not unlisted, "say in COMPUTED what they can become"
    assert not [code for codes in COMPUTED.values() for code in codes if not is_known(code)]


def test_the_reader_of_the_source_finds_codes_at_all() -> None:
    assert {"gate.cap", "stage.qualified", "wait_for.timed_out"} <= set(constant_codes())


@pytest.mark.parametrize("code", [*ENGINE, *MAIL, *CONDITIONS])
def test_a_reason_is_a_clause(code: str) -> None:
    text = WORDING[code]
    assert not text.endswith((".", "!", "?"))
    assert not text[0].isupper()


@pytest.mark.parametrize("text", [*WORDING.values(), *HEADLINES.values()])
def test_no_sentence_breaks_whatever_is_missing(text: str) -> None:
    assert "!" not in text
    assert "oops" not in text.lower()
    assert not re.search(r"%(?!\(\w+\)s)", text.replace("%%", "")), "a placeholder has a name and ends in s"


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert say("gate.phase_of_the_moon", {}) == "gate.phase_of_the_moon"


def test_a_missing_parameter_leaves_a_dash() -> None:
    assert say("stage.already_there", {}) == "is – already"


def test_instants_are_told_in_the_readers_zone() -> None:
    params = {"cap": "1 a week", "until": "2026-11-26T08:30:00+00:00"}
    assert because("gate.cap", params, "en", ZoneInfo("Europe/Copenhagen")).endswith("Thu 26 Nov, 09:30")
    assert because("gate.cap", params, "en", UTC).endswith("Thu 26 Nov, 08:30")


def test_dates_numbers_lists_and_changes_are_told_as_a_reader_writes_them() -> None:
    assert "31 March 2027" in say("ask.follow_up", {"criterion": "time", "date": "2027-03-31"})
    assert "12,000" in say("condition.answer.at_least", {"answer": "means", "value": 12000})
    assert say("stage.asks", {"unknown": ["need", "means"], "stage": "prospect"}).startswith("need and means")
    assert say("contact.field_set", {"changes": [{"name": "city", "old": None, "new": "Porto"}]}).startswith(
        "city"
    )


def test_text_from_outside_cannot_act_as_a_placeholder() -> None:
    assert "%(secret)s" in say("contact.unknown", {"contact": "%(secret)s"})


def test_a_signal_is_told_by_its_verdict() -> None:
    params = {"subject": "discovery/guide", "verdict": "machine"}
    assert headline("event", "event.clicked", params) == "Clicked in “discovery/guide”"
    assert because("event.clicked", params) == "judged a machine; moved nothing"


def test_a_custom_event_is_told_by_its_name() -> None:
    assert headline("custom:price-list", "event.custom", {}) == "Price list"


def test_an_unknown_locale_falls_back_to_english() -> None:
    assert say("gate.holdout", {}, "xx-YY") == say("gate.holdout", {})


def test_what_is_not_there_is_left_out_and_once_is_no_plural() -> None:
    assert say("ask.answered", {"criterion": "need", "step": "need"}) == "answered about “need”"
    assert say("ask.answered", {"criterion": "need", "answer": "time"}) == "answered “time” about “need”"
    bought = {"kinds": ["custom:purchased"], "subjects": [], "times": 1, "seen": 0}
    assert say("change.happen", bought) == "custom:purchased at least once (now: 0)"
    assert say("change.happen", {**bought, "times": 2}) == "custom:purchased at least 2 times (now: 0)"
    clicked = {"kinds": ["clicked"], "subjects": ["a/b"], "times": 1, "seen": 0}
    assert say("change.happen", clicked) == "clicked a/b at least once (now: 0)"
    assert say("change.happen", {**clicked, "times": 2}) == "clicked a/b at least 2 times (now: 0)"
    assert say("condition.event", {"kinds": ["clicked"], "at_least": 1}) == "clicked at least once"


def test_an_event_of_the_team_s_own_is_told_in_words() -> None:
    assert say("did.custom:webinar-attended", {"subject": "spring"}) == "Webinar attended spring"
    assert say("did.custom:", {"subject": ""}).startswith("custom:")
