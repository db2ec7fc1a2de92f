"""Pieces of the library as files: what is read, what is refused, and that no line of it is ever run."""

import re
from pathlib import Path

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.files.markdown import ATTRIBUTES, TAGS, read_markdown, to_html
from app.files.pieces import join_piece, read_languages, read_piece, split_piece
from app.files.sequence_files import Folder, path_of, read_folder
from tests.support.library import PDF, PNG, piece, write_pieces

FRONT = "title: Heat\nkind: guide\ncontent kind: discovery\ntopics: [billing]\nsummary: One winter.\n"


def lines(folder: Folder) -> list[str]:
    return [f"{one.file}:{one.line} {one.level} {one.message}" for one in folder.findings]


def html(text: str) -> str:
    return to_html(text, lambda name: f"/library/heat/{name}", lambda key: f"/library/{key}")


def test_a_piece_its_translation_and_its_files_are_one_text(tmp_path: Path) -> None:
    write_pieces(tmp_path, {"heat.md": piece(file="heat.pdf"), "heat.pt-BR.md": piece(file="heat.pt-BR.pdf"),
        "heat.pdf": PDF, "heat.pt-BR.pdf": PDF + b"2"})  # fmt: skip
    folder = read_folder(tmp_path)
    [found] = [source for source in folder.sources if source.kind == "piece"]
    assert (folder.findings, found.key) == ((), "heat")
    assert found.files == {"": "sequences/library/heat.md", "pt-BR": "sequences/library/heat.pt-BR.md"}
    texts, files = split_piece(found.text)
    assert [*texts, *files] == ["", "pt-BR", "heat.pdf", "heat.pt-BR.pdf"]
    assert {name: file.digest for name, file in found.beside.items()} == files
    assert all(path_of("piece", "heat", locale=locale) == path for locale, path in found.files.items())
    (tmp_path / "sequences/library/heat.pdf").write_bytes(PDF + b" changed")
    [after] = [source for source in read_folder(tmp_path).sources if source.kind == "piece"]
    assert after.text != found.text, "a changed file is a changed piece"


