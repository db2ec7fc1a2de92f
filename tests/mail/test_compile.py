"""Compiling: chunks survive, faults are named with file and line, nothing is loaded from elsewhere."""

import re
from collections.abc import Mapping

import pytest

from app.mail.assemble import MAX_DEPTH, MAX_ELEMENTS, MAX_PROBLEMS
from app.mail.chunks import Chunk, Chunks
from app.mail.program import Program
from app.mail.source import Problem, TemplateError, parse_source
from tests.mail.support import (
    FRONT,
    LAYOUT,
    PARTIALS,
    URLS,
    built,
    compiled,
    context,
    part,
    section,
    template,
)

FIRST = 8  # the line of the first body line in `template(section(…))`


def problems(
    body: str, *, layout: str = LAYOUT, partials: Mapping[str, str] = PARTIALS, front: str = FRONT
) -> list[Problem]:
    with pytest.raises(TemplateError) as caught:
        compiled(template(body, front), layout=layout, partials=partials)
    assert all(problem.message and problem.remedy for problem in caught.value.problems)
    return list(caught.value.problems)


def codes(inner: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.code) for problem in problems(section(inner))]


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ("<mj-foo/>", "unknown_tag"),
        ("<p>x</p>", "unknown_tag"),
        ("<mj-text><script>x</script></mj-text>", "unknown_tag"),
        ("<mj-text><iframe></iframe></mj-text>", "unknown_tag"),
        ("<mj-text><form></form></mj-text>", "unknown_tag"),
        ("<mj-text><mj-button>x</mj-button></mj-text>", "unknown_tag"),
        ('<mj-text colour="red">x</mj-text>', "unknown_attribute"),
        ('<mj-text><p onclick="x">x</p></mj-text>', "unknown_attribute"),
        ('<mj-image onerror="x" src="https://a.example/b.png" />', "unknown_attribute"),
        ('<mj-text color="red" color="blue">x</mj-text>', "twice"),
        ("<mj-section></mj-section>", "wrong_place"),
        ('<mj-hero mode="fluid-height"></mj-hero>', "bad_value"),
        ("<mj-include path='/etc/passwd' />", "tag_refused"),
        ("<mj-html-attributes></mj-html-attributes>", "tag_refused"),
        ("<mj-carousel></mj-carousel>", "tag_refused"),
        ("<mj-social></mj-social>", "tag_refused"),
        ("<mj-text>a < b</mj-text>", "stray_bracket"),
        ("<mj-text><a href=x>y</a></mj-text>", "stray_bracket"),
        ("<mj-text><b>x</mj-text>", "wrong_end"),
        ("</mj-section>", "wrong_end"),
        ("plain text", "text_lost"),
        ("{{ contact.first_name }}", "text_lost"),
        ("<mj-text><!--[if mso]>x<![endif]--></mj-text>", "bad_comment"),
        ("<mj-text><!-- {{ contact.x }} --></mj-text>", "bad_comment"),
        ("<!-- " * 9000, "not_closed"),
        ('<mj-text {{ contact.x }}="y">x</mj-text>', "chunk_place"),
        ('<mj-text color="{{ contact.x }}">x</mj-text>', "chunk_place"),
        ('<mj-text><p style="width:{{ contact.x }}">x</p></mj-text>', "chunk_place"),
        ('<mj-text padding="{{ contact.x }}">x</mj-text>', "chunk_place"),
        ('<mj-image alt="{% if contact.x %}y{% endif %}" src="https://a.example/b.png" />', "chunk_place"),
        ('<mj-text padding="wide">x</mj-text>', "bad_size"),
        ('<mj-image src="http:/x" />', "bad_picture"),
        ('<mj-image src="data:image/png;base64,x" />', "bad_picture"),
        ('<mj-image src="cid:x" />', "bad_picture"),
        ('<mj-image src="https://a.example/{{ contact.x }}.png" />', "bad_picture"),
        ('<mj-text><p style="background:url(https://x.example)">x</p></mj-text>', "bad_style"),
        ('<trellis-partial name="nothing" />', "no_partial"),
        ("<trellis-content />", "no_content"),
        ("<trellis-answers />", "no_answers"),
        ('<mj-button href="javascript:alert(1)">x</mj-button>', "bad_link"),
        ('<mj-button href=" JAVASCRIPT:alert(1)">x</mj-button>', "bad_link"),
        ('<mj-button href="&#106;avascript:alert(1)">x</mj-button>', "bad_link"),
        ('<mj-button href="data:text/html,x">x</mj-button>', "bad_link"),
        ('<mj-button href="/relative">x</mj-button>', "bad_link"),
        ('<mj-button href="//example.com">x</mj-button>', "bad_link"),
        ('<mj-button href="">x</mj-button>', "bad_link"),
        ('<mj-button href="https://user@example.com/">x</mj-button>', "bad_link"),
        ('<mj-button href="link:nowhere">x</mj-button>', "no_link"),
        ('<mj-button href="answer:maybe">x</mj-button>', "bad_link"),
        ('<mj-button href="{{ links.unsubscribe }}?x=1">x</mj-button>', "bad_link"),
        ('<mj-button href="{{ brand.mark|upper }}">x</mj-button>', "bad_link"),
        ('<mj-button href="{% if contact.x %}https://a.example{% endif %}">x</mj-button>', "bad_link"),
        ('<mj-button href="java{{ contact.x }}">x</mj-button>', "bad_link"),
        ('<mj-button href="https://{{ contact.x }}/">x</mj-button>', "bad_link"),
        ("<mj-text>{{ contact. }}</mj-text>", "jinja_syntax"),
        ("<mj-text>{{ links.why|upper }}</mj-text>", "links_alone"),
        ("<mj-text>{% if links.why %}x{% endif %}</mj-text>", "links_alone"),
        ("<mj-text>{{ contact.keys() }}</mj-text>", "jinja_refused"),
        ("<mj-text>{% raw %}x{% endraw %}</mj-text>", "jinja_refused"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_line(inner: str, code: str) -> None:
    found = codes(f"<mj-spacer />\n\n{inner}")
    assert (FIRST + 2, code) in found


def test_lines_stay_right_after_chunks_over_several_lines() -> None:
    inner = "<mj-text>{% if contact.x\n   and contact.y %}x{% endif -%}\n\n  y</mj-text>\n<mj-foo />"
    assert (FIRST + 4, "unknown_tag") in codes(inner)


def test_a_fault_in_layout_or_partial_names_that_file() -> None:
    in_layout = problems("", layout=LAYOUT.replace("<trellis-content />", "<mj-foo />\n<trellis-content />"))
    assert [(found.where, found.code) for found in in_layout] == [("layouts/base", "unknown_tag")]
    in_partial = problems('<trellis-partial name="p" />', partials={"p": "\n\n<mj-bar />"})
    assert [(found.where, found.line, found.code) for found in in_partial] == [
        ("partials/p", 3, "unknown_tag")
    ]
    loop = problems('<trellis-partial name="p" />', partials={"p": '<trellis-partial name="p" />'})
    assert [found.code for found in loop] == ["partial_in_partial"]


def test_a_layout_without_a_place_for_the_content_is_refused() -> None:
    assert problems("", layout=LAYOUT.replace("<trellis-content />", ""))[0].code == "no_content"
    twice = problems(
        "", layout=LAYOUT.replace("<trellis-content />", "<trellis-content /><trellis-content />")
    )
    assert twice[0].code == "no_content"


def test_what_would_crash_the_compiler_is_refused_first() -> None:
    deep = "<mj-text>" + "<div>" * 9000 + "x" + "</div>" * 9000 + "</mj-text>"
    assert "too_big" in {code for _, code in codes(deep)}
    many = "<mj-wrapper></mj-wrapper>" * (MAX_ELEMENTS + 1)
    assert "too_big" in {found.code for found in problems(many)}
    nearly = "<mj-text>" + "<div>" * (MAX_DEPTH - 8) + "x" + "</div>" * (MAX_DEPTH - 8) + "</mj-text>"
    assert compiled(template(section(nearly)))


def test_a_flood_of_faults_or_of_chunks_ends_early() -> None:
    assert len(problems(section("<" * 5000))) <= MAX_PROBLEMS + 5
    assert "too_big" in {code for _, code in codes("<mj-text>" + "{{ contact.x }}" * 6500 + "</mj-text>")}


@pytest.mark.parametrize("place", ["body", "string", "subject", "link"])
def test_control_characters_cannot_end_a_program(place: str) -> None:
    inner = {
        "body": "a\x02b",
        "string": '{{ contact.x|default("\x02 x") }}',
        "link": '<a href="link:a">x</a>',
    }
    front = FRONT
    if place == "subject":
        front = FRONT.replace('"A subject"', "\"{{ contact.x|default('\\x02') }}\"")
    if place == "link":
        front += "links: {a: \"https://x.example/{{ contact.x|default('\\x02') }}\"}\n"
    found = problems(section(f"<mj-text>{inner.get(place, 'x')}</mj-text>"), front=front)
    assert {problem.code for problem in found} & {"control_character", "bad_link"}


def test_a_condition_may_not_cut_an_outlook_table() -> None:
    inside = "<mj-wrapper>{% if contact.x %}<mj-section></mj-section>{% endif %}</mj-wrapper>"
    assert [found.code for found in problems(inside)] == ["block_place", "block_place"]
    layout = LAYOUT.replace("<trellis-content />", "<mj-wrapper><trellis-content /></mj-wrapper>")
    around = "{% if contact.x %}" + section("<mj-text>x</mj-text>") + "{% endif %}"
    assert {found.code for found in problems(around, layout=layout)} == {"block_place"}


@pytest.mark.parametrize(
    "body",
    [
        '<mj-hero mode="fixed-height" height="200px">{% if contact.x %}<mj-text>Qx</mj-text>{% endif %}</mj-hero>',
        "<mj-section><mj-group><mj-column>{% if contact.x %}<mj-text>Qx</mj-text>{% endif %}</mj-column></mj-group></mj-section>",
        "<mj-wrapper>" + section("{% if contact.x %}<mj-text>Qx</mj-text>{% endif %}") + "</mj-wrapper>",
        "<mj-raw>{% if contact.x %}<p>Qx</p>{% endif %}</mj-raw>",
    ],
)
def test_conditions_stand_outside_outlook_comments(body: str) -> None:
    program = Program.load(compiled(template(body)))
    assert "Qx" in program.render_preview(context(x=1)).text
    html = program.render_preview(context()).html
    assert "Qx" not in html
    assert html.count("<!--[if") == html.count("<![endif]")
    html = html.split("<body")[1]
    assert re.search(r"<!--\[if [^\]]*\]>(?:(?!<!\[endif\]).)*<!--", html, re.S) is None


def test_a_chunk_inside_an_outlook_comment_counts_as_lost() -> None:
    chunks = Chunks("0")
    word = chunks.word(chunks.add(Chunk("block", "if contact.x", 3)))
    assert chunks.lost(f"<!--[if mso]><td><![endif]--><!--{word}-->") == []
    assert [chunk.line for chunk in chunks.lost(f"<!--[if mso]><td><!--{word}--></td><![endif]-->")] == [3]
    assert [chunk.line for chunk in chunks.lost(f"<!--{word}--><!--{word}-->")] == [3]
    assert [chunk.line for chunk in chunks.lost("")] == [3]


def test_a_loop_around_table_rows_stays_in_its_table() -> None:
    rows = "<mj-table>{% for tag in task.lines %}<tr><td>{{ tag }}</td></tr>{% endfor %}</mj-table>"
    program = Program.load(compiled(template(section(rows))))
    html = program.render_preview(context(lines=["a<b", "c"])).html
    table = html[html.index("a&lt;b") - 400 : html.index("a&lt;b") + 40]
    assert re.search(r"<table[^>]*>(<tbody>)?<tr><td[^>]*>a&lt;b</td></tr><tr><td[^>]*>c", table)


def test_a_comparison_in_a_condition_never_reaches_a_parser() -> None:
    text = '<mj-text>{% if contact.score < 5 and contact.name > "a" %}low{% endif %}</mj-text>'
    program = Program.load(compiled(template(section(text))))
    assert "low" in program.render_preview(context(score=3, name="b")).text


def test_conditions_around_sections_and_in_columns_render_both_ways() -> None:
    body = (
        "{% if contact.x %}"
        + section("<mj-text>one</mj-text>{% if contact.y %}<mj-text>two</mj-text>{% endif %}")
        + "{% endif %}"
    )
    program = Program.load(compiled(template(body)))
    shown = {
        (x, y): re.findall("one|two", program.render_preview(context(x=x, y=y)).text)
        for x in (0, 1) for y in (0, 1)
    }  # fmt: skip
    assert shown == {(0, 0): [], (0, 1): [], (1, 0): ["one"], (1, 1): ["one", "two"]}
    html = program.render_preview(context(x=0)).html
    assert html.count("<!--[if") == html.count("<![endif]")


def test_answer_buttons_carry_the_labels_and_the_second_token() -> None:
    html = part(built(), "html")
    assert re.search(rf'<a href="{re.escape(URLS.answer)}/yes"[^>]*>Yes &amp; soon</a>', html)
    assert compiled().answers == ("yes", "no")
    named = template(section('<mj-button href="answer:no">Never</mj-button>'), FRONT + "ask: means\n")
    assert compiled(named).answers == ("no",)


def test_links_are_numbered_with_their_topics_in_the_order_of_the_mail() -> None:
    found = [(link.number, link.name, link.url_template, link.topics) for link in compiled().links]
    assert found == [
        (1, "", "https://example.com/a?x=1&y=2&copy=3", ("getting-started",)),
        (2, "guide", "{{ brand.home }}/guides/first?a=1&b=2", ("pricing",)),
        (3, "", "{{ brand.home }}", ("getting-started",)),
    ]


def test_links_of_the_layout_have_no_topic() -> None:
    layout = LAYOUT.replace("{{ brand.name }}", '<a href="{{ brand.home }}">{{ brand.name }}</a>')
    assert compiled(layout=layout).links[0].topics == ()


def test_nothing_is_loaded_from_other_peoples_servers() -> None:
    html = Program.load(compiled()).render_preview(context()).html
    hosts = set(re.findall(r"https?://([^/\"'\s)]+)", re.sub(r'xmlns[^=]*="[^"]*"', "", html)))
    assert hosts == {"halden.example.com", "example.com", "preview.invalid"}
    assert "@import" not in html


def test_what_the_layout_leaves_out_comes_from_the_template() -> None:
    bare = "<mjml><mj-body><trellis-content /></mj-body></mjml>"
    source = parse_source("discovery/hello", "pt-BR", template(section("<mj-text>Olá</mj-text>")))
    from app.mail.compile import compile_template

    html = (
        Program.load(compile_template(source, layout=bare, partials={}, brand_sample={}))
        .render_preview({})
        .html
    )
    assert '<html lang="pt-BR"' in html
    assert "<title>A subject</title>" in html


def test_inline_styles_are_inlined_and_the_others_kept() -> None:
    html = Program.load(compiled()).render_preview(context()).html
    assert re.search(r'<a href="https://example.com/a[^>]*style="color: #1D5A42', html)
    assert "@media (prefers-color-scheme: dark)" in html


def test_a_chunk_that_the_compiler_drops_is_reported_with_its_line() -> None:
    head = '<mj-attributes>\n<mj-image alt="{{ contact.x }}" />'
    found = problems("", layout=LAYOUT.replace("<mj-attributes>", head))
    assert [(problem.line, problem.code) for problem in found] == [(5, "chunk_lost")]


def test_private_characters_cannot_pretend_to_be_chunks() -> None:
    assert (0, "private_character") in codes("<mj-text>\ue000</mj-text>")
    raw = built(data=context(first_name="\ue000\ue001"))
    assert "Good morning \ue000\ue001," in part(raw, "plain")


def test_compiling_twice_gives_the_same_bytes() -> None:
    assert compiled().to_json() == compiled().to_json()


@pytest.mark.parametrize(
    "value", ["{{ links.unsubscribe }}", "{{ mail.subject }}", "{{ nonsense }}", "{% if %}"]
)
def test_subject_and_preheader_hold_fields_of_data_only(value: str) -> None:
    for line, old in ((4, "A subject"), (5, "A preheader")):
        found = problems("", front=FRONT.replace(old, value))
        assert [problem.line for problem in found] == [line]
