"""The whole corpus: what each message is, of which class, and nobody suppressed who should not be."""

from collections import Counter

import pytest

from app.inbound.returned import read_message
from tests.inbound.returned.building import Sample
from tests.inbound.returned.corpus_languages import samples
from tests.inbound.returned.corpus_mailers import MAILERS
from tests.inbound.returned.corpus_others import AUTOMATIC, COMPLAINTS, NOTHING, REPLIES

LANGUAGES = list(samples())
OTHERS = [*COMPLAINTS, *AUTOMATIC, *NOTHING, *REPLIES]


def _read(sample: Sample, raw: bytes | None = None) -> tuple[str, str, str | None]:
    found = read_message(raw or sample.raw).found
    assert len(found) == 1, found
    return found[0].address, found[0].what, found[0].class_


@pytest.mark.parametrize("sample", LANGUAGES, ids=lambda sample: sample.name)
def test_a_notice_is_read_in_its_language(sample: Sample) -> None:
    assert _read(sample) == (sample.address, sample.what, sample.class_)


@pytest.mark.parametrize("sample", OTHERS, ids=lambda sample: sample.name)
def test_what_is_no_bounce_is_none(sample: Sample) -> None:
    for ending in (b"\n", b"\r\n", b"\r"):
        assert _read(sample, sample.raw.replace(b"\n", ending)) == (
            sample.address,
            sample.what,
            sample.class_,
        )


def test_recall_by_kind_and_class_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The figures of the corpus; no message may suppress somebody by mistake."""
    right: Counter[str] = Counter()
    of: Counter[str] = Counter()
    wrongly_hard: list[str] = []
    for sample in [*MAILERS, *LANGUAGES, *OTHERS]:
        label = f"{sample.what} {sample.class_ or ''}".strip()
        of[label] += 1
        found = read_message(sample.raw).found[0]
        right[label] += (found.what, found.class_, found.address) == (
            sample.what,
            sample.class_,
            sample.address,
        )
        if found.class_ == "hard" and sample.class_ != "hard":
            wrongly_hard.append(sample.name)
    with capsys.disabled():
        print("\nreturned mail: " + ", ".join(f"{label} {right[label]}/{of[label]}" for label in sorted(of)))
    assert sum(of.values()) > 250
    assert wrongly_hard == []
    assert right == of
