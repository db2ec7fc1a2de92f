"""Tokens as properties: any payload comes back, any noise does not."""

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.tokens import EnvelopeToken, Keyring, ManageToken, TrackToken

RING = Keyring([b"n" * 32, b"o" * 32])
IDS = st.uuids()
TOPICS = st.from_regex(r"[a-z][a-z0-9-]{0,63}", fullmatch=True)


@settings(max_examples=100, deadline=None)
@given(IDS, IDS, IDS, TOPICS)
def test_what_is_sealed_opens(delivery: UUID, contact: UUID, variant: UUID, topic: str) -> None:
    assert RING.open_track(RING.seal_track(delivery, contact, variant)) == TrackToken(
        delivery, contact, variant
    )
    manage = RING.seal_manage(delivery, contact, topic)
    assert RING.open_manage(manage) == ManageToken(delivery, contact, topic)
    assert RING.open_envelope(RING.seal_envelope(delivery)) == EnvelopeToken(delivery)
    assert RING.open_track(manage) is None


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120) | st.from_regex(r"[A-Za-z0-9_-]{40,90}", fullmatch=True))
def test_noise_never_opens_and_never_raises(noise: str) -> None:
    assert RING.open_track(noise) is None
    assert RING.open_manage(noise) is None
    assert RING.open_envelope(noise) is None
