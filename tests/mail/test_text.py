"""The text part: what HTML means when nobody can see it."""

import pytest

from app.mail.chunks import Chunk, Chunks
from app.mail.text import text_of


def text(body: str, chunks: Chunks | None = None) -> str:
    return text_of(
        f"<html><head><title>t</title><style>s</style></head><body>{body}</body></html>",
        chunks or Chunks("0"),
    )


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>one\n  two</p><p>three</p>", "one two\n\nthree\n"),
        ("<h1>Head</h1><div>body<br>next<br><br>last</div>", "Head\n\nbody\nnext\n\nlast\n"),
        ("<ul><li>one</li><li>two</li></ul><p>x</p>", "- one\n- two\n\nx\n"),
        ("<table><tr><th>a</th><td>1</td></tr><tr><th>b</th><td>2</td></tr></table>", "a | 1\nb | 2\n"),
        ('<table role="presentation"><tr><td>a</td><td>b</td></tr></table>', "a\n\nb\n"),
        ("<table><tr><td>Oct</td><td><table role=presentation><tr><td>&nbsp;</td></tr></table></td><td>14</td></tr></table>", "Oct | 14\n"),
        ('<p>a <img alt="picture" src="x"> b <img alt="" src="y"></p>', "a picture b\n"),
        ('<div style="display:none">hidden</div><p>shown</p>', "shown\n"),
        ("<!--[if mso]><p>outlook</p><![endif]--><p>x &amp; y &lt;z&gt;</p>", "x & y <z>\n"),
        ("<p> </p><p>&nbsp;</p><p>x</p>", "x\n"),
    ],
)  # fmt: skip
def test_html_reads_as_text(html: str, expected: str) -> None:
    assert text(html) == expected


def test_links_stand_behind_their_label() -> None:
    chunks = Chunks("0")
    first, second, top = (
        chunks.word(chunks.add(chunk))
        for chunk in (Chunk("link", "u1", 1), Chunk("link", "u2", 1), Chunk("link", '"#"', 1, shown=False))
    )
    body = f'<p>See <a href="{first}">the <b>guide</b></a>, or <a href="{second}">ask</a></p>'
    assert text(body, chunks) == f"See the guide <{first}>, or ask: {second}\n"
    assert text(f'<p><a href="{top}">Back to the top</a></p>', chunks) == "Back to the top\n"
    assert text(f'<p><a href="{first}"><img src="x" alt="Logo"></a></p>', chunks) == f"Logo: {first}\n"
    assert text(f'<p><a href="{first}"><img src="x" alt=""></a></p>', chunks) == f"{first}\n"


def test_conditions_take_their_empty_lines_along() -> None:
    chunks = Chunks("0")
    begin, end = (chunks.word(chunks.add(Chunk("block", code, 1))) for code in ("if contact.x", "endif"))
    body = f"<p>one</p><!--{begin}--><p>two</p><!--{end}--><p>three</p>"
    assert text(body, chunks) == f"one\n\n{begin}two\n\n{end}three\n"


def test_a_loop_keeps_one_line_a_row() -> None:
    chunks = Chunks("0")
    begin, end = (
        chunks.word(chunks.add(Chunk("block", code, 1))) for code in ("for x in task.lines", "endfor")
    )
    body = f"<table><tr><td>Head</td></tr><!--{begin}--><tr><td>row</td></tr><!--{end}--></table><p>after</p>"
    assert text(body, chunks) == f"Head\n{begin}row\n{end}\nafter\n"
