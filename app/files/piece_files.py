"""The folder of the library: its pieces in all languages, with the files beside them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.files.beside import NAME, Beside, NotTaken, look_at
from app.files.findings import FileFinding
from app.files.pieces import KEY, PieceText, join_piece, read_piece

LIBRARY = "library"


@dataclass(frozen=True, slots=True)
class FoundPiece:
    """A piece as it stands in the folder: its joined text and its files by name."""

    key: str
    text: str
    beside: Mapping[str, Beside]


def read_pieces(
    folder: Path,
    texts: Mapping[str, Mapping[str, str]],
    paths: Mapping[str, Mapping[str, str]],
    findings: list[FileFinding],
) -> Iterator[FoundPiece]:
    """The pieces whose `texts` (by key and locale) stand in `folder`; what is wrong with their files is told.

    Faults of the texts themselves are found where all definitions are read, also those out of the database.
    """
    named: set[str] = set()
    unread = False
    for key, variants in texts.items():
        first = next(iter(paths[key].values()))
        if not KEY.fullmatch(key):
            findings.append(
                FileFinding(
                    first,
                    1,
                    "error",
                    f"“{key}” cannot name a piece.",
                    "Use small letters, digits and dashes.",
                )
            )
            continue
        if "" not in variants:
            message = f"There is no original beside this translation ({key}.md)."
            findings.append(FileFinding(first, 1, "error", message, "Add it, or rename this one."))
            continue
        wanted = _named(variants, paths[key])
        unread = unread or wanted is None
        beside = _beside(folder, wanted or {}, findings)
        named |= set(wanted or {})
        digests = {name: file.digest for name, file in beside.items()}
        yield FoundPiece(key, join_piece(variants, digests), beside)
    # A text that cannot be read may name any of them.
    findings += () if unread else _unnamed(folder, named)


def _named(variants: Mapping[str, str], paths: Mapping[str, str]) -> dict[str, tuple[str, int]] | None:
    """The files that the texts of a piece name, each with the place that names it first. None: a text cannot be read."""
    found: dict[str, tuple[str, int]] = {}
    original: PieceText | None = None
    for locale in sorted(variants):
        piece, _ = read_piece(paths[locale], variants[locale], original)
        if piece is None:
            return None
        original = original or piece
        for name, line in piece.names.items():
            found.setdefault(name, (paths[locale], line))
    return found


def _beside(
    folder: Path, wanted: Mapping[str, tuple[str, int]], findings: list[FileFinding]
) -> dict[str, Beside]:
    """Those that can be hosted; the others are told at the line that names them."""
    found: dict[str, Beside] = {}
    for name, (path, line) in wanted.items():
        try:
            found[name] = look_at(folder, name)
        except NotTaken as fault:
            findings.append(FileFinding(path, line, "error", fault.message, fault.remedy))
    return found


def _unnamed(folder: Path, named: set[str]) -> Iterator[FileFinding]:
    """Files that lie there for nothing: most often their name was mistyped."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_file() and NAME.fullmatch(path.name) and path.name not in named:
            yield FileFinding(
                f"sequences/{LIBRARY}/{path.name}", 1, "warning", "No piece names this file.",
                "Write `file: …` into a piece, or take the file away.",
            )  # fmt: skip
