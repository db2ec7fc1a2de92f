"""Compiling what people wrote, in a process of its own with limits.

The MJML compiler can crash its process, and a template under construction can be made to run long. Here the
worst of that is a TemplateError. The child gets no environment, so it has no secret to lose.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from app.mail.assemble import MAX_PROBLEMS
from app.mail.compile import CompiledTemplate, compile_template
from app.mail.first_render import first_render
from app.mail.lint import lint_template
from app.mail.source import Problem, TemplateError, parse_source, size_problem

ROOT = Path(__file__).resolve().parents[2]
MAX_FRAMES = 800
# What loading the compiler may take on a slow machine, on top of a job's own limit.
START_SECONDS = 30


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
    (outcome,) = compile_each([job], limits)
    if isinstance(outcome, TemplateError):
        raise outcome
    return outcome


def compile_each(jobs: Sequence[Job], limits: Limits = Limits()) -> list[CompiledTemplate | TemplateError]:
    """The same for many, each in a process and under limits of its own: one that fails takes no other along.

    They are forks of one that has the compiler loaded; loading it takes five times as long as compiling.
    """
    outcomes: list[CompiledTemplate | TemplateError] = []
    while len(outcomes) < len(jobs):
        # Where the forking process itself is lost, the job in hand is lost with it, and the rest goes on.
        outcomes += _compiled_until_lost(jobs[len(outcomes) :], limits)
    return outcomes


def _compiled_until_lost(jobs: Sequence[Job], limits: Limits) -> list[CompiledTemplate | TemplateError]:
    process = subprocess.Popen(
        [sys.executable, "-m", "app.mail.limited"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"},
    )
    outcomes: list[CompiledTemplate | TemplateError] = []
    # Closing the input of one that is gone already is no matter.
    with suppress(BrokenPipeError), process:
        for job in jobs:
            code, output = _asked(process, job, limits)
            try:
                outcomes.append(_result(code, output))
            except TemplateError as error:
                outcomes.append(error)
            if process.poll() is not None:
                break
    return outcomes


def _asked(process: "subprocess.Popen[bytes]", job: Job, limits: Limits) -> tuple[int, bytes]:
    """How the fork for this job ended and what it wrote; as if killed where the forking process does not answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    patience = threading.Timer(limits.wall_seconds + START_SECONDS, process.kill)
    patience.start()
    try:
        process.stdin.write(json.dumps([asdict(job), asdict(limits)]).encode() + b"\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
    except (BrokenPipeError, ValueError):
        process.kill()
        return process.wait() or 1, b""
    finally:
        patience.cancel()
    return answer["code"], answer["output"].encode()


def _result(code: int, output: bytes) -> CompiledTemplate:
    if code in (-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGALRM):
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
    signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds)
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


def _fork(job: Job, limits: Limits) -> tuple[int, bytes]:
    """Compile in a fork; how that ended, and what it wrote."""
    with tempfile.TemporaryFile() as out:
        child = os.fork()
        if child == 0:
            _child(job, limits, out.fileno())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0)
        return code, out.read(limits.output_bytes + 1)


def _child(job: Job, limits: Limits, out: int) -> NoReturn:
    """Ends this process, whatever happens: what it was forked from goes on elsewhere."""
    try:
        _limit(limits)
        # Below the usual: what can be loaded here can be loaded further down a web server's stack.
        sys.setrecursionlimit(MAX_FRAMES)
        with os.fdopen(out, "wb", closefd=False) as file:
            file.write(json.dumps(_answer(job)).encode())
    except BaseException:
        os._exit(1)
    os._exit(0)


def _answer(job: Job) -> dict[str, Any]:
    try:
        return {"compiled": _run(job).to_json()}
    except TemplateError as error:
        return {"problems": [asdict(problem) for problem in error.problems[:MAX_PROBLEMS]]}
    except (MemoryError, RecursionError):
        return {"problems": [asdict(problem) for problem in _stopped("too_large", "out of memory").problems]}


def _serve() -> None:
    for line in sys.stdin.buffer:
        job, limits = json.loads(line)
        code, output = _fork(Job(**job), Limits(**limits))
        answer = {"code": code, "output": output.decode("utf-8", "replace")}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
