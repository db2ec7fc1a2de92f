"""What mails and pieces say of the library: whether the pieces they lead to are there."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Sequence

from app.core.lifecycle import CONTENT_KINDS
from app.core.pieces import piece_of
from app.files.findings import FileFinding
from app.services.authoring.compiling import Compiled, Recipe
from app.services.authoring.reading import Books
from app.services.authoring.sources import Sources


def presented(recipes: Iterable[Recipe], compiled: Compiled) -> dict[str, tuple[str, ...]]:
    """The pieces that the links of each template lead to, as its original has them."""
    return {
        recipe.key: _pieces(recipe, compiled) for recipe in recipes if not recipe.locale
    }  # fmt: skip


def lint_links(recipes: Sequence[Recipe], compiled: Compiled, sources: Sources) -> Iterator[FileFinding]:
    """An error for each link of a mail to a piece that there is not."""
    # A piece that cannot be read is told by itself.
    known = {source.key for source in sources.of("piece")}
    for recipe in recipes:
        for key in _pieces(recipe, compiled):
            if key not in known:
                yield _no_piece(recipe.files[""], _line_of(recipe.job.text, f"library:{key}"), key, known)


def lint_pieces(sources: Sources, books: Books) -> Iterator[FileFinding]:
    """Pieces that refer to others, and to content kinds and files."""
    known = {source.key for source in sources.of("piece")}
    for source in sources.of("piece"):
        for locale, piece in books.pieces.get(source.key, {}).items():
            path = source.files.get(locale, source.path)
            for key, line in piece.pieces.items():
                if key not in known:
                    yield _no_piece(path, line, key, known)
            if not locale and piece.content_kind not in CONTENT_KINDS:
                yield FileFinding(
                    path, piece.lines.get("content kind", 1), "error", f"“{piece.content_kind}” is no kind of content.",
                    f"Write one of {', '.join(CONTENT_KINDS)}.",
                )  # fmt: skip


def _pieces(recipe: Recipe, compiled: Compiled) -> tuple[str, ...]:
    done = compiled.done.get(recipe.digest)
    found = [piece_of(link.url_template) for link in done.links] if done is not None else []
    return tuple(dict.fromkeys(key for key in found if key is not None))


def _line_of(text: str, words: str) -> int:
    return next((number for number, line in enumerate(text.splitlines(), 1) if words in line), 1)


def _no_piece(path: str, line: int, key: str, known: Collection[str]) -> FileFinding:
    near = difflib.get_close_matches(key, known, 1)
    remedy = f"Did you mean “{near[0]}”?" if near else f"Write it: sequences/library/{key}.md."
    return FileFinding(path, line, "error", f"There is no piece “{key}” in the library.", remedy)