def test_what_a_translation_leaves_out_it_has_of_its_original() -> None:
    read, findings = read_languages(
        {"": piece(), "it": "---\ntitle: Calore\nsummary: Un inverno.\n---\nTesto.\n"}, {}
    )
    assert not findings
    assert (read["it"].kind, read["it"].content_kind, read["it"].topics) == (
        "guide",
        "discovery",
        ("billing",),
    )
    _, told = read_piece("it", piece(kind="report"), read[""])
    assert [one.message for one in told] == ["“kind” differs from the original."]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("Only words", 1, "The file does not begin with front matter."),
        ("---\ntitle: [\n---\n", 3, "This is not YAML"),
        (f"---\n{FRONT}colour: red\n---\nText", 7, "“colour” is not known here."),
        ("---\ntitle: A\n---\nText", 2, "“kind” is missing."),
        (f"---\n{FRONT.replace('guide', 'poem')}---\nText", 3, "“poem” is not known here."),
        (f"---\n{FRONT.replace('[billing]', '[Not a topic]')}---\nText", 5, "“Not a topic” is no topic."),
        (f"---\n{FRONT}minutes: soon\n---\nText", 7, "Here should stand a whole number"),
        (f"---\n{FRONT}address: javascript:alert(1)\n---\nText", 7, "“javascript:alert(1)” is no web address."),
        (f"---\n{FRONT}file: a.pdf\naddress: https://x.example/a\n---\nText", 8, "There is a file and an address."),
        (f"---\n{FRONT}---\n\n", 2, "There is no text, no file and no address."),
        (f"---\n{FRONT}---\n\nOne.\n\n[go](javascript:alert(1))", 11, "“javascript:alert(1)” is no address."),
        (f"---\n{FRONT}---\n[go](data:text/html,x)", 8, "“data:text/html,x” is no address."),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_its_line(text: str, line: int, message: str) -> None:
    read, findings = read_piece("heat.md", text)
    told = [one for one in findings if one.level == "error"]
    assert read is None
    assert [one.line for one in told if one.message.startswith(message)] == [line], told


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("heat.pdf", None, "There is no file heat.pdf beside this piece."),
        ("../secret.pdf", None, "“../secret.pdf” cannot be the name of a file."),
        ("heat.svg", b"<svg onload='x'/>", "“heat.svg” cannot be the name of a file."),
        ("heat.pdf", b"<html><script>1</script>", "heat.pdf is none of the kinds that are hosted, whatever its name says."),
        ("heat.pdf", PNG, "heat.pdf is image/png, whatever its name says."),
        ("heat.pdf", b"", "heat.pdf is none of the kinds that are hosted, whatever its name says."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_hosted_is_told_where_it_is_named(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    write_pieces(tmp_path, {"heat.md": piece(file=name), **({name: content} if content is not None else {})})
    assert lines(read_folder(tmp_path)) == [f"sequences/library/heat.md:8 error {message}"]


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.files.beside.LARGEST_FILE", 10_000_000)
    write_pieces(tmp_path, {"heat.md": piece(file="heat.pdf"), "heat.pdf": PDF})
    with (tmp_path / "sequences/library/heat.pdf").open("ab") as file:
        file.truncate(10_000_001)
    assert lines(read_folder(tmp_path)) == [
        "sequences/library/heat.md:8 error heat.pdf is larger than 10 MB."
    ]


def test_names_that_fit_nowhere_are_told(tmp_path: Path) -> None:
    write_pieces(
        tmp_path, {"Heat.md": piece(), "calore.it.md": piece(), "a_b.md": piece(), "lonely.pdf": PDF}
    )
    told = "\n".join(lines(read_folder(tmp_path)))
    for words in (
        "“Heat” cannot be part of", "no original beside this translation (calore.md)", "“a_b” cannot name a piece",
        "lonely.pdf:1 warning No piece names this file",
    ):  # fmt: skip
        assert words in told


HOSTILE = """\
<script>alert(1)</script>

<img src=x onerror=alert(1)>

[one](javascript:alert(1)) [two](JaVaScRiPt:alert(1)) [three](data:text/html;base64,PHNjcmlwdD4=) [four](vbscript:x)
[five](//evil.example/x) [six](https://a:b@evil.example/) <javascript:alert(1)> [seven](library:../admin)

![p](https://evil.example/pixel.png) ![q](javascript:alert(1)) ![r"onerror="alert(1)](a.png)

[x](https://ok.example/"onmouseover="alert(1)) `<script>` &lt;script&gt; &#60;script&#62;
"""


SAFE = re.compile(r"(?:https?://[^/@]+(?:/.*)?|mailto:[^:/]+|/library/[a-z0-9-]+|/f/a\.png)", re.S)


def looked_through(made: str) -> None:
    """Nothing but our own tags and attributes, and addresses that lead somewhere harmless."""
    for tag in lxml.html.fragment_fromstring(f"<div>{made}</div>").iterdescendants():
        assert tag.tag in TAGS
        assert set(tag.attrib) <= ATTRIBUTES.get(str(tag.tag), set())
        for name in ("href", "src"):
            assert name not in tag.attrib or SAFE.fullmatch(tag.attrib[name]), tag.attrib[name]


def test_nothing_hostile_comes_through() -> None:
    made = to_html(HOSTILE, lambda name: "/f/a.png" if name == "a.png" else None, lambda key: None)
    looked_through(made)
    assert "evil.example/pixel" not in made
    assert made.count("<a ") == 1, made
    faults = [one.message for one in read_markdown(HOSTILE).faults if one.level == "error"]
    assert len(faults) == 8, faults


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("[]()<>!`*_#|-\n \\&;:\"'abjsript/=."), max_size=120))
def test_no_text_makes_a_tag_of_its_own(text: str) -> None:
    read_markdown(text)
    looked_through(to_html(text, lambda name: None, lambda key: None))


def test_headings_begin_below_the_pages_and_tables_lean() -> None:
    made = html("# A\n\n### B\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n[c](library:other) ![d](d.png)")
    for words in (
        "<h2>A</h2>", "<h4>B</h4>", '<div class="wide" tabindex="0"><table>', '<td class="right">2</td>',
        'href="/library/other"', 'src="/library/heat/d.png"',
    ):  # fmt: skip
        assert words in made
    assert "<h1" not in made
    assert "style=" not in made


def test_a_list_to_tick_off_has_boxes_in_place_of_brackets() -> None:
    made = html("- [ ] **a** b\n- [ ] c\n\ntext\n\n- d [ ]\n\n1. [ ] e\n   - [ ] f\n\n-\n- # g")
    assert made.count('<ul class="boxes">') == 2
    assert made.count("[ ]") == 2
    for words in ("<li><strong>a</strong> b</li>", "<li>c</li>", "<li>d [ ]</li>", "<li>f</li>"):
        assert words in made


def test_a_text_that_nests_without_end_is_read_at_once() -> None:
    for text in (">" * 9_000, "[" * 9_000, "![" * 5_000, "- " * 5_000, "*a " * 5_000, "`" * 9_000):
        assert isinstance(html(text), str)


def test_the_same_texts_give_the_same_bytes() -> None:
    one = join_piece({"": "a", "it": "b"}, {"x.pdf": "1", "a.png": "2"})
    assert one == join_piece({"it": "b", "": "a"}, {"a.png": "2", "x.pdf": "1"})
    assert split_piece(one) == ({"": "a", "it": "b"}, {"a.png": "2", "x.pdf": "1"})
    with pytest.raises(ValueError, match="no texts"):
        split_piece("[]")
