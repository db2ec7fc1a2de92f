"""Compiling what people wrote, in a process of its own with limits.

The MJML compiler can crash its process, and a template under construction can be made to run long. Here the
worst of that is a TemplateError. The child gets no environment, so it has no secret to lose.
"""

import json
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.mail.assemble import MAX_PROBLEMS
from app.mail.compile import CompiledTemplate, compile_template
from app.mail.first_render import first_render
from app.mail.lint import lint_template
from app.mail.source import Problem, TemplateError, parse_source, size_problem

ROOT = Path(__file__).resolve().parents[2]
MAX_FRAMES = 800


@dataclass(frozen=True, slots=True)
class Limits:
    """What one compilation may use: seconds of CPU and of waiting, bytes of memory and of output."""

    cpu_seconds: int = 10
    wall_seconds: float = 30.0
    memory_bytes: int = 1 << 30
    output_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """Everything one compilation needs, as text; answers are (value, label)."""

    key: str
    locale: str
    text: str
    layout: str
    partials: Mapping[str, str]
    brand_sample: Mapping[str, str]
    answers: Sequence[tuple[str, str]] = ()
    default_locale: str = "en"


def compile_limited(job: Job, limits: Limits = Limits()) -> CompiledTemplate:
    """Parse, compile, render once with sample values and lint, all under limits. Raises TemplateError."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.mail.limited"],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"},
        )
        try:
            process.communicate(
                json.dumps([asdict(job), asdict(limits)]).encode(), timeout=limits.wall_seconds
            )
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise _stopped("too_slow", "compiling took too long") from None
        except BrokenPipeError:
            process.wait()
        out.seek(0)
        return _result(process.returncode, out.read(limits.output_bytes + 1))


def _result(code: int, output: bytes) -> CompiledTemplate:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        raise _stopped("too_slow", "compiling used too much time or memory")
    if code == -signal.SIGXFSZ:
        raise _stopped("too_large", "the compiled mail is too large")
    if code < 0:
        raise _stopped("compiler_crash", f"the MJML compiler crashed ({signal.Signals(-code).name})")
    try:
        answer: dict[str, Any] = json.loads(output)
    except ValueError:
        raise _stopped("compiler_crash", "the compiler ended without an answer") from None
    if "problems" in answer:
        raise TemplateError(tuple(Problem(**problem) for problem in answer["problems"]))
    return CompiledTemplate.from_json(answer["compiled"])


def _stopped(code: str, message: str) -> TemplateError:
    return TemplateError((Problem(0, code, message, "Make the mail simpler: fewer and flatter elements."),))


def _limit(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.output_bytes, limits.output_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Python ignores SIGXFSZ and would turn the limit into an error with half an answer written.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def _run(job: Job) -> CompiledTemplate:
    source = parse_source(job.key, job.locale, job.text)
    files = {f"layouts/{source.layout}": job.layout}
    files |= {f"partials/{name}": text for name, text in job.partials.items()}
    if unreadable := [found for where, text in files.items() if (found := size_problem(text, where))]:
        raise TemplateError(tuple(unreadable))
    compiled = compile_template(
        source,
        layout=job.layout,
        partials=job.partials,
        answers=[(value, label) for value, label in job.answers],
        brand_sample=job.brand_sample,
        default_locale=job.default_locale,
    )
    first_render(compiled, source, job.brand_sample)
    return compiled.with_warnings(lint_template(compiled, source, files))


def _child() -> None:
    job, limits = json.loads(sys.stdin.buffer.read())
    _limit(Limits(**limits))
    # Below the usual: what can be loaded here can be loaded further down a web server's stack.
    sys.setrecursionlimit(MAX_FRAMES)
    try:
        answer: dict[str, Any] = {"compiled": _run(Job(**job)).to_json()}
    except TemplateError as error:
        answer = {"problems": [asdict(problem) for problem in error.problems[:MAX_PROBLEMS]]}
    except (MemoryError, RecursionError):
        answer = {
            "problems": [asdict(problem) for problem in _stopped("too_large", "out of memory").problems]
        }
    sys.stdout.buffer.write(json.dumps(answer).encode())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    _child()
