"""Templates made to exhaust memory, to run for ever or to crash the compiler: each refused with a line and a remedy."""

import resource
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.mail.compile import compile_template
from app.mail.limited import Job, Limits, compile_limited
from app.mail.source import MAX_SOURCE_BYTES, Problem, TemplateError, parse_source
from tests.mail.support import BRAND, FRONT, LAYOUT, PARTIALS, section, template

# Far less than a compilation is given, so that one that runs away is seen here as one.
TIGHT = Limits(cpu_seconds=5, memory_bytes=640 << 20)
LATE = frozenset({"html_too_large", "too_big", "render_failed", "unknown_attribute"})
SIMPLE = template(section("<mj-text>x</mj-text>"))


def words(inner: str) -> str:
    return template(section(f"<mj-text>{inner}</mj-text>"))


def refused_here(text: str) -> tuple[Problem, ...]:
    with pytest.raises(TemplateError) as caught:
        source = parse_source("discovery/hello", "", text)
        compile_template(source, layout=LAYOUT, partials=PARTIALS, brand_sample=BRAND)
    return caught.value.problems[:100]


def problems(text: str, layout: str = LAYOUT, **partials: str) -> tuple[Problem, ...]:
    job = Job("discovery/hello", "", text, layout, {**PARTIALS, **partials}, BRAND)
    with pytest.raises(TemplateError) as caught:
        compile_limited(job, TIGHT)
    return caught.value.problems


