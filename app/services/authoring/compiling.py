"""Templates to compiled variants: what each is made of, and which must be made anew."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

from app.core.labels import label_in
from app.files.findings import FileFinding, Level
from app.files.sequence_files import path_of
from app.mail.compile import FORMAT, CompiledTemplate
from app.mail.limited import Job, compile_each
from app.mail.lint import MUST, NOTES
from app.mail.source import Problem, TemplateError, TemplateSource, variant_for
from app.services.authoring.reading import Books, problem_finding
from app.services.authoring.sources import Sources, texts_of
from config import Settings

# More at once would take the machine away from the web server.
AT_ONCE = 2
# Goes up with what lint looks for, so that texts which were compiled before are looked at again.
RULES = 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """One locale variant of a template and everything it is compiled from."""

    key: str
    locale: str
    job: Job
    files: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Without the sender's settings: they are only checked against, and filled in with each mail."""
        job = self.job
        made_of = [
            FORMAT,
            RULES,
            job.key,
            job.locale,
            job.text,
            job.layout,
            dict(job.partials),
            list(job.answers),
            job.default_locale,
        ]
        return sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Compiled:
    """`done` by digest; `findings` of those that could not be compiled, and warnings of the others."""

    done: Mapping[str, CompiledTemplate]
    findings: tuple[FileFinding, ...]


def brand_of(settings: Settings) -> dict[str, str]:
    """The sender's settings as templates name them."""
    return {
        "name": settings.brand_name,
        "legal_name": settings.brand_legal_name,
        "postal_address": settings.brand_postal_address,
        "home": settings.brand_home,
        "library": f"{settings.public_url}/library",
    }


def recipes(sources: Sources, books: Books, settings: Settings) -> tuple[list[Recipe], list[FileFinding]]:
    """A recipe for every variant of every readable template; findings where a part of it is missing."""
    found: list[Recipe] = []
    findings: list[FileFinding] = []
    for key, variants in books.templates.items():
        for locale, template in variants.items():
            layout = sources.by_name.get(("layout", template.layout))
            path = path_of("template", key, locale=locale)
            if layout is None:
                known = ", ".join(source.key for source in sources.of("layout")) or "none"
                line = template.lines.get("layout", 1)
                findings.append(
                    FileFinding(
                        path, line, "error", f"There is no layout “{template.layout}”.", f"Known: {known}."
                    )
                )
                continue
            if template.ask and template.ask not in books.lifecycle.criteria:
                known = ", ".join(books.lifecycle.criteria) or "none"
                line = template.lines.get("ask", 1)
                findings.append(
                    FileFinding(
                        path, line, "error", f"There is no criterion “{template.ask}”.", f"Known: {known}."
                    )
                )
                continue
            found.append(_recipe(sources, books, settings, template))
    return found, findings


def _recipe(sources: Sources, books: Books, settings: Settings, template: TemplateSource) -> Recipe:
    locale, files = template.locale, {"": path_of("template", template.key, locale=template.locale)}

    def part(kind: str, name: str) -> str:
        texts = texts_of(sources.by_name[kind, name])
        chosen = variant_for(locale, texts)
        files[f"{kind}s/{name}"] = path_of(kind, name, locale=chosen)
        return texts[chosen]

    criterion = books.lifecycle.criteria.get(template.ask)
    language = locale or settings.default_locale
    answers = (
        [(answer.key, label_in(answer.label, language)) for answer in criterion.answers] if criterion else []
    )
    job = Job(
        key=template.key,
        locale=locale,
        text=texts_of(sources.by_name["template", template.key])[locale],
        layout=part("layout", template.layout),
        partials={source.key: part("partial", source.key) for source in sources.of("partial")},
        brand_sample=brand_of(settings),
        answers=answers,
        default_locale=settings.default_locale,
    )
    return Recipe(template.key, locale, job, files)


def compile_recipes(
    wanted: Iterable[Recipe],
    kept: Mapping[str, CompiledTemplate],
    progress: Callable[[str], None] = lambda line: None,
) -> Compiled:
    """Compile those whose digest is not among `kept`."""
    done: dict[str, CompiledTemplate] = {}
    findings: dict[FileFinding, None] = {}
    everything = list(wanted)
    new = [recipe for recipe in everything if recipe.digest not in kept]
    made: dict[str, CompiledTemplate | TemplateError] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        shares = [new[number::AT_ONCE] for number in range(AT_ONCE)]
        for share, outcomes in zip(shares, pool.map(_compile, shares), strict=True):
            made |= {recipe.digest: outcome for recipe, outcome in zip(share, outcomes, strict=True)}
    for recipe in everything:
        outcome = made.get(recipe.digest) or kept[recipe.digest]
        if isinstance(outcome, TemplateError):
            problems = [problem_finding(_place(recipe, one.where), one) for one in outcome.problems]
        else:
            done[recipe.digest] = outcome
            problems = [
                problem_finding(_place(recipe, one.where), one, _level(one)) for one in outcome.warnings
            ]
        findings |= dict.fromkeys(problems)
        if recipe.digest in made:
            progress(f"compiled {recipe.files['']}")
    return Compiled(done, tuple(findings))


def _compile(share: Sequence[Recipe]) -> list[CompiledTemplate | TemplateError]:
    return compile_each([recipe.job for recipe in share])


def _level(problem: Problem) -> Level:
    return "error" if problem.code in MUST else "note" if problem.code in NOTES else "warning"


def _place(recipe: Recipe, where: str) -> str:
    """The file a problem lies in: the template's own, or the layout's or partial's that it names."""
    return recipe.files.get(where) or recipe.files[""]
