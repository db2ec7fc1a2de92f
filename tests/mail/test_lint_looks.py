"""Contrast of every text on what is behind it, and a way out that can be seen."""

import pytest

from app.mail.lint import lint_template
from app.mail.source import Problem
from tests.mail.support import FRONT, section, template
from tests.mail.support import compiled as compile_text
from tests.mail.test_lint import source_of

HEAD = '<mjml lang="en"><mj-head>{head}</mj-head><mj-body{body}><trellis-content />{foot}</mj-body></mjml>'
FOOT = (
    "<mj-section><mj-column><mj-text>{{ brand.legal_name }}, {{ brand.postal_address }}"
    '<a href="{{ links.unsubscribe }}">Unsubscribe</a></mj-text></mj-column></mj-section>'
)


def found(body: str, *, head: str = "", ground: str = "", foot: str = FOOT) -> list[Problem]:
    text = template(body)
    layout = HEAD.format(head=head, body=ground, foot=foot)
    return [
        problem
        for problem in lint_template(
            compile_text(text, layout=layout), source_of(text), {"layouts/base": layout}
        )
        if problem.code in ("contrast", "hidden_unsubscribe", "text_on_picture")
    ]


def texts(body: str, **options: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.message.partition("”")[0][1:]) for problem in found(body, **options)]


GREY = "Grey words of some length"


@pytest.mark.parametrize(
    "body",
    [
        section(f'<mj-text color="#999999">{GREY}</mj-text>'),
        section(f'<mj-text><p style="color: #999 !important; color: black">{GREY}</p></mj-text>'),
        section(f'<mj-text color="#ffffff"><b>{GREY}</b></mj-text>'),
        section(f'<mj-button background-color="#88bb88" color="#ffffff">{GREY}</mj-button>'),
        section(f'<mj-text color="#999" font-size="18px">{GREY}</mj-text>'),
        f'<mj-section background-color="#333333"><mj-column>\n<mj-text>{GREY}</mj-text></mj-column></mj-section>',
        f'<mj-wrapper background-color="#333"><mj-section><mj-column>\n<mj-text>{GREY}</mj-text></mj-column></mj-section></mj-wrapper>',
        f'<mj-section><mj-column background-color="navy">\n<mj-text>{GREY}</mj-text></mj-column></mj-section>',
        section(f'<mj-table><tr><td bgcolor="#222222">{GREY}</td></tr></mj-table>'),
        section(f'<mj-text color="rgba(0,0,0,0.3)">{GREY}</mj-text>'),
    ],
)
def test_text_that_is_hard_to_read_is_told_at_its_line(body: str) -> None:
    assert texts(body) == [(8, GREY)]


def test_a_link_without_colour_is_blue_whatever_its_ground() -> None:
    body = f'<mj-section background-color="#333333"><mj-column>\n<mj-text color="#ffffff">{GREY} <a href="https://a.example/">and a link</a></mj-text></mj-column></mj-section>'
    assert texts(body) == [(8, "and a link")]


@pytest.mark.parametrize(
    "body",
    [
        section(f'<mj-text color="#595959">{GREY}</mj-text>'),
        section(f'<mj-text color="#8a8a8a" font-size="24px">{GREY}</mj-text>'),
        section(
            f'<mj-text color="#8a8a8a"><span style="font-size: 14pt; font-weight: 700">{GREY}</span></mj-text>'
        ),
        section(f'<mj-text><h1 style="color: #8a8a8a">{GREY}</h1></mj-text>'),
        section(f'<mj-text color="#ffffff"><span style="background: #333333">{GREY}</span></mj-text>'),
        section(f'<mj-text color="chartreuseish">{GREY}</mj-text>'),
        section(f'<mj-text><span style="display:none; color: white">{GREY}</span></mj-text>'),
        section('<mj-text color="#ffffff">&nbsp;</mj-text>'),
        f'<mj-section background-color="#333333"><mj-column><mj-text color="#ffffff">{GREY}</mj-text></mj-column></mj-section>',
    ],
)
def test_text_that_reads_well_is_not_told(body: str) -> None:
    assert texts(body) == []