CASES: dict[str, tuple[Callable[[], str], str, int]] = {
    "9,000 nested divs": (lambda: words("<div>" * 9000 + "x" + "</div>" * 9000), "too_big", 8),
    "25,000 nested bold": (lambda: words("<b>" * 25_000 + "</b>" * 25_000), "too_big", 8),
    "4,000 nested tables": (lambda: words("<table><tr><td>" * 4000 + "</td></tr></table>" * 4000), "too_big", 8),
    "1,850 nested wrappers": (lambda: template("<mj-wrapper>" * 1850 + "</mj-wrapper>" * 1850), "wrong_place", 7),
    "an include": (lambda: template('<mj-include path="hello.mjml"/>'), "tag_refused", 7),
    "10,000 attributes": (lambda: template(f"<mj-section {' '.join(f'a{n}' for n in range(10_000))}/>"), "unknown_attribute", 7),
    "an attribute of 180 kB": (lambda: template(section(f'<mj-text color="{"x" * 180_000}">x</mj-text>')), "html_too_large", 0),
    "a loop over 60,000": (lambda: words(f"{{% for a in [{'1,' * 60_000}] %}}x{{% endfor %}}"), "jinja_refused", 8),
    "a loop in a loop": (lambda: words("{% for a in [1] %}{% for b in [1] %}x{% endfor %}{% endfor %}"), "jinja_refused", 8),
    "150 loops of 50,000": (lambda: words(("{% for a in [" + "1," * 50 + "] %}" + "x" * 1000 + "{% endfor %}") * 150), "html_too_large", 0),
    "a literal of 190 kB": (lambda: words("{{ '" + "a" * 190_000 + "' }}"), "html_too_large", 0),
    "a number of 5,000 digits": (lambda: words("{{ " + "9" * 5000 + " }}"), "bad_number", 8),
    "3,000 conditions deep": (lambda: words("{% if contact.a %}" * 3000 + "{% endif %}" * 3000), "too_deep", 8),
    "20,000 brackets deep": (lambda: words("{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}"), "too_deep", 8),
    "40,000 sums": (lambda: words("{{ " + "+".join("1" * 40_000) + " }}"), "too_deep", 8),
    "a product of text": (lambda: words("{{ 'a' * 1000000000 }}"), "jinja_refused", 8),
    "a power": (lambda: words("{{ 9 ** 99999999 }}"), "jinja_refused", 8),
    "a width": (lambda: words("{{ '%1000000000d' % 1 }}"), "jinja_refused", 8),
    "a width by filter": (lambda: words("{{ '%1000000000d'|format(1) }}"), "jinja_refused", 8),
    "a centre": (lambda: words("{{ 'a'|center(1000000000) }}"), "jinja_refused", 8),
    "digits without end": (lambda: words("{{ 1.5|round(1000000000, 'floor') }}"), "jinja_refused", 8),
    "digits out of data": (lambda: words("{{ 1.5|round(contact.digits, 'floor') }}"), "jinja_refused", 8),
    "a length out of data": (lambda: words("{{ 'abc'|truncate(contact.length) }}"), "jinja_refused", 8),
    "a joint out of data": (lambda: words("{{ task.lines|join(contact.city) }}"), "jinja_refused", 8),
    "joints of joints": (lambda: words("{{ 'abcdefghij'" + "|join('abcdefghij')" * 9 + " }}"), "jinja_refused", 8),
    "a joint of 50 kB": (lambda: words("{{ [" + "'a'," * 9000 + "]|join('" + "z" * 50_000 + "') }}"), "jinja_refused", 8),
    "90,000 accents on one letter": (lambda: words("a" + "\u0300" * 90_000), "html_too_large", 0),
    "60,000 letters that grow": (lambda: words("{{ '" + "\u0149" * 60_000 + "'|upper }}"), "html_too_large", 0),
    "half a character": (lambda: words("\ud800"), "bad_character", 8),
    "20,000 chunks": (lambda: words("{{ 1 }}" * 20_000), "too_big", 8),
    "10 MB": (lambda: words("x" * 10_000_000), "too_large", 0),
    "190,000 brackets": (lambda: words("<" * 190_000), "stray_bracket", 8),
    "a filter told nonsense": (lambda: words("{{ 'abc'|truncate(1) }}"), "render_failed", 8),
    "a sum of text and number": (lambda: words("x\n{{ brand.name - 1 }}"), "render_failed", 9),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line"), CASES.values(), ids=list(CASES))
def test_it_is_refused_with_its_line_and_a_remedy(text: Callable[[], str], code: str, line: int) -> None:
    # What is refused by reading alone is refused here, in this very process, and takes no time.
    told = problems(text()) if code in LATE else refused_here(text())
    assert (line, code) in [(problem.line, problem.code) for problem in told]
    assert all(problem.remedy and problem.code != "compiler_crash" for problem in told)
    assert len(told) <= 100


def test_a_layout_or_partial_that_is_too_long_is_told_there() -> None:
    huge = "<!--" + "x" * MAX_SOURCE_BYTES + "-->"
    told = problems(SIMPLE, LAYOUT + huge, why=huge)
    assert [(problem.where, problem.code) for problem in told] == [
        ("layouts/base", "too_large"), ("partials/why", "too_large"),
    ]  # fmt: skip


def test_partials_do_not_multiply() -> None:
    told = problems(template('<trellis-partial name="a"/>'), a='<trellis-partial name="a"/>' * 10)
    assert {(problem.where, problem.code) for problem in told} == {("partials/a", "partial_in_partial")}


@pytest.mark.parametrize(
    "front",
    [
        "topics: " + "[" * 5000 + "]" * 5000,
        "topics: " + "[" * 30_000,
        "topics:\n" + "- " * 9000,
        "a: &a [x,x]\n" + "\n".join(f"b{n}: &b{n} [*{'a' if not n else f'b{n - 1}'},*{'a' if not n else f'b{n - 1}'}]" for n in range(30)),
    ],
    ids=["5,000 lists deep", "30,000 open lists", "9,000 dashes", "aliases that double"],
)  # fmt: skip
def test_front_matter_is_read_by_the_web_server_itself_and_does_it_no_harm(front: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_source("discovery/hello", "", template(section("x"), f"{FRONT}{front}\n"))
    assert all(problem.remedy for problem in caught.value.problems)


def test_what_runs_away_all_the_same_is_stopped_and_this_process_keeps_its_limits() -> None:
    before = [resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU)]
    job = Job("discovery/hello", "", SIMPLE, LAYOUT, PARTIALS, BRAND)
    large = replace(
        job, text=template("".join(section(f"<mj-text>{'word ' * 200}</mj-text>") for _ in range(300)))
    )
    for one, limits in (
        (large, Limits(memory_bytes=40 << 20)),
        (job, Limits(wall_seconds=0.01)),
        (job, Limits(output_bytes=500)),
    ):
        with pytest.raises(TemplateError) as caught:
            compile_limited(one, limits)
        assert caught.value.problems[0].remedy
    assert before == [resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU)]
    assert compile_limited(job).key == "discovery/hello"
