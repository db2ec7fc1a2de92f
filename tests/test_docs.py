"""The pages in docs/ are true: their examples run, nothing is left out, and their links lead somewhere."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.cli import COMMANDS, Commands
from app.core.conditions import KINDS as EVENT_KINDS
from app.core.conditions import parse
from app.core.conditions.model import OPERATORS
from app.core.conditions.parse import LEAVES
from app.core.conditions.parse_events import SHORT_FORMS
from app.core.gate import RULES
from app.core.reading import Finding
from app.core.sequences import TOP_KEYS, TRIGGERS, read_sequence
from app.core.steps import KINDS
from app.factory import BLUEPRINTS
from app.files.trees import read_document
from app.mail import language
from app.mail.source import CLASSES, KEYS, parse_source
from app.runtime.jobs import jobs
from config import ROOT, Settings

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^```(\w+) (\w+)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEAD = "sequence: example\nfor: lead\ntopic: guides\n"
ONE_STEP = "steps:\n  - guide: {send: discovery/guide}\n"
EXAMPLES = ("sequence", "head", "steps", "condition", "mail")


def text_of(name: str) -> str:
    return (DOCS / name).read_text()


def examples(kind: str) -> list[str]:
    """The fenced blocks of all pages marked with this kind, such as ```yaml steps."""
    blocks = [block for page in PAGES for block in FENCE.findall(page.read_text())]
    return [body for _, found, body in blocks if found == kind]


def faults(text: str) -> list[Finding]:
    node = read_document(text).node()
    read_sequence(node)
    return node.findings


def indented(body: str) -> str:
    return "".join(f"  {line}\n" for line in body.splitlines())


@pytest.mark.parametrize("body", examples("sequence"))
def test_every_sequence_reads(body: str) -> None:
    assert faults(body) == []


@pytest.mark.parametrize("body", examples("head"))
def test_every_line_of_a_head_reads(body: str) -> None:
    assert faults(HEAD + body + ONE_STEP) == []


@pytest.mark.parametrize("body", examples("steps"))
def test_every_step_reads(body: str) -> None:
    assert faults(HEAD + "steps:\n" + indented(body)) == []


@pytest.mark.parametrize("body", examples("condition"))
def test_every_condition_reads(body: str) -> None:
    node = read_document(body).node()
    parse(node)
    assert node.findings == []


@pytest.mark.parametrize("body", examples("mail"))
def test_every_mail_reads(body: str) -> None:
    source = parse_source("discovery/example", "", body)
    assert language.inspect(source.body).problems == []


def test_a_broken_example_is_found() -> None:
    assert faults(HEAD + "steps:\n  - guide: {sent: discovery/guide}\n") != []


def test_every_kind_of_example_occurs() -> None:
    assert [kind for kind in EXAMPLES if not examples(kind)] == []


def step_words() -> set[str]:
    """The words that begin the steps of the examples."""
    found = set()
    for body in examples("steps"):
        for step in read_document(body).tree:
            for what in step.values():
                found |= set(what)
    return found


def test_every_step_kind_has_an_example() -> None:
    assert sorted(set(KINDS) - step_words()) == []


def test_every_condition_and_operator_has_an_example() -> None:
    shown = "\n".join(examples("condition"))
    words = (*LEAVES, *SHORT_FORMS, *OPERATORS, "event", "topic", "all", "any", "not")
    assert [word for word in words if not re.search(rf"(?<![a-z]){re.escape(word)}:", shown)] == []


def test_every_word_of_a_head_and_every_trigger_is_told() -> None:
    page = text_of("sequences.md")
    assert [word for word in (*TOP_KEYS, *TRIGGERS) if f"`{word}`" not in page] == []


def test_every_event_kind_is_told() -> None:
    page = text_of("sequences.md")
    assert [kind for kind in EVENT_KINDS if f"`{kind}`" not in page] == []


def test_every_key_class_and_field_of_a_template_is_told() -> None:
    page = text_of("templates.md")
    fields = [f"{root}.{name}" for root, names in language.CLOSED_ROOTS.items() for name in names]
    words = (*KEYS, *CLASSES, *fields, *language.LISTS, *language.FILTERS)
    assert [word for word in words if f"`{word}`" not in page] == []


def test_every_rule_of_the_gate_is_told() -> None:
    page = text_of("marketers.md")
    assert [rule.__name__ for rule in RULES if f"`{rule.__name__}`" not in page] == []


def test_every_setting_is_told_with_its_default() -> None:
    page = text_of("settings.md")
    missing = []
    for name, field in Settings.model_fields.items():
        row = next(
            (line for line in page.splitlines() if line.startswith(f"| `TRELLIS_{name.upper()}` |")), ""
        )
        shown = default_of(name, field.default)
        if f"| {shown} |" not in row or (field.description or "") not in row:
            missing.append(f"| `TRELLIS_{name.upper()}` | {shown} | {field.description} |")
    assert missing == []


def default_of(name: str, default: object) -> str:
    """As the page shows it; folders are named from the project's root."""
    if isinstance(default, Path):
        inside = default.relative_to(ROOT).as_posix()
        return "the project's folder" if inside == "." else f"`{inside}`"
    return (
        "empty"
        if default in ("", [])
        else f"`{str(default).lower() if default in (True, False) else default}`"
    )


def commands(group: click.Group, path: str = "trellis") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}"


def test_every_command_is_told() -> None:
    page = text_of("operators.md")
    every = list(commands(Commands("trellis")))
    assert len(every) > len(COMMANDS)
    assert [command for command in every if f"`{command}" not in page] == []


