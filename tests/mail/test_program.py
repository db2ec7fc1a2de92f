"""Rendering: missing values, fall-backs, conditions, escaping, previews."""

import re
from html import unescape
from typing import Any

import pytest

from app.mail.compile import CompiledTemplate
from app.mail.links import Urls
from app.mail.program import Program
from app.mail.sample import sample_context
from app.mail.sandbox import MissingField, RenderError
from tests.mail.support import BRAND, FRONT, URLS, built, compiled, context, hello, part, section, template


def load(inner: str, front: str = FRONT) -> Program:
    return Program.load(compiled(template(section(f"<mj-text>{inner}</mj-text>"), front)))


def shown(program: Program, **contact: Any) -> str:
    return program.render_preview(context(**contact)).text.split("Halden\n\n")[1].split("\n\nyou asked")[0]


@pytest.mark.parametrize("missing", [None, "", "   ", "\u00a0"])
def test_a_missing_or_empty_value_takes_its_fall_back(missing: Any) -> None:
    preview = hello().render_preview(context(first_name=missing))
    assert preview.subject == "Where your hours go, there"
    assert "Good morning there," in preview.text


def test_a_value_missing_without_fall_back_stops_the_mail_by_name() -> None:
    program = load("Dear {{ contact.last_name }}")
    with pytest.raises(MissingField) as caught:
        program.render(context(), URLS, track=True)
    assert caught.value.name == "contact.last_name"
    assert (caught.value.code, caught.value.params) == ("missing_field", {"field": "contact.last_name"})
    assert "contact.last_name" in program.compiled.required
    assert "contact.first_name" not in hello().compiled.required


@pytest.mark.parametrize("inner", ["{{ contact.x|upper }}", "{{ contact.x ~ '!' }}", "{{ contact.x|trim }}"])
def test_a_missing_value_is_not_printed_through_a_filter(inner: str) -> None:
    with pytest.raises(MissingField, match=r"contact\.x"):
        load(inner).render(context(), URLS, track=True)


@pytest.mark.parametrize(
    ("question", "values", "expected"),
    [
        ("contact.x", {}, "no"),
        ("contact.x", {"x": 0}, "no"),
        ("contact.x is defined", {"x": 0}, "yes"),
        ("contact.x is defined", {"x": ""}, "no"),
        ("contact.x == 'a'", {"x": "a"}, "yes"),
        ("contact.x == 'a'", {}, "no"),
        ("contact.x != 'a'", {}, "no"),
        ("contact.x > 3", {}, "no"),
        ("contact.x > 3", {"x": 4}, "yes"),
        ("contact.x in ['a', 'b']", {"x": "b"}, "yes"),
        ("contact.first_name", {"first_name": ""}, "no"),
    ],
)
def test_conditions_ask_the_value_itself_and_a_missing_one_is_false(
    question: str, values: dict[str, Any], expected: str
) -> None:
    program = load(
        f"{{% if {question} %}}yes{{% else %}}no{{% endif %}} {{{{ contact.first_name }}}}",
        FRONT + "fallbacks: {contact.first_name: there}\n",
    )
    assert shown(program, **values).split()[0] == expected


def test_values_that_do_not_fit_stop_this_mail_only() -> None:
    program = load("{% if contact.x > 3 %}yes{% endif %}")
    with pytest.raises(RenderError, match="render_failed"):
        program.render(context(x="text"), URLS, track=True)
    assert program.render(context(x=4), URLS, track=True)


@pytest.mark.parametrize("value", [object(), {"a": 1}, [1], b"x"])
def test_only_plain_values_are_printed(value: Any) -> None:
    with pytest.raises(RenderError, match="not_plain"):
        load("{{ contact.x }}").render(context(x=value), URLS, track=True)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='x",
        "--><b>",
        "]]>",
        "<!--",
    ],
)
def test_markup_in_a_contacts_data_stays_text(hostile: str) -> None:
    program = load('<p title="{{ contact.x }}">{{ contact.x }}</p>')
    html = program.render_preview(context(x=hostile)).html
    assert hostile not in html.split("<body")[1].replace("<!--[if", "").replace(
        "--><b>", "--><b>" if hostile == "--><b>" else ""
    )
    assert unescape(re.findall(r'<p title="([^"]*)">', html)[0]) == hostile
    assert shown(program, x=hostile) == hostile