def test_the_finding_says_colours_contrast_and_remedy() -> None:
    (problem,) = found(section(f'<mj-text color="#999999">{GREY}</mj-text>'))
    assert problem.message == f"“{GREY}” is hard to read: #999999 on #FFFFFF, contrast 2.8 to 1"
    assert problem.remedy == "Choose colours with at least 4.5 to 1."


def test_a_fault_of_the_layout_is_told_there() -> None:
    (problem,) = found(
        section("<mj-text>x</mj-text>"),
        foot=f'{FOOT}\n<mj-section><mj-column><mj-text color="#aaa">{GREY}</mj-text></mj-column></mj-section>',
    )
    assert (problem.where, problem.line) == ("layouts/base", 2)


DARK = "<mj-style>@media (prefers-color-scheme: dark) { body, .mail { background: #111111 !important; } %s }</mj-style>"
BODY = f'<mj-section><mj-column><mj-text css-class="a">{GREY}</mj-text></mj-column></mj-section>'


def test_dark_mode_is_judged_where_the_layout_has_one() -> None:
    # Its ground grows dark, and the words stay black: those of the foot, and those of the mail.
    half = found(BODY, head=DARK % "", ground=' css-class="mail"')
    assert {problem.code for problem in half} == {"contrast"}
    assert all("in dark mode" in problem.message for problem in half)
    whole = DARK % "div, a { color: #eeeeee !important; }"
    assert found(BODY, head=whole, ground=' css-class="mail"') == []


def test_style_sheets_are_judged_as_if_they_were_dropped_and_as_if_they_were_read() -> None:
    sheet = "<mj-style>.a div { color: #bbbbbb !important; }</mj-style>"
    (problem,) = found(BODY, head=sheet)
    assert "where style sheets are read" in problem.message
    body = BODY.replace('css-class="a"', 'css-class="a" color="#bbbbbb"')
    (problem,) = found(body, head="<mj-style>.a div { color: #000000 !important; }</mj-style>")
    assert "where" not in problem.message


def test_words_on_a_picture_need_a_colour_behind_it() -> None:
    picture = '<mj-section background-url="https://a.example/b.png"{}><mj-column>\n<mj-text>{}</mj-text></mj-column></mj-section>'
    assert [(one.line, one.code) for one in found(picture.format("", GREY))] == [(8, "text_on_picture")]
    assert found(picture.format(' background-color="#ffffff"', GREY)) == []


@pytest.mark.parametrize(
    "link",
    [
        '<a href="{{ links.unsubscribe }}" style="color: #fefefe">Unsubscribe</a>',
        '<a href="{{ links.unsubscribe }}" style="font-size: 1px">Unsubscribe</a>',
        '<span style="display: none"><a href="{{ links.unsubscribe }}">Unsubscribe</a></span>',
        '<a href="{{ links.unsubscribe }}"></a>',
    ],
)
def test_a_way_out_nobody_sees_is_no_way_out(link: str) -> None:
    foot = FOOT.replace('<a href="{{ links.unsubscribe }}">Unsubscribe</a>', link)
    problems = found(section("<mj-text>x</mj-text>"), foot=foot)
    assert {"hidden_unsubscribe"} <= {problem.code for problem in problems}
    assert all(problem.where == "layouts/base" for problem in problems)


def test_service_mail_needs_no_way_out_that_is_seen() -> None:
    text = template(section("<mj-text>x</mj-text>"), FRONT.replace("marketing", "service"))
    layout = HEAD.format(head="", body="", foot="")
    result = lint_template(compile_text(text, layout=layout), source_of(text))
    assert "hidden_unsubscribe" not in {problem.code for problem in result}
