"""Lint: what compiles and is still not worth sending."""

import pytest

from app.mail.compile import compile_template
from app.mail.lint import NOTES, lint_template
from app.mail.source import TemplateSource, parse_source
from tests.mail.support import ANSWERS, BRAND, FRONT, HELLO, LAYOUT, PARTIALS, section, template

BARE = "<mjml><mj-body><trellis-content /></mj-body></mjml>"


def source_of(text: str) -> TemplateSource:
    return parse_source("discovery/hello", "", text)


def codes(text: str, layout: str = LAYOUT) -> list[tuple[int, str]]:
    source = parse_source("discovery/hello", "", text)
    result = compile_template(
        source, layout=layout, partials=PARTIALS, answers=ANSWERS if source.ask else [], brand_sample=BRAND
    )
    return [
        (problem.line, problem.code) for problem in lint_template(result, source) if problem.code not in NOTES
    ]


def test_the_fixture_is_clean() -> None:
    assert codes(HELLO) == []


@pytest.mark.parametrize(
    ("text", "layout", "code", "line"),
    [
        (template(section("<mj-text>x</mj-text>")), BARE, "no_unsubscribe", 0),
        (template(section("<mj-text>x</mj-text>")), BARE, "no_postal_address", 0),
        (template(section("<mj-text>x</mj-text>")), BARE, "no_legal_name", 0),
        (template(section('<mj-button href="http://example.com">x</mj-button>')), LAYOUT, "plain_http", 8),
        (template(section('\n<mj-image src="https://a.example/b.png" />')), LAYOUT, "no_alt", 9),
        (template(section("<mj-text>x</mj-text>"), FRONT.replace("A preheader", "A SUBJECT")), LAYOUT, "same_preheader", 5),
        (template(section("<mj-text>x</mj-text>"), FRONT.replace('preheader: "A preheader"\n', "")), LAYOUT, "no_preheader", 1),
        (template(section(f"<mj-text>{'words ' * 17000}</mj-text>")), LAYOUT, "too_large", 0),
        (template(section("<mj-text>{ { contact.x }}</mj-text>")), LAYOUT, "leftover_braces", 0),
    ],
)  # fmt: skip
def test_each_finding_has_its_line(text: str, layout: str, code: str, line: int) -> None:
    assert (line, code) in codes(text, layout)


def test_a_layout_without_title_or_language_is_found() -> None:
    layout = (
        '<mjml lang=""><mj-head><mj-title></mj-title></mj-head><mj-body><trellis-content /></mj-body></mjml>'
    )
    found = {code for _, code in codes(template(section("<mj-text>x</mj-text>")), layout)}
    assert {"no_title", "no_lang"} <= found


def test_other_mail_needs_no_way_to_leave() -> None:
    text = template(section("<mj-text>x</mj-text>"), FRONT.replace("marketing", "service"))
    assert codes(text, BARE) == []
