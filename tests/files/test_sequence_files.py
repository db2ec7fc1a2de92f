"""A content folder as sources, and what is told of files that cannot be taken."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.files.sequence_files import path_of, read_folder
from app.files.variants import join_variants, split_variants
from config import ROOT


def put(folder: Path, name: str, raw: bytes = b"x") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, "sequences/lifecycle.yaml")
    put(tmp_path, "email_templates/discovery/hello.mjml")
    return tmp_path


def test_kinds_and_keys(folder: Path) -> None:
    for name in (
        "sequences/scoring.yaml", "sequences/discovery/guide.yaml", "sequences/segments/warm.yaml",
        "email_templates/layouts/base.mjml", "email_templates/partials/foot.mjml", "email_templates/partials/foot.it.mjml",
        "email_templates/discovery/hello.pt-BR.mjml", "email_templates/discovery/deep/er.mjml",
    ):  # fmt: skip
        put(folder, name)
    read = read_folder(folder)
    assert read.findings == ()
    assert [(source.kind, source.key, sorted(source.files)) for source in read.sources] == [
        ("lifecycle", "lifecycle", [""]),
        ("scoring", "scoring", [""]),
        ("segment", "warm", [""]),
        ("layout", "base", [""]),
        ("partial", "foot", ["", "it"]),
        ("template", "discovery/deep/er", [""]),
        ("template", "discovery/hello", ["", "pt-BR"]),
        ("sequence", "guide", [""]),
    ]
    for source in read.sources:
        sequence_folder = "discovery" if source.kind == "sequence" else ""
        assert {
            locale: path_of(source.kind, source.key, sequence_folder, locale) for locale in source.files
        } == source.files


@pytest.mark.parametrize(
    ("name", "raw", "line", "message"),
    [
        ("sequences/guide.yaml", b"x", 1, "lies outside of every folder"),
        ("sequences/discovery/guide.yml", b"x", 1, "passed over"),
        ("sequences/discovery/guide.yaml", b"a\nb\xff\n", 2, "not UTF-8"),
        ("sequences/discovery/guide.yaml", b"x" * 200_001, 1, "larger than 200 kB"),
        ("sequences/other/lifecycle-2.yaml", b"\xfe\xff\x00a", 1, "not UTF-8"),
        ("email_templates/hello.mjml", b"x", 1, "stands in a folder"),
        ("email_templates/discovery/Hello.mjml", b"x", 1, "cannot be part of a template's name"),
        ("email_templates/discovery/hello.x_y.mjml", b"x", 1, "is no language"),
        ("email_templates/discovery/only.it.mjml", b"x", 1, "no original beside this translation"),
    ],
)
def test_a_file_that_cannot_be_taken(folder: Path, name: str, raw: bytes, line: int, message: str) -> None:
    put(folder, name, raw)
    read = read_folder(folder)
    assert [(one.file, one.line, message in one.message) for one in read.findings] == [(name, line, True)]
    assert len(read.sources) == 2


def test_two_files_with_one_key(folder: Path) -> None:
    put(folder, "sequences/a/guide.yaml")
    put(folder, "sequences/b/guide.yaml")
    assert [str(one) for one in read_folder(folder).findings] == [
        "sequences/b/guide.yaml:1 error “guide” also stands in sequences/a/guide.yaml. Rename one of the two."
    ]


def test_missing_folders_are_told(tmp_path: Path) -> None:
    assert [one.file for one in read_folder(tmp_path).findings] == ["sequences", "email_templates"]


def test_hidden_files_and_others_are_passed_over(folder: Path) -> None:
    put(folder, "sequences/.git/config.yaml")
    put(folder, "sequences/discovery/.guide.yaml.part")
    put(folder, "sequences/discovery/notes.txt")
    assert (len(read_folder(folder).sources), read_folder(folder).findings) == (2, ())


def test_the_starters_are_taken() -> None:
    assert read_folder(ROOT).findings == ()


@given(st.dictionaries(st.sampled_from(("", "it", "pt-BR")), st.text(), min_size=1))
def test_variants_keep_every_byte(texts: dict[str, str]) -> None:
    joined = join_variants(texts)
    assert split_variants(joined) == texts
    assert join_variants(dict(reversed(texts.items()))) == joined


@pytest.mark.parametrize("broken", ["", "[]", '{"": 5}', "---"])
def test_other_texts_are_no_variants(broken: str) -> None:
    with pytest.raises(ValueError):
        split_variants(broken)
