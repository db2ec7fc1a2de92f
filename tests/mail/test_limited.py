"""The compiler's own process: what it answers, and what stops it."""

import signal
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from app.mail import limited
from app.mail.compile import CompiledTemplate
from app.mail.limited import Job, Limits, compile_each, compile_limited
from app.mail.lint import NOTES
from app.mail.source import TemplateError
from tests.mail.support import ANSWERS, BRAND, HELLO, LAYOUT, PARTIALS, compiled, section, template

WORDS = "Enough words for a reader whose mail program shows no pictures at all."


def job(text: str = HELLO) -> Job:
    return Job("discovery/hello", "", text, LAYOUT, PARTIALS, BRAND, ANSWERS)


def codes(caught: pytest.ExceptionInfo[TemplateError]) -> list[str]:
    return [problem.code for problem in caught.value.problems]


def test_it_gives_the_same_template_as_compiling_here() -> None:
    assert compile_limited(job()).with_warnings(()) == compiled().with_warnings(())


def test_problems_come_back_with_their_lines() -> None:
    with pytest.raises(TemplateError) as caught:
        compile_limited(job(template(section("<mj-foo />"))))
    assert [(problem.line, problem.code) for problem in caught.value.problems] == [(8, "unknown_tag")]


def test_what_lint_finds_comes_back_as_warnings() -> None:
    found = compile_limited(
        job(template(section(f'<mj-image src="https://a.example/b.png" /><mj-text>{WORDS}</mj-text>')))
    )
    assert [(problem.line, problem.code) for problem in found.warnings if problem.code not in NOTES] == [
        (8, "no_alt")
    ]


def test_a_template_that_cannot_be_rendered_is_refused() -> None:
    with pytest.raises(TemplateError) as caught:
        compile_limited(job(template(section("<mj-text>{{ brand.name - 1 }}</mj-text>"))))
    assert codes(caught) == ["render_failed"]


@pytest.mark.parametrize(
    ("limits", "code"),
    [(Limits(wall_seconds=0.01), "too_slow"), (Limits(output_bytes=500), "too_large")],
)
def test_each_limit_ends_in_a_clear_error(limits: Limits, code: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_limited(job(), limits)
    assert codes(caught) == [code]


@pytest.mark.parametrize(
    ("returncode", "output", "code"),
    [
        (-signal.SIGSEGV, b"", "compiler_crash"),
        (-signal.SIGABRT, b"", "compiler_crash"),
        (-signal.SIGXCPU, b"", "too_slow"),
        (-signal.SIGKILL, b"", "too_slow"),
        (1, b"", "compiler_crash"),
        (0, b"{", "compiler_crash"),
    ],
)
def test_a_crash_of_the_compiler_is_a_clear_error(returncode: int, output: bytes, code: str) -> None:
    with pytest.raises(TemplateError) as caught:
        limited._result(returncode, output)
    assert codes(caught) == [code]


def test_the_child_has_no_environment_to_lose(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    real = subprocess.Popen

    def spy(*args: Any, **options: Any) -> Any:
        seen.update(options)
        return real(*args, **options)

    monkeypatch.setenv("TRELLIS_SECRET_KEY", "hush")
    monkeypatch.setattr(subprocess, "Popen", spy)
    compile_limited(job())
    assert seen["env"]
    assert "hush" not in str(seen["env"])


def test_of_many_each_has_its_own_end() -> None:
    good, bad = job(), job(template(section("<mj-foo />")))
    outcomes = compile_each([good, bad, good])
    assert [type(outcome) for outcome in outcomes] == [CompiledTemplate, TemplateError, CompiledTemplate]
    assert compile_each([]) == []


def test_where_the_forking_process_is_lost_the_others_are_compiled_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, lost = limited._asked, []

    def lose_it(process: Any, one: Job, limits: Limits) -> tuple[int, bytes]:
        if one.key == "discovery/lost" and not lost:
            lost.append(process.pid)
            process.kill()
            process.wait()
        return asked(process, one, limits)

    monkeypatch.setattr(limited, "_asked", lose_it)
    outcomes = compile_each([job(), replace(job(), key="discovery/lost"), job()])
    assert [type(outcome) for outcome in outcomes] == [CompiledTemplate, TemplateError, CompiledTemplate]


def test_a_forking_process_that_does_not_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "START_SECONDS", -0.5)
    with pytest.raises(TemplateError) as caught:
        compile_limited(job(), Limits(wall_seconds=0.5))
    assert codes(caught) == ["too_slow"]
