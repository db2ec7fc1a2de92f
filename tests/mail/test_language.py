"""The allow-list of the template language: every known way out of a sandbox, and every way to run for ever."""

import pytest

from app.mail.language import MAX_LOOP, inspect, literal
from app.mail.program import Program
from tests.mail.support import FRONT, built, compiled, context, part, section, template

ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ contact.__class__ }}",
    "{{ contact['__class__'] }}",
    "{{ contact['first_name'] }}",
    "{{ contact|attr('__class__') }}",
    "{{ self }}",
    "{{ self.__init__.__globals__ }}",
    "{{ config }}",
    "{{ request.environ }}",
    "{{ lipsum.__globals__['os'].popen('id') }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner }}",
    "{{ namespace() }}",
    "{{ dict(a=1) }}",
    "{{ env }}",
    "{{ contact.keys() }}",
    "{{ contact.get('x') }}",
    "{{ contact.first_name.upper() }}",
    "{{ contact.first_name.format }}",
    "{{ '{0.__class__}'.format(contact) }}",
    "{{ '%s' % contact.first_name }}",
    "{{ contact.first_name|format(1) }}",
    "{{ contact|map(attribute='x')|list }}",
    "{{ [1]|map('int') }}",
    "{{ contact|tojson }}",
    "{{ contact.first_name|safe }}",
    "{{ contact.first_name|e }}",
    "{{ contact.first_name|xmlattr }}",
    "{{ contact.first_name|checked_url }}",
    "{{ contact.first_name is callable }}",
    "{{ contact.first_name is sameas 1 }}",
    "{{ contact }}",
    "{{ secrets.key }}",
    "{{ brand.secret }}",
    "{{ contact._private }}",
    "{{ u1 }}",
    "{{ px }}",
    "{{ f0 }}",
    "{% set x = 1 %}",
    "{% set x %}y{% endset %}",
    "{% with x = 1 %}{% endwith %}",
    "{% macro m() %}{% endmacro %}",
    "{% call m() %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% include 'x' %}",
    "{% import 'x' as y %}",
    "{% from 'x' import y %}",
    "{% extends 'x' %}",
    "{% block x %}{% endblock %}",
    "{% autoescape false %}x{% endautoescape %}",
    "{% raw %}{{ x }}{% endraw %}",
]
RUNAWAYS = [
    "{{ 'x' * 9999999 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 9 // 1 }}",
    "{{ 9 / 1 }}",
    "{% for i in range(999999999) %}x{% endfor %}",
    "{% for i in contact.first_name %}x{% endfor %}",
    "{% for a in task.lines %}{% for b in task.lines %}x{% endfor %}{% endfor %}",
    "{% for a in task.lines recursive %}{{ loop(a) }}{% endfor %}",
    "{% for a in task.lines if a %}x{% endfor %}",
    "{% for a in [1] * 10 %}x{% endfor %}",
    "{% for a in task.lines %}{{ loop.index }}{% endfor %}",
    "{% for contact in task.lines %}x{% endfor %}",
    "{% for a, b in task.lines %}x{% endfor %}",
    "{{ 'x'|center(99999999) }}",
    "{{ 'x'|ljust(99999999) }}",
    "{{ 'x'|indent(99999999) }}",
    "{{ contact.first_name|replace('', 'xxxxxxxx') }}",
    "{{ [1]|sum }}",
    "{{ 'x'|wordwrap(1) }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "not " * 3000 + "1 }}",
]
FINE = [
    "{{ contact.first_name }}",
    "{{ contact.first_name|default('there')|title }}",
    "{{ contact.score + 1 }}",
    "{{ contact.a ~ ' ' ~ company.b }}",
    "{{ contact.a if contact.a else 'x' }}",
    "{% if contact.a == 'x' and not company.b %}x{% elif contact.c in ['a', 'b'] %}y{% else %}z{% endif %}",
    "{% for tag in task.lines %}{{ tag|upper }}{% else %}none{% endfor %}",
    "{% for line in task.lines %}{{ line.label }}{% endfor %}",
    "{% for x in ['a', 'b'] %}{{ x }}{% endfor %}",
    "{% if contact.a is defined %}x{% endif %}",
]


@pytest.mark.parametrize("text", ESCAPES + RUNAWAYS)
def test_what_is_not_allowed_is_refused_with_its_line(text: str) -> None:
    found = inspect(f"one\ntwo {text}")
    if "raw" in text:
        return  # refused while chunks are lifted out: test_raw_is_refused
    assert found.problems
    assert {problem.line for problem in found.problems} == {2}


@pytest.mark.parametrize("text", FINE)
def test_what_a_mail_needs_is_allowed(text: str) -> None:
    assert inspect(text).problems == []


def test_a_loop_over_a_long_written_list_is_refused() -> None:
    assert inspect("{% for x in [" + "1," * (MAX_LOOP + 1) + "] %}x{% endfor %}").problems


def test_fields_are_found_and_those_behind_a_question_are_not_required() -> None:
    found = inspect(
        "{{ contact.a }}{% if contact.b %}{{ contact.b }}{% endif %}{{ contact.c or 'x' }}"
        "{{ contact.d|default('y') }}{{ contact.e if contact.e else '' }}{% if contact.f %}x{% endif %}"
    )
    assert list(found.required) == ["contact.a"]
    assert set(found.fields) == {f"contact.{letter}" for letter in "abcdef"}


@pytest.mark.parametrize("text", ["", 'a"b', "back\\slash", "Ünï 😀", "{{ x }}", "\x00\n"])
def test_a_literal_reads_back_as_itself(text: str) -> None:
    program = Program.load(
        compiled(template(section("<mj-text>{{ contact.x|default(" + literal("a") + ") }}</mj-text>"), FRONT))
    )
    assert program is not None
    from app.mail.sandbox import Sandbox, compile_program

    run = compile_program(Sandbox(str), f"\x01 {literal(text)} \x02", {})
    assert "".join(run({})) == text


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ 7 * 7 }}",
        "{% if 1 %}x{% endif %}",
        "{{ ''.__class__ }}",
        "\x01 brand.home \x02",
        "\x03 if 1 \x04",
        "{#",
    ],
)
def test_a_template_in_a_contacts_data_stays_text(hostile: str) -> None:
    raw = built(data=context(first_name=hostile))
    shown = hostile.translate(dict.fromkeys(range(0x20)))
    assert f"Good morning {shown}," in part(raw, "plain")
    assert "49" not in part(raw, "plain")
    assert "https://halden.example.com ," not in part(raw, "plain")


def test_a_list_out_of_a_contacts_data_is_cut() -> None:
    raw = built(data=context(persona="finance", lines=[f"tag{number}" for number in range(5000)]))
    assert part(raw, "plain").count("tag") == MAX_LOOP
    assert "tag" not in part(built(data=context(persona="finance", lines="tag" * 9)), "plain")