def test_control_and_direction_marks_are_taken_out_of_both_parts() -> None:
    program = load("{{ contact.x }}")
    preview = program.render_preview(context(x="a\x00b\x1bc\u202ed\u2066e\x85f\nnext"))
    assert "abcdef\nnext" in preview.text
    assert "abcdef\nnext" in preview.html


@pytest.mark.parametrize("code", ["javascript:alert(1)", "data:text/html,x", "JaVaScRiPt:x", "//evil.example", "\tjavascript:x", "vbscript:x", "https:/\\evil", "https://a b", "file:///etc/passwd"])  # fmt: skip
def test_a_link_out_of_a_contacts_data_is_checked(code: str) -> None:
    program = load('<a href="{{ contact.site }}">your site</a>')
    with pytest.raises(RenderError, match="unsafe_link"):
        program.render(context(site=code), URLS, track=True)


def test_a_good_link_out_of_a_contacts_data_is_left_untracked() -> None:
    program = load('<a href="https://example.com/u?c={{ contact.code|urlencode }}&amp;x=1">yours</a>')
    assert program.compiled.links == ()
    html = program.render_preview(context(code="a b&c")).html
    assert 'href="https://example.com/u?c=a%20b%26c&amp;x=1"' in html


def test_a_preview_is_the_live_rendering_without_a_live_token() -> None:
    preview = hello().render_preview(context(city="Rome"))
    raw = built(data=context(city="Rome"), track=False)
    live = (
        part(raw, "html")
        .replace(URLS.unsubscribe, "U")
        .replace(URLS.preferences, "P")
        .replace(URLS.answer, "A")
    )
    looked_at = re.sub(r"https://preview\.invalid/unsubscribe", "U", preview.html)
    looked_at = re.sub(r"https://preview\.invalid/preferences", "P", looked_at)
    looked_at = re.sub(r"https://preview\.invalid/answer", "A", looked_at)
    assert re.sub(r"[?&;]*(?:amp;)?utm_[a-z]+=[^&\"]+(?:&amp;)?", "", live) == looked_at
    assert "t.example.com" not in preview.html + preview.text
    assert preview.preheader == "Three places to look first, Ada"


def test_a_stored_template_renders_the_same_bytes() -> None:
    first = compiled()
    again = CompiledTemplate.from_json(first.to_json())
    assert again == first
    assert again.to_json() == first.to_json()
    assert Program.load(again).render(context(), URLS, track=True) == hello().render(
        context(), URLS, track=True
    )


def test_a_stored_template_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="compile it again"):
        CompiledTemplate.from_json(compiled().to_json().replace('"format": 1', '"format": 0'))


def test_addresses_that_would_need_escaping_are_refused() -> None:
    with pytest.raises(ValueError, match="address"):
        Urls('https://x/"', "u", "p", "w", "v", "a")


def test_sample_values_fill_every_field() -> None:
    program = hello()
    assert "Ada" in program.render_preview(sample_context(program.compiled, BRAND)).text


def test_links_lead_to_the_contacts_brand_when_tracking_is_off() -> None:
    data = context()
    data["brand"]["home"] = "https://other.example.net"
    html = part(built(data=data, track=False), "html")
    assert (
        "https://other.example.net/guides/first?a=1&amp;b=2&amp;utm_source=trellis&amp;utm_medium=email"
        in html
    )
    data["brand"]["home"] = "javascript:alert(1)//"
    with pytest.raises(RenderError, match="bad_destination"):
        built(data=data, track=False)


def test_a_list_is_joined() -> None:
    program = load("{{ task.lines|join(', ') }}")
    context = {**sample_context(program.compiled, BRAND), "task": {"lines": ["a & b", "c"]}}
    assert "a &amp; b, c" in program.render_preview(context).html