LINES = re.compile(r"^```\n(.*?)^```$", re.M | re.S)
INLINE = re.compile(r"`(trellis [^`]+)`")
ONE_ID = "01a0d7aa-0900-7000-8000-000000000015"


def told_commands() -> Iterator[tuple[str, str]]:
    """Page and command: each line of a block, and what stands between back-ticks in a sentence."""
    for page in PAGES:
        text = page.read_text()
        blocks = "\n".join(LINES.findall(text)).replace("\\\n", " ")
        lines = re.findall(r"^\s*(trellis .+)$", blocks, re.M)
        for line in (*lines, *INLINE.findall(LINES.sub("", text))):
            yield page.stem, re.split(r"\s{3,}", line)[0]


def unknown_in(line: str) -> str:
    """The first word of a command that `--help` would not know; empty: it is right."""
    command: click.Command = Commands("trellis")
    for word in shlex.split(line.replace("…", "x"), comments=True)[1:]:
        if word in ("<", ">", "|") or word.startswith("["):
            break
        if word.startswith("-"):
            options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
            if word.partition("=")[0] not in options | {"--help", "-h"}:
                return word
        elif isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return word
            command = found
    return ""


def test_every_command_in_the_pages_exists() -> None:
    every = list(told_commands())
    assert len(every) > 100
    assert [(page, line) for page, line in every if unknown_in(line)] == []


@pytest.mark.parametrize("line", ["trellis fly", "trellis tasks fly", "trellis backup --fly FILE"])
def test_a_command_that_is_not_there_is_found(line: str) -> None:
    assert unknown_in(line) == "fly" or unknown_in(line) == "--fly"


def test_every_page_named_in_the_short_ways_is_there() -> None:
    app = Flask(__name__)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    routes = app.url_map.bind("trellis.example")
    named = {
        path for path in re.findall(r"`(/[^`]*)`", text_of("how-do-i.md")) if not path.startswith("/api/")
    }
    assert len(named) > 15
    missing = []
    for path in named:
        try:
            routes.match(path.partition("?")[0].replace("…", ONE_ID))
        except RequestRedirect:
            pass
        except HTTPException:
            missing.append(path)
    assert missing == []


def test_every_button_named_in_the_short_ways_is_on_a_page() -> None:
    pages = "\n".join(page.read_text() for page in (ROOT / "app" / "web").rglob("*.html"))
    named = set(re.findall(r"(?<![*\w])\*([^*\n]+)\*", text_of("how-do-i.md")))
    assert len(named) > 30
    assert [words for words in sorted(named) if not on_a_page(words, pages)] == []


def on_a_page(words: str, pages: str) -> bool:
    """In so many words; "…" inside of them stands for a figure, and a page may end them with a mark."""
    pattern = re.escape(words).replace("\\ …\\ ", r" %\(\w+\)s ")
    return re.search(rf'"{pattern}[.?…]?"', pages) is not None


def test_every_job_is_told() -> None:
    from datetime import timedelta

    page = text_of("operators.md")
    assert [job.name for job in jobs(timedelta(seconds=5)) if f"| `{job.name}` |" not in page] == []


def test_every_make_target_named_in_the_pages_exists() -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = {name for page in PAGES for name in re.findall(r"`make ([a-z-]+)", page.read_text())}
    assert named <= known


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(page.read_text()):
        if link.startswith("https://"):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_page_names_a_place_on_somebodys_machine(page: Path) -> None:
    assert re.findall(r"(?<![\w.])/(?:home|root|work|tmp|Users)/\S+", page.read_text()) == []


def test_every_file_named_in_the_pages_exists() -> None:
    """Names such as `app/core/gate.py`; those with a placeholder in them are patterns."""
    named = {
        name
        for page in PAGES
        for name in re.findall(
            r"`((?:app|docs|tests|sequences|email_templates)/[\w./-]+\.\w+)`", page.read_text()
        )
    }
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_the_python_in_the_pages_is_python() -> None:
    for page in PAGES:
        for body in re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.M | re.S):
            ast.parse(body)
