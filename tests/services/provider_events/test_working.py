"""What follows from what a provider tells: in the ledger, once, in whatever order it is heard."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import update

from app.services import bouncing
from app.services import provider_events as service
from app.services.provider_events import working
from app.store import tables
from tests.services.provider_events.conftest import Post, bounce, simple
from tests.support import line
from tests.support.webhooks import AT, sign

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def events(post: Post, kind: str) -> list[Any]:
    return list(post.rows(tables.events, kind=kind))


def stopped(post: Post) -> list[tuple[str, str]]:
    return [(row.scope, row.reason_code) for row in post.rows(tables.suppressions)]


def test_a_missing_mailbox_stops_mail_to_the_address_at_once(post: Post) -> None:
    mail = post.mail()
    waiting = post.mail(state="queued", intent_at=None, accepted_at=None)
    post.told("sendgrid", bounce(post.message_id(mail)))
    assert stopped(post) == [("address", "suppressed.no_mailbox")]
    [event] = events(post, "bounced")
    assert (event.delivery_id, event.source, event.subject) == (mail, "sendgrid", "discovery/hello")
    assert event.payload["class"] == "hard"
    [held] = post.rows(tables.deliveries, id=waiting)
    assert held.state == "cancelled"


def test_a_bounce_is_told_once_whoever_tells_it(post: Post) -> None:
    mail = post.message_id(post.mail())
    post.told("sendgrid", bounce(mail), bounce(mail, at=AT + HOUR), bounce(mail, "5.1.10"), now=AT + HOUR)
    told = {"event": "failed", "severity": "permanent", "id": "m1", "timestamp": AT.timestamp(), "recipient": line.address(0),
            "message": {"headers": {"message-id": mail.strip("<>")}},
            "delivery-status": {"code": 550, "message": "5.1.1 no"}}  # fmt: skip
    post.told("mailgun", told, now=AT + HOUR)
    assert len(events(post, "bounced")) == 1
    assert len(post.rows(tables.suppressions)) == 1
    assert [result for _, result in post.results()].count("applied") == 1


def test_soft_bounces_add_up_over_days(post: Post) -> None:
    for number in range(6):
        assert stopped(post) == []
        at = AT + number * DAY
        mail = post.message_id(post.mail(intent_at=at, accepted_at=at))
        again = post.message_id(post.mail(intent_at=at, accepted_at=at))
        post.told("sendgrid", bounce(mail, "5.2.2", at), bounce(again, "5.2.2", at), now=at, number=number)
    assert stopped(post) == [("address", "suppressed.bounces")]
    assert len(events(post, "bounced")) == 1
    lines = [row.code for row in post.rows(tables.timeline, kind="mail_bounced")]
    assert set(lines) == {"bounce.soft"}


def test_a_delivery_wipes_bounces_out_in_whatever_order_it_is_heard(post: Post) -> None:
    for number in range(6):
        at = AT + number * DAY
        mail = post.message_id(post.mail(intent_at=at, accepted_at=at))
        arrived = post.message_id(post.mail(intent_at=at, accepted_at=at))
        told = [bounce(mail, "5.2.2", at), simple("delivered", arrived, at + HOUR)]
        post.told("sendgrid", *told[:: 1 if number % 2 else -1], now=at + HOUR, number=number)
    assert stopped(post) == []


def test_what_they_refuse_because_of_us_is_never_held_against_them(post: Post) -> None:
    for number in range(8):
        at = AT + number * DAY
        mail = post.message_id(post.mail(intent_at=at, accepted_at=at))
        post.told("sendgrid", bounce(mail, "5.7.1", at), now=at, number=number)
    assert stopped(post) == []
    assert events(post, "bounced") == []
    assert len(post.rows(tables.timeline, code="bounce.policy")) == 8


def test_a_complaint_stops_all_marketing_and_what_waits(post: Post) -> None:
    waiting = post.mail(state="claimed", intent_at=None, accepted_at=None)
    mail = post.message_id(post.mail())
    post.told("sendgrid", simple("spamreport", mail), simple("spamreport", mail, AT + HOUR), now=AT + HOUR)
    assert stopped(post) == [("marketing", "suppressed.complaint")]
    assert len(events(post, "complained")) == 1
    [held] = post.rows(tables.deliveries, id=waiting)
    assert held.state == "cancelled"


def test_who_leaves_at_the_provider_has_left(post: Post) -> None:
    mail = post.message_id(post.mail())
    post.told("sendgrid", simple("group_unsubscribe", mail), simple("unsubscribe", mail))
    assert stopped(post) == [("marketing", "gate.unsubscribed")]
    assert len(events(post, "unsubscribed")) == 1
    post.told("sendgrid", simple("group_resubscribe", mail, AT + HOUR), now=AT + HOUR, number=2)
    assert len(stopped(post)) == 1, "nobody is subscribed by a web hook"
    [row] = post.rows(tables.suppressions)
    assert row.lifted_at is None


@pytest.mark.parametrize(
    "kind", ["processed", "deferred", "delivered", "bounce", "open", "click", "spamreport"]
)
def test_whatever_is_told_settles_an_uncertain_mail(post: Post, kind: str) -> None:
    mail = post.mail(state="uncertain", accepted_at=None)
    told = bounce(post.message_id(mail)) if kind == "bounce" else simple(kind, post.message_id(mail))
    post.told("sendgrid", told)
    [row] = post.rows(tables.deliveries, id=mail)
    assert row.state == "accepted"
    assert row.accepted_at == AT - HOUR


def test_what_was_told_before_a_mail_was_called_uncertain_settles_it_too(post: Post) -> None:
    mail = post.mail(state="intent", accepted_at=None)
    post.told("sendgrid", simple("delivered", post.message_id(mail)))
    with post.world.database.write() as connection:
        connection.execute(update(tables.deliveries).values(state="uncertain"))
    assert service.tidy(post.world, AT) == 1
    [row] = post.rows(tables.deliveries, id=mail)
    assert row.state == "accepted"
    assert service.tidy(post.world, AT) == 0


def test_opens_and_clicks_become_no_hits_and_keep_no_name(post: Post) -> None:
    mail = post.message_id(post.mail())
    post.told(
        "sendgrid",
        simple("open", mail, useragent="x", ip="192.0.2.7"),
        simple("click", mail, url="https://e.x/"),
    )
    assert post.rows(tables.hits) == []
    assert post.rows(tables.events) == []
    for row in post.rows(tables.provider_events):
        assert (row.result, row.contact_id, row.delivery_id, row.recipient, row.text) == (
            "kept",
            None,
            None,
            None,
            "",
        )
    assert {row.body for row in post.rows(tables.webhook_calls)} == {None}


def test_every_order_leads_to_the_same_end(post: Post) -> None:
    ends = set()
    for number, order in enumerate(permutations(range(4))):
        at = AT + number * 100 * DAY  # so that earlier bounces are stale
        mail_id = post.mail(intent_at=at - HOUR, accepted_at=None, state="uncertain")
        now = at + 3 * HOUR
        with post.world.database.write() as connection:
            mail = bouncing.mail_of(connection, post.world, mail_id)
            assert mail is not None
            named = {"source": "test", "now": now}
            soft, policy = bouncing.Bounce("soft", "5.2.2"), bouncing.Bounce("policy", "5.7.1")
            told = (
                lambda: bouncing.taken(connection, post.world, mail, at=at, now=now),  # noqa: B023
                lambda: bouncing.delivered(connection, post.world, mail, at=at + HOUR, now=now),  # noqa: B023
                lambda: bouncing.bounced(connection, post.world, mail, soft, at=at + 2 * HOUR, **named),  # noqa: B023
                lambda: bouncing.bounced(connection, post.world, mail, policy, at=at, **named),  # noqa: B023
            )
            for place in order:
                told[place]()
        [row] = post.rows(tables.mail_outcomes, delivery_id=mail_id)
        ends.add(
            (row.taken_at - at, row.delivered_at - at, row.bounced_at - at, row.bounce_class, row.told_at)
        )
    assert ends == {(timedelta(), HOUR, 2 * HOUR, "soft", None)}
    assert {row.state for row in post.rows(tables.deliveries)} == {"accepted"}
    assert stopped(post) == []


def test_without_a_token_the_address_tells_whom(post: Post) -> None:
    mail = post.mail()
    post.told("sendgrid", bounce("<somebody@elsewhere.example>", who=line.address(0).upper()))
    [event] = events(post, "bounced")
    assert event.delivery_id == mail, "only one mail went there of late"
    assert stopped(post) == [("address", "suppressed.no_mailbox")]


def test_of_several_mails_none_is_picked(post: Post) -> None:
    post.mail()
    post.mail()
    post.told("sendgrid", bounce("", who=line.address(0)))
    [event] = events(post, "bounced")
    assert event.delivery_id is None
    assert len(stopped(post)) == 1


def test_strangers_are_not_kept_and_are_known_when_read_again(post: Post) -> None:
    post.told("sendgrid", bounce("", who="stranger@example.org"))
    [row] = post.rows(tables.provider_events)
    assert (row.result, row.recipient) == ("unmatched", None)
    with post.world.database.write() as connection:
        connection.execute(
            update(tables.identities).values(value="stranger@example.org", shown_as="stranger@example.org")
        )
    assert service.replay(post.world, None, AT) == 0
    assert service.replay(post.world, None, AT, unmatched=True) == 1
    post.work()
    assert post.results() == [("bounced", "applied")]


def test_a_token_of_another_purpose_names_nothing(post: Post) -> None:
    mail = post.mail()
    forged = post.world.keyring.seal_track(mail, post.person, mail)
    post.told("sendgrid", bounce(f"<{forged}@halden.example>", who="stranger@example.org"))
    assert post.results() == [("bounced", "unmatched")]


def test_an_erased_person_is_told_nothing_of(post: Post) -> None:
    mail = post.mail()
    with post.world.database.write() as connection:
        connection.execute(update(tables.contacts).values(erased_at=AT))
    post.told("sendgrid", bounce(post.message_id(mail)), simple("spamreport", post.message_id(mail)))
    assert post.rows(tables.events) == []
    assert post.rows(tables.timeline) == []
    assert stopped(post) == []


def test_internal_mail_blames_no_contact(post: Post) -> None:
    user = {"id": post.person, "workspace_id": post.world.workspace_id, "email": "a@b.example", "name": "A", "title": "",
            "signature": "", "role": "admin", "may_publish": True, "may_send": True, "must_change_password": False,
            "failed_sign_ins": 0, "created_at": AT}  # fmt: skip
    with post.world.database.write() as connection:
        connection.execute(tables.users.insert(), [user])
    mail = post.mail(recipient_user_id=user["id"])
    post.told("sendgrid", bounce(post.message_id(mail)))
    assert post.rows(tables.events) == []
    assert stopped(post) == []


def test_an_event_that_fails_is_tried_again_then_set_aside(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = post.message_id(post.mail()), post.message_id(post.mail())
    true_way = bouncing.bounced

    def breaks(connection: Any, world: Any, mail: Any, *args: Any, **named: Any) -> bool:
        if post.message_id(mail.delivery_id) == bad:
            raise RuntimeError("broken")
        return true_way(connection, world, mail, *args, **named)

    monkeypatch.setattr(bouncing, "bounced", breaks)
    now = AT
    post.take("sendgrid", sign("sendgrid", [bounce(bad), bounce(good)]))
    for _ in range(working.TRIES):
        post.work(now)
        now += DAY
    assert sorted(result for _, result in post.results()) == ["applied", "failed"]
    monkeypatch.undo()
    assert service.replay(post.world, None, now) == 1
    post.work(now)
    assert [result for _, result in post.results()] == ["applied", "applied"]


def test_bodies_are_kept_for_two_weeks(post: Post) -> None:
    post.told("sendgrid", bounce(post.message_id(post.mail())))
    service.tidy(post.world, AT + working.KEPT_FOR)
    assert [row.body for row in post.rows(tables.webhook_calls)] != [None]
    service.tidy(post.world, AT + working.KEPT_FOR + HOUR)
    assert [row.body for row in post.rows(tables.webhook_calls)] == [None]


def test_what_nobody_can_prove_moves_nothing(post: Post) -> None:
    mail_id = post.mail()
    with post.world.database.write() as connection:
        found = bouncing.mail_of(connection, post.world, mail_id)
        assert found is not None
        said = bouncing.Bounce("hard", "5.1.1", 550, "no")
        bouncing.bounced(connection, post.world, found, said, source="mail", at=AT, now=AT, proven=False)
    assert stopped(post) == []
    assert events(post, "bounced") == []
    assert [row.code for row in post.rows(tables.timeline)] == ["bounce.unproven"]


def test_a_weaker_proof_scores_and_a_better_one_stops_at_once(post: Post) -> None:
    mail_id, said = post.mail(), bouncing.Bounce("hard", "5.1.1", 550, "no")
    with post.world.database.write() as connection:
        found = bouncing.mail_of(connection, post.world, mail_id)
        assert found is not None
        assert bouncing.bounced(
            connection, post.world, found, said, source="dsn", at=AT, now=AT, at_once=False
        )
    assert stopped(post) == []
    assert len(events(post, "bounced")) == 1
    post.told("sendgrid", bounce(post.message_id(mail_id)))
    assert stopped(post) == [("address", "suppressed.no_mailbox")]
    assert len(events(post, "bounced")) == 1


def test_a_large_call_is_written_in_parts_and_each_event_once(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "PART", 3)
    told = [
        simple("delivered", "", AT + timedelta(seconds=n % 7), who="stranger@example.org") for n in range(20)
    ]
    post.take("sendgrid", sign("sendgrid", told))
    post.work()
    [call] = post.rows(tables.webhook_calls)
    assert (call.state, call.told, call.new) == ("done", 20, 7)
    [endpoint] = service.listing(post.world.database, post.vault, post.world.workspace_id)
    assert endpoint.counts == {"delivered": 7}


def test_a_call_that_cannot_be_read_is_tried_again_then_kept(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.take("sendgrid", sign("sendgrid", bounce(post.message_id(post.mail()))))
    now = AT

    def breaks(*_: Any) -> Any:
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr(working, "load_json", breaks)
        for _ in range(working.TRIES):
            assert post.work(now) == 1
            now += DAY
        assert post.work(now) == 0
    [call] = post.rows(tables.webhook_calls)
    assert (call.state, call.failures) == ("failed", working.TRIES)
    assert "broken" in call.problem
    assert service.replay(post.world, None, now) == 1
    post.work(now)
    assert post.results() == [("bounced", "applied")]
