"""The pages behind the foot of a mail: looking changes nothing, a button does, in the reader's language."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.services.sending.gating import claim_and_gate
from app.services.signals import drain, judge_due
from app.services.signals.recipients import AT_ONCE
from app.store import tables
from tests.support import line
from tests.support.line import NOW
from tests.web.recipients.conftest import Visitor

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def snapshot(visitor: Visitor) -> dict[str, list[object]]:
    return {
        table.name: [tuple(row) for row in visitor.scene.rows(table)]
        for table in tables.metadata.sorted_tables
    }


def test_looking_changes_nothing(visitor: Visitor) -> None:
    token, before = visitor.manage(), snapshot(visitor)
    for path in (f"/u/{token}", f"/a/{token}/100", f"/w/{token}", f"/p/{token}", f"/v/{token}"):
        for send in (visitor.client.get, visitor.client.head):
            answer = send(path, headers={"Sec-Purpose": "prefetch"})
            assert answer.status_code == 200, path
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
            own = "; script-src 'self'" if path.startswith("/u/") else ""
            assert answer.headers["Content-Security-Policy"].removesuffix(own).count("script") == 0
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert "Set-Cookie" not in answer.headers
    assert snapshot(visitor) == before
    assert {hit.kind for hit in visitor.hits()} == {"page"}
    assert len({hit.link for hit in visitor.hits()}) == 5


def test_from_page_to_page_is_no_hit(visitor: Visitor) -> None:
    visitor.page(f"/p/{visitor.manage()}", headers={"Sec-Fetch-Site": "same-origin"})
    assert visitor.hits() == []


def test_page_hits_are_evidence_and_no_events(visitor: Visitor) -> None:
    for value in ("100", "0"):
        visitor.get(f"/a/{visitor.manage()}/{value}")
    visitor.get(f"/c/{visitor.track}/1", headers={"Accept-Language": "en"})
    world = visitor.scene.world
    drain(world, visitor.app.extensions["spool"], NOW)
    judge_due(world, visitor.app.extensions["link_maps"], NOW + timedelta(minutes=5))
    assert [(row.kind, row.verdict) for row in visitor.scene.rows(tables.events)] == [("clicked", "machine")]


def test_one_click_leaves_the_topic(visitor: Visitor) -> None:
    for _ in range(2):
        answer = visitor.client.post(f"/u/{visitor.manage()}", data=ONE_CLICK)
        assert (answer.status_code, answer.data) == (200, b"OK\n")
        assert "Location" not in answer.headers
    assert visitor.scene.consents() == {"guides": "withdrawn"}
    assert [row.source for row in visitor.scene.rows(tables.consent_entries)] == ["one click"]


def test_one_click_takes_multipart_too(visitor: Visitor) -> None:
    answer = visitor.client.post(f"/u/{visitor.manage()}", data=ONE_CLICK, content_type="multipart/form-data")
    assert answer.status_code == 200
    assert visitor.scene.consents() == {"guides": "withdrawn"}


def test_one_click_answers_the_same_to_everybody(visitor: Visitor) -> None:
    ours = visitor.client.post(f"/u/{visitor.manage()}", data=ONE_CLICK)
    nobody = visitor.scene.world.keyring.seal_manage(visitor.mail, UUID(int=5), "guides")
    for token in ("unknown", visitor.track, nobody):
        answer = visitor.client.post(f"/u/{token}", data=ONE_CLICK)
        assert (answer.status_code, answer.data, dict(answer.headers)) == (
            ours.status_code,
            ours.data,
            dict(ours.headers),
        )


def test_leaving_by_the_page_and_taking_it_back(visitor: Visitor) -> None:
    token = visitor.manage()
    text = visitor.page(f"/u/{token}")
    assert "Mail about “Guides”" in text
    assert "p•••0@example.com" in text
    assert "person0@" not in text
    text = visitor.post(f"/u/{token}", what="topic")
    assert "You get no more mail about “Guides”" in text
    assert visitor.scene.consents() == {"guides": "withdrawn"}
    assert visitor.post(f"/u/{token}", what="topic") == text, "pressed again it is the same page"
    text = visitor.post(f"/u/{token}/back", topic="guides")
    assert "You hear from us again" in text
    assert visitor.scene.consents() == {"guides": "given"}


def test_leaving_everything_by_the_page(visitor: Visitor) -> None:
    assert "You get no more mail from us" in visitor.post(f"/u/{visitor.manage()}", what="everything")
    assert len(visitor.scene.rows(tables.suppressions)) == 1
    # Once left, the page offers no second leaving.
    assert 'id="stop"' not in visitor.page(f"/p/{visitor.manage()}")


def test_forged_topics_are_not_taken_back(visitor: Visitor) -> None:
    visitor.post(f"/u/{visitor.manage()}/back", topic=["guides", "forged", "tracking"])
    assert visitor.scene.consents() == {"guides": "given"}


def test_the_erased_find_a_neutral_page(visitor: Visitor) -> None:
    visitor.scene.set_person(erased_at=NOW)
    token = visitor.manage()
    for path in (f"/u/{token}", f"/a/{token}/100", f"/w/{token}", f"/p/{token}"):
        assert "This link leads nowhere" in visitor.page(path, 404)
    visitor.post(f"/u/{token}", 404, what="topic")


def test_an_answer_counts_when_the_button_is_pressed(visitor: Visitor) -> None:
    path = f"/a/{visitor.manage()}/100"
    text = visitor.page(path)
    assert "How much?" in text
    assert 'value="100" checked' in text
    assert visitor.scene.rows(tables.events) == []
    text = visitor.post(path, answer="0")
    assert "Nothing" in text
    assert [row.payload for row in visitor.scene.rows(tables.events)] == [{"answer": "0"}]


def test_an_answer_by_the_address_alone_counts_too(visitor: Visitor) -> None:
    visitor.post(f"/a/{visitor.manage()}/100")
    assert [row.payload for row in visitor.scene.rows(tables.events)] == [{"answer": "100"}]


def test_several_answers_at_once_are_asked_again(visitor: Visitor) -> None:
    token = visitor.manage()
    visitor.post(f"/a/{token}/100")
    assert "Several answers came at once" in visitor.post(f"/a/{token}/0")
    visitor.at = NOW + AT_ONCE * 2
    assert "Thank you" in visitor.post(f"/a/{token}/0")


def test_an_answer_nobody_knows_asks_anew(visitor: Visitor) -> None:
    for text in (
        visitor.page(f"/a/{visitor.manage()}/renamed"),
        visitor.post(f"/a/{visitor.manage()}/renamed"),
    ):
        assert "How much?" in text
    assert visitor.scene.rows(tables.events) == []


def test_a_mail_that_asked_nothing_needs_no_answer(visitor: Visitor) -> None:
    visitor.mail = visitor.scene.delivery(template="discovery/deal", variant_id=None)
    assert "This question is not asked any more" in visitor.page(f"/a/{visitor.manage()}/100")


def test_why_and_what_comes_next(visitor: Visitor) -> None:
    scene = visitor.scene
    (course,) = line.enroll(scene.world, [scene.person])
    visitor.mail = scene.delivery(enrollment_id=course)
    scene.delivery(template="discovery/deal", state="queued", due_at=NOW + timedelta(days=2), topic="guides",
                   intent_at=None, accepted_at=None)  # fmt: skip
    text = visitor.page(f"/w/{visitor.manage()}")
    for words in ("A subject", "Tuesday 24 November, 10:00 your time (Copenhagen)", "<span>Thursday 26 November",
                  "This mail belongs to the series “First steps”", "Then the series “First steps” is over", "It does not begin again."):  # fmt: skip
        assert words in text, words
    for secret in ("lead", "score", "prospect", "person0@"):
        assert secret not in text.lower().replace("lead-in", ""), secret


def test_the_agreement_is_told_with_its_day_and_source(visitor: Visitor) -> None:
    visitor.post(f"/u/{visitor.manage()}", what="topic")
    visitor.post(f"/u/{visitor.manage()}/back", topic="guides")
    text = visitor.page(f"/w/{visitor.manage()}")
    assert "On 24 November you agreed to hear from us about “Guides”." in text


def test_nothing_planned_is_said(visitor: Visitor) -> None:
    assert "Nothing is planned" in visitor.page(f"/w/{visitor.manage()}")


@pytest.mark.parametrize(
    ("form", "column", "value"),
    [
        ({"pace": "one"}, "mails_a_week", 1),
        ({"pace": "two"}, "mails_a_week", 2),
        ({"pace": "month"}, "mails_a_month", 1),
        ({"pace": "rest-6"}, "paused_until", NOW + timedelta(weeks=6)),
    ],
)
def test_the_pace_is_saved_and_shown(
    visitor: Visitor, form: dict[str, str], column: str, value: object
) -> None:
    token = visitor.manage()
    answer = visitor.client.post(f"/p/{token}", data={"part": "pace", **form})
    assert answer.status_code == 303
    assert getattr(visitor.scene.person_row(), column) == value
    text = visitor.page(answer.headers["Location"])
    assert "Your pace is saved" in text
    shown = "keep" if form["pace"].startswith("rest") else form["pace"]
    assert f'value="{shown}" checked' in text
    visitor.post(f"/p/{token}", 303, part="pace", pace="planned")
    row = visitor.scene.person_row()
    assert (row.mails_a_week, row.mails_a_month, row.paused_until) == (None, None, None)


def test_a_pace_somebody_else_set_is_shown_and_kept(visitor: Visitor) -> None:
    visitor.scene.set_person(mails_a_week=5)
    assert "At most 5 mails a week" in visitor.page(f"/p/{visitor.manage()}")
    visitor.post(f"/p/{visitor.manage()}", 303, part="pace", pace="keep")
    assert visitor.scene.person_row().mails_a_week == 5


def test_topics_and_tracking_are_saved(visitor: Visitor) -> None:
    token = visitor.manage()
    visitor.post(f"/p/{token}", 303, part="topics", topic=["offers", "forged"])
    visitor.post(f"/p/{token}", 303, part="tracking", tracking="none")
    assert visitor.scene.consents() == {"guides": "withdrawn", "offers": "given", "tracking": "withdrawn"}
    assert visitor.scene.person_row().tracking == "none"
    text = visitor.page(f"/p/{token}?saved=topics")
    assert 'value="offers" checked' in text
    assert 'value="none" checked' in text


def test_a_form_nobody_made_is_refused(visitor: Visitor) -> None:
    for form in (
        {},
        {"part": "pace"},
        {"part": "pace", "pace": "9"},
        {"part": "tracking", "tracking": "all"},
        {"part": "x"},
    ):
        assert visitor.client.post(f"/p/{visitor.manage()}", data=form).status_code == 400


def test_the_mail_as_a_page_has_no_tracking_and_no_script(visitor: Visitor) -> None:
    answer = visitor.get(f"/v/{visitor.manage()}")
    text = answer.get_data(as_text=True)
    assert "Hello Person 0." in text
    assert "https://example.com/a?utm_source=trellis" in text
    assert "/c/" not in text
    assert f"/w/{visitor.manage()}" in text
    assert f"/a/{visitor.manage()}/100" in text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy


def test_a_mail_whose_template_is_gone_says_so(visitor: Visitor) -> None:
    visitor.mail = visitor.scene.delivery(template="discovery/gone")
    assert "This mail cannot be shown any more" in visitor.page(f"/v/{visitor.manage()}", 404)


def test_what_a_mail_brings_is_escaped(visitor: Visitor) -> None:
    visitor.scene.set_person(first_name="<script>alert(1)</script>", locale="<b>", zone="No/Where")
    for path in ("w", "p", "u", "v"):
        assert "<script>" not in visitor.page(f"/{path}/{visitor.manage()}")


def test_a_fault_of_ours_is_said_calmly_and_logs_no_token(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr("app.web.recipients.pages.choices", broken)
    token = visitor.manage()
    assert "Nothing was changed" in visitor.page(f"/p/{token}", 503)
    told = "".join(capfd.readouterr())
    assert "no such thing" in told
    assert token not in told


TITLES = {
    "en": "Which mail shall stop?", "it": "Quali e-mail vuole fermare?", "pt-BR": "Quais e-mails devem parar?",
    "nl": "Welke mail moet stoppen?", "ru": "Какие письма больше не присылать?",
}  # fmt: skip


@pytest.mark.parametrize("locale", TITLES)
def test_the_page_speaks_the_contacts_language(visitor: Visitor, locale: str) -> None:
    visitor.scene.set_person(locale=locale)
    text = visitor.page(f"/u/{visitor.manage()}", headers={"Accept-Language": "en"})
    assert TITLES[locale] in text
    assert f'<html lang="{locale}">' in text


def test_without_a_known_language_the_browsers_counts(visitor: Visitor) -> None:
    token = visitor.manage()
    assert TITLES["pt-BR"] in visitor.page(
        f"/u/{token}", headers={"Accept-Language": "fi, pt;q=0.8, en;q=0.5"}
    )
    visitor.scene.set_person(locale="fi")
    assert TITLES["en"] in visitor.page(f"/u/{token}")


def test_the_button_presses_itself_only_out_of_an_older_mail(visitor: Visitor) -> None:
    def runs(path: str, **headers: str) -> bool:
        answer = visitor.get(path, headers=headers)
        allowed = "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert ("leave.js" in answer.get_data(as_text=True)) == allowed
        return allowed

    assert runs(f"/u/{visitor.manage()}")
    assert not runs(f"/u/{visitor.manage()}", **{"Sec-Fetch-Site": "same-origin"})
    assert not runs(f"/u/{visitor.manage()}?lang=it")
    assert not runs(f"/u/{visitor.manage('')}"), "everything is never left by itself"
    for seconds, expected in ((299, False), (300, True)):
        visitor.mail = visitor.scene.delivery(accepted_at=NOW - timedelta(seconds=seconds))
        assert runs(f"/u/{visitor.manage()}") is expected
    assert visitor.scene.consents() == {"guides": "given"}


def test_a_picked_language_holds_from_page_to_page_and_is_not_saved(visitor: Visitor) -> None:
    visitor.scene.set_person(locale="nl")
    text = visitor.page(f"/u/{visitor.manage()}?lang=ru")
    assert TITLES["ru"] in text
    assert f"/p/{visitor.manage()}?lang=ru" in text
    assert f'action="/u/{visitor.manage()}?lang=ru"' in text
    assert TITLES["nl"] in visitor.page(f"/u/{visitor.manage()}?lang=xx")
    answer = visitor.client.post(f"/p/{visitor.manage()}?lang=ru", data={"part": "pace", "pace": "one"})
    assert "lang=ru" in answer.headers["Location"]
    assert visitor.scene.person_row().locale == "nl"


def test_the_language_is_saved_for_mails_and_pages(visitor: Visitor) -> None:
    answer = visitor.client.post(f"/p/{visitor.manage()}", data={"part": "language", "language": "pt_BR"})
    assert answer.status_code == 303
    assert visitor.scene.person_row().locale == "pt-BR"
    assert '<option value="pt_BR" lang="pt-BR" selected>' in visitor.page(answer.headers["Location"])
    assert (
        visitor.client.post(f"/p/{visitor.manage()}", data={"part": "language", "language": "de"}).status_code
        == 400
    )


def test_a_web_view_that_is_passed_on_opens_nobodys_preferences(visitor: Visitor) -> None:
    text = visitor.page(f"/v/{visitor.track}")
    assert "Hello Person 0." in text
    assert visitor.manage() not in text
    assert "/c/" not in text
    for letter in "upwad":
        tail = "/100" if letter == "a" else ""
        assert "This link leads nowhere" in visitor.page(f"/{letter}/{visitor.track}{tail}", 404)
        assert "This page was passed on to you" in visitor.page(f"/{letter}/not-yours{tail}", 404)


def test_taking_it_back_keeps_the_words_agreed_to(visitor: Visitor) -> None:
    visitor.post(f"/u/{visitor.manage()}", what="topic")
    visitor.post(f"/u/{visitor.manage()}/back?lang=it", topic="guides")
    given = visitor.scene.rows(tables.consent_entries, tables.consent_entries.c.id)[-1]
    assert (given.state, given.detail["words"][:7]) == ("given", "Accetta")
    assert given.text_version.startswith("page:")


def test_the_whole_agreement_of_a_withdrawn_topic_is_told(visitor: Visitor) -> None:
    visitor.post(f"/u/{visitor.manage()}", what="topic")
    text = visitor.page(f"/w/{visitor.manage()}")
    assert "You took that back on 24 November" in text
    assert "We have had your address since 24 November." in text


def test_one_a_month_holds_the_next_mail_back(visitor: Visitor) -> None:
    scene = visitor.scene
    visitor.post(f"/p/{visitor.manage()}", 303, part="pace", pace="month")
    due = scene.delivery(
        template="discovery/deal", state="queued", due_at=NOW, intent_at=None, accepted_at=None
    )
    assert claim_and_gate(scene.world, scene.world.library.catalogue(NOW), NOW, 10) is not None
    row = next(row for row in scene.rows(tables.deliveries) if row.id == due)
    assert (row.state, row.reason_code, row.reason_params["cap"]) == ("deferred", "gate.cap", "1 a month")
    # It is looked at again when it is thirty days since the last one, and in the hours that are open.
    assert row.due_at >= NOW + timedelta(days=29, hours=23)
