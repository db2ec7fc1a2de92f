"""Tokens: sealed, deterministic, one purpose each, and deaf to anything that is not ours."""

import re
from uuid import UUID

import pytest

from app.core.tokens import (
    EnvelopeToken,
    Keyring,
    ManageToken,
    ReadToken,
    TrackToken,
    message_id,
    token_of_local_part,
    verp_local_part,
)

DELIVERY = UUID("01930000-0000-7000-8000-000000000001")
CONTACT = UUID("01930000-0000-7000-8000-000000000002")
VARIANT = UUID("01930000-0000-7000-8000-000000000003")
OLD, NEW = b"o" * 32, b"n" * 32
RING = Keyring([NEW, OLD])


def test_each_purpose_gives_back_what_was_sealed() -> None:
    assert RING.open_track(RING.seal_track(DELIVERY, CONTACT, VARIANT)) == TrackToken(
        DELIVERY, CONTACT, VARIANT
    )
    assert RING.open_manage(RING.seal_manage(DELIVERY, CONTACT, "pricing")) == ManageToken(
        DELIVERY, CONTACT, "pricing"
    )
    assert RING.open_envelope(RING.seal_envelope(DELIVERY)) == EnvelopeToken(DELIVERY)


def test_the_same_payload_gives_the_same_token_on_every_attempt() -> None:
    again = Keyring([NEW, OLD])
    assert again.seal_track(DELIVERY, CONTACT, VARIANT) == RING.seal_track(DELIVERY, CONTACT, VARIANT)
    assert again.seal_envelope(DELIVERY) == RING.seal_envelope(DELIVERY)


def test_no_id_can_be_read_in_a_token() -> None:
    token = RING.seal_track(DELIVERY, CONTACT, VARIANT)
    other = RING.seal_track(CONTACT, CONTACT, VARIANT)
    assert sum(a == b for a, b in zip(token, other, strict=True)) < 16


def test_a_retired_key_keeps_verifying_and_a_strange_one_never_does() -> None:
    old_token = Keyring([OLD]).seal_manage(DELIVERY, CONTACT, "pricing")
    assert RING.open_manage(old_token) == ManageToken(DELIVERY, CONTACT, "pricing")
    assert RING.seal_manage(DELIVERY, CONTACT, "pricing") != old_token
    assert Keyring([b"x" * 32]).open_manage(old_token) is None


def test_a_token_of_one_purpose_never_opens_as_another() -> None:
    track = RING.seal_track(DELIVERY, CONTACT, VARIANT)
    manage = RING.seal_manage(DELIVERY, CONTACT, "0123456789abcdef")
    envelope = RING.seal_envelope(DELIVERY)
    assert RING.open_manage(track) is None
    assert RING.open_envelope(track) is None
    assert RING.open_track(manage) is None
    assert RING.open_envelope(manage) is None
    assert RING.open_track(envelope) is None
    assert RING.open_manage(envelope) is None


@pytest.mark.parametrize("open_name", ["open_track", "open_manage", "open_envelope"])
@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "=",
        "a",
        "A" * 79,
        "A" * 80,
        "é" * 46,
        "\x00" * 46,
        "a" * 46,
        "a" * 100_000,
        "%2e%2e",
        "-" * 80,
        "K" * 46,
    ],
)
def test_hostile_input_is_none(open_name: str, hostile: str) -> None:
    assert getattr(RING, open_name)(hostile) is None


def test_every_changed_character_is_refused() -> None:
    token = RING.seal_track(DELIVERY, CONTACT, VARIANT)
    for place, char in enumerate(token):
        changed = token[:place] + ("A" if char != "A" else "B") + token[place + 1 :]
        assert RING.open_track(changed) is None


def test_a_local_part_fits_and_survives_a_change_of_case() -> None:
    local = verp_local_part("bounce", RING.seal_envelope(DELIVERY))
    assert re.fullmatch(r"[a-z0-9-]+", local)
    assert len(local.encode()) <= 64
    assert RING.open_envelope(token_of_local_part(local.upper())) == EnvelopeToken(DELIVERY)
    assert len(verp_local_part("a" * 17, RING.seal_envelope(DELIVERY)).encode()) <= 64


@pytest.mark.parametrize("prefix", ["", "Bounce", "a" * 18, "a@b", "-a"])
def test_a_bad_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        verp_local_part(prefix, "x")


def test_a_message_id_holds_only_the_token_and_the_domain_of_from() -> None:
    token = RING.seal_envelope(DELIVERY)
    assert message_id(token, "news.example.com") == f"<{token}@news.example.com>"


@pytest.mark.parametrize("keys", [[], [b"short"], [b"x" * 65]])
def test_a_weak_keyring_is_refused(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="key"):
        Keyring(keys)


def test_a_topic_key_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="topic"):
        RING.seal_manage(DELIVERY, CONTACT, "x" * 65)


def test_reading_and_recommending_have_tokens_of_their_own() -> None:
    ring, (one, two, three) = Keyring([b"k" * 32]), (UUID(int=1), UUID(int=2), UUID(int=3))
    read, referral = ring.seal_read(TrackToken(one, two, three), 7), ring.seal_referral(two)
    assert ring.open_read(read) == ReadToken(one, two, three, 7)
    assert ring.open_referral(referral) == two
    assert Keyring([b"n" * 32, b"k" * 32]).open_referral(referral) == two
    opens = (ring.open_track, ring.open_manage, ring.open_request, ring.open_stamp, ring.open_envelope)
    assert not any(open_as(token) for open_as in opens for token in (read, referral))
    others = (
        ring.seal_track(one, two, three), ring.seal_manage(one, two, "a"), ring.seal_request(two), ring.seal_envelope(two),
    )  # fmt: skip
    assert not any(open_as(token) for open_as in (ring.open_read, ring.open_referral) for token in others)
    assert (ring.open_read(referral), ring.open_referral(read)) == (None, None)
