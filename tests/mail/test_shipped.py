"""The templates that ship: every one compiles, in every locale, and lint has nothing to say."""

from pathlib import Path

import pytest

from app.mail.compile import CompiledTemplate, compile_template
from app.mail.lint import NOTES, lint_template
from app.mail.program import Program
from app.mail.sample import sample_context
from app.mail.source import TemplateSource, files_for, parse_source
from tests.mail.support import ANSWERS, BRAND

ROOT = Path(__file__).parents[2] / "email_templates"
SHARED = ("layouts", "partials")
MAILS = sorted(path for path in ROOT.glob("*/*.mjml") if path.parent.name not in SHARED)


def load(path: Path) -> tuple[TemplateSource, CompiledTemplate]:
    name, _, locale = path.stem.partition(".")
    source = parse_source(f"{path.parent.name}/{name}", locale, path.read_text())
    layouts, partials = (
        files_for(locale, {found.stem: found.read_text() for found in (ROOT / kind).glob("*.mjml")})
        for kind in SHARED
    )
    answers = ANSWERS if source.ask else []
    return source, compile_template(
        source, layout=layouts[source.layout], partials=partials, answers=answers, brand_sample=BRAND
    )


def files(source: TemplateSource) -> dict[str, str]:
    """Layouts and partials as lint is told of them."""
    return {
        f"{kind}/{name}": text
        for kind in SHARED
        for name, text in files_for(
            source.locale, {found.stem: found.read_text() for found in (ROOT / kind).glob("*.mjml")}
        ).items()
    }


@pytest.mark.parametrize("path", MAILS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_it_compiles_is_clean_and_can_be_read(path: Path) -> None:
    source, compiled = load(path)
    assert [one for one in lint_template(compiled, source, files(source)) if one.code not in NOTES] == []
    # Outbound is a way to people, not a kind: its mails are of the kinds that everybody gets.
    assert path.parent.name in (compiled.kind, "outbound")
    preview = Program.load(compiled).render_preview(sample_context(compiled, BRAND))
    assert preview.subject
    assert len(preview.text) > 100
    for left in ("{{", "{%", "None", "undefined", "\n\n\n"):
        assert left not in preview.text


def test_there_are_some() -> None:
    assert len(MAILS) >= 11
