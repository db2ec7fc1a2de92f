"""The first rendering of a template, with every field filled: what fails here would fail for everybody."""

import re
from collections.abc import Mapping
from typing import Any

from app.mail.compile import MAX_HTML_BYTES, CompiledTemplate
from app.mail.program import Program
from app.mail.sample import sample_context
from app.mail.sandbox import MissingField, RenderError, Sandbox
from app.mail.source import Problem, TemplateError, TemplateSource

_SANDBOX = Sandbox(str)
_EXPRESSION = re.compile("\x01 ([^\x02]*) \x02")


def first_render(compiled: CompiledTemplate, source: TemplateSource, brand: Mapping[str, str]) -> None:
    """Raises TemplateError where the template cannot be rendered; it is refused before it is published."""
    values = sample_context(compiled, brand)
    try:
        Program.load(compiled).render_preview(values)
    except RenderError as error:
        raise TemplateError((_problem(error, compiled, source, values),)) from error


def _problem(
    error: RenderError, compiled: CompiledTemplate, source: TemplateSource, values: Mapping[str, Any]
) -> Problem:
    if error.code == "html_too_large":
        message = f"the mail is over {MAX_HTML_BYTES} bytes, where Gmail cuts it off"
        return Problem(0, "html_too_large", message, "Make it shorter: less text, fewer elements.")
    if error.code == "empty_subject":
        line = source.lines.get("subject", 1)
        return Problem(line, "empty_subject", "the subject can come out empty", "Begin it with a plain word.")
    detail = str(error.params.get("detail") or error)
    code = _guilty(compiled, values)
    place = next(
        (number for number, text in enumerate(source.body.split("\n"), 1) if code and code in text), 0
    )
    what = f"{{{{ {code} }}}} fails" if code else "the first rendering fails"
    return Problem(place, "render_failed", f"{what}: {detail}", "Check the types: text, number or list.")


def _guilty(compiled: CompiledTemplate, values: Mapping[str, Any]) -> str:
    """The first expression that fails alone."""
    for match in _EXPRESSION.finditer(compiled.subject + compiled.preheader + compiled.html):
        try:
            _SANDBOX.from_string(match[0]).render(values)
        except MissingField:
            continue
        except Exception:  # whatever it is, this expression is the one
            return match[1]
    return ""
