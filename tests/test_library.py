"""The library that comes with Trellis: each text has its PDF, and the PDF says what the text says."""

import re
from pathlib import Path

import pytest

from docs.library import (
    LARGEST,
    LIBRARY,
    digest,
    made_of,
    pages,
    piece_at,
    signed,
    texts,
)

ALL = [pytest.param(path, locale, id=path.stem) for path, locale in texts()]
RAW = (
    b"%PDF-1.4\n<</Creator (Mozilla/5.0 \\(X11; Linux\\) "
    + b"x" * 60
    + b")\n/CreationDate (D:20261122131500+00'00')\n"
)


@pytest.mark.parametrize(("path", "locale"), ALL)
def test_the_pdf_of_each_text_is_of_this_text(path: Path, locale: str) -> None:
    piece, pdf = piece_at(path), path.with_suffix(".pdf")
    assert piece.file == pdf.name
    assert pdf.is_file(), "Run make library."
    assert made_of(pdf) == digest(path), "The text or its look has changed. Run make library."
    raw = pdf.read_bytes()
    assert raw.startswith(b"%PDF-")
    assert raw.rstrip().endswith(b"%%EOF")
    assert len(raw) < LARGEST
    assert 1 <= pages(raw) <= 2
    assert b"/Marked true" in raw
    assert f"/Lang ({locale})".encode() in raw
    assert raw.count(b"/FontFile") == raw.count(b"/Type /FontDescriptor") > 0


@pytest.mark.parametrize(("path", "locale"), ALL)
def test_no_pdf_tells_where_and_when_it_was_made(path: Path, locale: str) -> None:
    raw = path.with_suffix(".pdf").read_bytes()
    for trace in (b"Mozilla", b"Date (", b"file:", b"localhost", b"127.0.0.1"):
        assert trace not in raw
    for to in re.findall(rb"/URI \((.*?)\)", raw):
        assert to.startswith(b"https://")


def test_all_pdfs_together_are_small_enough_to_be_kept_beside_the_texts() -> None:
    assert sum(path.stat().st_size for path in LIBRARY.glob("*.pdf")) < 3_000_000


def test_a_pdf_is_signed_without_moving_a_byte() -> None:
    made = signed(RAW, "a" * 64)
    assert len(made) == len(RAW)
    assert b"/Creator (Trellis library " + b"a" * 64 + b")" in made
    assert b"Mozilla" not in made
    assert b"2026" not in made
    with pytest.raises(SystemExit):
        signed(b"/Creator (short)", "a" * 64)


def test_another_text_has_another_digest_and_no_pdf_has_none(tmp_path: Path) -> None:
    one, two = tmp_path / "one.md", tmp_path / "two.md"
    one.write_text("a")
    two.write_text("b")
    assert digest(one) != digest(two)
    assert made_of(tmp_path / "one.pdf") is None
    (tmp_path / "one.pdf").write_bytes(signed(RAW, digest(one)))
    assert made_of(tmp_path / "one.pdf") == digest(one)


def test_elements_are_numbered_from_nothing() -> None:
    made = signed(RAW + b"/ID (node00002007)\n/ID (node00002098)\n", "a" * 64)
    assert re.findall(rb"node\d+", made) == [b"node00000000", b"node00000091"]
